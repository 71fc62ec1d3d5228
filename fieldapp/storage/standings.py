"""How visits stand when a phone's facts about them arrive: read for the comparison, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.visits import VisitRow

_VISITS, _LOG = VisitRow.__table__.c, EventRow.__table__.c
_STANDINGS = select(_VISITS.visit_id, _VISITS.technician, _VISITS.state, _VISITS.rev, _VISITS.held).where(
    _VISITS.branch == bindparam("branch"), _VISITS.visit_id.in_(bindparam("visits", expanding=True))
)
_RECEIVED = select(_LOG.visit_id, _LOG.kind, _LOG.origin, _LOG.received_at).where(
    _LOG.branch == bindparam("branch"), _LOG.visit_id.in_(bindparam("visits", expanding=True))
)
_UNKNOWN = select(_LOG.visit_id).where(
    _LOG.branch == bindparam("branch"), _LOG.visit_id.in_(bindparam("visits", expanding=True)),
    _LOG.held_code == "unknown_visit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit as its row says: whose it is, its state's name, its revision, how many facts of it wait."""

    visit_id: str
    technician: str | None
    state: str
    rev: int
    held: int


def of(db: Session, branch: str, visits: Iterable[str]) -> dict[str, Standing]:
    """Those of the visits that the branch has."""
    rows = bulk.fetch(db, _STANDINGS, {"branch": branch, "visits": list(visits)})
    return {row.visit_id: Standing(*row) for row in rows}


def moved_at_rev(db: Session, branch: str, visits: Iterable[str]) -> dict[str, int]:
    """For each of the visits that somebody else than a phone gave another promise: the revision that the last such
    change made. A phone that saw an older one did not know of it."""
    received: dict[str, list[datetime]] = {}
    moved: dict[str, datetime] = {}
    for row in bulk.fetch(db, _RECEIVED, {"branch": branch, "visits": list(visits)}):
        visit = str(row.visit_id)
        received.setdefault(visit, []).append(row.received_at)
        if row.kind == "promise.changed" and row.origin != "push":
            moved[visit] = max(moved.get(visit, row.received_at), row.received_at)
    return {visit: sum(one <= at for one in received[visit]) for visit, at in moved.items()}


def waiting_for(db: Session, branch: str, visits: Iterable[str]) -> set[str]:
    """Those of the visits that phones spoke of before anybody had scheduled them."""
    rows = bulk.fetch(db, _UNKNOWN, {"branch": branch, "visits": list(visits)})
    return {row.visit_id for row in rows}


def adopt(db: Session, branch: str, visit: str, technician: str | None) -> None:
    """The visit is known now: its technician's facts count, anybody else's go on waiting, for another reason."""
    own = EventRow.actor == technician if technician is not None else EventRow.actor.is_(None)
    for whose, code in ((own, None), (~own, "not_assignee")):
        db.execute(
            update(EventRow)
            .where(EventRow.branch == branch, EventRow.visit_id == visit, EventRow.held_code == "unknown_visit", whose)
            .values(held_code=code),
            execution_options={"synchronize_session": False},
        )
