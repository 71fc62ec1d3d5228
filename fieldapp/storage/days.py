"""Which visits a technician's phone carries, as marks that change whenever one of them does."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fieldapp.storage.tables.visits import VisitRow


def marks(db: Session, branch: str, technician: str, start: datetime, end: datetime) -> list[tuple[str, int, str]]:
    """(visit id, revision, state) of the technician's visits whose window starts in [start, end), by window."""
    query = (
        select(VisitRow.visit_id, VisitRow.rev, VisitRow.state)
        .where(
            VisitRow.branch == branch, VisitRow.technician == technician,
            VisitRow.window_start >= start, VisitRow.window_start < end,
        )
        .order_by(VisitRow.window_start, VisitRow.visit_id)
    )  # fmt: skip
    return [(row.visit_id, row.rev, row.state) for row in db.execute(query)]
