"""Outgoing work: written in the transaction of what it follows from, done afterwards by whoever takes it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.tables.base import Base, BranchKey, CodeText, LongText, UuidKey, UuidText

_OPEN = text("finished_at IS NULL")
_RUNNING = text("state = 'running'")


class JobRow(Base):
    """One thing to do. Its id is derived from what it follows from: written twice it is still one."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','running','done','dead')", name="state"),
        Index("ix_jobs_due", "branch", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_jobs_lane", "branch", "lane", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_jobs_target", "branch", "target"),
        Index("ix_jobs_finished", "branch", "state", "finished_at"),
    )

    branch: Mapped[BranchKey]
    job_id: Mapped[UuidKey]
    kind: Mapped[CodeText]
    lane: Mapped[CodeText | None]  # of what goes to the same place one at a time is under way; None: any number
    target: Mapped[UuidText | None]  # what it is about: a webhook, a message
    payload: Mapped[LongText]  # JSON: ids, never a person's data
    state: Mapped[CodeText]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]  # of one that runs: when it is taken for broken off
    attempts: Mapped[int]
    finished_at: Mapped[datetime | None]


class JobAttemptRow(Base):
    """One attempt: begun before anything leaves the house. Without an end it was broken off, and nobody can say how
    far it came."""

    __tablename__ = "job_attempts"
    __table_args__ = (ForeignKeyConstraint(["branch", "job_id"], ["jobs.branch", "jobs.job_id"]),)

    branch: Mapped[BranchKey]
    job_id: Mapped[UuidKey]
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[CodeText | None]
    detail: Mapped[LongText]  # a code, or what the other side answered: never a person's data
