"""Adjustments of closed months, and the proposals that lead there. Triggers (migration 0015) forbid to change them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class AdjustmentProposalRow(Base):
    """A difference that one person saw and proposed to adjust. Only an open row changes, and only once."""

    __tablename__ = "adjustment_proposals"
    __table_args__ = (
        CheckConstraint("state IN ('open','confirmed','refused','withdrawn','overtaken')", name="state"),
        CheckConstraint("(state = 'open') = (settled_by IS NULL)", name="settled"),
        CheckConstraint("state NOT IN ('confirmed','refused') OR settled_by <> author", name="four_eyes"),
        CheckConstraint("author <> technician AND coalesce(settled_by, '') <> technician", name="beneficiary"),
        # One at a time: two people who propose at once are two people about the same proposal.
        Index(
            "uq_adjustment_proposals_open", "branch", "month", "technician", unique=True,
            sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    branch: Mapped[BranchKey]
    proposal_id: Mapped[UuidKey]
    month: Mapped[CodeText]
    technician: Mapped[CodeText]
    body: Mapped[bytes] = mapped_column(Blob)  # the difference that the author saw, canonical JSON
    fingerprint: Mapped[CodeText]
    author: Mapped[CodeText]
    proposed_at: Mapped[datetime]
    reason: Mapped[LongText]
    state: Mapped[CodeText]
    settled_by: Mapped[CodeText | None]
    settled_at: Mapped[datetime | None]
    answer: Mapped[LongText]  # why it was confirmed or refused


class AdjustmentRow(Base):
    """One adjustment that two people agreed to: what is signed, and what its figures rest on."""

    __tablename__ = "adjustments"
    __table_args__ = (
        UniqueConstraint("branch", "adjustment_id"),
        CheckConstraint("author <> approver AND technician NOT IN (author, approver)", name="four_eyes"),
    )

    branch: Mapped[BranchKey]
    month: Mapped[CodeKey]
    technician: Mapped[CodeKey]
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    adjustment_id: Mapped[UuidText]  # that of its proposal
    author: Mapped[CodeText]
    approver: Mapped[CodeText]
    confirmed_at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(Blob)  # canonical JSON
    evidence: Mapped[bytes] = mapped_column(Blob)
    fingerprint: Mapped[CodeText]  # SHA-256 of `body`; stands in the audit chain, too
    signature: Mapped[LongText]  # Ed25519 over `body`, by the installation's key
    audit_id: Mapped[UuidText]
