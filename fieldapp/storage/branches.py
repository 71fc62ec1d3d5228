"""Branches and their teams: small reference tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.accounts import BranchRow, TeamRow

#: Built once: asked for by every push.
_BRANCH = BranchRow.__table__.c
_COLUMNS = _BRANCH.branch, _BRANCH.name, _BRANCH.timezone, _BRANCH.currency, _BRANCH.hears, _BRANCH.phone
_CODES = select(BranchRow.branch).order_by(BranchRow.branch)
_FIND = select(*_COLUMNS).where(_BRANCH.branch == bindparam("code"))


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the company; `timezone` is an IANA name, `currency` an ISO 4217 code."""

    code: str
    name: str
    timezone: str
    currency: str
    #: Types of events that somebody outside is told of; None: nobody ever chose, so the usual ones.
    hears: frozenset[str] | None = None
    #: That customers call.
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """A team of technicians within a branch."""

    branch: str
    code: str
    name: str


def any_branch(db: Session) -> bool:
    """Whether there is one at all."""
    return bool(db.scalar(select(exists().where(BranchRow.branch.is_not(None)))))


def find(db: Session, code: str) -> Branch | None:
    """The branch with this code; asked for several times in one transaction and read once."""
    met: dict[str, Branch] = db.info.setdefault("branches", {})
    if code not in met:
        for row in bulk.fetch(db, _FIND, {"code": code}):
            met[code] = _branch(row)
    return met.get(code)


def codes(db: Session) -> list[str]:
    """The codes of all branches; in any schema there ever was."""
    return [row.branch for row in bulk.fetch(db, _CODES, {})]


def _branch(row: Any) -> Branch:
    return Branch(row.branch, row.name, row.timezone, row.currency, _types(row.hears), row.phone or "")


def _types(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())


def every(db: Session) -> list[Branch]:
    """All branches by code."""
    return [_branch(row) for row in db.execute(select(*_COLUMNS).order_by(_BRANCH.branch))]


def add(db: Session, code: str, *, name: str, timezone: str, currency: str, now: datetime) -> None:
    """A new branch; the caller has checked that the code is free."""
    db.add(BranchRow(branch=code, name=name, timezone=timezone, currency=currency, created_at=now))
    db.flush()


def hear(db: Session, code: str, types: Iterable[str]) -> None:
    """From this transaction on, note facts of these types for others, and no others."""
    db.get_one(BranchRow, code).hears = " ".join(sorted(types))
    db.flush()
    db.info.pop("branches", None)


def set_phone(db: Session, code: str, phone: str) -> None:
    """Which number customers of a branch that exists call; "" for none."""
    db.get_one(BranchRow, code).phone = phone or None
    db.flush()
    db.info.pop("branches", None)


def rename(db: Session, code: str, name: str) -> None:
    """Another name for a branch that exists."""
    db.get_one(BranchRow, code).name = name
    db.info.pop("branches", None)


def has_team(db: Session, code: str, team: str) -> bool:
    """Whether the branch has the team."""
    return db.get(TeamRow, (code, team)) is not None


def add_team(db: Session, code: str, team: str, *, name: str) -> None:
    """A new team of a branch."""
    db.add(TeamRow(branch=code, team=team, name=name))
    db.flush()


def teams(db: Session, code: str | None = None) -> list[Team]:
    """Teams by branch and code; of one branch when given."""
    query = select(TeamRow).order_by(TeamRow.branch, TeamRow.team)
    rows = db.scalars(query if code is None else query.where(TeamRow.branch == code))
    return [Team(row.branch, row.team, row.name) for row in rows]
