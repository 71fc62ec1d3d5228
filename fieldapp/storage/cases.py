"""Cases: what customers report, with a history that only grows. Nothing here deletes or edits."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.complaints import Kind
from fieldapp.domain.errors import NotFound
from fieldapp.storage import bulk, sealing
from fieldapp.storage.tables.cases import CaseEntryRow, CaseFindingRow, CaseRow
from fieldapp.storage.vault import Unreadable

TEXT = "case_entries.text"
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
    owner: str | None
    due_at: datetime

    def is_overdue(self, now: datetime) -> bool:
        """Whether the customer still waits although the time is over."""
        return self.state == "open" and now >= self.due_at


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's history: opened, caller, visit, taken, due, note, outcome, reply, apology, finding,
    reopened."""

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
    values["text"] = sealing.close_text(db, TEXT, branch, f"{case_id} {entry.entry_id}", entry.text)
    db.execute(insert(CaseEntryRow).values(branch=branch, case_id=case_id, **values))


def close(db: Session, branch: str, case_id: str, now: datetime, owner: str) -> bool:
    """Mark an open case closed, by its owner; False when it was closed already."""
    return _change(db, branch, case_id, "open", state="closed", closed_at=now, owner=owner)


def reopen(db: Session, branch: str, case_id: str, due_at: datetime) -> bool:
    """Mark a closed case open again; False when it was open already."""
    return _change(db, branch, case_id, "closed", state="open", closed_at=None, due_at=due_at)


def set_owner(db: Session, branch: str, case_id: str, owner: str) -> bool:
    """Somebody takes an open case; False when it is closed."""
    return _change(db, branch, case_id, "open", owner=owner)


def set_due(db: Session, branch: str, case_id: str, due_at: datetime) -> bool:
    """Another day for an open case; False when it is closed."""
    return _change(db, branch, case_id, "open", due_at=due_at)


def set_visit(db: Session, branch: str, case_id: str, visit_id: str) -> bool:
    """The visit that a case is about; False when that is known already."""
    change = update(CaseRow).where(CaseRow.branch == branch, CaseRow.case_id == case_id, CaseRow.visit_id.is_(None))
    return db.scalar(change.values(visit_id=visit_id).returning(CaseRow.case_id)) is not None


def add_finding(db: Session, branch: str, case_id: str, finding_id: str) -> bool:
    """A finding came from this case; False when that was known."""
    row = {"branch": branch, "finding_id": finding_id, "case_id": case_id}
    return bool(bulk.insert_new(db, CaseFindingRow, [row], "finding_id"))


def of_findings(db: Session, branch: str, findings: Iterable[str]) -> dict[str, str]:
    """The case that each of the findings came from, of those that came from one."""
    wanted, found = list(findings), dict[str, str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = CaseFindingRow.finding_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(CaseFindingRow.finding_id, CaseFindingRow.case_id).where(CaseFindingRow.branch == branch, part)
        found.update((finding, case) for finding, case in db.execute(query))
    return found


def get(db: Session, branch: str, case_id: str) -> Case:
    """One case; raises `NotFound`."""
    row = db.get(CaseRow, (branch, case_id), populate_existing=True)
    if row is None:
        raise NotFound()
    return _case(row)


def of_branch(
    db: Session, branch: str, state: str, kind: str | None = None, *, due_before: datetime | None = None, limit: int
) -> list[Case]:
    """Cases in this state: open ones by when they are due, closed ones latest first; or only those due before then."""
    order = CaseRow.due_at if state == "open" else CaseRow.closed_at.desc()
    query = select(CaseRow).where(CaseRow.branch == branch, CaseRow.state == state)
    if kind is not None:
        query = query.where(CaseRow.kind == kind)
    if due_before is not None:
        query = query.where(CaseRow.due_at <= due_before)
    return [_case(row) for row in db.scalars(query.order_by(order, CaseRow.case_id).limit(limit))]


def count_overdue(db: Session, branch: str, now: datetime) -> int:
    """How many open cases were due before now."""
    query = select(func.count()).where(CaseRow.branch == branch, CaseRow.state == "open", CaseRow.due_at <= now)
    return db.scalar(query) or 0


def every(db: Session, branch: str) -> list[Case]:
    """All of them, by id."""
    return [_case(row) for row in db.scalars(select(CaseRow).where(CaseRow.branch == branch).order_by(CaseRow.case_id))]


def of_visit(db: Session, branch: str, visit_id: str) -> list[Case]:
    """The cases about a visit, oldest first."""
    query = select(CaseRow).where(CaseRow.branch == branch, CaseRow.visit_id == visit_id)
    return [_case(row) for row in db.scalars(query.order_by(CaseRow.opened_at, CaseRow.case_id))]


def histories(
    db: Session, branch: str, case_ids: Iterable[str], *, spoilt: str | None = None
) -> dict[str, list[Entry]]:  # fmt: skip
    """The history of each of the cases, oldest first; `spoilt` stands for a text that was changed since it was sealed,
    without it that raises `Unreadable`."""
    wanted, found = list(case_ids), defaultdict(list)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = CaseEntryRow.case_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(CaseEntryRow).where(CaseEntryRow.branch == branch, part)
        for row in db.scalars(query.order_by(CaseEntryRow.recorded_at, CaseEntryRow.entry_id)):
            try:
                text = sealing.reveal_text(db, TEXT, branch, f"{row.case_id} {row.entry_id}", row.text)
            except Unreadable:
                if spoilt is None:
                    raise
                text = spoilt
            found[row.case_id].append(Entry(row.entry_id, row.recorded_at, row.actor, row.kind, text))
    return found


def _change(db: Session, branch: str, case_id: str, seen: str, **values: object) -> bool:
    change = update(CaseRow).where(CaseRow.branch == branch, CaseRow.case_id == case_id, CaseRow.state == seen)
    return db.scalar(change.values(**values).returning(CaseRow.case_id)) is not None


def _case(row: CaseRow) -> Case:
    return Case(**{name: getattr(row, name) for name in Case.__slots__})
