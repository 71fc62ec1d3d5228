"""What has been kept for long enough, a few at a time. Owns which rows these are; `services.retention` decides when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.ids import VisitId
from fieldapp.domain.visits.events import VisitArrived
from fieldapp.domain.visits.personal import without_place
from fieldapp.storage import erasures, jobs, quarantine
from fieldapp.storage.events import opened
from fieldapp.storage.photos import GONE
from fieldapp.storage.tables.accounts import KnownBrowserRow, SignInFailureRow, SignInRow
from fieldapp.storage.tables.blobs import BlobRow
from fieldapp.storage.tables.cases import CaseRow
from fieldapp.storage.tables.erasures import ErasureRow
from fieldapp.storage.tables.events import EventRow, QuarantineRow
from fieldapp.storage.tables.jobs import JobRow
from fieldapp.storage.tables.messages import MessageRow
from fieldapp.storage.tables.push_subscriptions import PushSubscriptionRow
from fieldapp.storage.tables.visits import VisitRow


def located(db: Session, branch: str, start: datetime, end: datetime, limit: int) -> list[VisitId]:
    """Visits with a window in [start, end) of whose arrival it is still known where that was."""
    query = (
        select(EventRow.visit_id, EventRow.event_id, EventRow.body)
        .join(VisitRow, (VisitRow.branch == EventRow.branch) & (VisitRow.visit_id == EventRow.visit_id))
        .where(
            VisitRow.branch == branch, VisitRow.window_start >= start, VisitRow.window_start < end,
            EventRow.branch == branch, EventRow.kind == "visit.arrived", EventRow.erased_at.is_(None),
        )
    )  # fmt: skip
    found: dict[VisitId, None] = {}
    for visit, event_id, body in db.execute(query.execution_options(yield_per=500)):
        if b'"lat"' in opened(db, branch, event_id, body):
            found[VisitId(str(visit))] = None
            if len(found) == limit:
                break
    return list(found)


def forget_places(db: Session, branch: str, visits: Iterable[str], now: datetime) -> None:
    """Where the arrivals of these visits were: what the phone sent about them goes, too."""
    arrivals = EventRow.visit_id.in_(list(visits)) & (EventRow.kind == "visit.arrived") & EventRow.erased_at.is_(None)
    erasures.rewrite(
        db, branch, arrivals, lambda data: without_place(data) if isinstance(data, VisitArrived) else data, now
    )


def old_visits(db: Session, branch: str, before: datetime, limit: int) -> list[VisitId]:
    """The oldest visits whose window ended before then, with their customer in them and without an open case."""
    query = _old_visits(branch, before).order_by(VisitRow.window_start, VisitRow.visit_id).limit(limit)
    return [VisitId(one) for one in db.scalars(query)]


def _old_visits(branch: str, before: datetime) -> Select[str]:
    erased = exists().where(ErasureRow.branch == branch, ErasureRow.visit_id == VisitRow.visit_id)
    waits = exists().where(CaseRow.branch == branch, CaseRow.visit_id == VisitRow.visit_id, CaseRow.state == "open")
    return select(VisitRow.visit_id).where(
        VisitRow.branch == branch, VisitRow.window_start < before, VisitRow.window_end < before, ~erased, ~waits
    )


def drop_messages(db: Session, branch: str, before: datetime, limit: int) -> int:
    """What was told to customers before then, with the attempts; returns how many."""
    ids = list(db.scalars(select(MessageRow.message_id).where(*_messages(branch, before)).limit(limit)))
    for one in ids:
        jobs.drop(db, branch, one)
    db.execute(delete(MessageRow).where(MessageRow.branch == branch, MessageRow.message_id.in_(ids)))
    return len(ids)


def erase_quarantine(db: Session, branch: str, before: datetime, limit: int, now: datetime) -> int:
    """Destroy the keys of what came before then and nobody could read; returns how many."""
    ids = list(db.scalars(select(QuarantineRow.digest).where(*_quarantine(branch, before)).limit(limit)))
    change = update(QuarantineRow).where(QuarantineRow.branch == branch, QuarantineRow.digest.in_(ids))
    db.execute(change.values(**quarantine.emptied(now)))
    return len(ids)


def drop_sessions(db: Session, before: datetime, now: datetime) -> int:
    """Sessions whose time is over, browsers that were known before then, old wrong passwords; returns how many."""
    gone = 0
    for kind, condition in _sessions(before, now):
        gone += db.scalar(select(func.count()).select_from(kind).where(condition)) or 0
        db.execute(delete(kind).where(condition))
    told = delete(PushSubscriptionRow).where(PushSubscriptionRow.branch.is_not(None))
    db.execute(told.where(PushSubscriptionRow.sign_in_id.not_in(select(SignInRow.sign_in_id))))
    return gone


def count(db: Session, branch: str, kind: str, before: datetime, now: datetime) -> int:
    """How much of a kind is due."""
    if kind == "locations":
        return len(located(db, branch, EVER, before, 10**9))
    if kind == "sessions":
        return sum(db.scalar(select(func.count()).select_from(t).where(c)) or 0 for t, c in _sessions(before, now))
    if kind == "customers":
        return db.scalar(select(func.count()).select_from(_old_visits(branch, before).subquery())) or 0
    conditions: dict[str, Any] = {
        "photos": (BlobRow.branch == branch, BlobRow.media != GONE, BlobRow.received_at < before),
        "messages": _messages(branch, before),
        "attempts": (JobRow.branch == branch, JobRow.state == "done", JobRow.finished_at < before),
        "quarantine": _quarantine(branch, before),
    }
    return db.scalar(select(func.count()).where(*conditions[kind])) or 0


EVER = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _messages(branch: str, before: datetime) -> Any:
    return MessageRow.branch == branch, MessageRow.ended_at < before


def _quarantine(branch: str, before: datetime) -> Any:
    return QuarantineRow.branch == branch, QuarantineRow.received_at < before, QuarantineRow.erased_at.is_(None)


def _sessions(before: datetime, now: datetime) -> list[tuple[Any, Any]]:
    return [
        (SignInRow, or_(SignInRow.expires_at <= now, SignInRow.seen_at < before)),
        (KnownBrowserRow, KnownBrowserRow.created_at < before),
        (SignInFailureRow, SignInFailureRow.last_at < before),
    ]
