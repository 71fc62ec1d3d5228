"""The event log: adding facts, reading histories. Append-only; the one column that changes is `held_code`.

What a person is taken out of is rewritten by `erasures` alone."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from msgspec import MsgspecError
from sqlalchemy import ColumnElement, Select, bindparam, false, func, or_, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.ids import EventId, StaffCode, VisitId, year_month
from fieldapp.domain.visits.codec import dump_data, load_data
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.personal import WORDLESS
from fieldapp.storage import bulk, driver, sealing
from fieldapp.storage.engine import take_turn
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.vault import Unreadable

BODY = "events.body"
#: Why a fact does not count that a dispatcher left out: it waits for nobody any more.
LEFT_OUT = "left_out"
Origin = Literal["push", "office", "import", "link"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """An event on its way into the log, with where it came from.

    `source_hash` is the SHA-256 of what arrived (a push's payload); without one it is that of the canonical content,
    so that equal content under one id is the same fact and other content a conflict. `flags` and `proven_at`: what
    speaks against and for the time of what a phone recorded (`device_time.Reading`).
    """

    event: Event
    origin: Origin
    received_at: datetime
    source_hash: str | None = None
    device_id: str | None = None
    seq: int | None = None
    held_code: str | None = None
    flags: tuple[str, ...] = ()
    proven_at: datetime | None = None
    erased_at: datetime | None = None
    body: bytes = field(init=False)
    #: What a second event under the same id is compared with.
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        event, body = self.event, dump_data(self.event.data)
        object.__setattr__(self, "body", body)
        own = self.source_hash or content_hash(event.type, event.visit, event.effective_at, event.actor, body)
        object.__setattr__(self, "hash", own)


@dataclass(frozen=True)
class Held:
    """A fact that waits for a person, and why."""

    event: Event
    code: str
    received_at: datetime


def insert(db: Session, branch: str, records: Sequence[Record]) -> set[str]:
    """Add what is new; returns the ids that were. Known ids are left exactly as they are.

    Read models are made from the whole log afterwards: so nobody else adds to the branch's until the transaction ends.
    """
    take_turn(db, branch)
    return bulk.insert_new(db, EventRow, [_values(db, branch, one) for one in records], "event_id")


def take_stock(db: Session) -> None:
    """For whoever fills an empty database in one transaction: let PostgreSQL know how much there is by now. It goes on
    with plans for empty tables otherwise, and looks through all visits for each row that names one."""
    if not driver.is_sqlite(db):
        driver.run(db, "ANALYZE events, visits, promises, judgements, circumstances", ())


def hashes(db: Session, branch: str, ids: Iterable[str]) -> dict[str, str]:
    """The stored hash of each of the ids that is known; none of what was emptied: it cannot be compared any more."""
    wanted, found = list(ids), dict[str, str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = with_ids(branch, wanted[start : start + bulk.CHUNK])
        query = select(EventRow.event_id, EventRow.body_hash).where(part, EventRow.erased_at.is_(None))
        found |= {row.event_id: row.body_hash for row in db.execute(query)}
    return found


def find(db: Session, branch: str, event_id: str) -> Event | None:
    """One event, held or not."""
    row = db.execute(_query(branch).where(with_ids(branch, [event_id]))).first()
    return from_row(db, branch, row) if row else None


def by_ids(db: Session, branch: str, ids: Iterable[str]) -> list[Event]:
    """Those of the events that are known and count (held ones excepted)."""
    wanted, found = list(ids), list[Event]()
    for start in range(0, len(wanted), bulk.CHUNK):
        found += where(db, branch, with_ids(branch, wanted[start : start + bulk.CHUNK]))
    return found


def histories(
    db: Session, branch: str, visits: Iterable[VisitId]
) -> tuple[dict[VisitId, list[Event]], dict[VisitId, int]]:
    """What counts of each visit, and how many facts of it are held.

    Decisions and appeals about a visit's findings belong to its history, whether or not they name the visit.
    """
    found, held, _ = histories_with_revs(db, branch, visits)
    return found, held


def histories_with_revs(
    db: Session, branch: str, visits: Iterable[VisitId]
) -> tuple[dict[VisitId, list[Event]], dict[VisitId, int], dict[VisitId, int]]:
    """The same, and the revision of each visit: how many facts of it are known, whether or not they count."""
    wanted = list(dict.fromkeys(visits))
    found: dict[VisitId, list[Event]] = {visit: [] for visit in wanted}
    held: dict[VisitId, int] = defaultdict(int)
    left_out: dict[VisitId, int] = defaultdict(int)
    findings: dict[str, VisitId] = {}
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        for row in bulk.fetch(db, _HISTORIES, {"branch": branch, "visits": part}):
            if row.held_code is not None:
                (left_out if row.held_code == LEFT_OUT else held)[row.visit_id] += 1
                continue
            found[row.visit_id].append(from_row(db, branch, row))
            if row.kind == "finding.recorded":
                findings[row.event_id] = row.visit_id
    for event in about(db, branch, findings):
        visit = findings[event.data.finding]  # type: ignore[attr-defined]
        if event.visit != visit:
            found[visit].append(event)
    revs = {visit: len(known) + held.get(visit, 0) + left_out.get(visit, 0) for visit, known in found.items()}
    return found, held, revs


def about(db: Session, branch: str, findings: Iterable[str]) -> list[Event]:
    """Decisions and appeals about the findings, named visit or not; held ones excepted."""
    wanted, found = list(findings), []
    for start in range(0, len(wanted), bulk.CHUNK):
        found += where(db, branch, EventRow.about.in_(wanted[start : start + bulk.CHUNK]))
    return found


def where(db: Session, branch: str, condition: ColumnElement[bool]) -> list[Event]:
    """Facts that count and meet the condition (for the other query modules of storage)."""
    return [
        from_row(db, branch, row) for row in db.execute(_query(branch).where(condition, EventRow.held_code.is_(None)))
    ]


def visits_of(db: Session, branch: str, findings: Iterable[str]) -> dict[str, VisitId | None]:
    """The visit of each known finding (None: it has none)."""
    wanted = list(findings)
    found: dict[str, VisitId | None] = {}
    for start in range(0, len(wanted), bulk.CHUNK):
        query = select(EventRow.event_id, EventRow.visit_id).where(with_ids(branch, wanted[start : start + bulk.CHUNK]))
        found |= {event_id: VisitId(visit) if visit else None for event_id, visit in db.execute(query)}
    return found


def recorded_here(db: Session, branch: str, ids: Iterable[str]) -> set[str]:
    """Those of the events that this system recorded itself; the others came with somebody's history."""
    wanted, found = list(ids), set[str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        own = with_ids(branch, wanted[start : start + bulk.CHUNK]), EventRow.origin != "import"
        found |= set(db.scalars(select(EventRow.event_id).where(*own)))
    return found


def visits_recorded_here(db: Session, branch: str, ids: Iterable[str]) -> set[str]:
    """Those of the visits of which this system recorded something itself, findings and appeals aside."""
    wanted, found = list(ids), set[str]()
    judged = EventRow.kind.startswith("finding.") | EventRow.kind.startswith("appeal.")
    for start in range(0, len(wanted), bulk.CHUNK):
        own = EventRow.visit_id.in_(wanted[start : start + bulk.CHUNK]), EventRow.origin != "import", ~judged
        found |= set(db.scalars(select(EventRow.visit_id).where(EventRow.branch == branch, *own).distinct()))
    return found


def all_events(db: Session, branch: str) -> Iterator[Event]:
    """Every fact that counts, streamed in no particular order (a recount reads them all)."""
    query = _query(branch).where(EventRow.held_code.is_(None)).execution_options(yield_per=2000)
    for row in db.execute(query):
        yield from_row(db, branch, row)


def by_visit(db: Session, branch: str) -> Iterator[tuple[VisitId | None, list[Event]]]:
    """Every fact that counts, the facts of a visit together, streamed: memory for one visit and for all decisions.

    Decisions and appeals come with their finding too, whatever visit they name; under None are facts about no visit.
    """
    decided: dict[str, list[Event]] = defaultdict(list)
    for row in bulk.fetch(db, _DECISIONS, {"branch": branch}):
        event = from_row(db, branch, row)
        decided[event.data.finding].append(event)  # type: ignore[attr-defined]
    for visit, part in groupby(bulk.stream(db, _BY_VISIT, {"branch": branch}), key=attrgetter("visit_id")):
        group = [from_row(db, branch, row) for row in part]
        findings = [one.id for one in group if one.type == "finding.recorded"]
        group += [one for finding in findings for one in decided.get(finding, ()) if one.visit != visit]
        yield VisitId(visit) if visit else None, group


def held_of(db: Session, branch: str, visit: VisitId | None = None, *, code: str | None = None) -> list[Held]:
    """Facts that wait for a person, oldest first; of one visit or of the branch, for any reason or for one. With the
    code `LEFT_OUT` those that wait no more and do not count."""
    query = _query(branch).where(EventRow.held_code.is_not(None)).order_by(EventRow.effective_at, EventRow.event_id)
    if visit is not None:
        query = query.where(EventRow.visit_id == visit)
    query = query.where(EventRow.held_code == code if code is not None else EventRow.held_code != LEFT_OUT)
    return [Held(from_row(db, branch, row), row.held_code, row.received_at) for row in db.execute(query)]


def left_out_of(db: Session, branch: str, visits: Iterable[VisitId | str]) -> set[str]:
    """Those of the visits of which facts are left out."""
    wanted = list(visits)
    if not wanted:
        return set()
    those = (EventRow.branch == branch, EventRow.visit_id.in_(wanted), EventRow.held_code == LEFT_OUT)
    return {str(visit) for visit in db.scalars(select(EventRow.visit_id).where(*those))}


def release(db: Session, branch: str, visit: VisitId) -> int:
    """Let the held facts of a visit count from now on; returns how many."""
    return len(_settle(db, branch, visit, EventRow.held_code != LEFT_OUT, None))


def leave_out(db: Session, branch: str, visit: VisitId) -> list[str]:
    """Let the held facts of a visit wait no more, and never count; returns their ids."""
    return _settle(db, branch, visit, EventRow.held_code != LEFT_OUT, LEFT_OUT)


def bring_back(db: Session, branch: str, visit: VisitId) -> None:
    """Let what was left out of a visit count after all."""
    _settle(db, branch, visit, EventRow.held_code == LEFT_OUT, None)


def _settle(db: Session, branch: str, visit: VisitId, those: ColumnElement[bool], code: str | None) -> list[str]:
    # Without a code a fact counts: neither comparison is true of it.
    change = update(EventRow).where(EventRow.branch == branch, EventRow.visit_id == visit, those)
    return sorted(db.scalars(change.values(held_code=code).returning(EventRow.event_id)))


def flaws(
    db: Session, branch: str, progress: Callable[[int], None] = lambda more: None
) -> Iterator[tuple[str, Literal["unreadable", "altered"]]]:
    """Facts that are not any more what was stored, by id. Of pushed ones only whether they can be read is checked."""
    query = _query(branch).add_columns(EventRow.origin, EventRow.body_hash, EventRow.erased_at)
    # In the order of the key: any other is sorted first, all of it.
    ordered = query.order_by(EventRow.branch, EventRow.ym, EventRow.event_id)
    for row in db.execute(ordered.execution_options(yield_per=2000)):
        progress(1)
        if not _is_readable(db, branch, row):
            yield row.event_id, "unreadable"
        elif (row.origin != "push" or row.erased_at) and row.body_hash != content_hash(
            row.kind, row.visit_id, row.effective_at, row.actor, opened(db, branch, row.event_id, row.body)
        ):
            yield row.event_id, "altered"


def _is_readable(db: Session, branch: str, row: Any) -> bool:
    try:
        from_row(db, branch, row)
    except (MsgspecError, ValueError, KeyError, Unreadable):
        return False
    return True


def content_hash(kind: str, visit: str | None, effective_at: datetime, actor: str, body: bytes) -> str:
    """The hash of a fact that did not come from a phone, or was emptied since: of what it says, when and by whom."""
    envelope = f"{kind}\n{visit}\n{effective_at.astimezone(UTC).isoformat()}\n{actor}\n".encode()
    return hashlib.sha256(envelope + body).hexdigest()


def count(db: Session, branch: str) -> int:
    """How many events the branch has, held ones included."""
    return db.scalar(select(func.count()).where(EventRow.branch == branch)) or 0


def with_ids(branch: str, ids: Iterable[str]) -> Any:
    # `ym` is a function of the id; with it the primary key is used, and a partition is never searched in vain.
    by_month: dict[int, list[str]] = defaultdict(list)
    for event_id in ids:
        by_month[year_month(event_id)].append(event_id)
    return (EventRow.branch == branch) & or_(
        false(), *((EventRow.ym == ym) & EventRow.event_id.in_(part) for ym, part in by_month.items())
    )


def _query(branch: str) -> Select[*tuple[Any, ...]]:
    return select(
        EventRow.event_id, EventRow.visit_id, EventRow.kind, EventRow.actor, EventRow.grade, EventRow.effective_at,
        EventRow.received_at, EventRow.held_code, EventRow.body,
    ).where(EventRow.branch == branch)  # fmt: skip


#: Built once: every push and every change of a plan asks for it.
_LOG = EventRow.__table__.c
_HISTORIES = select(
    _LOG.event_id, _LOG.visit_id, _LOG.kind, _LOG.actor, _LOG.grade, _LOG.effective_at, _LOG.received_at,
    _LOG.held_code, _LOG.body,
).where(_LOG.branch == bindparam("branch"), _LOG.visit_id.in_(bindparam("visits", expanding=True)))  # fmt: skip
#: What a recount needs, and no more: it reads everything.
_COUNTING = select(
    _LOG.event_id, _LOG.visit_id, _LOG.kind, _LOG.actor, _LOG.grade, _LOG.effective_at, _LOG.body
).where(_LOG.branch == bindparam("branch"), _LOG.held_code.is_(None))  # fmt: skip
_DECISIONS = _COUNTING.where(_LOG.about.is_not(None))
_BY_VISIT = _COUNTING.order_by(_LOG.visit_id)


def opened(db: Session, branch: str, event_id: str, body: bytes | str) -> bytes:
    """What a stored body says, in canonical JSON (for the other modules of storage). Raises `Unreadable`."""
    return sealing.reveal(db, BODY, branch, event_id, body)


def closed(db: Session, branch: str, event_id: str, kind: str, body: bytes) -> bytes:
    """A body as it is to be stored: sealed, unless its kind has no words in it."""
    return body if kind in WORDLESS else sealing.close(db, BODY, branch, event_id, body)


def from_row(db: Session, branch: str, row: Any) -> Event:
    """The event in a row of the branch (for the other query modules of storage). Raises `Unreadable`."""
    return Event(
        id=EventId(row.event_id),
        type=row.kind,
        visit=VisitId(row.visit_id) if row.visit_id else None,
        effective_at=row.effective_at,
        actor=StaffCode(row.actor),
        data=load_data(row.kind, opened(db, branch, row.event_id, row.body)),
        grade=row.grade,
    )


def _values(db: Session, branch: str, record: Record) -> dict[str, Any]:
    event = record.event
    return {
        "branch": branch,
        "ym": year_month(event.id),
        "event_id": event.id,
        "visit_id": event.visit,
        "about": getattr(event.data, "finding", None),
        "kind": event.type,
        "actor": event.actor,
        "origin": record.origin,
        "grade": event.grade,
        "flags": ",".join(record.flags) or None,
        "proven_at": record.proven_at,
        "effective_at": event.effective_at,
        "received_at": record.received_at,
        "held_code": record.held_code,
        "device_id": record.device_id,
        "seq": record.seq,
        "body": closed(db, branch, event.id, event.type, record.body),
        "body_hash": record.hash,
        "erased_at": record.erased_at,
    }
