"""Visits as they stand (a projection of their events) and the ledger of what customers were promised."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import VisitId
from fieldapp.domain.places import Place
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import VisitState
from fieldapp.storage import bulk, customers, sealing
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.scoring import JudgementRow
from fieldapp.storage.tables.visits import PromiseRow, VisitRow

REASON = "promises.reason"
_VISITS = VisitRow.__table__.c
#: Built once: whatever plans or changes a visit asks for it.
_BY_ID = select(*_VISITS).where(_VISITS.branch == bindparam("branch"), _VISITS.visit_id == bindparam("visit"))
_BY_IDS = select(*_VISITS).where(
    _VISITS.branch == bindparam("branch"), _VISITS.visit_id.in_(bindparam("visits", expanding=True))
)
_BY_ORDER = select(*_VISITS).where(_VISITS.branch == bindparam("branch"), _VISITS.external_id == bindparam("order"))


@dataclass(frozen=True, slots=True)
class Charge:
    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as the office sees it. Times are aware UTC; `window` is the latest promise told."""

    branch: str
    visit_id: VisitId
    external_id: str
    rev: int
    state: str
    job_type: str
    technician: str | None
    window: Window
    planned: Window
    customer_name: str
    phone: str
    address: str
    district: str
    email: str
    lat: float | None
    lon: float | None
    language: str
    note: str
    charges: tuple[Charge, ...]
    held: int
    signed: bool
    updated_at: datetime

    @property
    def place(self) -> Place | None:
        """Where it is, as far as somebody said so."""
        return None if self.lat is None or self.lon is None else Place(self.lat, self.lon)


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One line of the ledger: what was promised, when it was told and how, who asked, why, who wrote it down."""

    event_id: str
    window: Window
    agreed: bool
    told_at: datetime
    channel: str
    asked_by: str
    apology: bool
    cause: str | None
    reason: str
    recorded_by: str
    recorded_at: datetime


def find(db: Session, branch: str, visit_id: str) -> Visit | None:
    """The visit with this id."""
    return _only(db, bulk.fetch(db, _BY_ID, {"branch": branch, "visit": visit_id}))


def get(db: Session, branch: str, visit_id: str) -> Visit:
    """The visit with this id; raises `NotFound`."""
    visit = find(db, branch, visit_id)
    if visit is None:
        raise NotFound()
    return visit


def find_by_external_id(db: Session, branch: str, external_id: str) -> Visit | None:
    """The visit with this order number."""
    return _only(db, bulk.fetch(db, _BY_ORDER, {"branch": branch, "order": external_id}))


def by_ids(db: Session, branch: str, ids: Sequence[VisitId]) -> dict[VisitId, Visit]:
    """Those of the visits that are known."""
    rows = bulk.fetch(db, _BY_IDS, {"branch": branch, "visits": ids})
    return {visit.visit_id: visit for visit in (from_row(db, row) for row in rows)}


def count(db: Session, branch: str) -> int:
    """How many there are."""
    return db.scalar(select(func.count()).where(VisitRow.branch == branch)) or 0


def without_facts(db: Session, branch: str) -> list[str]:
    """Visits of which no fact counts: there is no reason for them."""
    return list(db.scalars(select(VisitRow.visit_id).where(VisitRow.branch == branch, ~has_facts(VisitRow))))


def has_facts(kind: type[VisitRow] | type[JudgementRow]) -> ColumnElement[bool]:
    """Whether any fact about the row's visit counts (for the other query modules of storage)."""
    facts = EventRow.branch == kind.branch, EventRow.visit_id == kind.visit_id, EventRow.held_code.is_(None)
    return select(EventRow.event_id).where(*facts).exists()


def _only(db: Session, rows: Sequence[Any]) -> Visit | None:
    return from_row(db, rows[0]) if rows else None


def phones(db: Session, branch: str) -> list[tuple[str, str]]:
    """Every visit that has a telephone number, with it."""
    query = select(_VISITS.visit_id, *customers.COLUMNS).where(_VISITS.branch == branch)
    rows = db.execute(query.order_by(_VISITS.window_start, _VISITS.visit_id).execution_options(yield_per=2000))
    found = ((row.visit_id, customers.of_row(db, branch, row).phone) for row in rows)
    return [(visit, phone) for visit, phone in found if phone]


def between(db: Session, branch: str, start: datetime, end: datetime, technician: str | None = None) -> list[Visit]:
    """Visits whose window starts in [start, end), by start; of one technician when given."""
    query = select(VisitRow).where(
        VisitRow.branch == branch, VisitRow.window_start >= start, VisitRow.window_start < end
    )
    if technician is not None:
        query = query.where(VisitRow.technician == technician)
    return [from_row(db, row) for row in db.scalars(query.order_by(VisitRow.window_start, VisitRow.external_id))]


