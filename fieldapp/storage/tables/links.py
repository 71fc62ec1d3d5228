"""Links for customers, by hash only, which acts were done through them, and what they wrote for whoever comes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class LinkRow(Base):
    __tablename__ = "links"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        CheckConstraint("kind IN ('receipt','own')", name="kind"),
        Index(None, "branch", "visit_id"),
    )

    branch: Mapped[BranchKey]
    secret_hash: Mapped[CodeKey]
    visit_id: Mapped[UuidText]
    kind: Mapped[CodeText]
    salt: Mapped[UuidText | None]  # what an own link's secret is derived from, with the installation's key
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class LinkActRow(Base):
    """One act of the customer on one visit; the key makes each act work once."""

    __tablename__ = "link_acts"

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    act: Mapped[CodeKey]
    done_at: Mapped[datetime]
    text: Mapped[LongText]


class AccessNoteRow(Base):
    """How to get in, sealed with a key of its own; `written_at` tells phones that it is another one."""

    __tablename__ = "access_notes"
    __table_args__ = (ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),)

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    box: Mapped[bytes]
    wrapped: Mapped[bytes]
    written_at: Mapped[datetime]
