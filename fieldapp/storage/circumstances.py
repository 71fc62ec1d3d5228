"""Circumstances of visits as stored, and what a month adds up to by them: sums that the database makes.

Owns the statements. Every sum is over the visits that count at `now`: pending and void ones, and those that nobody came
to and that are not missed yet, are in none.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, and_, case, false, func, literal, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.causes import State
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.circumstances import Circumstances
from fieldapp.domain.scoring.facts import JUDGED
from fieldapp.storage import bulk, causes
from fieldapp.storage.tables.scoring import CircumstancesRow
from fieldapp.storage.tables.visits import VisitRow

_C, _V = CircumstancesRow.__table__.c, VisitRow.__table__.c


def save(db: Session, branch: str, found: Sequence[Circumstances]) -> None:
    """Write each visit's over the ones before."""
    rows = [
        {
            "branch": branch,
            "visit_id": one.visit,
            "month": one.month,
            "technician": one.technician,
            "outcome": one.outcome,
            "counts_from": one.counts_from,
            "job_type": one.job_type,
            "shift": one.shift,
            "district": one.district,
            "planner": one.planner,
            "minutes": one.minutes,
            "grade": one.grade,
            "unsigned": one.unsigned,
            "cause": one.cause,
            "breached": " ".join(one.breached),
            "signals": " ".join(one.signals),
        }
        for one in found
    ]
    bulk.upsert(db, CircumstancesRow, rows)


def of_visits(db: Session, branch: str, visits: Sequence[str]) -> dict[VisitId, Circumstances]:
    """Those of at most `bulk.CHUNK` visits."""
    rows = db.execute(select(*_C).where(_C.branch == branch, _C.visit_id.in_(visits)))
    return {
        VisitId(row.visit_id): Circumstances(
            visit=VisitId(row.visit_id), month=Month(row.month), technician=row.technician, outcome=row.outcome,
            counts_from=row.counts_from, job_type=row.job_type, shift=row.shift, district=row.district,
            planner=row.planner, minutes=row.minutes, grade=row.grade, unsigned=row.unsigned, cause=row.cause,
            breached=tuple(row.breached.split()), signals=tuple(row.signals.split()),
        )
        for row in rows
    }  # fmt: skip


def arrivals(db: Session, branch: str, month: Month, now: datetime) -> dict[int, int]:
    """How many visits were arrived at so many minutes beside their window (early is negative, 0 within it)."""
    counted = _counted(branch, month, now)
    query = select(_C.minutes, func.count()).where(counted, _C.minutes.is_not(None)).group_by(_C.minutes)
    return {row[0]: row[1] for row in db.execute(query)}


def _counted(
    branch: str, month: Month, now: datetime, outcomes: Set[str] = JUDGED
) -> ColumnElement[bool]:  # fmt: skip
    """The visits of the month that are judged at `now`, and somebody's."""
    return and_(
        _C.branch == branch,
        _C.month == month,
        _C.technician.is_not(None),
        _C.outcome.in_(sorted(outcomes)),
        or_(_C.counts_from.is_(None), _C.counts_from < now),
    )


@dataclass(frozen=True, slots=True)
class Breached:
    """So many visits of one technician under the same circumstances, with the same items breached."""

    technician: str
    district: str
    shift: str
    job_type: str
    planner: str
    breached: tuple[str, ...]
    visits: int


@dataclass(frozen=True, slots=True)
class Proof:
    """How well one technician's month is proven: arrivals, those in doubt, completed visits, unsigned ones."""

    technician: str
    arrivals: int
    doubtful: int
    completed: int
    unsigned: int


