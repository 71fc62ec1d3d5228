"""The draw of spot checks and call-backs of a branch's month: one row, written once."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText


class SpotCheckDrawRow(Base):
    """`commitment` stands in the audit chain since `committed_at`; the seed is shown to everybody after the month."""

    __tablename__ = "spot_check_draws"
    __table_args__ = (
        CheckConstraint("quota BETWEEN 1 AND 10", name="quota"),
        CheckConstraint("share BETWEEN 1 AND 100", name="share"),
    )

    branch: Mapped[BranchKey]
    month: Mapped[CodeKey]
    seed: Mapped[CodeText]
    commitment: Mapped[CodeText]
    quota: Mapped[int]
    share: Mapped[int]  # of signed visits called back, in percent; drawn from the same seed
    committed_at: Mapped[datetime]
    committed_by: Mapped[CodeText]
