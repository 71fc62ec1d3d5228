"""Technicians' phones and the ledger of what each of them sent. Owns the rows of a device; not what its facts mean."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.ids import year_month
from fieldapp.storage import bulk, sealing
from fieldapp.storage.tables.devices import DeviceRow
from fieldapp.storage.tables.events import DeviceEntryRow, PayloadRow
from fieldapp.storage.vault import Unreadable

START = "0" * 64
_NEVER = datetime.min.replace(tzinfo=UTC)
Status = Literal["accepted", "held", "quarantined"]


@dataclass(frozen=True, slots=True)
class Device:
    """A phone as the server knows it. `next_seq` and `head` continue its chain; `client` and `clock` are its own words
    at the last contact, plain JSON."""

    branch: str
    device_id: str
    account_id: str
    name: str
    registered_at: datetime
    seen_at: datetime
    revoked_at: datetime | None
    next_seq: int
    head: str
    chain: str
    outbox: int
    client: Mapping[str, Any]
    clock: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a device sent under one sequence number, and what became of it."""

    seq: int
    event_id: str
    hash: str
    status: Status
    code: str | None
    effective_at: datetime | None
    #: What it said to follow; None: the entry before.
    prev: str | None = None


def find(db: Session, branch: str, device_id: str) -> Device | None:
    """The device with this id."""
    rows = bulk.fetch(db, _FIND, {"its_branch": branch, "its_id": device_id})
    return _device(rows[0]) if rows else None


def of_account(db: Session, branch: str, account_id: str) -> list[Device]:
    """All devices of an account, the last seen first."""
    query = select(*_COLUMNS).where(DeviceRow.branch == branch, DeviceRow.account_id == account_id)
    return [_device(row) for row in db.execute(query.order_by(DeviceRow.seen_at.desc(), DeviceRow.device_id))]


def of_branch(db: Session, branch: str) -> list[Device]:
    """All devices of a branch, the last seen first."""
    query = select(*_COLUMNS).where(DeviceRow.branch == branch)
    return [_device(row) for row in db.execute(query.order_by(DeviceRow.seen_at.desc(), DeviceRow.device_id))]


def unknown(branch: str, device_id: str) -> Device:
    """A device that is in no row and belongs to nobody: what a rescue file names and a restored server forgot."""
    return Device(branch, device_id, "-", "", _NEVER, _NEVER, None, 1, START, "ok", 0, {}, {})


def add(db: Session, branch: str, device_id: str, *, account_id: str, name: str, now: datetime) -> bool:
    """Register a device; False when it is known already (nothing changes then)."""
    row = {
        "branch": branch, "device_id": device_id, "account_id": account_id, "name": name, "registered_at": now,
        "seen_at": now, "revoked_at": None, "next_seq": 1, "head": START, "chain": "ok", "outbox": 0,
        "client": "{}", "clock": "{}",
    }  # fmt: skip
    return bool(bulk.insert_new(db, DeviceRow, [row], "device_id"))


def save_contact(db: Session, device: Device) -> None:
    """Write down where the chain stands and what was heard; everything else of the device stays."""
    bulk.change(
        db, DeviceRow, {"branch": device.branch, "device_id": device.device_id},
        {
            "seen_at": device.seen_at, "next_seq": device.next_seq, "head": device.head, "chain": device.chain,
            "outbox": device.outbox, "client": json.dumps(device.client), "clock": json.dumps(device.clock),
        },
    )  # fmt: skip


def revoke(db: Session, branch: str, device_id: str, now: datetime) -> bool:
    """From now on what this device sends is kept but waits; False when it was revoked before or is unknown."""
    change = update(DeviceRow).where(
        DeviceRow.branch == branch, DeviceRow.device_id == device_id, DeviceRow.revoked_at.is_(None)
    )
    return db.scalar(change.values(revoked_at=now).returning(DeviceRow.device_id)) is not None


def restore(db: Session, branch: str, device_id: str) -> bool:
    """Undo `revoke`; False when there is nothing to undo."""
    change = update(DeviceRow).where(
        DeviceRow.branch == branch, DeviceRow.device_id == device_id, DeviceRow.revoked_at.is_not(None)
    )
    return db.scalar(change.values(revoked_at=None).returning(DeviceRow.device_id)) is not None


def entries(db: Session, branch: str, device_id: str, seqs: Iterable[int]) -> dict[int, Entry]:
    """The ledger's entries under these sequence numbers."""
    rows = bulk.fetch(db, _ENTRIES, {"its_branch": branch, "its_id": device_id, "seqs": list(seqs)})
    return {row.seq: Entry(*row) for row in rows}


