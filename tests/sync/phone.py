"""A phone as the server sees it: a sequence, a hash chain, a clock, and the requests it sends. For every sync test."""

import hashlib
import itertools
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fieldapp.services import recording
from fieldapp.storage.events import Record
from tests import builders, cast

PUSH = "/api/sync/v1/push"
DEVICES = "/api/sync/v1/devices"
DAY = "/api/sync/v1/day"
MARK = {"X-Field-Sync": "1"}
_numbers = itertools.count(1)

GIVEN = {
    "visit.arrived": {"gps": {"status": "denied"}},
    "kit.checked": {"uniform": True, "badge": True, "shoe_covers": True, "kit": True},
    "door.checked": {"introduced": True, "shoe_covers": True},
    "consent.given": {"by": "customer", "method": "spoken"},
    "site.checked": {"cleanup": True, "belongings": True},
    "note.added": {"text": "a note"},
    "customer.called": {"outcome": "agreed"},
    "visit.completed": {"manifest": []},
}


def new_id(at: datetime | None = None) -> str:
    """A UUIDv7 nobody else gets."""
    stamp = int((at or cast.NOW).timestamp() * 1000)
    return str(UUID(int=stamp << 80 | 0x7 << 76 | 0b10 << 62 | 1 << 40 | next(_numbers)))


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Phone:
    """One device of one person. `wrong` is how far its wall clock is ahead, `off` what it believes that to be."""

    def __init__(self, clock: Any, client: Any = None, actor: str = "T001") -> None:
        self.clock, self.client, self.actor = clock, client, actor
        self.device_id, self.boot = new_id(), new_id()
        self.seq, self.head = 0, "0" * 64
        self.started = clock() - timedelta(hours=12)
        self.wrong = timedelta()
        self.off: float | None = 0
        self.epoch: str | None = None

    def wall(self, at: datetime) -> int:
        return ms(at + self.wrong)

    def mono(self, at: datetime) -> float:
        return (at - self.started).total_seconds() * 1000

    def payload(self, kind: str, visit: str, at: datetime | None = None, **changes: Any) -> str:
        """What the phone hashes; `changes` replace fields of it."""
        at = at or self.clock()
        clk = None if self.off is None else {"off": self.off, "rtt": 40, "age": 3_600_000}
        whole = {
            "v": 1, "type": kind, "visit_id": visit, "visit_rev": 1, "actor": self.actor, "wall": self.wall(at),
            "mono": self.mono(at), "boot": self.boot, "clk": clk, "tz": 480, "data": GIVEN.get(kind, {}), **changes,
        }  # fmt: skip
        return json.dumps(whole)

    def append(self, kind: str, visit: str, at: datetime | None = None, **changes: Any) -> dict[str, Any]:
        """One fact, chained to the last one."""
        return self.append_text(self.payload(kind, visit, at, **changes))

    def append_text(self, payload: str) -> dict[str, Any]:
        """The same with a payload of any content."""
        digest = hashlib.sha256(f"{self.head}\n{payload}".encode()).hexdigest()
        self.seq += 1
        entry = {"id": new_id(), "seq": self.seq, "prev": self.head, "hash": digest, "payload": payload}
        self.head = digest
        return entry

    def batch(self, events: list[Any], **changes: Any) -> dict[str, Any]:
        now = self.clock()
        return {
            "protocol": 1, "batch_id": new_id(), "device_id": self.device_id, "server_epoch": self.epoch,
            "client": {"app": "1.0.0", "schema": 1, "persisted": True, "outbox": len(events), "quota": 1e9, "usage": 1},
            "clock": {"wall": self.wall(now), "mono": self.mono(now), "boot": self.boot, "off": self.off, "rtt": 40},
            "events": events, **changes,
        }  # fmt: skip

    def post(self, body: Any, **changes: Any) -> Any:
        """The raw answer to any JSON value or text as a push."""
        headers = {**MARK, "Content-Type": "application/json", **changes}
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(PUSH, data=data, headers={k: v for k, v in headers.items() if v is not None})

    def push(self, *events: Any, **changes: Any) -> dict[str, Any]:
        """Push, and be told what became of it."""
        answer = self.post(self.batch(list(events), **changes))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.headers["X-Field-Sync"] == "1"
        return answer.get_json()

    def fates(self, *events: Any, **changes: Any) -> list[tuple[str, str | None]]:
        """Status and code of each entry."""
        return [(one["status"], one.get("code")) for one in self.push(*events, **changes)["results"]]


def plan(work: Any, *entries: dict[str, Any], branch: str = cast.MAIN, origin: str = "office") -> list[str]:
    """Record history lines as the office does; returns the visits' ids."""
    events = builders.as_events(entries, branch)
    with work.write() as db:
        records = [Record(event=event, origin=origin, received_at=work.now()) for event in events]
        recording.record(db, branch, records, work.now())
    return [event.visit for event in events]
