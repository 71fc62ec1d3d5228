"""Who is who in the tests: one fixed company, the same in every test. Says who must be let in and who must be refused.

Branch `main` (team `a`: T001, T002; team `b`: T003) and a second branch `north` whose people must never see main's.
Everybody's password is `PASSWORD`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID, uuid5

from sqlalchemy import insert

from fieldapp.domain.access import Actor, Role
from fieldapp.services import installation
from fieldapp.services.work import Work
from fieldapp.storage import sealing
from fieldapp.storage.tables.accounts import AccountRow, BranchRow, TeamRow

PASSWORD = "winter-lantern-42"
SECRET = "a secret that is long enough for tests only"
DATA_KEY = "a data key that is long enough for tests only"
#: When the tests' clock stands still: Wednesday 14 October 2026, 09:30 in Shanghai.
NOW = datetime(2026, 10, 14, 1, 30, tzinfo=UTC)
ZONE = "Asia/Shanghai"
MAIN, NORTH = "main", "north"
_PEOPLE = UUID("5b0f1c3a-2f55-4c8e-9f0e-0d6a7b3c4d5e")


@dataclass(frozen=True)
class Person:
    """One account of the cast."""

    login: str
    name: str
    role: Role
    branch: str | None = MAIN
    team: str | None = None
    disabled: bool = False

    @property
    def account_id(self) -> str:
        return str(uuid5(_PEOPLE, self.login))

    @property
    def actor(self) -> Actor:
        """The same person as services see them."""
        return Actor(self.account_id, self.login, self.name, self.role, self.branch, self.team)


T001 = Person("T001", "Chen Wei", "technician", team="a")
T002 = Person("T002", "李静", "technician", team="a")
T003 = Person("T003", "Zhao Min", "technician", team="b")
T900 = Person("T900", "Out Sider", "technician", branch=NORTH, team="n")
D001 = Person("D001", "Sun Lan", "dispatcher")
D900 = Person("D900", "North Desk", "dispatcher", branch=NORTH)
Q001 = Person("Q001", "Qian Yu", "quality")
Q900 = Person("Q900", "North Quality", "quality", branch=NORTH)
M001 = Person("M001", "Ma Ling", "manager")
M002 = Person("M002", "Mo Fan", "manager")
A001 = Person("A001", "Ai Xin", "admin", branch=None)
GONE = Person("T099", "Left Us", "technician", team="a", disabled=True)

EVERYBODY = (T001, T002, T003, T900, D001, D900, Q001, Q900, M001, M002, A001, GONE)
BY_LOGIN = {person.login: person for person in EVERYBODY}
#: One person of `main` (the admin has no branch) for each role, in the order of `access.ROLES`.
ONE_OF_EACH: dict[Role, Person] = {
    role: next(person for person in EVERYBODY if person.role == role and person.branch in {MAIN, None})
    for role in get_args(Role)
}


def begin_sealing(work: Work) -> None:
    """As in every installation that begins today."""
    with work.write() as db:
        installation.begin_sealing(work, db)


def as_before_sealing(work: Work) -> None:
    """As an installation is that an older program began, and nobody has sealed since."""
    with work.write() as db:
        for name in sealing.register(db):
            sealing.leave(db, name)


def move_in(work: Work) -> None:
    """Put the cast's branches, teams and accounts into an empty, migrated database."""
    now = work.now()
    branches = [
        {"branch": MAIN, "name": "Main", "timezone": ZONE, "currency": "CNY", "created_at": now},
        {"branch": NORTH, "name": "北区", "timezone": ZONE, "currency": "CNY", "created_at": now},
    ]
    teams = [
        {"branch": MAIN, "team": "a", "name": "Team A"},
        {"branch": MAIN, "team": "b", "name": "Team B"},
        {"branch": NORTH, "team": "n", "name": "北队"},
    ]
    accounts = [
        {
            "account_id": person.account_id, "login": person.login, "name": person.name, "role": person.role,
            "branch": person.branch, "team": person.team, "password_hash": work.passwords.hash(PASSWORD),
            "locale": None, "created_at": now, "disabled_at": now if person.disabled else None,
        }
        for person in EVERYBODY
    ]  # fmt: skip
    with work.write() as db:
        for row, values in ((BranchRow, branches), (TeamRow, teams), (AccountRow, accounts)):
            db.execute(insert(row), values)