def save_entries(db: Session, branch: str, device_id: str, found: Sequence[Entry]) -> None:
    """Write entries; one that is there already is replaced (a damaged copy by the fact itself)."""
    rows = [
        {
            "branch": branch, "device_id": device_id, "seq": one.seq, "event_id": one.event_id, "hash": one.hash,
            "status": one.status, "code": one.code, "effective_at": one.effective_at, "prev": one.prev,
        }
        for one in found
    ]  # fmt: skip
    bulk.upsert(db, DeviceEntryRow, rows)


def keep_payloads(db: Session, branch: str, payloads: Mapping[str, str | bytes]) -> None:
    """Keep the payload of each event id, byte for byte."""
    rows = [
        {
            "branch": branch,
            "ym": year_month(event_id),
            "event_id": event_id,
            "payload": sealing.close(db, PAYLOAD, branch, event_id, _bytes(payload)),
        }
        for event_id, payload in payloads.items()
    ]
    bulk.add_new(db, PayloadRow, rows)


def payload(db: Session, branch: str, event_id: str) -> bytes | None:
    """The payload of a pushed event as the phone hashed it."""
    return payloads(db, branch, [event_id]).get(event_id)


def altered(db: Session, branch: str) -> Iterator[str]:
    """Ids of pushed facts whose bytes do not give the hash that is in the ledger any more."""
    query = (
        select(_LEDGER.device_id, _LEDGER.seq, _LEDGER.event_id, _LEDGER.hash, _LEDGER.prev, _LEDGER.code)
        .where(_LEDGER.branch == branch)
        .order_by(_LEDGER.device_id, _LEDGER.seq)
        .execution_options(yield_per=500)
    )
    before: tuple[str, int, str] = ("", 0, START)
    for part in db.execute(query).partitions():
        try:
            contents = payloads(db, branch, [row.event_id for row in part])
        except Unreadable:
            yield from _unreadable(db, branch, [row.event_id for row in part])
            contents = {}
        for device_id, seq, event_id, told, prev, code in part:
            last = before if before[0] == device_id else (device_id, 0, START)
            follows = prev or (last[2] if last[1] == seq - 1 else None)
            # Under an id that was taken lies what came first; what came with this number is in quarantine.
            content = contents.get(event_id) if code != "id_conflict" else None
            if content is not None and follows is not None and told != _hash(follows, content):
                yield event_id
            before = (device_id, seq, told)


def _unreadable(db: Session, branch: str, ids: Sequence[str]) -> Iterator[str]:
    for one in ids:
        try:
            payloads(db, branch, [one])
        except Unreadable:
            yield one


def payloads(db: Session, branch: str, ids: Sequence[str]) -> dict[str, bytes]:
    """The payloads of pushed events; by their whole keys, without the month a look goes through the branch."""
    months = {year_month(one) for one in ids}
    query = select(_PAYLOADS.event_id, _PAYLOADS.payload).where(
        _PAYLOADS.branch == branch, _PAYLOADS.ym.in_(months), _PAYLOADS.event_id.in_(ids)
    )
    return {row.event_id: sealing.reveal(db, PAYLOAD, branch, row.event_id, row.payload) for row in db.execute(query)}


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload


def _hash(prev: str, content: bytes) -> str:
    return hashlib.sha256(prev.encode() + b"\n" + content).hexdigest()


PAYLOAD = "payloads.payload"
_TABLE = DeviceRow.__table__
_COLUMNS = tuple(
    _TABLE.c[name]
    for name in (
        "branch", "device_id", "account_id", "name", "registered_at", "seen_at", "revoked_at", "next_seq", "head",
        "chain", "outbox", "client", "clock",
    )
)  # fmt: skip
#: Statements of the push, built once.
_FIND = select(*_COLUMNS).where(_TABLE.c.branch == bindparam("its_branch"), _TABLE.c.device_id == bindparam("its_id"))
_LEDGER, _PAYLOADS = DeviceEntryRow.__table__.c, PayloadRow.__table__.c
_ENTRIES = select(
    _LEDGER.seq, _LEDGER.event_id, _LEDGER.hash, _LEDGER.status, _LEDGER.code, _LEDGER.effective_at, _LEDGER.prev
).where(
    _LEDGER.branch == bindparam("its_branch"), _LEDGER.device_id == bindparam("its_id"),
    _LEDGER.seq.in_(bindparam("seqs", expanding=True)),
)  # fmt: skip


def _device(row: Any) -> Device:
    *plain, client, clock = row
    return Device(*plain, client=json.loads(client), clock=json.loads(clock))  # type: ignore[misc]
