"""Why visits were late: what was said of each (added, never changed), and late visits by where that stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month, Window
from fieldapp.domain.causes import Saying, State
from fieldapp.domain.ids import VisitId
from fieldapp.storage import bulk, sealing
from fieldapp.storage.tables.causes import LatenessCauseRow
from fieldapp.storage.tables.scoring import CircumstancesRow
from fieldapp.storage.tables.visits import VisitRow

NOTE = "lateness_causes.note"
_C, _S, _V = CircumstancesRow.__table__.c, LatenessCauseRow.__table__.c, VisitRow.__table__.c


@dataclass(frozen=True, slots=True)
class Late:
    """A visit that was late. `minutes` None: nobody came. `told`: what the customer was told beforehand, if anything;
    `cause` and `said_by`: what was said last."""

    visit: VisitId
    external_id: str
    month: Month
    technician: str
    window: Window
    minutes: int | None
    told: str | None
    cause: str | None
    said_by: str | None
    state: State


def add(db: Session, branch: str, visit: str, saying: Saying) -> bool:
    """Store a saying; False when there is one of this number."""
    row = {name: getattr(saying, name) for name in Saying.__slots__} | {"branch": branch, "visit_id": visit}
    row["note"] = sealing.close_text(db, NOTE, branch, f"{visit} {saying.number}", saying.note)
    return bool(bulk.insert_new(db, LatenessCauseRow, [row], "number"))


def of_visit(db: Session, branch: str, visit: str) -> list[Saying]:
    """What was said of a visit, in its order."""
    query = select(_S.number, _S.cause, _S.note, _S.said_by, _S.said_at, _S.confirms).where(
        _S.branch == branch, _S.visit_id == visit
    )  # fmt: skip
    return [
        Saying(number, cause, sealing.reveal_text(db, NOTE, branch, f"{visit} {number}", note), *rest)
        for number, cause, note, *rest in db.execute(query.order_by(_S.number))
    ]


def find(db: Session, branch: str, visit: str, now: datetime) -> Late | None:
    """One visit; None when it was not late, or is not known."""
    row = db.execute(_late(branch, now).where(_C.visit_id == visit)).first()
    return None if row is None else _read(row)


def late(
    db: Session, branch: str, month: Month, now: datetime, state: State, *, offset: int, limit: int
) -> tuple[Sequence[Late], int]:
    """One page of a month's late visits in this state, by their window; and how many there are."""
    query = _late(branch, now).where(_C.month == month, _STATE.in_([state]))
    total = db.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = db.execute(query.order_by(_V.window_start, _V.external_id).offset(offset).limit(limit))
    return [_read(row) for row in rows], total


def counts(db: Session, branch: str, month: Month, now: datetime) -> dict[tuple[State, str | None], int]:
    """How many of a month's late visits stand where, with which cause."""
    found = _late(branch, now).where(_C.month == month).subquery()
    query = select(found.c.state, found.c.cause, func.count()).group_by(found.c.state, found.c.cause)
    return {(state, cause): number for state, cause, number in db.execute(query)}


def late_visits(
    branch: str, month: Month, now: datetime, state: State | None, cause: str | None, others: Sequence[str]
) -> Select[Any]:
    """The ids of a month's late visits: all, or those in this state, with this cause, with none of the `others`."""
    query = _late(branch, now).where(_C.month == month).with_only_columns(_C.visit_id).correlate(None)
    if state is not None:
        query = query.where(_STATE.in_([state]))
    if cause is not None:
        query = query.where(_S.cause == cause)
    return query.where(_S.cause.not_in(others)) if others else query


#: Where it stands, of the last saying beside a visit.
_STATE: ColumnElement[Any] = case((_S.number.is_(None), "missing"), (_S.confirms, "confirmed"), else_="recorded")


def is_late(now: datetime) -> ColumnElement[bool]:
    """Whether somebody's visit came after its window, or not at all."""
    return and_(_C.technician.is_not(None), is_broken(now))


def is_broken(now: datetime) -> ColumnElement[bool]:
    """Whether a customer waited past the window, or in vain, whoever was to come."""
    missed = and_(_C.outcome == "missed", _C.counts_from < now)
    came = and_(_C.minutes > 0, _C.outcome.in_(("completed", "not_completed", "no_access")))
    return or_(came, missed)


def _late(branch: str, now: datetime) -> Select[Any]:
    last = (
        select(_S.visit_id, func.max(_S.number).label("number")).where(_S.branch == branch).group_by(_S.visit_id)
    ).subquery()
    return (
        select(
            _C.visit_id, _V.external_id, _C.month, _C.technician, _V.window_start, _V.window_end, _C.minutes,
            _C.cause.label("told"), _S.cause, _S.said_by, _STATE.label("state"),
        )
        .select_from(CircumstancesRow.__table__)
        .join(VisitRow.__table__, and_(_V.branch == branch, _V.visit_id == _C.visit_id))
        .outerjoin(last, last.c.visit_id == _C.visit_id)
        .outerjoin(
            LatenessCauseRow.__table__,
            and_(_S.branch == branch, _S.visit_id == _C.visit_id, _S.number == last.c.number),
        )
        .where(_C.branch == branch, is_late(now))
    )  # fmt: skip


def _read(row: Any) -> Late:
    return Late(
        visit=VisitId(row.visit_id), external_id=row.external_id, month=Month(row.month), technician=row.technician,
        window=Window(row.window_start, row.window_end), minutes=row.minutes, told=row.told, cause=row.cause,
        said_by=row.said_by, state=row.state,
    )  # fmt: skip
