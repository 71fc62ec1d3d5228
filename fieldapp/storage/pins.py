"""Pins as rows. A pin holds while its visit stands where it was pinned: whoever moves the visit undoes it thereby, by
whichever way, and putting the visit back puts it in force again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Window
from fieldapp.storage import bulk
from fieldapp.storage.tables.pins import PinRow
from fieldapp.storage.tables.visits import VisitRow

#: As long as work may take: what began earlier does not reach into a stretch of days.
_LONGEST = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a visit is held, who did it, and when."""

    technician: str
    start: datetime
    by: str
    since: datetime


def find(db: Session, branch: str, visit_id: str) -> Pin | None:
    """The pin of a visit, where one is in force."""
    query = select(PinRow.technician, PinRow.planned_start, PinRow.pinned_by, PinRow.pinned_at)
    row = db.execute(query.where(PinRow.branch == branch, PinRow.visit_id == visit_id, _in_force(branch))).first()
    return Pin(*row) if row else None


def within(db: Session, branch: str, span: Window) -> frozenset[str]:
    """The visits pinned to a start in the span, or shortly before it."""
    query = select(PinRow.visit_id).where(
        PinRow.branch == branch, PinRow.planned_start > span.start - _LONGEST, PinRow.planned_start < span.end,
        _in_force(branch),
    )  # fmt: skip
    return frozenset(visit for (visit,) in bulk.fetch_once(db, query))


def put(db: Session, branch: str, visit_id: str, pin: Pin) -> None:
    """Hold the visit there."""
    row = {
        "branch": branch, "visit_id": visit_id, "technician": pin.technician, "planned_start": pin.start,
        "pinned_by": pin.by, "pinned_at": pin.since,
    }  # fmt: skip
    bulk.upsert(db, PinRow, [row])


def remove(db: Session, branch: str, visit_id: str) -> None:
    """Let the visit go."""
    db.execute(delete(PinRow).where(PinRow.branch == branch, PinRow.visit_id == visit_id))


def _in_force(branch: str) -> ColumnElement[bool]:
    return (
        select(VisitRow.visit_id)
        .where(
            and_(
                VisitRow.branch == branch, VisitRow.visit_id == PinRow.visit_id,
                VisitRow.technician == PinRow.technician, VisitRow.planned_start == PinRow.planned_start,
            )
        )
        .exists()
    )  # fmt: skip
