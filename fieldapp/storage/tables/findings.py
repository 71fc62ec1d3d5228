"""What belongs to a finding beside its facts: the technician's statements and photos. Only inserted, never changed."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class FindingStatementRow(Base):
    """What a technician answered to a finding about them."""

    __tablename__ = "finding_statements"
    __table_args__ = (Index("ix_finding_statements_finding", "branch", "finding_id"),)

    branch: Mapped[BranchKey]
    statement_id: Mapped[UuidKey]
    finding_id: Mapped[UuidText]
    actor: Mapped[CodeText]
    written_at: Mapped[datetime]
    text: Mapped[LongText]


class FindingPhotoRow(Base):
    """A photo that somebody attached to a finding; its bytes are kept like any other photo's."""

    __tablename__ = "finding_photos"

    branch: Mapped[BranchKey]
    finding_id: Mapped[UuidKey]
    sha256: Mapped[CodeKey]
    added_by: Mapped[CodeText]
    added_at: Mapped[datetime]
