"""What planning asks of the store: technicians, planned work, lists with filters, a visit's history. Reads only."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from fieldapp.domain import numbers
from fieldapp.domain.busy_hours import By
from fieldapp.domain.calendar import Window
from fieldapp.domain.ids import StaffCode, VisitId
from fieldapp.domain.places import Place
from fieldapp.domain.scheduling import Plan
from fieldapp.domain.visits.events import Event
from fieldapp.storage import accounts, bulk, busy_hours, customers, events
from fieldapp.storage.events import LEFT_OUT
from fieldapp.storage.strays import GONE
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.visits import VisitRow
from fieldapp.storage.visits import Visit, by_ids, from_row

#: States in which a visit takes its technician's time.
BUSY = ("planned", "en_route", "arrived", "admitted", "signed", "disputed")
#: States that the clock turns into `missed`.
WAITING = ("planned", "en_route")
#: Facts that wait here for a dispatcher; what another branch took over waits there, what was left out nowhere.
_SETTLED = frozenset({GONE, LEFT_OUT})
_HELD = and_(EventRow.held_code.is_not(None), EventRow.held_code.not_in(_SETTLED))
#: What is searched by: of a row, of its customer, of both together.
SEARCHED = ("external_id", "name", "phone", "address", "customer_name")
#: Rows that are looked at together where sealed values decide.
STEP = 2000
_V = VisitRow.__table__.c

SortKey = Literal["window", "external_id", "customer", "technician", "state"]


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody who can be sent."""

    code: StaffCode
    name: str
    team: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored event, with what the log knows about it; `held_code`: why it does not count, or not yet.

    `flags` say why its time is in doubt; `proven_at` is when phone and server last agreed on the time before it.
    """

    event: Event
    origin: str
    received_at: datetime
    held_code: str | None
    flags: tuple[str, ...] = ()
    proven_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether a dispatcher has to decide about it."""
        return self.held_code is not None and self.held_code not in _SETTLED

    @property
    def imported_at(self) -> datetime | None:
        """When it came with somebody's history; None for what was recorded here."""
        return self.received_at if self.origin == "import" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list shows. `technician` "-" is the pool; waiting windows that ended before `missed_before` are missed.

    `whole_phone`: a telephone number is found by the whole of it, so that nobody guesses a hidden one sign by sign;
    `still_on`: none that was called off; `begins`: only what begins in one of these half-open stretches, by its promise
    or by its plan; `broken_at`: only those whose promise has broken by then.
    """

    missed_before: datetime
    text: str = ""
    whole_phone: bool = False
    states: Sequence[str] = ()
    still_on: bool = False
    begins: Sequence[Window] | None = None
    by: By = "window"
    broken_at: datetime | None = None
    technician: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    changed_since: datetime | None = None


def technicians(db: Session, branch: str) -> list[Technician]:
    """Everybody of the branch who is or was a technician, by code."""
    query = select(AccountRow).where(AccountRow.branch == branch, AccountRow.role == "technician")
    return [_technician(row) for row in db.scalars(query.order_by(AccountRow.login))]


def find_technician(db: Session, branch: str, code: str) -> Technician | None:
    """The branch's technician with this code."""
    query = select(AccountRow).where(
        AccountRow.branch == branch, AccountRow.login == code, AccountRow.role == "technician"
    )
    row = db.scalar(query)
    return _technician(row) if row else None


def names(db: Session, branch: str, also: Iterable[str | None] = ()) -> dict[str, str]:
    """Login -> name of everybody in the branch, and of those of `also` who work elsewhere by now."""
    query = select(AccountRow.login, AccountRow.name).where(AccountRow.branch == branch)
    found: dict[str, str] = dict(db.execute(query).all())
    return found | accounts.names(db, (one for one in also if one and one not in found))


def plans(db: Session, branch: str, technicians: Iterable[str], start: datetime, end: datetime) -> list[Plan]:
    """The technicians' planned work that reaches into [start, end)."""
    return [_plan(row) for row in db.execute(_planned(branch, technicians, start, end))]


def plans_with_places(
    db: Session, branch: str, technicians: Iterable[str], start: datetime, end: datetime
) -> tuple[list[Plan], Callable[[str], Place | None]]:
    """The same, and where each visit is; that is opened for those only that are asked for."""
    query = _planned(branch, technicians, start, end).add_columns(*customers.COLUMNS)
    rows = {row.visit_id: row for row in db.execute(query)}

    @cache
    def place(visit: str) -> Place | None:
        who = customers.of_row(db, branch, rows[visit])
        return None if who.lat is None or who.lon is None else Place(who.lat, who.lon)

    return [_plan(row) for row in rows.values()], place


def _planned(branch: str, technicians: Iterable[str], start: datetime, end: datetime) -> Select[Any]:
    columns = _V.visit_id, _V.external_id, _V.technician, _V.planned_start, _V.planned_end
    return select(*columns).where(
        _V.branch == branch, _V.technician.in_(sorted(set(technicians))), _V.state.in_(BUSY),
        _V.planned_start < end, _V.planned_end > start,
    )  # fmt: skip


