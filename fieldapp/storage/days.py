"""Which visits a technician's phone carries, as marks that change whenever one of them does, or how to get in."""

from datetime import datetime

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.orm import Session

from fieldapp.domain.ids import VisitId
from fieldapp.storage import bulk
from fieldapp.storage.tables.links import AccessNoteRow
from fieldapp.storage.tables.visits import VisitRow

_VISITS = VisitRow.__table__.c
_NOTES = AccessNoteRow.__table__.c
#: Begun and not ended, or nobody has decided whether.
_BEGUN = ["admitted", "arrived", "disputed", "en_route", "signed"]
_OWN = (
    select(_VISITS.visit_id, _VISITS.rev, _VISITS.state, _NOTES.written_at, _VISITS.window_start)
    .select_from(
        VisitRow.__table__.outerjoin(
            AccessNoteRow.__table__, (_NOTES.branch == _VISITS.branch) & (_NOTES.visit_id == _VISITS.visit_id)
        )
    )
    .where(_VISITS.branch == bindparam("branch"), _VISITS.technician == bindparam("technician"))
)
# Two looks. The second goes back by the plan, for which there is an index by technician, and leaves to the first what
# is its own. Unordered: to have the promises in order SQLite would go through all that the branch ever had.
_MARKS = union_all(
    _OWN.where(_VISITS.window_start >= bindparam("start"), _VISITS.window_start < bindparam("end")),
    _OWN.where(
        _VISITS.planned_start >= bindparam("since"), _VISITS.planned_start < bindparam("end"),
        _VISITS.window_start < bindparam("start"), _VISITS.state.in_(bindparam("begun", expanding=True)),
    ),
)  # fmt: skip


Mark = tuple[VisitId, int, str, str]


def marks(
    db: Session, branch: str, technician: str, start: datetime, end: datetime, *, since: datetime
) -> list[Mark]:  # fmt: skip
    """(visit id, revision, state, when the note on getting in was written) of the technician's visits whose window
    starts in [start, end), and of those planned `since` that they began and did not end, by window."""
    values = {"branch": branch, "technician": technician, "start": start, "end": end, "since": since, "begun": _BEGUN}
    rows = sorted(bulk.fetch(db, _MARKS, values), key=lambda row: (row.window_start, row.visit_id))
    return [(VisitId(row.visit_id), row.rev, row.state, str(row.written_at or "")) for row in rows]
