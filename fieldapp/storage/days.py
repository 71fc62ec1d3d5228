"""Which visits a technician's phone carries, as marks that change whenever one of them does."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from fieldapp.domain.ids import VisitId
from fieldapp.storage import bulk
from fieldapp.storage.tables.visits import VisitRow

_VISITS = VisitRow.__table__.c
_MARKS = (
    select(_VISITS.visit_id, _VISITS.rev, _VISITS.state)
    .where(
        _VISITS.branch == bindparam("branch"), _VISITS.technician == bindparam("technician"),
        _VISITS.window_start >= bindparam("start"), _VISITS.window_start < bindparam("end"),
    )
    .order_by(_VISITS.window_start, _VISITS.visit_id)
)  # fmt: skip


def marks(db: Session, branch: str, technician: str, start: datetime, end: datetime) -> list[tuple[VisitId, int, str]]:
    """(visit id, revision, state) of the technician's visits whose window starts in [start, end), by window."""
    values = {"branch": branch, "technician": technician, "start": start, "end": end}
    return [(VisitId(row.visit_id), row.rev, row.state) for row in bulk.fetch(db, _MARKS, values)]
