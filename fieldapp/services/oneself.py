"""What counts about a person stays theirs to read, to answer and to appeal: in whatever branch it counts, and whatever
role they have by now.

Owns where that is, and as whom somebody comes there: as the technician that they were, with nothing but their own rows
(`access.oneself_in`). What they read there is the services' of scores, findings and appeals, who ask `access` as ever.
"""

from collections import Counter
from dataclasses import dataclass

from fieldapp.domain.access import Actor, oneself_in, require
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode, is_uuid
from fieldapp.services.work import Db, Work
from fieldapp.storage import appeals, branches, findings, oneself, scoring, stored
from fieldapp.storage.branches import Branch

__all__ = ["Branch"]


def places(work: Work, actor: Actor) -> list[Branch]:
    """The branches where something counts about the actor, but the one in which they are a technician today."""
    with work.read() as db:
        return places_in(db, actor)


def places_in(db: Db, actor: Actor) -> list[Branch]:
    """The same in a transaction of the caller. None for programs, which are nobody."""
    others = {one.code: one for one in branches.every(db) if not works_in(actor, one.code)}
    if actor.role == "token" or not others:
        return []
    found = oneself.branches_of(db, list(others), actor.login)
    return [one for code, one in others.items() if code in found]


def works_in(actor: Actor, branch: str) -> bool:
    """Whether the actor is a technician there today: then it is all their own anyway."""
    return actor.role == "technician" and actor.branch == branch


def there(work: Work, actor: Actor, branch: str) -> tuple[Actor, Branch]:
    """The actor as themselves in `branch`. Raises `NotFound`, in one way for a branch in which nothing counts about
    them and for one that there is not."""
    for place in places(work, actor):
        if place.code == branch:
            return oneself_in(actor, BranchCode(branch)), place
    raise NotFound()


def last_month(work: Work, actor: Actor) -> Month | None:
    """The last month that holds anything about the actor in their branch, a month to come among them."""
    with work.read() as db:
        return max((one.month for one in stored.months(db, str(actor.branch), actor.login)), default=None)


@dataclass(frozen=True, slots=True)
class Open:
    """How much about somebody is not settled in a branch: findings and appeals that wait, months that are open."""

    branch: Branch
    findings: int
    appeals: int
    months: int


def still_open(work: Work, actor: Actor, login: str) -> list[Open]:
    """The branches in which anything about this person is not settled: for who moves them, to know that it stays there.
    Numbers alone: what it is about is no admin's. Raises `Forbidden`."""
    require(actor, "accounts.manage")
    with work.read() as db:
        every = {one.code: one for one in branches.every(db)}
        findings = Counter(branch for branch, _ in scoring.waiting_about(db, login))
        appealed = oneself.open_appeals(db, list(every), login)
        months = Counter(branch for branch, _ in oneself.open_months(db, list(every), login))
    named = (one for code, one in every.items() if findings[code] or appealed.get(code) or months[code])
    return [Open(one, findings[one.code], appealed.get(one.code, 0), months[one.code]) for one in named]


def holding(
    work: Work, actor: Actor, *, finding: str | None = None, appeal: str | None = None, visit: str | None = None
) -> str | None:
    """In which of `places` a finding, an appeal or a visit of the actor's own is; None: in none of them."""
    wanted = [one for one in (finding, appeal, visit) if one]
    if not all(is_uuid(one) for one in wanted):
        return None
    with work.read() as db:
        for place in places_in(db, actor):
            if any(whose == actor.login for whose in _whose(db, place.code, finding, appeal, visit)):
                return place.code
    return None


def _whose(db: Db, branch: str, finding: str | None, appeal: str | None, visit: str | None) -> list[str | None]:
    filed = appeals.find(db, branch, appeal) if appeal else None
    judged = scoring.find_judgement(db, branch, visit) if visit else None
    return [
        *(findings.whom(db, branch, finding) if finding else ()), filed.appeal.technician if filed else None,
        judged.technician if judged else None,
    ]  # fmt: skip
