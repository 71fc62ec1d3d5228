"""Somebody of `main` is given another branch or another role on the accounts page."""

from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts
from fieldapp.services.work import Work
from tests.cast import BY_LOGIN, NORTH


def move(
    work: Work, login: str = "T001", *, branch: str = NORTH, team: str | None = "n", role: str = "technician"
) -> None:
    """To north as a technician, unless said otherwise."""
    accounts.change_account(
        work, OPERATOR, login, name=BY_LOGIN[login].name, role=role, branch=branch, team=team
    )  # fmt: skip
