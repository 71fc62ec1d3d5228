"""Looking for a free window within a form: nothing is saved, everything typed stays, one tap takes a window over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flask import request
from wtforms import Field

from fieldapp.domain.scheduling import LONGEST_JOB, LONGEST_WINDOW, SHORTEST_JOB
from fieldapp.services import free_windows
from fieldapp.services.free_windows import Free, Wish
from fieldapp.services.planning import Visit
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.dispatch.forms import MoveForm, OrderForm

#: The names of the buttons: look for windows, take this one.
LOOK, TAKE = "look", "take"
_USUAL = timedelta(hours=2)


def is_asked() -> bool:
    """Whether the form was sent for windows instead of to be saved."""
    return LOOK in request.form or TAKE in request.form


def offer(form: OrderForm | MoveForm, job_type: str, district: str, seen: Visit | None = None) -> Sequence[Free]:
    """The windows that were looked for; none once one is taken, which then stands in the form."""
    if TAKE in request.form:
        _take(form, request.form[TAKE])
        return ()
    wish = _wish(form, job_type, district, seen)
    return free_windows.next_free(current_work(), current_actor(), current_branch(), wish)


def _wish(form: OrderForm | MoveForm, job_type: str, district: str, seen: Visit | None) -> Wish:
    """As far as the form says: from its window's start on, as wide as that, by the chosen technician."""
    start, end, minutes = form.window_start.data, form.window_end.data, form.duration.data
    is_width = start and end and start < end <= start + LONGEST_WINDOW
    is_length = minutes is not None and 0 < minutes < 10_000
    is_length = is_length and SHORTEST_JOB <= timedelta(minutes=minutes) <= LONGEST_JOB
    return Wish(
        job_type=job_type, district=district, visit=seen.visit_id if seen else "", place=seen.place if seen else None,
        technician=form.technician.data or None,
        start=start.replace(tzinfo=current_zone()).astimezone(UTC) if start else current_work().now(),
        width=end - start if is_width else _USUAL, minutes=minutes if is_length else None,
    )  # fmt: skip


def _take(form: OrderForm | MoveForm, chosen: str) -> None:
    """Put an offered window into the form; what was never offered changes nothing."""
    try:
        code, first, last = chosen.split()
        start, end = (datetime.fromisoformat(one).astimezone(current_zone()) for one in (first, last))
    except (ValueError, OverflowError):
        return
    _fill(form.technician, code)
    _fill(form.planned_start, None)
    _fill(form.window_start, start.replace(tzinfo=None))
    _fill(form.window_end, end.replace(tzinfo=None))


def _fill(field: Field, value: object) -> None:
    """What was typed gives way to the value."""
    field.data, field.raw_data = value, None
