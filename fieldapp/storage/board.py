"""What the dispatcher's board asks of the store: a stretch of days as bars, what happened of them, what phones hold.

Reads only, by statements that name their columns: a board asks for thousands of visits and shows a part of each.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Window
from fieldapp.domain.ids import StaffCode, VisitId
from fieldapp.domain.places import Place
from fieldapp.domain.scheduling import LONGEST_WINDOW
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.storage import bulk, customers
from fieldapp.storage.planning import Technician
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.storage.tables.devices import DeviceRow
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.visits import VisitRow

#: What takes nobody's time; it stands in the list of visits only.
OFF = ("cancelled", "void")
#: Work that is planned to have begun earlier than this before a stretch of days is not looked for.
_LONGEST = timedelta(days=2)
#: Where somebody is under way. What was planned to begin longer ago than this, nobody is at any more: it was forgotten.
_UNDER_WAY, _SHIFT = ("en_route", "arrived", "admitted", "signed"), timedelta(hours=8)
_V = VisitRow.__table__.c
_BAR = (
    _V.visit_id, _V.external_id, _V.rev, _V.state, _V.job_type, _V.technician, _V.window_start, _V.window_end,
    _V.planned_start, _V.planned_end, _V.held, _V.signed, _V.language, _V.district, *customers.COLUMNS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """One visit as a bar of the board; `window` is the latest promise told."""

    visit_id: VisitId
    external_id: str
    rev: int
    state: str
    job_type: str
    technician: str | None
    window: Window
    planned: Window
    held: int
    signed: bool
    language: str
    district: str | None
    customer_name: str
    address: str
    lat: float | None
    lon: float | None

    @property
    def place(self) -> Place | None:
        """Where it is, as far as somebody said so."""
        return None if self.lat is None or self.lon is None else Place(self.lat, self.lon)


@dataclass(frozen=True, slots=True)
class Happened:
    """When the technician set out, came, was done and left, as far as phones said."""

    departed: datetime | None = None
    arrived: datetime | None = None
    ended: datetime | None = None
    left: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The last contact with a technician's phone, and how many facts it held unsent then."""

    seen_at: datetime
    outbox: int


_FIELDS = {
    "visit.departed": "departed",
    "visit.arrived": "arrived",
    "visit.completed": "ended",
    "visit.not_completed": "ended",
    "access.failed": "ended",
    "visit.left": "left",
}


def planned(
    db: Session, branch: str, start: datetime, end: datetime, technicians: Sequence[str | None] | None = None
) -> list[Planned]:
    """Visits whose planned work reaches into [start, end), by planned start; of these technicians (None among them:
    the pool) where some are given. What was called off is not among them."""
    return _fetch(db, branch, _reaching(branch, start, end, technicians))


def open_around(
    db: Session, branch: str, span: Window, day: Window, technicians: Sequence[str | None] | None = None
) -> list[Planned]:
    """Beside what `planned` has of the day: visits whose planned work reaches into the span, those that are not over
    and whose promised window does, and those that somebody is under way to or at."""
    at_it = and_(_V.state.in_(_UNDER_WAY), _V.planned_start > span.start - _SHIFT)
    by_plan = and_(
        _V.branch == branch, _V.planned_start < span.end, _V.planned_start > span.start - _LONGEST,
        or_(_V.planned_end > span.start, at_it),
    )  # fmt: skip
    by_promise = and_(
        _V.branch == branch, _V.window_start < span.end, _V.window_start > span.start - LONGEST_WINDOW,
        _V.window_end > span.start, _V.state.not_in(sorted(ENDED)),
    )  # fmt: skip
    within = [_V.state.not_in(OFF), or_(_V.planned_start >= day.end, _V.planned_end <= day.start)]
    if technicians is not None:
        within.append(_of(technicians))
    return _fetch(db, branch, and_(or_(by_plan, by_promise), *within))


def mark(
    db: Session, branch: str, start: datetime, end: datetime, technicians: Sequence[str | None] | None = None
) -> str:
    """A text that is another one whenever `planned` would answer otherwise."""
    query = select(func.count(), func.sum(_V.rev), func.max(_V.updated_at)).where(
        _reaching(branch, start, end, technicians)
    )
    return hashlib.sha256(repr(tuple(bulk.fetch_once(db, query)[0])).encode()).hexdigest()[:24]


