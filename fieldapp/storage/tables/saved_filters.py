"""Searches that people of the office keep under a name."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey


class SavedFilterRow(Base):
    """One of somebody's own. `wish` is JSON; no word that was searched for is in it."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("branch", "owner", "name"),)

    branch: Mapped[BranchKey]
    filter_id: Mapped[UuidKey]
    owner: Mapped[CodeText]
    name: Mapped[LongText]
    wish: Mapped[LongText]
    saved_at: Mapped[datetime]
