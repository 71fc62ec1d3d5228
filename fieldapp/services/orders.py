"""Visits as other programs speak of them: by order number, page by page, one act a request.

Owns what such a program may see. What planning a visit means is `services.scheduling`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from msgspec import UNSET, UnsetType

from fieldapp.domain.access import Actor, may, own_branch, require
from fieldapp.domain.calendar import day_bounds
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.ids import BranchCode, StaffCode, is_external_id
from fieldapp.domain.visits import events as ev
from fieldapp.services import scheduling
from fieldapp.services.branches import zone_of
from fieldapp.services.planning import states_at
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Db, Work
from fieldapp.storage import planning, visits
from fieldapp.storage.planning import Entry, Filters
from fieldapp.storage.visits import Visit

__all__ = ["Change", "Entry", "Order", "Slot", "Visit", "Wish"]

#: What customers said of their technician, and what was found and appealed, is not for whoever plans.
_PRIVATE = frozenset({"answers.given", "finding.recorded", "finding.decided", "appeal.filed", "appeal.decided"})


@dataclass(frozen=True, slots=True)
class Order:
    """A visit with its state as of now."""

    visit: Visit
    state: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which visits: `first` and `last` are days in the branch's zone, both included; technician "-" is the pool."""

    states: Sequence[str] = ()
    technician: str | None = None
    first: date | None = None
    last: date | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a program wants different; what it leaves out stays as it is.

    `technician` None is the pool. A move takes its reason with it; `reason` is that of another assignment.
    """

    amended: ev.VisitAmended = field(default_factory=ev.VisitAmended)
    moved: ev.PromiseChanged | None = None
    technician: str | None | UnsetType = UNSET
    start: datetime | None = None
    minutes: int | None = None
    override: str = ""
    reason: str = ""

    @property
    def is_planned(self) -> bool:
        """Whether it says who works when."""
        return self.technician is not UNSET or self.start is not None or self.minutes is not None

    def slot(self, seen: Visit) -> Slot:
        """Who works when: whoever has the visit, unless the change says otherwise."""
        technician = seen.technician if self.technician is UNSET else self.technician
        return Slot(technician=technician, start=self.start, minutes=self.minutes, override=self.override)


def list_orders(work: Work, actor: Actor, wish: Wish, *, after: str, limit: int) -> list[Order]:
    """The branch's visits by order number, from the one after `after` on."""
    branch = own_branch(actor, "visits.read")
    require(actor, "visits.read", branch=branch, technician=StaffCode(wish.technician or ""))
    now = work.now()
    with work.read() as db:
        zone = zone_of(db, branch)
        filters = Filters(
            missed_before=now - missed_after(rulebooks(db), now, zone), states=wish.states, technician=wish.technician,
            start=day_bounds(wish.first, zone)[0] if wish.first else None,
            end=day_bounds(wish.last, zone)[1] if wish.last else None,
            changed_since=wish.changed_since,
        )  # fmt: skip
        found = planning.after(db, branch, filters, after, limit)
        states = states_at(db, found, now, zone)
    return [Order(one, states[one.visit_id]) for one in found]


def get_order(work: Work, actor: Actor, external_id: str) -> Order:
    """One visit. Raises `NotFound`."""
    branch = own_branch(actor, "visits.read")
    with work.read() as db:
        return _order(work, db, _get(db, actor, branch, external_id))


def list_events(work: Work, actor: Actor, external_id: str) -> list[Entry]:
    """What is on record about a visit, in the order of the store; private facts only for whoever may see scores.

    Raises `NotFound`.
    """
    branch = own_branch(actor, "visits.read")
    with work.read() as db:
        entries = planning.timeline(db, branch, _get(db, actor, branch, external_id).visit_id)
    return [one for one in entries if one.event.type not in _PRIVATE or may(actor, "scores.team")]


def create_order(work: Work, actor: Actor, order: scheduling.Order) -> Order:
    """Schedule a visit; raises what `scheduling.schedule_visit` does."""
    seen = scheduling.schedule_visit(work, actor, own_branch(actor, "visits.plan"), order)
    return Order(seen, seen.state)


def change_order(work: Work, actor: Actor, external_id: str, rev: int | None, change: Change) -> Order:
    """All of the change or nothing. `rev` is the revision that the program saw; None: whatever stands now.

    Raises `NotFound`, `Conflict` revision_old, and what amending, moving and assigning a visit raise.
    """
    branch = own_branch(actor, "visits.plan")
    with work.write(branch) as db:
        inner, seen = work.within(db), _seen(db, actor, branch, external_id, rev)
        slot = change.slot(seen)
        seen = scheduling.amend_visit(inner, actor, branch, seen.visit_id, seen.rev, change.amended)
        if change.moved is not None:
            seen = scheduling.move_visit(inner, actor, branch, seen.visit_id, seen.rev, change.moved, slot)
        elif change.is_planned:
            seen = scheduling.assign_visit(inner, actor, branch, seen.visit_id, seen.rev, slot, change.reason)
        return _order(work, db, seen)


def cancel_order(
    work: Work, actor: Actor, external_id: str, rev: int | None, cancellation: ev.VisitCancelled
) -> Order:  # fmt: skip
    """Call the visit off. Raises `NotFound`, `Conflict` revision_old, and what `scheduling.cancel_visit` does."""
    branch = own_branch(actor, "visits.plan")
    with work.write(branch) as db:
        inner, seen = work.within(db), _seen(db, actor, branch, external_id, rev)
        return _order(work, db, scheduling.cancel_visit(inner, actor, branch, seen.visit_id, seen.rev, cancellation))


# --- Inside -------------------------------------------------------------------------------------------------------


def _seen(db: Db, actor: Actor, branch: BranchCode, external_id: str, rev: int | None) -> Visit:
    """The visit as the program saw it."""
    seen = _get(db, actor, branch, external_id)
    if rev is not None and rev != seen.rev:
        raise Conflict("revision_old", number=seen.external_id, rev=seen.rev)
    return seen


def _order(work: Work, db: Db, visit: Visit) -> Order:
    """The visit with its state as of now."""
    zone = zone_of(db, visit.branch)
    return Order(visit, states_at(db, [visit], work.now(), zone)[visit.visit_id])


def _get(db: Db, actor: Actor, branch: BranchCode, external_id: str) -> Visit:
    # Not even asked for when it cannot be one: PostgreSQL takes no U+0000.
    visit = visits.find_by_external_id(db, branch, external_id) if is_external_id(external_id) else None
    if visit is None:
        raise NotFound()
    require(actor, "visits.read", branch=branch, technician=StaffCode(visit.technician or ""))
    return visit