Kind = Literal["district", "shift", "job_type", "planner"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def visits_by(db: Session, branch: str, month: Month, now: datetime, kind: Kind) -> dict[str, tuple[int, int]]:
    """Visits and different technicians by one of the circumstances."""
    column = _C[kind]
    query = select(column, func.count(), func.count(_C.technician.distinct())).where(_counted(branch, month, now))
    return {name: (visits, people) for name, visits, people in db.execute(query.group_by(column))}


def breaches(
    db: Session, branch: str, month: Month, now: datetime, wanted: "Wanted | None" = None
) -> Iterator[Breached]:  # fmt: skip
    """Visits with any breach, those alike as one; of all that are judged, or of those that are wanted."""
    columns = (_C.technician, _C.district, _C.shift, _C.job_type, _C.planner, _C.breached)
    chosen = _chosen(branch, month, now, wanted or Wanted())
    query = select(*columns, func.count()).where(chosen, _C.breached != "").group_by(*columns)
    for technician, district, shift, job_type, planner, breached, visits in db.execute(query):
        yield Breached(technician, district, shift, job_type, planner, tuple(breached.split()), visits)


def proofs(db: Session, branch: str, month: Month, now: datetime) -> list[Proof]:
    """Everybody's, by staff code."""
    query = select(
        _C.technician,
        func.count(_C.minutes),
        func.sum(case((_C.grade == "C", 1), else_=0)),
        func.sum(case((_C.outcome == "completed", 1), else_=0)),
        func.sum(case((_C.unsigned, 1), else_=0)),
    ).where(_counted(branch, month, now))
    rows = db.execute(query.group_by(_C.technician).order_by(_C.technician))
    return [Proof(row[0], *(int(one) for one in row[1:])) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which visits: every field that is set narrows them.

    `items`: they breached one of these; `cost`: one that these technicians lost, by code; `first` and `last`: minutes
    beside the window; `arrived` to `late`: only such; `state` and `cause`: how it stands with the cause of their
    lateness; `others`: of none of these groups; `other_causes`: of none of these causes; `outcomes`: how they
    ended.
    """

    items: tuple[str, ...] = ()
    district: str | None = None
    shift: str | None = None
    job_type: str | None = None
    planner: str | None = None
    technician: str | None = None
    first: int | None = None
    last: int | None = None
    arrived: bool = False
    doubtful: bool = False
    completed: bool = False
    unsigned: bool = False
    late: bool = False
    state: State | None = None
    cause: str | None = None
    cost: Mapping[str, Set[str]] | None = None
    others: tuple[Kind, Sequence[str]] | None = None
    other_causes: Sequence[str] | None = None
    outcomes: Set[str] = JUDGED


@dataclass(frozen=True, slots=True)
class Found:
    """One of them in short."""

    visit: str
    number: str
    technician: str
    starts_at: datetime
    outcome: str
    minutes: int | None
    breached: tuple[str, ...]


def search(
    db: Session, branch: str, month: Month, now: datetime, wanted: Wanted, *,
    without: Set[str] = frozenset(), offset: int, limit: int,
) -> tuple[list[Found], int, int]:  # fmt: skip
    """A part of the wanted visits by window; how many there are `without` some, and how many of those some."""
    chosen = _chosen(branch, month, now, wanted)
    every = db.scalar(select(func.count(_C.visit_id)).where(chosen)) or 0
    listed = and_(chosen, _C.visit_id.not_in(sorted(without)))
    total = every if not without else db.scalar(select(func.count(_C.visit_id)).where(listed)) or 0
    query = select(
        _C.visit_id, _V.external_id, _C.technician, _V.window_start, _C.outcome, _C.minutes, _C.breached
    ).where(listed, _V.branch == branch, _V.visit_id == _C.visit_id)  # fmt: skip
    rows = db.execute(query.order_by(_V.window_start, _V.external_id).offset(offset).limit(limit))
    return [Found(*row[:6], tuple(row.breached.split())) for row in rows], total, every - total


def _chosen(branch: str, month: Month, now: datetime, wanted: Wanted) -> ColumnElement[bool]:
    marks = {
        "arrived": _C.minutes.is_not(None), "doubtful": _C.grade == "C", "completed": _C.outcome == "completed",
        "unsigned": _C.unsigned,
    }  # fmt: skip
    return and_(
        _counted(branch, month, now, wanted.outcomes),
        *(_C[name] == value for name in (*KINDS, "technician") if (value := getattr(wanted, name)) is not None),
        *(condition for name, condition in marks.items() if getattr(wanted, name)),
        *_by_more(branch, month, now, wanted),
    )


def _by_more(branch: str, month: Month, now: datetime, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.items:
        yield or_(*map(_has_breached, wanted.items))
    if wanted.cost is not None:
        lost = (and_(_C.technician.in_(sorted(who)), _has_breached(code)) for code, who in wanted.cost.items())
        yield or_(false(), *lost)
    if wanted.first is not None:
        yield _C.minutes >= wanted.first
    if wanted.last is not None:
        yield _C.minutes <= wanted.last
    if wanted.others is not None:
        yield _C[wanted.others[0]].not_in(wanted.others[1])
    if wanted.late or wanted.state or wanted.other_causes is not None:
        yield _C.visit_id.in_(
            causes.late_visits(branch, month, now, wanted.state, wanted.cause, wanted.other_causes or ())
        )  # fmt: skip


def _has_breached(code: str) -> ColumnElement[bool]:
    return (literal(" ") + _C.breached + literal(" ")).contains(f" {code} ", autoescape=True)
