"""Months under seal as stored, the proposals that lead there, and what still stands open in a month.

Owns how they are kept. What is sealed is written once: there is no function here that changes it, and the database
refuses to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import msgspec
from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import ProposalState
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.storage.columns import as_bytes
from fieldapp.storage.tables.closing import ClosedMonthRow, ClosedSheetRow, MonthProposalRow
from fieldapp.storage.tables.scoring import JudgementRow
from fieldapp.storage.tables.visits import VisitRow

_judgement = msgspec.json.Decoder(Judgement)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Figures that somebody saw and proposed to close, and what became of it."""

    branch: str
    proposal_id: str
    month: Month
    fingerprint: str
    author: str
    proposed_at: datetime
    state: ProposalState = "open"
    settled_by: str | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A sealed month: `body` is the snapshot, byte for byte as it was signed."""

    branch: str
    month: Month
    proposal_id: str
    proposed_by: str
    confirmed_by: str
    closed_at: datetime
    body: bytes
    fingerprint: str
    signature: str
    audit_id: str


@dataclass(frozen=True, slots=True)
class KeptVisit:
    """A visit whose promise lies in another month than the one that it counts in, which is closed."""

    visit_id: VisitId
    external_id: str
    technician: str | None
    starts_at: datetime
    month: Month


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit of the month without an outcome; `held` are its facts that wait for a dispatcher."""

    visit_id: VisitId
    external_id: str
    technician: str | None
    starts_at: datetime
    held: int


# --- Proposals ----------------------------------------------------------------------------------------------------


def propose(db: Session, proposal: Proposal) -> None:
    """Store an open proposal; the month may have no other open one."""
    names = Proposal.__slots__
    db.execute(insert(MonthProposalRow).values({name: getattr(proposal, name) for name in names}))


def settle(db: Session, proposal: Proposal, state: ProposalState, *, by: str, now: datetime) -> None:
    """Say what became of an open proposal."""
    row = MonthProposalRow
    change = update(row).where(
        row.branch == proposal.branch, row.proposal_id == proposal.proposal_id, row.state == "open"
    )
    db.execute(change.values(state=state, settled_by=by, settled_at=now))


def open_proposal(db: Session, branch: str, month: Month) -> Proposal | None:
    """The one that waits for a second person."""
    return next(iter(open_proposals(db, [branch], month)), None)


def open_proposals(db: Session, branches: Sequence[str], month: Month | None = None) -> list[Proposal]:
    """Everything in these branches that waits for a second person, oldest first."""
    query = select(MonthProposalRow).where(MonthProposalRow.branch.in_(branches), MonthProposalRow.state == "open")
    if month is not None:
        query = query.where(MonthProposalRow.month == month)
    return [_proposal(row) for row in db.scalars(query.order_by(MonthProposalRow.proposed_at))]


def _proposal(row: MonthProposalRow) -> Proposal:
    return Proposal(
        branch=row.branch, proposal_id=row.proposal_id, month=Month(row.month), fingerprint=row.fingerprint,
        author=row.author, proposed_at=row.proposed_at, state=cast(ProposalState, row.state),
        settled_by=row.settled_by, settled_at=row.settled_at,
    )  # fmt: skip


# --- Sealed months ------------------------------------------------------------------------------------------------


def add_sheet(db: Session, branch: str, month: Month, technician: str, body: bytes, evidence: bytes) -> None:
    """Store one technician's part; only before the month itself."""
    row = ClosedSheetRow
    db.execute(insert(row).values(branch=branch, month=month, technician=technician, body=body, evidence=evidence))


def seal(db: Session, closed: ClosedMonth) -> None:
    """Store the month: from here on nothing of it can be changed."""
    db.execute(insert(ClosedMonthRow).values({name: getattr(closed, name) for name in ClosedMonth.__slots__}))


def find(db: Session, branch: str, month: Month) -> ClosedMonth | None:
    """The sealed month, None while it is open."""
    row = db.get(ClosedMonthRow, (branch, month))
    return None if row is None else _closed(row)


