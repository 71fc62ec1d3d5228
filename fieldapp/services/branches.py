"""Branches and their teams, as an admin or the command line makes them, and the zone that a branch lives in."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.ids import is_code
from fieldapp.domain.numbers import is_phone
from fieldapp.services.installation import MAIN_TEAM
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, branches
from fieldapp.storage.branches import Branch, Team

__all__ = ["Branch", "Team"]
_CURRENCY = re.compile(r"[A-Z]{3}")


def add_branch(work: Work, actor: Actor, *, code: str, name: str, timezone: str, currency: str = "CNY") -> Branch:
    """A new branch with its default team `main`. Raises `Invalid` with the field at fault, `Conflict`."""
    require(actor, "branches.manage")
    _check_code(code)
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("timezone_unknown", field="timezone", value=timezone) from None
    if not _CURRENCY.fullmatch(currency):
        raise Invalid("currency_malformed", field="currency", value=currency)
    branch = Branch(code, clean_name(name), timezone, currency)
    with work.write() as db:
        if branches.find(db, code) is not None:
            raise Conflict("branch_taken", field="code", value=code)
        branches.add(db, code, name=branch.name, timezone=timezone, currency=currency, now=work.now())
        branches.add_team(db, code, MAIN_TEAM, name=branch.name)
        _audit(work, db, actor, "branch.added", code, code)
    return branch


def set_phone(work: Work, actor: Actor, *, branch: str, phone: str) -> None:
    """The number that customers of a branch call, "" for none. Raises `Invalid` branch_unknown, phone_malformed."""
    require(actor, "branches.manage")
    number = " ".join(phone.split())
    if number and not is_phone(number):
        raise Invalid("phone_malformed", field="phone", value=phone)
    with work.write() as db:
        if branches.find(db, branch) is None:
            raise Invalid("branch_unknown", field="branch", value=branch)
        branches.set_phone(db, branch, number)
        _audit(work, db, actor, "branch.phone", branch, number)


def add_team(work: Work, actor: Actor, *, branch: str, code: str, name: str) -> Team:
    """A new team of a branch."""
    require(actor, "branches.manage")
    _check_code(code)
    team = Team(branch, code, clean_name(name))
    with work.write() as db:
        if branches.find(db, branch) is None:
            raise Invalid("branch_unknown", field="branch", value=branch)
        if branches.has_team(db, branch, code):
            raise Conflict("team_taken", field="code", value=code)
        branches.add_team(db, branch, code, name=team.name)
        _audit(work, db, actor, "team.added", branch, code)
    return team


def list_branches(work: Work, actor: Actor) -> list[Branch]:
    """All branches by code."""
    require(actor, "branches.manage")
    with work.read() as db:
        return branches.every(db)


def list_teams(work: Work, actor: Actor) -> list[Team]:
    """All teams by branch and code."""
    require(actor, "branches.manage")
    with work.read() as db:
        return branches.teams(db)


def zone_of(db: Db, branch: str) -> ZoneInfo:
    """The branch's time zone; raises `NotFound` for a branch that does not exist."""
    found = branches.find(db, branch)
    if found is None:
        raise NotFound()
    return ZoneInfo(found.timezone)


def clean_name(name: str) -> str:
    """A name of a person, branch or team without needless spaces; raises `Invalid("name_missing", field="name")`."""
    text = " ".join(name.split())
    if not text or len(text) > 100 or not text.isprintable():
        raise Invalid("name_missing", field="name")
    return text


def _check_code(code: str) -> None:
    if not is_code(code):
        raise Invalid("code_malformed", field="code", value=code)


def _audit(work: Work, db: Db, actor: Actor, action: str, branch: str, subject: str) -> None:
    audit.append(db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action, subject=subject)
