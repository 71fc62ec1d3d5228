"""Messages to customers: what a branch sends, in which words, and what became of each. Never a whole address."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class MessageRow(Base):
    """One message that follows from one fact. Its job is the one whose target it is."""

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        CheckConstraint("state IN ('waiting','sent','dropped','failed')", name="state"),
        Index(None, "branch", "visit_id"),
    )

    branch: Mapped[BranchKey]
    message_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText]
    event_id: Mapped[UuidText]
    kind: Mapped[CodeText]
    window_start: Mapped[datetime]  # of which promise it speaks
    window_end: Mapped[datetime]
    since: Mapped[datetime]  # when it happened what is told
    state: Mapped[CodeText]
    code: Mapped[CodeText]  # why it was not sent
    channel: Mapped[CodeText | None]
    address: Mapped[LongText]  # masked
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MessageTemplateRow(Base):
    """A branch's own words for one kind of message in one language."""

    __tablename__ = "message_templates"
    __table_args__ = (ForeignKeyConstraint(["branch"], ["branches.branch"]),)

    branch: Mapped[BranchKey]
    kind: Mapped[CodeKey]
    language: Mapped[CodeKey]
    subject: Mapped[LongText]
    body: Mapped[LongText]
    edited_by: Mapped[CodeText]
    edited_at: Mapped[datetime]


class MessageRulesRow(Base):
    """What a branch does not send, and its quiet hours; without a row: the usual."""

    __tablename__ = "message_rules"
    __table_args__ = (ForeignKeyConstraint(["branch"], ["branches.branch"]),)

    branch: Mapped[BranchKey]
    off: Mapped[LongText]  # kinds, with spaces between
    quiet_from: Mapped[CodeText]  # HH:MM by the branch's clock
    quiet_to: Mapped[CodeText]
