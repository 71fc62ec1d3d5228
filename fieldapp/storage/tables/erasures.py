"""Which visits were emptied of their customer. The same stands in a list outside of the database."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, UuidKey


class ErasureRow(Base):
    """One visit. It need not be known: what is said of it later is emptied as it comes."""

    __tablename__ = "erasures"
    __table_args__ = (CheckConstraint("why IN ('asked','expired')", name="why"),)

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    erased_at: Mapped[datetime]
    why: Mapped[CodeText]
