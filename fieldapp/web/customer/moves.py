"""Another window for the appointment, or none at all, and how to get in: what customers change through their link."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from flask import abort, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict
from fieldapp.services import access_notes, link_moves
from fieldapp.services.receipts import LinkView
from fieldapp.web.context import current_work
from fieldapp.web.customer import words
from fieldapp.web.customer.acts import thank
from fieldapp.web.customer.door import behind_link, blueprint
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form


class MoveForm(Form):
    """Which window; the choices are made by the page, and whatever comes back is asked anew."""


class AccessForm(Form):
    """What whoever comes should know."""

    text = TextAreaField(_l("What should your technician know?"), validators=[Length(max=access_notes.LIMIT)])


class CancelForm(Form):
    """Why not, if they like to say."""

    reason = TextAreaField(_l("Why?"), validators=[Length(max=link_moves.REASON_LIMIT)])


@blueprint.route("/move", methods=["GET", "POST"])
@behind_link
def move(view: LinkView) -> ResponseReturnValue:
    """The windows that somebody can keep; taking one moves the appointment at once."""
    if "move" not in view.offers:
        return _not_now(view)
    form, problem, status = MoveForm(), "", 200
    if form.validate_on_submit():
        try:
            link_moves.move(current_work(), g.link, _moment(request.form.get("start", "")))
        except Conflict as error:
            problem, status = sentence(error), 409
        else:
            return thank("move")
    first = _day(request.args.get("from", ""))
    after = datetime.combine(first, time(), view.zone).astimezone(UTC) if first else None
    days = _by_day(view, link_moves.offered(current_work(), g.link, after))
    today = view.now.astimezone(view.zone).date()
    page = render_template(
        "customer/move.html", view=view, form=form, days=days, problem=problem, words=words,
        first=first or today, today=today, last=today + link_moves.FARTHEST,
    )  # fmt: skip
    return page, status


@blueprint.route("/cancel", methods=["GET", "POST"])
@behind_link
def cancel(view: LinkView) -> ResponseReturnValue:
    """Nobody needs to come."""
    if "cancel" not in view.offers:
        return _not_now(view)
    form = CancelForm()
    if form.validate_on_submit():
        link_moves.cancel(current_work(), g.link, form.reason.data or "")
        return thank("cancel")
    page = render_template("customer/cancel.html", view=view, form=form, words=words)
    return page, 422 if form.errors else 200


@blueprint.route("/access", methods=["GET", "POST"])
@behind_link
def access(view: LinkView) -> ResponseReturnValue:
    """How to get in."""
    if "access" not in view.offers:
        return _not_now(view)
    form = AccessForm(text=access_notes.own(current_work(), g.link))
    if form.validate_on_submit():
        access_notes.write(current_work(), g.link, form.text.data or "")
        return thank("access")
    page = render_template("customer/access.html", view=view, form=form)
    return page, 422 if form.errors else 200


def _not_now(view: LinkView) -> ResponseReturnValue:
    """Overtaken: why it cannot be done any more, and the way back to what is."""
    if not view.is_own:
        abort(404)
    if view.state == "cancelled":
        text = _("This appointment is cancelled already.")
    elif view.state == "en_route":
        text = _("Your technician is on the way already. If you cannot be there, please call us.")
    else:
        text = _("This appointment cannot be changed here any more. Please call us.")
    return render_template("customer/refused.html", text=text), 409


def _by_day(view: LinkView, windows: Sequence[Window]) -> Mapping[date, list[Window]]:
    def day(one: Window) -> date:
        return one.start.astimezone(view.zone).date()

    return {key: list(found) for key, found in groupby(windows, key=day)}


def _moment(text: str) -> datetime:
    """The start of a window as the page wrote it; what no page of ours wrote is no window."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Conflict("window_unchosen")


def _day(text: str) -> date | None:
    """A day that can be looked for; anything else is today."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if timedelta(0) <= found - date(2000, 1, 1) <= timedelta(days=36500) else None
