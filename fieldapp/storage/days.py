"""Which visits a technician's phone carries, as marks that change whenever one of them does, or how to get in."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from fieldapp.domain.ids import VisitId
from fieldapp.storage import bulk
from fieldapp.storage.tables.links import AccessNoteRow
from fieldapp.storage.tables.visits import VisitRow

_VISITS = VisitRow.__table__.c
_NOTES = AccessNoteRow.__table__.c
_MARKS = (
    select(_VISITS.visit_id, _VISITS.rev, _VISITS.state, _NOTES.written_at)
    .select_from(
        VisitRow.__table__.outerjoin(
            AccessNoteRow.__table__, (_NOTES.branch == _VISITS.branch) & (_NOTES.visit_id == _VISITS.visit_id)
        )
    )
    .where(
        _VISITS.branch == bindparam("branch"), _VISITS.technician == bindparam("technician"),
        _VISITS.window_start >= bindparam("start"), _VISITS.window_start < bindparam("end"),
    )
    .order_by(_VISITS.window_start, _VISITS.visit_id)
)  # fmt: skip


Mark = tuple[VisitId, int, str, str]


def marks(db: Session, branch: str, technician: str, start: datetime, end: datetime) -> list[Mark]:
    """(visit id, revision, state, when the note on getting in was written) of the technician's visits whose window
    starts in [start, end), by window."""
    values = {"branch": branch, "technician": technician, "start": start, "end": end}
    return [
        (VisitId(row.visit_id), row.rev, row.state, str(row.written_at or "")) for row in bulk.fetch(db, _MARKS, values)
    ]
