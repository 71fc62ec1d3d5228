"""Requests that wait for a second person, each with its one decision."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class ApprovalRow(Base):
    """A late change that the customer asked for. Only an open row changes, and only once: it is decided."""

    __tablename__ = "approvals"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        CheckConstraint("window_end > window_start", name="window"),
        CheckConstraint("state IN ('open','approved','declined')", name="state"),
        CheckConstraint("(state = 'open') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("(state = 'approved') = (event_id IS NOT NULL)", name="recorded"),
        CheckConstraint("decided_by <> author AND decided_by <> technician", name="four_eyes"),
        Index("ix_approvals_state", "branch", "state", "asked_at"),
        Index("ix_approvals_visit", "branch", "visit_id"),
    )

    branch: Mapped[BranchKey]
    approval_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText]
    author: Mapped[CodeText]
    asked_at: Mapped[datetime]
    technician: Mapped[CodeText | None]  # whose visit it was then
    window_start: Mapped[datetime]  # what was promised then
    window_end: Mapped[datetime]
    body: Mapped[bytes]  # the promise.changed that is recorded when approved
    planned_technician: Mapped[CodeText | None]  # the plan that goes with it
    planned_start: Mapped[datetime | None]
    planned_minutes: Mapped[int | None]
    override: Mapped[LongText]
    state: Mapped[CodeText]
    decided_by: Mapped[CodeText | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[LongText]  # of the decision
    event_id: Mapped[UuidText | None]  # the promise.changed, once recorded
