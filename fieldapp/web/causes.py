"""`/causes/`: late visits of a month and why they were late; a technician comes to the form from their own visit."""

from typing import cast, get_args

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from fieldapp.domain.calendar import month_of, parse_month, shifted
from fieldapp.domain.causes import NOTE_LIMIT, State
from fieldapp.domain.errors import DomainError, NotFound
from fieldapp.services import causes
from fieldapp.services.causes import Detail
from fieldapp.web import visit_words
from fieldapp.web.context import current_actor, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form
from fieldapp.web.guards import only
from fieldapp.web.planning_words import CAUSES

blueprint = Blueprint("causes", __name__)
STATES: tuple[State, ...] = get_args(State)


class CauseForm(Form):
    """Why it was late. `seen`: how many sayings the page showed."""

    seen = HiddenField()
    cause = RadioField(
        _l("Why was it late?"), validate_choice=False, choices=[SelectChoice(*one) for one in CAUSES.items()]
    )
    note = TextAreaField(_l("What happened"), [Length(max=NOTE_LIMIT)])

    def looked_at(self) -> int:
        """The number of sayings that the page showed."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


@blueprint.get("/")
@only("dispatcher", "quality", "manager")
def index() -> ResponseReturnValue:
    """The month's late visits: to be confirmed, without a cause, confirmed."""
    this = month_of(current_work().now(), current_zone())
    month = parse_month(request.args["month"]) if request.args.get("month") else this
    wanted = request.args.get("state")
    state = cast(State, wanted) if wanted in STATES else "recorded"
    page = request.args.get("page", 1, type=int)
    board = causes.board(current_work(), current_actor(), month, state, page)
    return render_template(
        "causes/index.html", board=board, words=visit_words, causes=CAUSES, before=shifted(month, -1),
        after=shifted(month, 1) if month < this else None,
    )  # fmt: skip


@blueprint.get("/<visit_id>")
def detail(visit_id: str) -> ResponseReturnValue:
    """One late visit: what is known, what was said, and the form."""
    found = causes.detail(current_work(), current_actor(), visit_id)
    said = found.said[-1].cause if found.said else found.late.told
    return _page(found, CauseForm(formdata=None, seen=str(len(found.said)), cause=said))


@blueprint.post("/<visit_id>")
def record(visit_id: str) -> ResponseReturnValue:
    """Say why."""
    return _say(visit_id, confirms=False)


@blueprint.post("/<visit_id>/confirm")
@only("quality", "manager")
def confirm(visit_id: str) -> ResponseReturnValue:
    """Settle it, as a second person."""
    return _say(visit_id, confirms=True)


def _say(visit_id: str, *, confirms: bool) -> ResponseReturnValue:
    form = CauseForm()
    status = 422
    if form.validate_on_submit():
        say = causes.confirm if confirms else causes.record
        try:
            say(
                current_work(), current_actor(), visit_id, seen=form.looked_at(), cause=form.cause.data or "",
                note=form.note.data or "",
            )  # fmt: skip
        except NotFound:
            raise
        except DomainError as error:
            if error.code == "cause_settled":
                flash(sentence(error), "warn")
                return redirect(url_for("causes.detail", visit_id=visit_id), 303)
            # What was typed stays; the page shows what another person may have said meanwhile.
            form.refuse(error)
            status = STATUS[type(error)]
        else:
            flash(_("The cause is confirmed.") if confirms else _("The cause is recorded."), "good")
            return redirect(url_for("causes.detail", visit_id=visit_id), 303)
    found = causes.detail(current_work(), current_actor(), visit_id)
    form.seen.data = str(len(found.said))
    return _page(found, form, status)


def _page(found: Detail, form: CauseForm, status: int = 200) -> ResponseReturnValue:
    is_own = current_actor().role == "technician"
    back = (
        url_for("scores.visit", visit_id=found.late.visit) if is_own
        else url_for("causes.index", month=found.late.month, state="missing" if not found.said else None)
    )  # fmt: skip
    page = render_template(
        "causes/detail.html", found=found, late=found.late, form=form, words=visit_words, causes=CAUSES, back=back,
        is_own=is_own,
    )  # fmt: skip
    return page, status
