"""`/quality/findings/calls`: whom to call back, the blind questions, and afterwards both answers side by side."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from fieldapp.domain.calendar import month_of, parse_month, shifted
from fieldapp.domain.call_backs import ASKED, DAYS, FORGERY
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.services import call_backs
from fieldapp.web import finding_words, score_words
from fieldapp.web.call_words import ANSWERS, OUTCOMES, QUESTIONS, REASONS, STATES
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form
from fieldapp.web.guards import only

blueprint = Blueprint("call_backs", __name__)


class CallForm(Form):
    """What came of a call; `outcome` comes from the button that was pressed, the answers are read beside it."""

    outcome = HiddenField()
    seen = HiddenField()
    comment = TextAreaField(_l("What the customer said besides"), [Length(max=call_backs.COMMENT_LIMIT)])


class DifferenceForm(Form):
    """What the technician is told about the ticked differences."""

    finding_id = HiddenField()
    note = TextAreaField(_l("What the technician is told"), [Length(max=call_backs.COMMENT_LIMIT)])


@blueprint.get("/calls")
def index() -> ResponseReturnValue:
    """The month's list: whom to call now, what came of the others."""
    this = month_of(current_work().now(), current_zone())
    month = parse_month(request.args["month"]) if request.args.get("month") else this
    board = call_backs.board(current_work(), current_actor(), month)
    return render_template(
        "quality/calls.html", board=board, this_month=this, before=shifted(month, -1), outcomes=OUTCOMES,
        after=shifted(month, 1) if month < this else None, reasons=REASONS, states=STATES, most_days=DAYS,
        may_call=_may_call(),
    )  # fmt: skip


@blueprint.get("/calls/<visit_id>")
def detail(visit_id: str) -> ResponseReturnValue:
    """One customer's call: the questions, or once they were asked, the comparison."""
    return _page(visit_id)


@blueprint.post("/calls/<visit_id>/number")
@only("quality")
def number(visit_id: str) -> ResponseReturnValue:
    """The same page with the customer's number; what was marked already stays."""
    shown = call_backs.reveal_number(current_work(), current_actor(), visit_id)
    return _page(visit_id, form=CallForm(), number=shown)


@blueprint.post("/calls/<visit_id>")
@only("quality")
def save(visit_id: str) -> ResponseReturnValue:
    """Keep a call. Whoever was slower than a colleague sees what that one heard."""
    form = CallForm()
    if form.validate_on_submit():
        try:
            call = call_backs.save(
                current_work(), current_actor(), visit_id, form.outcome.data or "", _answers(), form.comment.data or "",
                seen=int(form.seen.data) if (form.seen.data or "").isdecimal() else -1,
            )  # fmt: skip
        except Conflict as error:
            flash(sentence(error), "warn")
            return redirect(url_for("call_backs.detail", visit_id=visit_id), 303)
        except DomainError as error:
            form.refuse(error)
            return _page(visit_id, form=form, status=STATUS[type(error)])
        if call.entry.state == "reached":
            return redirect(url_for("call_backs.detail", visit_id=visit_id), 303)
        flash(_("Kept: %(what)s.", what=OUTCOMES[call.entry.attempts[-1].outcome]), "good")
        return redirect(url_for("call_backs.index", month=call.month), 303)
    return _page(visit_id, form=form, status=422)


@blueprint.post("/calls/<visit_id>/findings")
@only("quality")
def record(visit_id: str) -> ResponseReturnValue:
    """Record the ticked differences as findings."""
    form = DifferenceForm()
    if form.validate_on_submit():
        try:
            made = call_backs.record_findings(
                current_work(), current_actor(), visit_id, request.form.getlist("question"), form.note.data or "",
                finding_id=form.finding_id.data or "",
            )  # fmt: skip
        except DomainError as error:
            form.refuse(error)
            return _page(visit_id, difference=form, status=STATUS[type(error)])
        flash(ngettext("%(num)s finding recorded.", "%(num)s findings recorded.", len(made)), "good")
        return redirect(url_for("call_backs.detail", visit_id=visit_id), 303)
    return _page(visit_id, difference=form, status=422)


def _answers() -> dict[str, str]:
    return {code: request.form.get(f"answer-{code}", "") for code in ASKED}


def _page(
    visit_id: str, *, form: CallForm | None = None, difference: DifferenceForm | None = None, number: str = "",
    status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    call = call_backs.detail(current_work(), current_actor(), visit_id)
    form = form or CallForm(formdata=None)
    form.seen.data = str(len(call.entry.attempts))
    difference = difference or DifferenceForm(formdata=None, finding_id=current_work().new_id())
    page = render_template(
        "quality/call.html", call=call, form=form, difference=difference, number=number, questions=QUESTIONS,
        given=_answers(), ticked=request.form.getlist("question"), answers=ANSWERS, reasons=REASONS, states=STATES,
        outcomes=OUTCOMES, items=score_words.ITEMS, disciplines=score_words.DISCIPLINES, forgery=FORGERY,
        words=finding_words, branch=current_branch(), now=current_work().now(), may_call=_may_call(), most_days=DAYS,
    )  # fmt: skip
    return page, status


def _may_call() -> bool:
    return current_actor().role == "quality"
