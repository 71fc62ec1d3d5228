"""What planners look at: the list, a day by technicians and hours, one visit with its history, facts to be decided.

Reads only; what changes a plan is `services.scheduling`'s.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, may, require
from fieldapp.domain.busy_hours import By, Hours, stretches
from fieldapp.domain.calendar import Window, day_bounds
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scheduling import is_repeat
from fieldapp.domain.visits.rulings import calls_off
from fieldapp.domain.words import cleaned
from fieldapp.services import approvals, contacts, rulings
from fieldapp.services.approvals import Approval
from fieldapp.services.branches import zone_of
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.rulings import Decision
from fieldapp.services.work import Db, Work
from fieldapp.storage import pins, planning, visits
from fieldapp.storage.pins import Pin
from fieldapp.storage.planning import WAITING, Entry, Filters, SortKey, Technician
from fieldapp.storage.visits import PromiseLine, Visit

__all__ = ["Day", "Details", "Disputed", "Entry", "Lane", "Page", "SortKey", "Technician", "There", "Visit", "Wish"]

PAGE_SIZE = 50
#: Other visits at the same place that a visit's page lists.
MOST_THERE = 20
#: And that the history of a place lists.
MOST_OF_A_PLACE = 200
_WORKED_ON = frozenset({"completed", "not_completed"})
_CALLED_OFF = frozenset({"cancelled", "void"})


class Wish(TypedDict, total=False):
    """What somebody searches for; what is left out narrows nothing.

    `first` and `last` are days in the branch's zone, both included, which the window reaches into. `hours` narrow to
    what begins in them between these days (both have to be said), `by` its promise or by its plan. `still_on`: none
    that was called off; `broken`: only those whose promise broke.
    """

    text: str
    states: Sequence[str]
    technician: str | None
    first: date | None
    last: date | None
    still_on: bool
    hours: Hours | None
    by: By
    broken: bool


@dataclass(frozen=True)
class Page:
    """One page of a list. `states` are as of now: a visit that nobody came to is `missed`."""

    visits: Sequence[Visit]
    states: Mapping[str, str]
    total: int
    number: int
    count: int
    technicians: Sequence[Technician]


@dataclass(frozen=True)
class Lane:
    """One technician's day (None: the pool), by planned start."""

    technician: Technician | None
    visits: Sequence[Visit]


@dataclass(frozen=True)
class Day:
    """A day of the branch: its bounds, the hours worth showing, the pool, a lane for everybody."""

    day: date
    bounds: Window
    shown: Window
    pool: Sequence[Visit]
    lanes: Sequence[Lane]
    states: Mapping[str, str]


@dataclass(frozen=True)
class There:
    """Another visit at the same place. `repeat`: one of the two is one more for what the other worked on; `is_earlier`
    says which."""

    visit: Visit
    state: str
    is_earlier: bool
    repeat: bool


@dataclass(frozen=True)
class Place:
    """What else was or will be where a visit is: the latest so many, and how many there are. `phone` is masked."""

    visit: Visit
    state: str
    phone: str
    there: Sequence[There]
    there_in_all: int
    names: Mapping[str, str]


@dataclass(frozen=True)
class Details:
    """One visit with everything that was promised and everything that happened."""

    visit: Visit
    state: str
    ledger: Sequence[PromiseLine]
    timeline: Sequence[Entry]
    names: Mapping[str, str]
    technicians: Sequence[Technician]
    pin: Pin | None
    #: What else was or will be at the same address or number, the latest so many, and how many there are.
    there: Sequence[There]
    there_in_all: int
    #: Late changes that somebody asked for, latest first, each with why nothing is left to approve.
    asked: Sequence[tuple[Approval, str | None]]
    #: What may be decided about it, and whether that calls its customer off where it does not count.
    decisions: Sequence[Decision]
    calls_off: bool


@dataclass(frozen=True)
class Disputed:
    """A visit whose facts wait for a decision; `visit` None when we know no such visit."""

    visit: Visit | None
    facts: Sequence[Entry]
    decisions: Sequence[Decision] = ()


