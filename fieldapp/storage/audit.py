"""The audit chain: adding rows and verifying them. What was done, by whom, to what; never the personal values."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.engine import take_turn
from fieldapp.storage.tables.audit import AuditHeadRow, AuditRow


class Told(NamedTuple):
    """What one row says was done, by whom, to what."""

    entry_id: str
    actor: str
    subject: str
    facts: dict[str, object]


@dataclass(frozen=True, slots=True)
class Done:
    """What one row says was done, when and by whom, without its facts."""

    when: datetime
    action: str
    subject: str
    by: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a chain with its facts as text, for who reads all of it."""

    number: int
    when: datetime
    by: str
    action: str
    subject: str
    facts: str
    hash: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: by whom, of an action or a group of them (`account`), whose subject holds a text, from a moment on
    and before another. Nothing said: all."""

    by: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


START = "0" * 64
COMPANY = "-"
_HEADS = AuditHeadRow.__table__.c
_HEAD = select(_HEADS.head, _HEADS["count"]).where(_HEADS.branch == bindparam("key"))

_EVERY_HEAD = select(AuditHeadRow).order_by(AuditHeadRow.branch)


def append(
    db: Session, branch: str | None, *, entry_id: str, now: datetime, actor: str, action: str, subject: str,
    facts: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Add one row to the branch's chain (None: the company's), in the caller's transaction."""
    key = branch or COMPANY
    take_turn(db, key)  # a chain cannot fork
    found = bulk.fetch(db, _HEAD, {"key": key})
    prev, count = tuple(found[0]) if found else (START, 0)
    row = {
        "branch": key, "entry_id": entry_id, "number": count + 1, "recorded_at": now, "actor": actor,
        "action": action, "subject": subject,
        "facts": json.dumps(facts or {}, sort_keys=True, ensure_ascii=False, default=str), "prev": prev,
    }  # fmt: skip
    row["hash"] = digest(AuditRow(**row))
    if not bulk.insert_new(db, AuditRow, [row], "entry_id"):
        raise RuntimeError(f"audit {key}: entry {entry_id} or its number {count + 1} is there already")
    bulk.upsert(db, AuditHeadRow, [{"branch": key, "head": row["hash"], "count": row["number"]}])


def has(db: Session, branch: str, entry_id: str) -> bool:
    """Whether the branch's chain has a row with this id."""
    query = select(AuditRow.number).where(AuditRow.branch == branch, AuditRow.entry_id == entry_id)
    return db.scalar(query) is not None


def with_action(db: Session, branch: str, action: str, subjects: Iterable[str] | None = None) -> list[Told]:
    """Every row of the branch's chain that says this was done, oldest first; to any of `subjects`, where some are
    given."""
    query = select(AuditRow.entry_id, AuditRow.actor, AuditRow.subject, AuditRow.facts).where(
        AuditRow.branch == branch, AuditRow.action == action
    )
    if subjects is not None:
        query = query.where(AuditRow.subject.in_(sorted(subjects)))
    rows = db.execute(query.order_by(AuditRow.number))
    return [Told(entry_id, actor, subject, json.loads(facts)) for entry_id, actor, subject, facts in rows]


def everywhere(db: Session, action: str) -> list[Told]:
    """Every row of every chain that says this was done, in no particular order."""
    query = select(AuditRow.entry_id, AuditRow.actor, AuditRow.subject, AuditRow.facts)
    rows = db.execute(query.where(AuditRow.action == action))
    return [Told(entry_id, actor, subject, json.loads(facts)) for entry_id, actor, subject, facts in rows]


def done(db: Session, branch: str, action: str) -> list[Done]:
    """When, to what and by whom this was done in the branch's chain, oldest first."""
    query = select(AuditRow.recorded_at, AuditRow.action, AuditRow.subject, AuditRow.actor).where(
        AuditRow.branch == branch, AuditRow.action == action
    )
    return [Done(*row) for row in db.execute(query.order_by(AuditRow.number))]


def about(db: Session, branch: str, subjects: Iterable[str]) -> list[Done]:
    """What was done to any of these, oldest first."""
    query = select(AuditRow.recorded_at, AuditRow.action, AuditRow.subject, AuditRow.actor).where(
        AuditRow.branch == branch, AuditRow.subject.in_(sorted(subjects))
    )
    return [Done(*row) for row in db.execute(query.order_by(AuditRow.number))]


def entries(db: Session, branch: str, wanted: Wanted, *, before: int | None, limit: int) -> list[Entry]:
    """The wanted rows of the branch's chain, the latest first; only those `before` that number, where one is given."""
    row = AuditRow
    query = select(row.number, row.recorded_at, row.actor, row.action, row.subject, row.facts, row.hash)
    query = query.where(row.branch == branch)
    if before is not None:
        query = query.where(row.number < before)
    if wanted.by:
        query = query.where(row.actor == wanted.by)
    if wanted.action:
        is_group = row.action.startswith(f"{wanted.action}.", autoescape=True)
        query = query.where(or_(row.action == wanted.action, is_group))
    if wanted.subject:
        query = query.where(row.subject.contains(wanted.subject, autoescape=True))
    if wanted.since is not None:
        query = query.where(row.recorded_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(row.recorded_at < wanted.until)
    return [Entry(*found) for found in db.execute(query.order_by(row.number.desc()).limit(limit))]


def hash_at(db: Session, branch: str, number: int) -> str | None:
    """The hash of one row of the branch's chain; None past its end."""
    return db.scalar(select(AuditRow.hash).where(AuditRow.branch == branch, AuditRow.number == number))


def head(db: Session, branch: str) -> tuple[int, str]:
    """How many rows the branch's chain has, and the hash of the last: it pins all of them."""
    found = bulk.fetch(db, _HEAD, {"key": branch})
    last, count = tuple(found[0]) if found else (START, 0)
    return count, last


def heads(db: Session) -> dict[str, tuple[int, str]]:
    """How long every chain is, and the hash of its last row."""
    return {row.branch: (row.count, row.head) for row in db.scalars(_EVERY_HEAD)}


def digest(row: AuditRow) -> str:
    """SHA-256 over the row's own fields and the hash before it."""
    moment = row.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = (row.prev, row.branch, row.entry_id, row.number, moment, row.actor, row.action, row.subject, row.facts)
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def verify(db: Session, *, last: int | None = None) -> list[str]:
    """One line per fault in any chain: an edited, deleted, reordered or cut-off row. Empty when all is well.

    Only the `last` rows of each chain are looked at where that is said.
    """
    faults = []
    for head in db.scalars(_EVERY_HEAD).all():
        number = before = max(0, head.count - last) if last is not None else 0
        prev = (hash_at(db, head.branch, before) if before else START) or "-"
        rows = select(AuditRow).where(AuditRow.branch == head.branch, AuditRow.number > before)
        ordered = rows.order_by(AuditRow.number).execution_options(yield_per=2000)
        with closing(db.scalars(ordered)) as found:
            for number, row in enumerate(found, start=before + 1):
                if row.number != number or row.prev != prev or row.hash != digest(row):
                    faults.append(
                        f"audit {head.branch} row {row.number} ({row.entry_id}) does not follow from the one before"
                    )
                    break
                prev = row.hash
            else:
                if (prev, number) != (head.head, head.count):
                    faults.append(f"audit {head.branch} ends at row {number}, its head says {head.count}")
    return faults
