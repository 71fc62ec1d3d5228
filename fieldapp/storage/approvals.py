"""Requests for a second person's approval, and their decisions. Nothing here edits a request or decides one twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.approvals import Outcome, State
from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import VisitId
from fieldapp.domain.visits.codec import dump_data, load_data
from fieldapp.domain.visits.events import PromiseChanged
from fieldapp.storage import sealing
from fieldapp.storage.tables.approvals import ApprovalRow

_TYPE = "promise.changed"
BODY, OVERRIDE, REASON = "approvals.body", "approvals.override", "approvals.reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A late change as it was asked for, with the plan that goes with it, and what became of it."""

    branch: str
    approval_id: str
    visit_id: VisitId
    author: str
    asked_at: datetime
    technician: str | None
    window: Window
    change: PromiseChanged
    planned_technician: str | None
    planned_start: datetime | None
    planned_minutes: int | None
    override: str
    state: State = "open"
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    event_id: str | None = None


def add(db: Session, asked: Approval) -> None:
    """Store a new open request."""
    names = (name for name in Approval.__slots__ if name not in {"window", "change"})
    values = {name: getattr(asked, name) for name in names}
    values["override"] = sealing.close_text(db, OVERRIDE, asked.branch, asked.approval_id, asked.override)
    window = {"window_start": asked.window.start, "window_end": asked.window.end}
    body = closed(db, asked.branch, asked.approval_id, dump_data(asked.change))
    db.execute(insert(ApprovalRow).values(**values, **window, body=body))


def decide(
    db: Session, branch: str, approval_id: str, outcome: Outcome, *, by: str, now: datetime, reason: str,
    event_id: str | None,
) -> bool:  # fmt: skip
    """Decide an open request; False when somebody has decided it already."""
    change = update(ApprovalRow).where(
        ApprovalRow.branch == branch, ApprovalRow.approval_id == approval_id, ApprovalRow.state == "open"
    )
    reason = sealing.close_text(db, REASON, branch, approval_id, reason)
    decided = change.values(state=outcome, decided_by=by, decided_at=now, reason=reason, event_id=event_id)
    return db.scalar(decided.returning(ApprovalRow.approval_id)) is not None


def get(db: Session, branch: str, approval_id: str) -> Approval:
    """One request; raises `NotFound`."""
    row = db.get(ApprovalRow, (branch, approval_id), populate_existing=True)
    if row is None:
        raise NotFound()
    return _approval(db, row)


def of_visit(db: Session, branch: str, visit_id: str) -> list[Approval]:
    """Everything that was asked about a visit, latest first."""
    query = select(ApprovalRow).where(ApprovalRow.branch == branch, ApprovalRow.visit_id == visit_id)
    return [
        _approval(db, row) for row in db.scalars(query.order_by(ApprovalRow.asked_at.desc(), ApprovalRow.approval_id))
    ]


def waiting(db: Session, branches: Sequence[str]) -> list[Approval]:
    """Open requests of these branches; what waits longest comes first."""
    query = select(ApprovalRow).where(ApprovalRow.branch.in_(branches), ApprovalRow.state == "open")
    return [_approval(db, row) for row in db.scalars(query.order_by(ApprovalRow.asked_at, ApprovalRow.approval_id))]


def decided(db: Session, branches: Sequence[str], limit: int) -> list[Approval]:
    """The latest decisions of these branches, latest first."""
    query = select(ApprovalRow).where(ApprovalRow.branch.in_(branches), ApprovalRow.state != "open")
    rows = db.scalars(query.order_by(ApprovalRow.decided_at.desc(), ApprovalRow.approval_id).limit(limit))
    return [_approval(db, row) for row in rows]


def count_waiting(db: Session, branches: Sequence[str]) -> int:
    """How many requests of these branches are open."""
    query = select(func.count()).where(ApprovalRow.branch.in_(branches), ApprovalRow.state == "open")
    return db.scalar(query) or 0


def change(db: Session, branch: str, approval_id: str, body: bytes | str) -> PromiseChanged:
    """What a stored body asks for (for the other modules of storage)."""
    return cast(PromiseChanged, load_data(_TYPE, sealing.reveal(db, BODY, branch, approval_id, body)))


def closed(db: Session, branch: str, approval_id: str, body: bytes) -> bytes:
    """A body as it is to be stored (likewise)."""
    return sealing.close(db, BODY, branch, approval_id, body)


def _approval(db: Session, row: ApprovalRow) -> Approval:
    key = row.branch, row.approval_id
    return Approval(
        branch=row.branch, approval_id=row.approval_id, visit_id=VisitId(row.visit_id), author=row.author,
        asked_at=row.asked_at, technician=row.technician, window=Window(row.window_start, row.window_end),
        change=change(db, *key, row.body), planned_technician=row.planned_technician,
        planned_start=row.planned_start, planned_minutes=row.planned_minutes,
        override=sealing.reveal_text(db, OVERRIDE, *key, row.override),
        state=cast(State, row.state), decided_by=row.decided_by, decided_at=row.decided_at,
        reason=sealing.reveal_text(db, REASON, *key, row.reason),
        event_id=row.event_id,
    )  # fmt: skip
