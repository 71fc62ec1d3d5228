"""Visits as other programs speak of them: by order number, page by page, one act a request.

Owns what such a program may see. What planning a visit means is `services.scheduling`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fieldapp.domain.access import Actor, may, own_branch, require
from fieldapp.domain.calendar import day_bounds
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode, StaffCode, is_external_id
from fieldapp.services.branches import zone_of
from fieldapp.services.planning import states_at
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import planning, visits
from fieldapp.storage.planning import Entry, Filters
from fieldapp.storage.visits import Visit

__all__ = ["Entry", "Order", "Visit", "Wish"]

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
        return order_of(work, db, _get(db, actor, branch, external_id))


def list_events(work: Work, actor: Actor, external_id: str) -> list[Entry]:
    """What is on record about a visit, in the order of the store; private facts only for whoever may see scores.

    Raises `NotFound`.
    """
    branch = own_branch(actor, "visits.read")
    with work.read() as db:
        entries = planning.timeline(db, branch, _get(db, actor, branch, external_id).visit_id)
    return [one for one in entries if one.event.type not in _PRIVATE or may(actor, "scores.team")]


def order_of(work: Work, db: Db, visit: Visit) -> Order:
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
