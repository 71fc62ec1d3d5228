"""Forms of the admin's pages. Values are judged by the services; here they only have names."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectField, StringField
from wtforms.fields import SelectChoice

from fieldapp.domain.access import ROLES
from fieldapp.services.branches import Branch, Team
from fieldapp.web.forms import Form
from fieldapp.web.navigation import ROLE_NAMES


class AccountForm(Form):
    """Name, role and place of an account that exists."""

    name = StringField(_l("Name"))
    role = SelectField(
        _l("Role"), choices=[SelectChoice(role, ROLE_NAMES[role]) for role in ROLES], validate_choice=False
    )
    branch = SelectField(_l("Branch"), validate_choice=False)
    team = SelectField(_l("Team"), validate_choice=False)

    def offer(self, branches: list[Branch], teams: list[Team]) -> None:
        """Fill the lists; a team is named with its branch, as both lists stand side by side."""
        names = {branch.code: branch.name for branch in branches}
        self.branch.choices = [SelectChoice(branch.code, f"{branch.name} ({branch.code})") for branch in branches]
        self.team.choices = [SelectChoice("", "–")] + [
            SelectChoice(f"{team.branch}/{team.code}", f"{names[team.branch]}: {team.name}") for team in teams
        ]

    def place(self) -> dict[str, str | None]:
        """Branch and team as the service takes them; a team of another branch is passed on and refused there."""
        branch, _, team = (self.team.data or "").rpartition("/")
        chosen = self.branch.data or None
        return {"branch": chosen, "team": (team if branch == chosen else f"{branch}/{team}") if team else None}


class InvitationForm(Form):
    """Where the link to choose a password is mailed to, if anywhere. The address is not kept."""

    email = EmailField(_l("Mail the link to"))

    def address(self) -> str:
        """What was typed."""
        return (self.email.data or "").strip()


class NewAccountForm(AccountForm, InvitationForm):
    """An account to be made."""

    login = StringField(_l("Login"))


class BranchForm(Form):
    """A branch to be made."""

    code = StringField(_l("Code"))
    name = StringField(_l("Branch name"))
    timezone = StringField(_l("Time zone"))
    currency = StringField(_l("Currency"))


class BranchPhoneForm(Form):
    """Which number a branch's customers call."""

    branch = SelectField(_l("Branch"), id="phone-branch", validate_choice=False)
    phone = StringField(_l("Telephone number"))


class TeamForm(Form):
    """A team to be made."""

    branch = SelectField(_l("Branch"), id="team-branch", validate_choice=False)
    code = StringField(_l("Code"), id="team-code")
    name = StringField(_l("Team name"), id="team-name")
