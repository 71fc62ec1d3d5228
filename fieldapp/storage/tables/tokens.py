"""Programs' tokens, by hash only, and what their requests were answered."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey


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


class KeptAnswerRow(Base):
    """What a request with an idempotency key was answered, sealed: the same request again gets the same bytes."""

    __tablename__ = "kept_answers"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "token_id"], ["tokens.branch", "tokens.token_id"]),
        Index(None, "branch", "kept_at"),
    )

    branch: Mapped[BranchKey]
    token_id: Mapped[UuidKey]
    key_hash: Mapped[CodeKey]  # SHA-256 of the key as sent
    digest: Mapped[CodeText]  # of the request
    kept_at: Mapped[datetime]
    box: Mapped[bytes] = mapped_column(Blob)
    wrapped: Mapped[bytes] = mapped_column(Blob)
