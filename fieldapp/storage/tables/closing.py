"""Months under seal, and the proposals that lead there. Triggers (migration 0009) forbid to change what is sealed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class MonthProposalRow(Base):
    """Figures that one person saw and proposed to close. Only an open row changes, and only once."""

    __tablename__ = "month_proposals"
    __table_args__ = (
        CheckConstraint("state IN ('open','closed','withdrawn','overtaken')", name="state"),
        CheckConstraint("(state = 'open') = (settled_by IS NULL)", name="settled"),
        CheckConstraint("state <> 'closed' OR settled_by <> author", name="four_eyes"),
        # One at a time: two people who propose at once are two people about the same proposal.
        Index(
            "uq_month_proposals_open", "branch", "month", unique=True, sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    branch: Mapped[BranchKey]
    proposal_id: Mapped[UuidKey]
    month: Mapped[CodeText]
    fingerprint: Mapped[CodeText]  # of the content that the author saw
    author: Mapped[CodeText]
    proposed_at: Mapped[datetime]
    state: Mapped[CodeText]
    settled_by: Mapped[CodeText | None]
    settled_at: Mapped[datetime | None]


class ClosedMonthRow(Base):
    """One sealed month. Its sheets come first, this row last: with it the month is closed for good."""

    __tablename__ = "closed_months"
    __table_args__ = (CheckConstraint("confirmed_by <> proposed_by", name="four_eyes"),)

    branch: Mapped[BranchKey]
    month: Mapped[CodeKey]
    proposal_id: Mapped[UuidText]
    proposed_by: Mapped[CodeText]
    confirmed_by: Mapped[CodeText]
    closed_at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(Blob)  # the snapshot, canonical JSON
    fingerprint: Mapped[CodeText]  # SHA-256 of `body`; stands in the audit chain, too
    signature: Mapped[LongText]  # Ed25519 over `body`, by the installation's key
    audit_id: Mapped[UuidText]


class ClosedSheetRow(Base):
    """One technician's part of a sealed month; the snapshot holds the SHA-256 of `body`, `body` that of `evidence`."""

    __tablename__ = "closed_sheets"

    branch: Mapped[BranchKey]
    month: Mapped[CodeKey]
    technician: Mapped[CodeKey]
    body: Mapped[bytes] = mapped_column(Blob)
    evidence: Mapped[bytes] = mapped_column(Blob)
