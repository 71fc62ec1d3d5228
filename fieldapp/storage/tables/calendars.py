"""Technicians' calendars as they stand, and their absences. Every change stands in the audit."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey


class CalendarRow(Base):
    """One technician's shifts (as `domain.calendars` writes them), job types and districts (each a line), and base."""

    __tablename__ = "calendars"
    __table_args__ = (CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="base"),)

    branch: Mapped[BranchKey]
    technician: Mapped[CodeKey]
    rev: Mapped[int]
    shifts: Mapped[LongText]
    skills: Mapped[LongText]
    districts: Mapped[LongText]
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    changed_by: Mapped[CodeText]
    changed_at: Mapped[datetime]


class AbsenceRow(Base):
    """A time in which somebody does not work; one that was taken back keeps its row."""

    __tablename__ = "absences"
    __table_args__ = (
        CheckConstraint("ends > starts", name="span"),
        Index("ix_absences_technician", "branch", "technician", "starts"),
    )

    branch: Mapped[BranchKey]
    absence_id: Mapped[UuidKey]
    technician: Mapped[CodeText]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    kind: Mapped[CodeText]
    note: Mapped[LongText]
    recorded_by: Mapped[CodeText]
    recorded_at: Mapped[datetime]
    withdrawn_by: Mapped[CodeText | None]
    withdrawn_at: Mapped[datetime | None]


class CalendarFeedRow(Base):
    """The secret address under which a technician's own calendar program reads their visits; one at a time."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (UniqueConstraint("branch", "secret_hash"),)

    branch: Mapped[BranchKey]
    technician: Mapped[CodeKey]
    secret_hash: Mapped[CodeText]
    created_at: Mapped[datetime]
