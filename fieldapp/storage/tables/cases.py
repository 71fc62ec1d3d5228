"""What customers report: a case and its append-only history."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class CaseRow(Base):
    __tablename__ = "cases"
    __table_args__ = (Index(None, "branch", "state"),)

    branch: Mapped[BranchKey]
    case_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText | None]
    kind: Mapped[CodeText]  # complaint, repudiation
    state: Mapped[CodeText]  # open, closed
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CaseEntryRow(Base):
    __tablename__ = "case_entries"
    __table_args__ = (ForeignKeyConstraint(["branch", "case_id"], ["cases.branch", "cases.case_id"]),)

    branch: Mapped[BranchKey]
    case_id: Mapped[UuidKey]
    entry_id: Mapped[UuidKey]
    recorded_at: Mapped[datetime]
    actor: Mapped[CodeText]
    kind: Mapped[CodeText]  # opened, reply, apology, outcome
    text: Mapped[LongText]
