"""The audit chain: one per branch (`-` for the company), append-only, each row hashed over the one before."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey


class AuditRow(Base):
    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("branch", "number"),)

    branch: Mapped[BranchKey]
    entry_id: Mapped[UuidKey]
    number: Mapped[int]
    recorded_at: Mapped[datetime]
    actor: Mapped[CodeText]
    action: Mapped[CodeText]
    subject: Mapped[LongText]
    facts: Mapped[LongText]  # canonical JSON
    prev: Mapped[CodeText]
    hash: Mapped[CodeText]


class AuditHeadRow(Base):
    """The last hash and the count of a chain; locked while a row is added, so that a chain cannot fork."""

    __tablename__ = "audit_heads"

    branch: Mapped[BranchKey]
    head: Mapped[CodeText]
    count: Mapped[int] = mapped_column(default=0)
