"""Phones that are to be told when their owner's day changes."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText


class PushSubscriptionRow(Base):
    """One phone of one person. Address and keys are sealed: whoever knows them can write to that phone."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "device_id"], ["devices.branch", "devices.device_id"]),
        Index(None, "branch", "account_id"),
        Index(None, "sign_in_id"),
    )

    branch: Mapped[BranchKey]
    device_id: Mapped[UuidKey]
    account_id: Mapped[UuidText] = mapped_column(ForeignKey("accounts.account_id"))
    sign_in_id: Mapped[UuidText]  # the session in which it was asked for: it ends with that
    language: Mapped[CodeText]  # of the phone, for whoever has chosen none
    service: Mapped[LongText]  # the host of the push service: what is sent there goes one way
    created_at: Mapped[datetime]
    box: Mapped[bytes] = mapped_column(Blob)
    wrapped: Mapped[bytes] = mapped_column(Blob)