def list_visits(
    work: Work, actor: Actor, branch: BranchCode, *, sort: SortKey = "window", descending: bool = False, page: int = 1,
    **wish: Unpack[Wish],
) -> Page:  # fmt: skip
    """One page of the branch's visits. Who does not plan them sees no telephone number, and finds one by the whole of
    it."""
    require(actor, "visits.search", branch=branch)
    now, whole = work.now(), not may(actor, "visits.plan", branch=branch)
    with work.read() as db:
        zone = zone_of(db, branch)
        found, total = planning.search(
            db, branch, replace(narrowed(db, zone, now, **wish), whole_phone=whole), sort=sort, descending=descending,
            offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE,
        )  # fmt: skip
        people = planning.technicians(db, branch)
        seen_as = states_at(db, found, now, zone)
    count = max(1, -(-total // PAGE_SIZE))
    return Page(found, seen_as, total, page, count, people)


def narrowed(db: Db, zone: ZoneInfo, now: datetime, **wish: Unpack[Wish]) -> Filters:
    """What was asked for, as the store takes it."""
    first, last, hours = wish.get("first"), wish.get("last"), wish.get("hours")
    return Filters(
        missed_before=now - missed_after(rulebooks(db), now, zone),
        text=cleaned(wish.get("text", "")),
        states=wish.get("states", ()),
        technician=wish.get("technician"),
        start=day_bounds(first, zone)[0] if first else None,
        end=day_bounds(last, zone)[1] if last else None,
        still_on=wish.get("still_on", False),
        begins=stretches(hours, first, last, zone) if hours and first and last else None,
        by=wish.get("by", "window"),
        broken_at=now if wish.get("broken") else None,
    )


def look_at_day(work: Work, actor: Actor, branch: BranchCode, day: date) -> Day:
    """The day with a lane for every active technician and for whoever else has work in it."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read() as db:
        zone = zone_of(db, branch)
        bounds = Window(*day_bounds(day, zone))
        found = planning.reaching_into(db, branch, bounds.start, bounds.end)
        people = planning.technicians(db, branch)
        seen_as = states_at(db, found, now, zone)
    own: dict[str | None, list[Visit]] = defaultdict(list)
    for one in found:
        own[one.technician].append(one)
    lanes = [Lane(one, own[one.code]) for one in people if one.is_active or own[one.code]]
    return Day(day, bounds, _hours(found, bounds), own[None], lanes, seen_as)


def find_visit(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> Visit:
    """One visit as it stands, and nothing around it; raises `NotFound`."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        return visits.get(db, branch, visit_id)


def get_visit(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> Details:
    """One visit; raises `NotFound`."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read() as db:
        visit = visits.get(db, branch, visit_id)
        there, in_all, states = _others(db, visit, MOST_THERE, now)
        timeline = sorted(planning.timeline(db, branch, visit_id), key=lambda one: one.event.order)
        return Details(
            visit=visit,
            state=states[visit.visit_id],
            there=there,
            there_in_all=in_all,
            ledger=visits.ledger(db, branch, visit_id),
            timeline=timeline,
            names=planning.names(db, branch),
            technicians=planning.technicians(db, branch),
            pin=pins.find(db, branch, visit_id),
            asked=approvals.of_visit(db, visit),
            decisions=rulings.decisions(db, branch, visit.visit_id, now),
            calls_off=calls_off((one.event for one in timeline if one.held_code is None), now),
        )


def look_at_place(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> Place:
    """The history of the place of one visit, for whoever may search; raises `NotFound`."""
    require(actor, "visits.search", branch=branch)
    now = work.now()
    with work.read() as db:
        visit = visits.get(db, branch, visit_id)
        there, in_all, states = _others(db, visit, MOST_OF_A_PLACE, now)
        phone, names = contacts.masked(visit.phone), planning.names(db, branch)
    return Place(visit, states[visit.visit_id], phone, there, in_all, names)


def _others(db: Db, visit: Visit, limit: int, now: datetime) -> tuple[list[There], int, Mapping[str, str]]:
    """The latest other visits at the place of one, how many there are, and the states of all that are named."""
    others, in_all = planning.at_the_same_place(db, visit.branch, visit, limit)
    states = states_at(db, [visit, *others], now, zone_of(db, visit.branch))
    return [_there(visit, other, states) for other in others], in_all, states


def _there(visit: Visit, other: Visit, states: Mapping[str, str]) -> There:
    is_earlier = other.window.start < visit.window.start
    first, second = (other, visit) if is_earlier else (visit, other)
    again = is_repeat(first.window.start, second.window.start) and states[second.visit_id] not in _CALLED_OFF
    return There(other, states[other.visit_id], is_earlier, again and states[first.visit_id] in _WORKED_ON)


def list_technicians(work: Work, actor: Actor, branch: BranchCode) -> Sequence[Technician]:
    """Whom the branch can send."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        return [one for one in planning.technicians(db, branch) if one.is_active]


def list_disputed(work: Work, actor: Actor, branch: BranchCode) -> Sequence[Disputed]:
    """Visits with facts that wait for a decision, the longest waiting first."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        waiting: dict[str | None, list[Entry]] = defaultdict(list)
        for entry in planning.held(db, branch):
            waiting[entry.event.visit].append(entry)
        found = []
        for name, facts in waiting.items():
            visit = visits.find(db, branch, name) if name else None
            may = rulings.decisions(db, branch, visit.visit_id, work.now()) if visit else ()
            found.append(Disputed(visit, facts, may))
        return found


def counts(work: Work, actor: Actor, branch: BranchCode) -> tuple[int, int]:
    """How many visits nobody was given, and how many facts wait for a decision."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        return planning.count_pool(db, branch), planning.count_held(db, branch)


def states_at(db: Db, found: Sequence[Visit], now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The state of each visit as of `now`: one that nobody came to is `missed`."""
    books = rulebooks(db)
    return {
        one.visit_id: "missed"
        if one.state in WAITING and now > one.window.end + missed_after(books, one.window.start, zone)
        else one.state
        for one in found
    }


def _hours(found: Sequence[Visit], bounds: Window) -> Window:
    """From the first planned work of the day to the last, in whole hours and at least ten; 08:00 to 18:00 without."""
    hour = timedelta(hours=1)
    first = min((one.planned.start for one in found), default=bounds.start + 8 * hour)
    last = max((one.planned.end for one in found), default=first)
    down = max(0, min((first - bounds.start) // hour, (bounds.end - bounds.start) // hour - 10))
    up = max(down + 10, -((bounds.start - last) // hour))
    return Window(bounds.start + down * hour, min(bounds.end, bounds.start + up * hour))
