"""Technicians' phones: who holds them, what was heard from them last."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class DeviceRow(Base):
    __tablename__ = "devices"
    __table_args__ = (Index(None, "branch", "account_id"),)

    branch: Mapped[BranchKey]
    device_id: Mapped[UuidKey]
    account_id: Mapped[UuidText] = mapped_column(ForeignKey("accounts.account_id"))
    name: Mapped[LongText]
    registered_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    next_seq: Mapped[int]
    head: Mapped[CodeText]
    chain: Mapped[CodeText]  # ok, forked
    outbox: Mapped[int]  # unsent events as the phone last reported them
    client: Mapped[LongText]  # JSON: app, schema, persisted, quota, usage
    clock: Mapped[LongText]  # JSON: the clock sample of the last contact
