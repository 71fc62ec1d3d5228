"""Calls to customers after a visit, and which findings came from them. Only inserted, never changed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class CallBackRow(Base):
    """One call about a visit; `number` counts them from one, so that two people never make the same one."""

    __tablename__ = "call_backs"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        CheckConstraint("outcome IN ('no_answer','refused','reached')", name="outcome"),
    )

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    called_at: Mapped[datetime]
    caller: Mapped[CodeText]
    outcome: Mapped[CodeText]
    answers: Mapped[bytes] = mapped_column(Blob)  # canonical JSON: question -> yes or no
    comment: Mapped[LongText]


class CallBackFindingRow(Base):
    """Which visit's call a finding came from."""

    __tablename__ = "call_back_findings"

    branch: Mapped[BranchKey]
    finding_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText]
