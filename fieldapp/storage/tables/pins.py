"""Visits that a dispatcher holds where they are planned. What was pinned and let go again stands in the audit."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, UuidKey


class PinRow(Base):
    """A pin is in force only while the visit stands with this technician at this start."""

    __tablename__ = "pins"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        Index("ix_pins_planned", "branch", "planned_start"),
    )

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    technician: Mapped[CodeText]
    planned_start: Mapped[datetime]
    pinned_by: Mapped[CodeText]
    pinned_at: Mapped[datetime]
