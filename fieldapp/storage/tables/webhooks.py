"""Where other programs want to be told what happens."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey


class WebhookRow(Base):
    """One address. The secret that signs what is sent there is sealed: it has to be used, not only compared."""

    __tablename__ = "webhooks"
    __table_args__ = (ForeignKeyConstraint(["branch"], ["branches.branch"]),)

    branch: Mapped[BranchKey]
    webhook_id: Mapped[UuidKey]
    url: Mapped[LongText]
    types: Mapped[LongText]  # of events, with spaces between
    created_at: Mapped[datetime]
    created_by: Mapped[CodeText]
    box: Mapped[bytes] = mapped_column(Blob)
    wrapped: Mapped[bytes] = mapped_column(Blob)
