"""Several visits planned anew in one act: two that change places, a whole day. All of it or nothing.

Owns that they are checked together: what one of them leaves is free to the others. What speaks against a technician is
`services.claims`'s, what a change is recorded as `services.scheduling`'s. Promises stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scheduling import Plan
from fieldapp.services import scheduling
from fieldapp.services.claims import Slot, let_go
from fieldapp.services.work import Work
from fieldapp.storage import visits
from fieldapp.storage.visits import Visit

__all__ = ["CannotRearrange", "Change", "Visit", "rearrange", "swap"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A visit as seen at `rev`, who gets it (None: nobody yet), from when and for how long (None: as planned so far).

    `override` says why, although something speaks against it.
    """

    visit: str
    rev: int
    technician: str | None
    start: datetime | None = None
    minutes: int | None = None
    override: str = ""


class CannotRearrange(DomainError):
    """One of the changes was refused, so none was made; `refusal` says why."""

    code = "cannot_rearrange"

    def __init__(self, visit: Visit, refusal: DomainError) -> None:
        super().__init__(number=visit.external_id)
        self.visit, self.refusal = visit.visit_id, refusal


def rearrange(
    work: Work, actor: Actor, branch: BranchCode, changes: Sequence[Change], reason: str = ""
) -> Sequence[Visit]:
    """Plan all of these visits anew; raises `NotFound`, and `CannotRearrange` with the first that cannot be."""
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        found = [visits.get(db, branch, one.visit) for one in changes]
        together = [_plan(seen, one) for seen, one in zip(found, changes, strict=True)]
        let_go(db, branch, (seen.visit_id for seen in found))
        changed = []
        for seen, one in zip(found, changes, strict=True):
            slot = Slot(technician=one.technician, start=one.start, minutes=one.minutes, override=one.override)
            try:
                changed.append(
                    scheduling.assign_visit(
                        work.within(db), actor, branch, one.visit, one.rev, slot, reason, together=together
                    )
                )
            except DomainError as refusal:
                raise CannotRearrange(seen, refusal) from refusal
        return changed


def swap(
    work: Work, actor: Actor, branch: BranchCode, one: Change, other: str, other_rev: int, reason: str = ""
) -> Sequence[Visit]:  # fmt: skip
    """What `one` wants, while the `other` visit goes, at its own time, to whoever had the first until now.

    Raises what `rearrange` does, and `Conflict` nothing_to_swap where both have the same technician.
    """
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        seen = visits.get(db, branch, one.visit)
        if seen.technician == one.technician or one.visit == other:
            raise Conflict("nothing_to_swap", number=seen.external_id)
        back = Change(visit=other, rev=other_rev, technician=seen.technician, override=one.override)
        return rearrange(work.within(db), actor, branch, [one, back], reason)


def _plan(seen: Visit, wanted: Change) -> Plan:
    start = wanted.start or seen.planned.start
    length = seen.planned.end - seen.planned.start if wanted.minutes is None else timedelta(minutes=wanted.minutes)
    return Plan(seen.visit_id, seen.external_id, wanted.technician or "", Window(start, start + length))
