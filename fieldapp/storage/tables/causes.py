"""Why visits were late, as people said. Only inserted, never changed."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey


class LatenessCauseRow(Base):
    """One saying about a visit; `number` counts them from one, so that two people never say the same one."""

    __tablename__ = "lateness_causes"
    __table_args__ = (ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),)

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cause: Mapped[CodeText]
    note: Mapped[LongText]
    said_by: Mapped[CodeText]
    said_at: Mapped[datetime]
    confirms: Mapped[bool]
