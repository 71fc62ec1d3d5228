"""The event log, what could not be read into it, and the ledger of what each device sent. Append-only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText

_IN_DOUBT, _HELD = text("grade = 'C'"), text("held_code IS NOT NULL")


class EventRow(Base):
    """One fact. `held_code` set: stored for ever, but waiting for a person before it counts."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("grade IN ('A','B','C')", name="grade"),
        CheckConstraint("origin IN ('push','office','import','link')", name="origin"),
        Index("ix_events_visit", "branch", "visit_id"),
        Index("ix_events_about", "branch", "about"),
        # Times that nobody can rely on are few, and asked for by themselves.
        Index("ix_events_doubt", "branch", "effective_at", sqlite_where=_IN_DOUBT, postgresql_where=_IN_DOUBT),
        # And so are facts that wait.
        Index("ix_events_held", "branch", "held_code", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    branch: Mapped[BranchKey]
    ym: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from the id: ids.year_month
    event_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText | None]
    about: Mapped[UuidText | None]  # the finding that a decision or appeal is about
    kind: Mapped[CodeText]
    actor: Mapped[CodeText]
    origin: Mapped[CodeText]
    grade: Mapped[CodeText]
    flags: Mapped[LongText | None]  # why the time is in doubt: codes of `device_time`, with commas
    proven_at: Mapped[datetime | None]  # when phone and server last agreed on the time before it
    effective_at: Mapped[datetime]
    received_at: Mapped[datetime]
    held_code: Mapped[CodeText | None]
    device_id: Mapped[UuidText | None]
    seq: Mapped[int | None]
    body: Mapped[bytes] = mapped_column(Blob)  # canonical JSON of the data
    body_hash: Mapped[CodeText]  # SHA-256 of what arrived; equal id with another hash is a conflict
    erased_at: Mapped[datetime | None]  # a person was taken out of it: `body_hash` is of what is left


class DeviceEntryRow(Base):
    """What a device sent under a sequence number, accepted or not: makes every resend recognisable."""

    __tablename__ = "device_entries"

    branch: Mapped[BranchKey]
    device_id: Mapped[UuidKey]
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[UuidText]
    hash: Mapped[CodeText]
    status: Mapped[CodeText]  # accepted, held, quarantined
    code: Mapped[CodeText | None]
    effective_at: Mapped[datetime | None]
    prev: Mapped[CodeText | None]  # what the entry said to follow, where that is not the entry before


class PayloadRow(Base):
    """The payload of a pushed event, byte for byte as the phone hashed it."""

    __tablename__ = "payloads"

    branch: Mapped[BranchKey]
    ym: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[UuidKey]
    payload: Mapped[bytes] = mapped_column(Blob)


class QuarantineRow(Base):
    """What could not be stored as an event, with its raw bytes sealed, keyed by their mark (a resend adds nothing)."""

    __tablename__ = "quarantine"

    branch: Mapped[BranchKey]
    digest: Mapped[CodeKey]
    code: Mapped[CodeText]
    origin: Mapped[CodeText]
    event_id: Mapped[LongText | None]
    device_id: Mapped[CodeText | None]
    seq: Mapped[LongText | None]
    actor: Mapped[CodeText | None]
    visit_id: Mapped[UuidText | None]  # as far as it can be read: by it a customer's things are found
    received_at: Mapped[datetime]
    box: Mapped[bytes | None] = mapped_column(Blob)  # problem and bytes, sealed
    wrapped: Mapped[bytes | None] = mapped_column(Blob)  # the key of the box, sealed; destroyed to erase
    erased_at: Mapped[datetime | None]
    replayed_at: Mapped[datetime | None]
    replayed_by: Mapped[CodeText | None]
    outcome: Mapped[CodeText | None]  # accepted, held, duplicate
    settled_at: Mapped[datetime | None]  # somebody dealt with it; the bytes stay
    settled_by: Mapped[CodeText | None]
    reason_box: Mapped[bytes | None] = mapped_column(Blob)  # why, sealed like the bytes
    reason_wrapped: Mapped[bytes | None] = mapped_column(Blob)  # destroyed with the other key
    problem: Mapped[LongText | None]  # both only before sealing came; `db upgrade` seals them
    raw: Mapped[bytes | None] = mapped_column(Blob)
