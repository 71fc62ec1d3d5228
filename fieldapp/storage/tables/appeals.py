"""Where each appeal stands. A projection of the appeals' events: `doctor` counts it again."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class AppealRow(Base):
    """One appeal, by what it is about: a finding (then `visit_id` is that finding's), or an item of a visit."""

    __tablename__ = "appeals"
    __table_args__ = (
        CheckConstraint("(finding_id IS NULL) = (item IS NOT NULL)", name="subject"),
        CheckConstraint("item IS NULL OR visit_id IS NOT NULL", name="visit"),
        CheckConstraint("state IN ('open','overturned','confirmed')", name="state"),
        CheckConstraint("(state = 'open') = (decision_id IS NULL)", name="decided"),
        CheckConstraint("filing_id IS NOT NULL OR decision_id IS NOT NULL", name="said"),
        Index("ix_appeals_state", "branch", "state", "filed_at"),
        Index("ix_appeals_technician", "branch", "technician", "filed_at"),
        Index("ix_appeals_visit", "branch", "visit_id"),
    )

    branch: Mapped[BranchKey]
    appeal_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText | None]
    finding_id: Mapped[UuidText | None]
    item: Mapped[LongText | None]
    technician: Mapped[CodeText | None]  # who filed it; nobody, where an import holds the decision alone
    filing_id: Mapped[UuidText | None]
    filed_at: Mapped[datetime]
    state: Mapped[CodeText]
    decision_id: Mapped[UuidText | None]
    decided_by: Mapped[CodeText | None]
    decided_at: Mapped[datetime | None]
