"""Cases: what customers report, with a history that only grows. Nothing here deletes or edits."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.complaints import Kind
from fieldapp.domain.errors import NotFound
from fieldapp.storage import bulk
from fieldapp.storage.tables.cases import CaseEntryRow, CaseRow

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Case:
    """A case and where it stands."""

    branch: str
    case_id: str
    visit_id: str | None
    kind: Kind
    state: Literal["open", "closed"]
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's history: opened, note, outcome, reply, apology."""

    entry_id: str
    recorded_at: datetime
    actor: str
    kind: str
    text: str


def open_case(db: Session, case: Case) -> None:
    """Store a new case; its first entry is the caller's to add."""
    db.execute(insert(CaseRow).values(**{name: getattr(case, name) for name in Case.__slots__}))


def add_entry(db: Session, branch: str, case_id: str, entry: Entry) -> None:
    """Add a line to the history."""
    values = {name: getattr(entry, name) for name in Entry.__slots__}
    db.execute(insert(CaseEntryRow).values(branch=branch, case_id=case_id, **values))


def close(db: Session, branch: str, case_id: str, now: datetime) -> bool:
    """Mark an open case closed; False when it was closed already."""
    change = update(CaseRow).where(CaseRow.branch == branch, CaseRow.case_id == case_id, CaseRow.state == "open")
    closed = change.values(state="closed", closed_at=now).returning(CaseRow.case_id)
    return db.scalar(closed) is not None


def get(db: Session, branch: str, case_id: str) -> Case:
    """One case; raises `NotFound`."""
    row = db.get(CaseRow, (branch, case_id), populate_existing=True)
    if row is None:
        raise NotFound()
    return _case(row)


def of_branch(db: Session, branch: str, state: str, kind: str | None = None) -> list[Case]:
    """Cases in this state: open ones oldest first (they wait longest), closed ones latest first."""
    order = CaseRow.opened_at if state == "open" else CaseRow.closed_at.desc()
    query = select(CaseRow).where(CaseRow.branch == branch, CaseRow.state == state)
    if kind is not None:
        query = query.where(CaseRow.kind == kind)
    return [_case(row) for row in db.scalars(query.order_by(order, CaseRow.case_id))]


def of_visit(db: Session, branch: str, visit_id: str) -> list[Case]:
    """The cases about a visit, oldest first."""
    query = select(CaseRow).where(CaseRow.branch == branch, CaseRow.visit_id == visit_id)
    return [_case(row) for row in db.scalars(query.order_by(CaseRow.opened_at, CaseRow.case_id))]


def histories(db: Session, branch: str, case_ids: Iterable[str]) -> dict[str, list[Entry]]:
    """The history of each of the cases, oldest first."""
    wanted, found = list(case_ids), defaultdict(list)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = CaseEntryRow.case_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(CaseEntryRow).where(CaseEntryRow.branch == branch, part)
        for row in db.scalars(query.order_by(CaseEntryRow.recorded_at, CaseEntryRow.entry_id)):
            found[row.case_id].append(Entry(row.entry_id, row.recorded_at, row.actor, row.kind, row.text))
    return found


def _case(row: CaseRow) -> Case:
    return Case(
        row.branch, row.case_id, row.visit_id, row.kind, row.state, row.opened_at, row.closed_at,  # type: ignore[arg-type]
    )  # fmt: skip