def _plan(row: Any) -> Plan:
    return Plan(row.visit_id, row.external_id, row.technician or "", Window(row.planned_start, row.planned_end))


def by_external_ids(db: Session, branch: str, numbers: Iterable[str]) -> dict[str, Visit]:
    """The visits among these order numbers that exist."""
    wanted, found = sorted(set(numbers)), {}
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        for row in db.scalars(select(VisitRow).where(VisitRow.branch == branch, VisitRow.external_id.in_(part))):
            found[row.external_id] = from_row(db, row)
    return found


def reaching_into(db: Session, branch: str, start: datetime, end: datetime) -> list[Visit]:
    """Visits whose planned work reaches into [start, end), by planned start; what came of them does not matter."""
    query = select(VisitRow).where(
        VisitRow.branch == branch, VisitRow.planned_start < end, VisitRow.planned_end > start
    )
    return [from_row(db, row) for row in db.scalars(query.order_by(VisitRow.planned_start, VisitRow.external_id))]


def waiting_of(
    db: Session, branch: str, technician: str, *, begins_before: datetime, ends_after: datetime,
    promised_after: datetime,
) -> list[Visit]:  # fmt: skip
    """The technician's visits that nobody is at yet, by planned start: planned to begin before that moment, and either
    planned to end or promised beyond those."""
    query = select(VisitRow).where(
        VisitRow.branch == branch, VisitRow.technician == technician, VisitRow.state.in_(WAITING),
        VisitRow.planned_start < begins_before,
        or_(VisitRow.planned_end > ends_after, VisitRow.window_end > promised_after),
    )  # fmt: skip
    return [from_row(db, row) for row in db.scalars(query.order_by(VisitRow.planned_start, VisitRow.external_id))]


def search(
    db: Session, branch: str, filters: Filters, *, sort: SortKey, descending: bool, offset: int, limit: int
) -> tuple[list[Visit], int]:
    """One page of the branch's visits, and how many there are in all."""
    if filters.text or sort == "customer":
        return _sorted(db, branch, filters, sort, descending, offset, limit)
    query = _filtered(select(VisitRow).where(VisitRow.branch == branch), filters)
    total = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    column: Any = {
        "window": VisitRow.window_start,
        "external_id": VisitRow.external_id,
        "technician": func.coalesce(VisitRow.technician, ""),
        "state": VisitRow.state,
    }[sort]
    order = column.desc() if descending else column.asc()
    rows = db.scalars(query.order_by(order, VisitRow.window_start, VisitRow.external_id).offset(offset).limit(limit))
    return [from_row(db, row) for row in rows], total


def after(db: Session, branch: str, filters: Filters, external_id: str, limit: int) -> list[Visit]:
    """The next `limit` of the branch's visits by order number. That never changes: who asks page by page sees each
    visit once, whatever happens to it meanwhile."""
    query = select(VisitRow).where(VisitRow.branch == branch, VisitRow.external_id > external_id)
    query = _filtered(query, filters).order_by(VisitRow.external_id)
    if filters.text:
        query = query.where(_may_say(db, branch, filters))
        rows = db.scalars(query.execution_options(yield_per=STEP))
        found = (visit for row in rows if _says(visit := from_row(db, row), filters))
        return list(islice(found, limit))
    return [from_row(db, row) for row in db.scalars(query.limit(limit))]


def at_the_same_place(db: Session, branch: str, visit: Visit, limit: int) -> tuple[list[Visit], int]:
    """The branch's other visits at the address, or for the telephone number, of this one: the latest so many, and how
    many there are."""
    there = customers.is_at(db, branch, address=visit.address, phone=visit.phone)
    query = select(VisitRow).where(VisitRow.branch == branch, VisitRow.visit_id != visit.visit_id, there)
    order = VisitRow.window_start.desc(), VisitRow.external_id
    found = [from_row(db, row) for row in db.scalars(query.order_by(*order).limit(limit))]
    if len(found) < limit:
        return found, len(found)
    return found, db.scalar(select(func.count()).select_from(query.subquery())) or 0


def count_pool(db: Session, branch: str) -> int:
    """How many planned visits nobody has been given."""
    query = select(func.count()).where(
        VisitRow.branch == branch, VisitRow.technician.is_(None), VisitRow.state.in_(WAITING)
    )
    return db.scalar(query) or 0


def count_held(db: Session, branch: str) -> int:
    """How many stored facts wait for a dispatcher."""
    return db.scalar(select(func.count()).where(EventRow.branch == branch, _HELD)) or 0


def timeline(db: Session, branch: str, visit_id: str) -> list[Entry]:
    """Every stored event of a visit in the order of the store (the `rev` of a visit counts them)."""
    return entries(db, branch, EventRow.visit_id == visit_id)


def held(db: Session, branch: str) -> list[Entry]:
    """Every fact of the branch that waits for a dispatcher, oldest first."""
    return entries(db, branch, _HELD)


