"""The admin's page for branches and their teams."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields import SelectChoice

from fieldapp.domain.errors import DomainError
from fieldapp.services import branches
from fieldapp.web.admin.forms import BranchForm, BranchPhoneForm, TeamForm
from fieldapp.web.context import current_actor, current_settings, current_work

blueprint = Blueprint("branches", __name__)


@blueprint.get("/branches")
def index() -> ResponseReturnValue:
    """Branches, teams, and a form for each."""
    return _page()


@blueprint.post("/branches")
def add() -> ResponseReturnValue:
    """A new branch."""
    form = BranchForm()
    try:
        branches.add_branch(
            current_work(), current_actor(), code=(form.code.data or "").strip(), name=form.name.data or "",
            timezone=(form.timezone.data or "").strip(), currency=(form.currency.data or "").strip().upper(),
        )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _page(branch=form), 422
    flash(_("The branch is there, with a team of its own."), "good")
    return redirect(url_for("branches.index"), 303)


@blueprint.post("/branches/phone")
def set_phone() -> ResponseReturnValue:
    """The number that customers call."""
    form = BranchPhoneForm()
    try:
        branches.set_phone(current_work(), current_actor(), branch=form.branch.data or "", phone=form.phone.data or "")
    except DomainError as error:
        form.refuse(error)
        return _page(phone=form), 422
    flash(_("Saved. Customers see it on their pages."), "good")
    return redirect(url_for("branches.index"), 303)


@blueprint.post("/teams")
def add_team() -> ResponseReturnValue:
    """A new team."""
    form = TeamForm()
    try:
        branches.add_team(
            current_work(), current_actor(), branch=form.branch.data or "", code=(form.code.data or "").strip(),
            name=form.name.data or "",
        )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _page(team=form), 422
    flash(_("The team is there."), "good")
    return redirect(url_for("branches.index"), 303)


def _page(branch: BranchForm | None = None, team: TeamForm | None = None, phone: BranchPhoneForm | None = None) -> str:
    work, actor = current_work(), current_actor()
    found = branches.list_branches(work, actor)
    # Both forms have a code and a name: only the one that was sent reads what was sent.
    branch = branch or BranchForm(formdata=None, timezone=current_settings().timezone, currency="CNY")
    team = team or TeamForm(formdata=None)
    phone = phone or BranchPhoneForm(formdata=None)
    team.branch.choices = [SelectChoice(each.code, f"{each.name} ({each.code})") for each in found]
    phone.branch.choices = team.branch.choices
    return render_template(
        "admin/branches.html",
        branches=found,
        teams=branches.list_teams(work, actor),
        branch_form=branch,
        team_form=team,
        phone_form=phone,
    )
