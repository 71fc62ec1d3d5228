"""How many visits begin when, and how many of their promises broke: one pass over a span, along its index."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.busy_hours import By
from fieldapp.domain.calendar import Window
from fieldapp.storage import causes
from fieldapp.storage.tables.scoring import CircumstancesRow
from fieldapp.storage.tables.visits import VisitRow

_C, _V = CircumstancesRow.__table__.c, VisitRow.__table__.c
#: Visits that nobody was to work for in the end.
CALLED_OFF = ("cancelled", "void")
_START = {"window": _V.window_start, "planned": _V.planned_start}


def counts(
    db: Session, branch: str, by: By, start: datetime, end: datetime, now: datetime
) -> list[tuple[datetime, int, int]]:
    """Visits that begin in [start, end) and were not called off, by the moment: how many, and of how many the promise
    broke. Many begin at the same moments, so there are few rows."""
    column = _START[by]
    query = (
        select(column, func.count(), func.sum(case((causes.is_broken(now), 1), else_=0)))
        .select_from(VisitRow.__table__)
        .outerjoin(CircumstancesRow.__table__, and_(_C.branch == branch, _C.visit_id == _V.visit_id))
        .where(_V.branch == branch, column >= start, column < end, _V.state.not_in(CALLED_OFF))
        .group_by(column)
    )
    return [(moment, visits, int(broken)) for moment, visits, broken in db.execute(query)]


def begins(by: By, stretches: Sequence[Window]) -> ColumnElement[bool]:
    """Whether a visit begins in one of the half-open stretches (for the lists that are behind the numbers)."""
    column = _START[by]
    return or_(false(), *(and_(column >= one.start, column < one.end) for one in stretches))


def broke(now: datetime) -> ColumnElement[bool]:
    """Whether a visit's promise broke (for the same lists)."""
    told = select(_C.visit_id).where(_C.branch == _V.branch, _C.visit_id == _V.visit_id, causes.is_broken(now))
    return told.correlate(VisitRow.__table__).exists()
