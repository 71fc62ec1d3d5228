"""Adjustments of closed months as stored, and the proposals that lead there.

Owns how they are kept. Both are only added to: a proposal is settled once, and the database refuses everything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.adjustments import State
from fieldapp.domain.calendar import Month
from fieldapp.storage.columns import as_bytes
from fieldapp.storage.tables.adjustments import AdjustmentProposalRow, AdjustmentRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """A difference that somebody saw and proposed to adjust, with what became of it. `body` is the difference."""

    branch: str
    proposal_id: str
    month: Month
    technician: str
    body: bytes
    fingerprint: str
    author: str
    proposed_at: datetime
    reason: str
    state: State = "open"
    settled_by: str | None = None
    settled_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One adjustment: `body` is what was signed, byte for byte."""

    branch: str
    month: Month
    technician: str
    number: int
    adjustment_id: str
    author: str
    approver: str
    confirmed_at: datetime
    body: bytes
    fingerprint: str
    signature: str
    audit_id: str


_P, _A = AdjustmentProposalRow, AdjustmentRow
#: All but the evidence, which is large and seldom asked for.
_COLUMNS = tuple(getattr(_A, name) for name in Kept.__slots__)


# --- Proposals ----------------------------------------------------------------------------------------------------


def propose(db: Session, proposal: Proposal) -> None:
    """Store an open proposal; the technician's month may have no other open one."""
    db.execute(insert(_P).values({name: getattr(proposal, name) for name in Proposal.__slots__}))


def settle(db: Session, proposal: Proposal, state: State, *, by: str, now: datetime, answer: str = "") -> None:
    """Say what became of an open proposal."""
    change = update(_P).where(_P.branch == proposal.branch, _P.proposal_id == proposal.proposal_id, _P.state == "open")
    db.execute(change.values(state=state, settled_by=by, settled_at=now, answer=answer))


def find_proposal(db: Session, branch: str, proposal_id: str) -> Proposal | None:
    """One proposal, whatever became of it."""
    row = db.get(_P, (branch, proposal_id))
    return None if row is None else _proposal(row)


def proposals(db: Session, branch: str, month: Month, technician: str | None = None) -> list[Proposal]:
    """Everything that was ever proposed about the month, or about one technician's, oldest first."""
    query = select(_P).where(_P.branch == branch, _P.month == month)
    if technician is not None:
        query = query.where(_P.technician == technician)
    return _proposals(db, query)


def open_proposals(db: Session, branches: Sequence[str]) -> list[Proposal]:
    """What waits for a second person in these branches, oldest first."""
    return _proposals(db, select(_P).where(_P.branch.in_(branches), _P.state == "open"))


def count_open(db: Session, branches: Sequence[str]) -> int:
    """How many wait for a second person."""
    waits = _P.branch.in_(branches) & (_P.state == "open")
    return db.scalar(select(func.count()).select_from(_P).where(waits)) or 0


def _proposals(db: Session, query: Select[AdjustmentProposalRow]) -> list[Proposal]:
    return [_proposal(row) for row in db.scalars(query.order_by(_P.proposed_at, _P.proposal_id))]


def _proposal(row: AdjustmentProposalRow) -> Proposal:
    return Proposal(
        branch=row.branch, proposal_id=row.proposal_id, month=Month(row.month), technician=row.technician,
        body=as_bytes(row.body), fingerprint=row.fingerprint, author=row.author, proposed_at=row.proposed_at,
        reason=row.reason, state=cast(State, row.state), settled_by=row.settled_by, settled_at=row.settled_at,
        answer=row.answer,
    )  # fmt: skip


# --- Adjustments --------------------------------------------------------------------------------------------------


def add(db: Session, kept: Kept, evidence: bytes) -> None:
    """Store an adjustment: from here on nothing of it can be changed."""
    values = {name: getattr(kept, name) for name in Kept.__slots__}
    db.execute(insert(_A).values({**values, "evidence": evidence}))


def of_month(db: Session, branch: str, month: Month, technician: str | None = None) -> list[Kept]:
    """The adjustments of a month, or of one technician's, by technician in the order in which they were made."""
    query = select(*_COLUMNS).where(_A.branch == branch, _A.month == month)
    if technician is not None:
        query = query.where(_A.technician == technician)
    return [_kept(tuple(row)) for row in db.execute(query.order_by(_A.technician, _A.number))]


def since(db: Session, branch: str, technician: str, moment: datetime) -> list[Kept]:
    """A technician's adjustments that were confirmed since then, the latest first."""
    query = select(*_COLUMNS).where(_A.branch == branch, _A.technician == technician, _A.confirmed_at >= moment)
    return [_kept(tuple(row)) for row in db.execute(query.order_by(_A.confirmed_at.desc(), _A.month, _A.number))]


def of_branch(db: Session, branch: str) -> Iterator[Kept]:
    """Every adjustment, by month, technician and number."""
    query = select(*_COLUMNS).where(_A.branch == branch).order_by(_A.month, _A.technician, _A.number)
    for row in db.execute(query.execution_options(yield_per=200)):
        yield _kept(tuple(row))


def evidence(db: Session, kept: Kept) -> bytes:
    """What an adjustment's figures rest on."""
    query = select(_A.evidence).where(
        _A.branch == kept.branch, _A.month == kept.month, _A.technician == kept.technician, _A.number == kept.number
    )
    return as_bytes(db.scalar(query) or b"")


def _kept(row: tuple[Any, ...]) -> Kept:
    found = Kept(*row)
    return replace(found, body=as_bytes(found.body))
