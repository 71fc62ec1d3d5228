"""Planning a day anew: what there is to plan, the proposal beside the plan as it stands, the button that applies it.

The proposal travels in the page's own form: nothing is stored of it until somebody applies it.
"""

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from wtforms import HiddenField

from fieldapp.domain.errors import DomainError
from fieldapp.services import board, day_plans, planning
from fieldapp.services.day_plans import Asked, CannotRearrange, Change, Proposal
from fieldapp.web import planning_words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.dispatch.forms import revision
from fieldapp.web.dispatch.lists import overview, today, wanted_day
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form

blueprint = Blueprint("dispatch_day_plans", __name__)

NOBODY = "-"


class PlanForm(Form):
    """Which day is planned, of which team; `mark` is what a proposal was worked out from."""

    day = HiddenField()
    team = HiddenField()
    mark = HiddenField()

    def asked(self) -> Asked:
        """What the form is about; nonsense is today."""
        return Asked(day=wanted_day(self.day.data) or today(), team=self.team.data or "")


@blueprint.get("/plan")
def page() -> ResponseReturnValue:
    """What there is to plan."""
    asked = Asked(day=wanted_day(request.args.get("day")) or today(), team=request.args.get("team", ""))
    return _page(asked)


@blueprint.post("/plan")
def propose() -> ResponseReturnValue:
    """Work out a plan and show it; nothing is done."""
    form = PlanForm()
    asked = form.asked()
    if not form.validate_on_submit():
        return _page(asked), 422
    try:
        proposal = day_plans.propose(current_work(), current_actor(), current_branch(), asked)
    except DomainError as error:
        return _page(asked, sentence(error)), 409
    return _page(asked, proposal=proposal)


@blueprint.post("/plan/apply")
def apply() -> ResponseReturnValue:
    """Move what the proposal moves."""
    form = PlanForm()
    asked = form.asked()
    if not form.validate_on_submit():
        return _page(asked), 422
    changes = [_read(one) for one in request.form.getlist("change")]
    try:
        changed = day_plans.apply(
            current_work(), current_actor(), current_branch(), asked, form.mark.data or "", changes
        )
    except CannotRearrange as error:
        return _page(asked, f"{sentence(error)} {sentence(error.refusal)}"), 409
    except DomainError as error:
        return _page(asked, sentence(error)), 409
    flash(ngettext("%(num)s visit is planned anew.", "%(num)s visits are planned anew.", len(changed)), "good")
    return redirect(url_for("dispatch_board.page", day=asked.day.isoformat()), 303)


def _page(asked: Asked, refused: str = "", proposal: Proposal | None = None) -> str:
    work, actor, branch = current_work(), current_actor(), current_branch()
    form = PlanForm(formdata=None, day=asked.day.isoformat(), team=asked.team, mark=proposal.mark if proposal else "")
    outlook = None
    try:
        outlook = day_plans.look(work, actor, branch, asked)
    except DomainError as error:
        refused = refused or sentence(error)
    people = {one.code: one.name for one in planning.list_technicians(work, actor, branch)}
    return render_template(
        "dispatch/plan.html", asked=asked, form=form, outlook=outlook, proposal=proposal, refused=refused,
        teams=board.list_teams(work, actor, branch), people=people, written=_written,
        why_not=planning_words.WHY_NOT, seconds=int(day_plans.SECONDS) + 2, **overview(),
    )  # fmt: skip


def _written(change: Change) -> str:
    """A change as the form carries it."""
    start = "" if change.start is None else change.start.isoformat()
    return f"{change.visit} {change.rev} {change.technician or NOBODY} {start}"


def _read(text: str) -> Change:
    """What `_written` made; what a page could not have carried is a visit that is not there."""
    parts = text.split()
    try:
        visit, rev, technician, start = parts
        moment = datetime.fromisoformat(start).astimezone(UTC)
    except (ValueError, OverflowError):
        return Change(visit="", rev=-1, technician=None)
    return Change(visit=visit, rev=revision(rev), technician=None if technician == NOBODY else technician, start=moment)
