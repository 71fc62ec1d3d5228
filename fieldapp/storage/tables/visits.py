"""Visits as read models of their events, and the ledger of promises. Projections: `doctor` can rebuild them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey


class VisitRow(Base):
    __tablename__ = "visits"
    __table_args__ = (
        UniqueConstraint("branch", "external_id"),
        CheckConstraint("window_end > window_start", name="window"),
        Index("ix_visits_day", "branch", "window_start"),
        Index("ix_visits_technician", "branch", "technician", "planned_start"),
        Index("ix_visits_promised", "branch", "technician", "window_start"),
        Index("ix_visits_planned", "branch", "planned_start"),
        Index("ix_visits_address", "branch", "address"),
        Index("ix_visits_phone", "branch", "phone"),
        Index("ix_visits_address_mark", "branch", "address_mark"),
        Index("ix_visits_phone_mark", "branch", "phone_mark"),
    )

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    external_id: Mapped[LongText]
    rev: Mapped[int]  # grows by one with every stored event; what the phone saw when it acted
    state: Mapped[CodeText]
    job_type: Mapped[CodeText]
    technician: Mapped[CodeText | None]
    window_start: Mapped[datetime]  # the latest promise told
    window_end: Mapped[datetime]
    planned_start: Mapped[datetime]
    planned_end: Mapped[datetime]
    person: Mapped[bytes | None] = mapped_column(Blob)  # sealed; the readable columns below are empty then
    phone_mark: Mapped[CodeText | None]  # by these equal ones are found
    address_mark: Mapped[CodeText | None]
    customer_name: Mapped[LongText]
    phone: Mapped[LongText]
    address: Mapped[LongText]
    district: Mapped[LongText | None]
    email: Mapped[LongText | None]
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    language: Mapped[CodeText]
    note: Mapped[LongText]
    charges: Mapped[LongText]  # JSON list of {label, amount}
    held: Mapped[int]  # facts waiting for the dispatcher
    signed: Mapped[bool]
    updated_at: Mapped[datetime]


class PromiseRow(Base):
    """One line of the promise ledger; inserted, never changed."""

    __tablename__ = "promises"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        CheckConstraint("window_end > window_start", name="window"),
    )

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    event_id: Mapped[UuidKey]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    agreed: Mapped[bool]
    told_at: Mapped[datetime]
    channel: Mapped[LongText]
    asked_by: Mapped[CodeText]
    apology: Mapped[bool]
    cause: Mapped[CodeText | None]
    reason: Mapped[LongText]
    recorded_by: Mapped[CodeText]
    recorded_at: Mapped[datetime]