def of_branch(db: Session, branch: str) -> Iterator[ClosedMonth]:
    """Every sealed month, oldest first, one at a time."""
    months = db.scalars(
        select(ClosedMonthRow.month).where(ClosedMonthRow.branch == branch).order_by(ClosedMonthRow.month)
    ).all()
    for month in months:
        found = find(db, branch, Month(month))
        if found is not None:
            yield found


def months(db: Session, branch: str) -> frozenset[Month]:
    """Every sealed month."""
    return frozenset(
        Month(one) for one in db.scalars(select(ClosedMonthRow.month).where(ClosedMonthRow.branch == branch))
    )


def closed_among(db: Session, branch: str, months: Sequence[Month]) -> set[Month]:
    """Which of the months are sealed."""
    row = ClosedMonthRow
    return {Month(one) for one in db.scalars(select(row.month).where(row.branch == branch, row.month.in_(months)))}


def sheets(db: Session, branch: str, month: Month) -> Iterator[tuple[str, bytes]]:
    """Staff code and sheet of everybody, by staff code, without the evidence."""
    row = ClosedSheetRow
    query = select(row.technician, row.body).where(row.branch == branch, row.month == month).order_by(row.technician)
    for technician, body in db.execute(query.execution_options(yield_per=200)):
        yield technician, as_bytes(body)


def sheet(db: Session, branch: str, month: Month, technician: str) -> tuple[bytes, bytes] | None:
    """One technician's sheet and evidence."""
    row = ClosedSheetRow
    key = (row.branch == branch, row.month == month, row.technician == technician)
    found = db.execute(select(row.body, row.evidence).where(*key)).first()
    return None if found is None else (as_bytes(found.body), as_bytes(found.evidence))


def _closed(row: ClosedMonthRow) -> ClosedMonth:
    return ClosedMonth(
        branch=row.branch, month=Month(row.month), proposal_id=row.proposal_id, proposed_by=row.proposed_by,
        confirmed_by=row.confirmed_by, closed_at=row.closed_at, body=as_bytes(row.body), fingerprint=row.fingerprint,
        signature=row.signature, audit_id=row.audit_id,
    )  # fmt: skip


# --- What stands open ---------------------------------------------------------------------------------------------


def open_visits(db: Session, branch: str, month: Month, now: datetime) -> list[OpenVisit]:
    """Visits of the month that are pending at `now`, disputed ones among them, by start."""
    judged = JudgementRow
    query = (
        select(VisitRow.visit_id, VisitRow.external_id, judged.technician, VisitRow.window_start, VisitRow.held)
        .join(VisitRow, (VisitRow.branch == judged.branch) & (VisitRow.visit_id == judged.visit_id))
        .where(
            judged.branch == branch, judged.month == month,
            or_(judged.outcome == "pending", judged.counts_from >= now),
        )
        .order_by(VisitRow.window_start, VisitRow.external_id)
    )  # fmt: skip
    return [
        OpenVisit(VisitId(visit), number, technician, start, held)
        for visit, number, technician, start, held in db.execute(query)
    ]


def kept_elsewhere(db: Session, branch: str, month: Month, start: datetime, end: datetime) -> list[KeptVisit]:
    """Visits with a promise in force from `start` to `end`, the bounds of the month, that a closed month keeps: they
    count there. By start."""
    judged = JudgementRow
    query = (
        select(judged.body, VisitRow.external_id)
        .join(VisitRow, (VisitRow.branch == judged.branch) & (VisitRow.visit_id == judged.visit_id))
        .where(VisitRow.branch == branch, VisitRow.window_start >= start, VisitRow.window_start < end)
        .where(judged.month != month, judged.month.in_(months(db, branch)))
        .order_by(VisitRow.window_start, VisitRow.external_id)
    )
    found = ((_judgement.decode(body), number) for body, number in db.execute(query))
    # One that was told too late that it comes later is held to its old promise, in the month of that.
    return [
        KeptVisit(one.visit, number, one.technician, one.promised_start, one.month)
        for one, number in found
        if start <= one.promised_start < end
    ]