def count_held(db: Session, branch: str) -> int:
    """How many facts about visits of the branch are held."""
    held = select(func.sum(VisitRow.held)).where(VisitRow.branch == branch, VisitRow.held > 0)
    return int(db.scalar(held) or 0)


def ledger(db: Session, branch: str, visit_id: str) -> list[PromiseLine]:
    """The promises of a visit in the order they were told."""
    query = select(PromiseRow).where(PromiseRow.branch == branch, PromiseRow.visit_id == visit_id)
    return [
        PromiseLine(
            row.event_id, Window(row.window_start, row.window_end), row.agreed, row.told_at, row.channel, row.asked_by,
            row.apology, row.cause,
            sealing.reveal_text(db, REASON, branch, f"{visit_id} {row.event_id}", row.reason),
            row.recorded_by, row.recorded_at,
        )
        for row in db.scalars(query.order_by(PromiseRow.told_at, PromiseRow.recorded_at, PromiseRow.event_id))
    ]  # fmt: skip


def promised_between(
    db: Session, branch: str, start: datetime, end: datetime | None = None, *, after: str = "", limit: int = bulk.CHUNK
) -> list[VisitId]:  # fmt: skip
    """Visits that have, or ever had, a promise that starts then (None: or at any later time): the first so many by
    their ids, from the one after `after` on."""
    query = _promised(branch, start, end).where(PromiseRow.visit_id > after)
    return [VisitId(visit) for visit in db.scalars(query.distinct().order_by(PromiseRow.visit_id).limit(limit))]


def count_promised_between(db: Session, branch: str, start: datetime, end: datetime) -> int:
    """How many these are altogether."""
    return db.scalar(select(func.count()).select_from(_promised(branch, start, end).distinct().subquery())) or 0


def _promised(branch: str, start: datetime, end: datetime | None) -> Select[str]:
    query = select(PromiseRow.visit_id).where(PromiseRow.branch == branch, PromiseRow.window_start >= start)
    return query if end is None else query.where(PromiseRow.window_start < end)


def save(
    db: Session, branch: str, states: Mapping[VisitId, VisitState], revs: Mapping[VisitId, int], now: datetime
) -> None:
    """Write the read model of each visit as its replayed state says."""
    rows = [
        {
            "branch": branch,
            "visit_id": visit_id,
            "external_id": state.external_id,
            "rev": revs[visit_id],
            "state": state.name,
            "job_type": state.job_type,
            "technician": state.technician,
            "window_start": state.promise.start,
            "window_end": state.promise.end,
            "planned_start": state.planned_start,
            "planned_end": state.planned_end,
            "district": state.customer.district or "",
            "language": state.customer.language,
            "charges": json.dumps([[one.label, one.amount] for one in state.charges], ensure_ascii=False),
            "held": state.held,
            "signed": state.signed_at is not None,
            "updated_at": now,
            **customers.columns(db, branch, visit_id, customers.of_state(state)),
        }
        for visit_id, state in states.items()
    ]
    bulk.upsert(db, VisitRow, rows)
    db.expire_all()


def add_promises(db: Session, branch: str, events: Iterable[Event], now: datetime) -> None:
    """Add a ledger line for each promise among the events; lines that are there stay as they are."""
    rows = []
    for event in events:
        data = event.data
        if event.visit is None or not isinstance(data, ev.VisitScheduled | ev.PromiseChanged):
            continue
        change = data if isinstance(data, ev.PromiseChanged) else None
        rows.append(
            {
                "branch": branch,
                "visit_id": event.visit,
                "event_id": event.id,
                "window_start": data.promise.start,
                "window_end": data.promise.end,
                "agreed": data.promise.agreed,
                "told_at": data.promise.told_at,
                "channel": data.promise.channel,
                "asked_by": change.asked_by if change else "company",
                "apology": change.apology if change else False,
                "cause": change.cause if change else None,
                "reason": sealing.close_text(
                    db, REASON, branch, f"{event.visit} {event.id}", (change.reason or "") if change else ""
                ),
                "recorded_by": event.actor,
                "recorded_at": now,
            }
        )
    bulk.add_new(db, PromiseRow, rows)


def from_row(db: Session, row: Any) -> Visit:
    """The frozen value of a row (for the other query modules of storage)."""
    who = customers.of_row(db, row.branch, row)
    return Visit(
        row.branch, VisitId(row.visit_id), row.external_id, row.rev, row.state, row.job_type, row.technician,
        Window(row.window_start, row.window_end), Window(row.planned_start, row.planned_end), who.name,
        who.phone, who.address, row.district or "", who.email, who.lat, who.lon, row.language, who.note,
        tuple(Charge(label, Decimal(amount)) for label, amount in json.loads(row.charges)), row.held, row.signed,
        row.updated_at,
    )  # fmt: skip
