"""Programs' tokens, by hash only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey


class TokenRow(Base):
    """What another program signs its requests with. The secret has 256 bits; only its SHA-256 is here."""

    __tablename__ = "tokens"
    __table_args__ = (
        UniqueConstraint("branch", "secret_hash"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint("expires_at > created_at", name="expiry"),
    )

    branch: Mapped[BranchKey]
    token_id: Mapped[UuidKey]
    secret_hash: Mapped[CodeText]
    name: Mapped[CodeText]
    scopes: Mapped[LongText]  # words, with spaces between
    rate: Mapped[int]  # requests a minute
    created_at: Mapped[datetime]
    created_by: Mapped[CodeText]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]  # to some minutes
    revoked_at: Mapped[datetime | None]
