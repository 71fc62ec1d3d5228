"""Versions of the norm sheet that the company published, and drafts of the next one. One norm for every branch."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey


class RulebookRow(Base):
    """One published version. Inserted, never changed or removed: the database's own triggers refuse it."""

    __tablename__ = "rulebooks"
    __table_args__ = (CheckConstraint("approver <> author", name="four_eyes"),)

    sheet: Mapped[CodeKey]
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    in_force_from: Mapped[CodeText]
    body: Mapped[bytes] = mapped_column(Blob)  # canonical JSON of the sheet
    fingerprint: Mapped[CodeText]  # SHA-256 of body: what both people confirmed
    why: Mapped[LongText]
    author: Mapped[CodeText]
    approver: Mapped[CodeText]
    published_at: Mapped[datetime]


class RulebookDraftRow(Base):
    """A version in the making. Its author's alone; frozen while it is proposed, for good once it is published."""

    __tablename__ = "rulebook_drafts"
    __table_args__ = (
        CheckConstraint("state IN ('open','proposed','published','discarded')", name="state"),
        CheckConstraint("(state IN ('proposed','published')) = (fingerprint IS NOT NULL)", name="proposed"),
        CheckConstraint("decided_by <> author", name="four_eyes"),
    )

    draft_id: Mapped[UuidKey]
    rev: Mapped[int]  # grows by one with every change: what its author saw when they changed it
    author: Mapped[CodeText]
    body: Mapped[bytes] = mapped_column(Blob)
    why: Mapped[LongText]
    state: Mapped[CodeText]
    fingerprint: Mapped[CodeText | None]  # of what was proposed, version number included
    changed_at: Mapped[datetime]
    decided_by: Mapped[CodeText | None]  # who published it or, last, sent it back
    decided_at: Mapped[datetime | None]
    reason: Mapped[LongText]  # why it was sent back


class SimulationRow(Base):
    """What a draft would have meant for one month of a branch, or how far that is. Worked out anew for the asking."""

    __tablename__ = "simulations"
    __table_args__ = (ForeignKeyConstraint(["draft_id"], ["rulebook_drafts.draft_id"]),)

    branch: Mapped[BranchKey]
    draft_id: Mapped[UuidKey]
    month: Mapped[CodeKey]
    content: Mapped[CodeText]  # SHA-256 of the numbers it was worked out with: another draft's result is none
    counted_at: Mapped[datetime]
    done: Mapped[bool]
    body: Mapped[bytes] = mapped_column(Blob)  # canonical JSON of the result, or of what is counted so far