def imported(db: Session, branch: str, visits: Iterable[VisitId]) -> dict[VisitId, list[Event]]:
    """What imports have said of each visit so far; those they never named are left out."""
    wanted = list(visits)
    found: dict[VisitId, list[Event]] = defaultdict(list)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        condition = and_(EventRow.visit_id.in_(part), EventRow.origin == "import", EventRow.held_code.is_(None))
        for entry in entries(db, branch, condition):
            found[VisitId(entry.event.visit or "")].append(entry.event)
    return dict(found)


def entries(db: Session, branch: str, condition: ColumnElement[bool]) -> list[Entry]:
    """Stored events that meet the condition, held ones included (for the other query modules of storage)."""
    query = select(EventRow).where(EventRow.branch == branch, condition)
    rows = db.scalars(query.order_by(EventRow.received_at, EventRow.event_id))
    return [
        Entry(
            events.from_row(db, branch, row), row.origin, row.received_at, row.held_code,
            tuple(row.flags.split(",")) if row.flags else (), row.proven_at,
        )
        for row in rows
    ]  # fmt: skip


def _sorted(
    db: Session, branch: str, filters: Filters, sort: SortKey, descending: bool, offset: int, limit: int
) -> tuple[list[Visit], int]:  # fmt: skip
    """The same page where sealed values decide: every row that may be on it is opened and looked at."""
    columns = _V.visit_id, _V.external_id, _V.window_start, _V.technician, _V.state, *customers.COLUMNS
    query = _filtered(select(*columns).where(_V.branch == branch), filters)
    query = query.where(_may_say(db, branch, filters))
    found = []
    for row in db.execute(query.execution_options(yield_per=STEP)):
        who = customers.of_row(db, branch, row)
        if not filters.text or _says(row, filters) or _says(who, filters):
            key = {"window": row.window_start, "customer": who.name, "technician": row.technician or ""}
            first = key[sort] if sort in key else getattr(row, sort)
            found.append((first, row.window_start, row.external_id, row.visit_id))
    found.sort(key=itemgetter(1, 2))
    found.sort(key=itemgetter(0), reverse=descending)
    ids = [VisitId(one[3]) for one in found[offset : offset + limit]]
    known: dict[VisitId, Visit] = {}
    for start in range(0, len(ids), bulk.CHUNK):
        known |= by_ids(db, branch, ids[start : start + bulk.CHUNK])
    return [known[one] for one in ids], len(found)


def _may_say(db: Session, branch: str, filters: Filters) -> ColumnElement[bool]:
    """Which rows are worth opening: where the text is a telephone number that somebody has, those found by its mark
    alone, and order numbers."""
    if numbers.is_whole(filters.text):
        theirs = customers.is_at(db, branch, phone=filters.text)
        if db.scalar(select(1).where(VisitRow.branch == branch, theirs).limit(1)):
            unsealed = VisitRow.person.is_(None)
            return or_(theirs, unsealed, VisitRow.external_id.icontains(filters.text, autoescape=True))
    return true()


def _says(one: Any, filters: Filters) -> bool:
    """Whether what people search by holds the text, in small letters or large; a telephone number however it is
    written, and only as a whole where that is asked for."""
    if numbers.is_same(getattr(one, "phone", ""), filters.text):
        return True
    names = (name for name in SEARCHED if not (filters.whole_phone and name == "phone"))
    return any(filters.text.casefold() in getattr(one, name, "").casefold() for name in names)


def _filtered(query: Select[Any], filters: Filters) -> Select[Any]:
    if filters.states:
        query = query.where(_in_states(filters))
    if filters.still_on:
        query = query.where(VisitRow.state.not_in(busy_hours.CALLED_OFF))
    if filters.begins is not None:
        query = query.where(busy_hours.begins(filters.by, filters.begins))
    if filters.broken_at is not None:
        query = query.where(busy_hours.broke(filters.broken_at))
    if filters.technician == "-":
        query = query.where(VisitRow.technician.is_(None))
    elif filters.technician:
        query = query.where(VisitRow.technician == filters.technician)
    if filters.start is not None:
        query = query.where(VisitRow.window_end > filters.start)
    if filters.end is not None:
        query = query.where(VisitRow.window_start < filters.end)
    if filters.changed_since is not None:
        query = query.where(VisitRow.updated_at >= filters.changed_since)
    return query


def _in_states(filters: Filters) -> ColumnElement[bool]:
    """`missed` comes by the clock and is never stored; what it covers is neither planned nor on the way any more."""
    missed = and_(VisitRow.state.in_(WAITING), VisitRow.window_end < filters.missed_before)
    stored = [state for state in filters.states if state != "missed"]
    waiting = and_(VisitRow.state.in_(stored), ~missed)
    return or_(waiting, missed) if "missed" in filters.states else waiting


def _technician(row: AccountRow) -> Technician:
    return Technician(StaffCode(row.login), row.name, row.team, row.disabled_at is None)
