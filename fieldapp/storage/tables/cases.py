"""What customers report: a case and its append-only history."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class CaseRow(Base):
    """A case as it stands; how it came to that is in its entries."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "branch", "state"),)

    branch: Mapped[BranchKey]
    case_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText | None]
    kind: Mapped[CodeText]  # complaint, repudiation, commendation
    state: Mapped[CodeText]  # open, closed
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    owner: Mapped[CodeText | None]  # who took it
    due_at: Mapped[datetime]  # the end of the day by which the customer is owed an answer


class CaseEntryRow(Base):
    __tablename__ = "case_entries"
    __table_args__ = (ForeignKeyConstraint(["branch", "case_id"], ["cases.branch", "cases.case_id"]),)

    branch: Mapped[BranchKey]
    case_id: Mapped[UuidKey]
    entry_id: Mapped[UuidKey]
    recorded_at: Mapped[datetime]
    actor: Mapped[CodeText]
    kind: Mapped[CodeText]  # opened, taken, due, note, outcome, reply, apology, finding, reopened
    text: Mapped[LongText]


class CaseFindingRow(Base):
    """Which case a finding came from."""

    __tablename__ = "case_findings"
    __table_args__ = (ForeignKeyConstraint(["branch", "case_id"], ["cases.branch", "cases.case_id"]),)

    branch: Mapped[BranchKey]
    finding_id: Mapped[UuidKey]
    case_id: Mapped[UuidText]