def technicians(db: Session, branch: str) -> list[Technician]:
    """`planning.technicians` by one statement that reads no rows as objects: asked for every second."""
    columns = (AccountRow.login, AccountRow.name, AccountRow.team, AccountRow.disabled_at)
    query = select(*columns).where(AccountRow.branch == branch, AccountRow.role == "technician")
    rows = bulk.fetch_once(db, query.order_by(AccountRow.login))
    return [Technician(StaffCode(login), name, team, disabled is None) for login, name, team, disabled in rows]


def happened(db: Session, branch: str, visits: Iterable[str]) -> dict[VisitId, Happened]:
    """What phones said of these visits; the earliest of each, and of ends the latest."""
    found: dict[VisitId, Happened] = {}
    wanted = list(visits)
    columns = (EventRow.visit_id, EventRow.kind, EventRow.effective_at)
    for place in range(0, len(wanted), bulk.CHUNK):
        query = select(*columns).where(
            EventRow.branch == branch,
            EventRow.visit_id.in_(wanted[place : place + bulk.CHUNK]),
            EventRow.kind.in_(_FIELDS),
            EventRow.held_code.is_(None),
        )
        for visit, kind, at in bulk.fetch_once(db, query.order_by(EventRow.effective_at)):
            known, name = found.get(visit, Happened()), _FIELDS[kind]
            if name == "ended" or getattr(known, name) is None:
                found[visit] = replace(known, **{name: at})
    return found


def latest_completed(db: Session, branch: str, start: datetime, end: datetime, limit: int) -> dict[VisitId, str]:
    """Completed visits that were planned in [start, end), the latest first, each with its kind of job."""
    query = select(_V.visit_id, _V.job_type).where(
        _V.branch == branch, _V.state == "completed", _V.planned_start >= start, _V.planned_start < end
    )
    rows = bulk.fetch_once(db, query.order_by(_V.planned_start.desc()).limit(limit))
    return {VisitId(visit): job_type for visit, job_type in rows}


def heard(db: Session, branch: str) -> dict[str, Heard]:
    """Technician -> the last contact with the phone that they used last; phones taken out of use are left out."""
    query = (
        select(AccountRow.login, DeviceRow.seen_at, DeviceRow.outbox)
        .join(AccountRow, AccountRow.account_id == DeviceRow.account_id)
        .where(DeviceRow.branch == branch, AccountRow.branch == branch, DeviceRow.revoked_at.is_(None))
        .order_by(DeviceRow.seen_at)
    )
    return {login: Heard(seen_at, outbox) for login, seen_at, outbox in bulk.fetch_once(db, query)}


def _reaching(
    branch: str, start: datetime, end: datetime, technicians: Sequence[str | None] | None
) -> ColumnElement[bool]:
    """Planned work of the branch that shares time with [start, end) and was not called off."""
    within: list[Any] = [
        _V.branch == branch, _V.planned_start < end, _V.planned_start > start - _LONGEST, _V.planned_end > start,
        _V.state.not_in(OFF),
    ]  # fmt: skip
    if technicians is not None:
        within.append(_of(technicians))
    return and_(*within)


def _of(technicians: Sequence[str | None]) -> ColumnElement[bool]:
    """Of these technicians, None among them: of nobody."""
    of_them: ColumnElement[bool] = _V.technician.in_([one for one in technicians if one is not None])
    return or_(of_them, _V.technician.is_(None)) if None in technicians else of_them


def _fetch(db: Session, branch: str, which: ColumnElement[bool]) -> list[Planned]:
    rows = bulk.fetch_once(db, select(*_BAR).where(which).order_by(_V.planned_start, _V.external_id))
    found = []
    for row in rows:
        who = customers.of_row(db, branch, row)
        found.append(Planned(
            VisitId(row[0]), row[1], row[2], row[3], row[4], row[5], Window(row[6], row[7]), Window(row[8], row[9]),
            row.held, row.signed, row.language, row.district, who.name, who.address, who.lat, who.lon,
        ))  # fmt: skip
    return found
