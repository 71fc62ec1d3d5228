"""Time of technicians that was given away after a check: a second lock on PostgreSQL; on SQLite nothing is kept."""

from datetime import datetime

from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, UuidKey


class ClaimRow(Base):
    """One visit's claim. On PostgreSQL the constraint `ex_claims_work` (migration 0045) lets no two of one technician's
    overlap. A claim counts while its visit is planned so; one that is left over is in nobody's way for long."""

    __tablename__ = "claims"

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    technician: Mapped[CodeText]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
