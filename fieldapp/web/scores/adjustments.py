"""`/scores/<month>/adjustments/`: what later facts changed of a closed month, and the two people's steps."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from fieldapp.domain.adjustments import REASON_LIMIT
from fieldapp.domain.calendar import Month, parse_month
from fieldapp.domain.errors import Conflict, DomainError, Invalid, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import adjustment_views, adjustments
from fieldapp.services.adjustment_views import View
from fieldapp.web import adjustment_words as words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form
from fieldapp.web.fresh import fresh
from fieldapp.web.scores.months import neighbours
from fieldapp.web.scores.ways import way_to

blueprint = Blueprint("adjustments", __name__)


class ProposeForm(Form):
    """Why, about exactly what was seen."""

    seen = HiddenField()
    reason = TextAreaField(_l("Reason"), [Length(max=REASON_LIMIT)])


class DecideForm(Form):
    """Yes or no, and why; `outcome` comes from the button that was pressed."""

    seen = HiddenField()
    outcome = HiddenField()
    answer = TextAreaField(_l("Reason"), [Length(max=REASON_LIMIT)])


@blueprint.get("/<month>/adjustments/")
def index(month: str) -> ResponseReturnValue:
    """Whose figures differ from what stands, what waits, what was adjusted."""
    parsed, view, why = parse_month(month), None, None
    try:
        view = adjustment_views.of_month(current_work(), current_actor(), current_branch(), parsed)
    except Conflict as error:
        if error.code != "adjust_open":
            raise
        why = sentence(error)
    return render_template(
        "scores/adjustments.html", view=view, why=why, words=words,
        url=lambda other: url_for("adjustments.index", month=other), **neighbours(parsed),
    )  # fmt: skip


@blueprint.get("/<month>/adjustments/<branch>/<technician>")
def detail(month: str, branch: str, technician: str) -> ResponseReturnValue:
    """One technician's: what stands, what facts say by now, what changed."""
    return _page(_look(branch, month, technician))


@blueprint.post("/<month>/adjustments/<branch>/<technician>/propose")
def propose(month: str, branch: str, technician: str) -> ResponseReturnValue:
    """The first person's step."""
    form = ProposeForm()

    def act(parsed: Month) -> str:
        seen, reason = form.seen.data or "", form.reason.data or ""
        adjustments.propose(current_work(), current_actor(), BranchCode(branch), parsed, technician, seen, reason)
        return _("Proposed. Somebody else of management or quality has to confirm the same figures.")

    return _act(act, form, branch, month, technician)


@blueprint.post("/<month>/adjustments/<branch>/<technician>/<proposal_id>/decide")
@fresh
def decide(month: str, branch: str, technician: str, proposal_id: str) -> ResponseReturnValue:
    """The second person's step."""
    form = DecideForm()

    def act(_month: Month) -> str:
        outcome = form.outcome.data
        if outcome not in ("confirmed", "refused"):
            raise Invalid("request_outcome", field="outcome")
        seen, answer = form.seen.data or "", form.answer.data or ""
        adjustments.decide(current_work(), current_actor(), BranchCode(branch), proposal_id, outcome, seen, answer)
        if outcome == "refused":
            return _("Refused. The figures stand as they are.")
        return _("Confirmed. The closed figure stays, and the adjustment stands beside it.")

    return _act(act, form, branch, month, technician)


@blueprint.post("/<month>/adjustments/<branch>/<technician>/<proposal_id>/withdraw")
def withdraw(month: str, branch: str, technician: str, proposal_id: str) -> ResponseReturnValue:
    """Take one's own proposal back."""

    def act(_month: Month) -> str:
        adjustments.withdraw(current_work(), current_actor(), BranchCode(branch), proposal_id)
        return _("The proposal was withdrawn.")

    return _act(act, Form(), branch, month, technician)


def _act(act: Callable[[Month], str], form: Form, branch: str, month: str, technician: str) -> ResponseReturnValue:
    """One step; a refusal shows the month as it stands now, with the reason why not and everything that was typed."""
    status, parsed = 422, parse_month(month)
    if form.validate_on_submit():
        try:
            done = act(parsed)
        except DomainError as error:
            form.refuse(error)
            status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
            try:
                return _page(_look(branch, month, technician), form, status)
            except NotFound:  # decided by now, and of another branch: not theirs to see any more
                raise error from None
        flash(done, "good")
        if branch != current_actor().branch:
            return redirect(url_for("approvals.index"), 303)
        return redirect(url_for("adjustments.detail", month=month, branch=branch, technician=technician), 303)
    return _page(_look(branch, month, technician), form, status)


def _look(branch: str, month: str, technician: str) -> View:
    return adjustment_views.look(
        current_work(), current_actor(), BranchCode(branch), parse_month(month), technician
    )  # fmt: skip


def _page(view: View, form: Form | None = None, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "scores/adjustment.html", view=view, words=words, sentence=sentence, month=view.month,
        way_to=way_to(view.standing.technician), refused=form.form_errors if form else [],
        is_own=view.branch.code == current_actor().branch,
        proposing=form if isinstance(form, ProposeForm) else ProposeForm(formdata=None),
        deciding=form if isinstance(form, DecideForm) else DecideForm(formdata=None),
    )  # fmt: skip
    return page, status
