"""Secret addresses of technicians' calendars, by hash only, and the visits that stand in one."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.calendars import CalendarFeedRow
from fieldapp.storage.tables.visits import VisitRow
from fieldapp.storage.visits import Visit, from_row


def save(db: Session, branch: str, technician: str, secret_hash: str, now: datetime) -> None:
    """The technician's address from now on; the one before opens nothing any more."""
    row = {"branch": branch, "technician": technician, "secret_hash": secret_hash, "created_at": now}
    bulk.upsert(db, CalendarFeedRow, [row])


def drop(db: Session, branch: str, technician: str) -> None:
    """End it."""
    db.execute(
        delete(CalendarFeedRow).where(CalendarFeedRow.branch == branch, CalendarFeedRow.technician == technician)
    )


def created_at(db: Session, branch: str, technician: str) -> datetime | None:
    """Since when the technician has one."""
    query = select(CalendarFeedRow.created_at)
    return db.scalar(query.where(CalendarFeedRow.branch == branch, CalendarFeedRow.technician == technician))


def technician_of(db: Session, branch: str, secret_hash: str) -> str | None:
    """Whose address it is."""
    query = select(CalendarFeedRow.technician)
    return db.scalar(query.where(CalendarFeedRow.branch == branch, CalendarFeedRow.secret_hash == secret_hash))


def visits(db: Session, branch: str, technician: str, start: datetime, end: datetime) -> list[Visit]:
    """The technician's visits that are or were planned to begin in [start, end), cancelled ones included."""
    query = select(VisitRow).where(
        VisitRow.branch == branch, VisitRow.technician == technician, VisitRow.planned_start >= start,
        VisitRow.planned_start < end,
    )  # fmt: skip
    return [from_row(db, row) for row in db.scalars(query.order_by(VisitRow.planned_start, VisitRow.external_id))]
