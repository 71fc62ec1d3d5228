"""A client of the sync protocol, written from docs/sync-protocol.md alone: what it holds, sends, makes of an answer.

Knows nothing of the server but its answers. Carrying bytes there and back is the caller's, who may lose them.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.sync.phone import Phone

STORED = frozenset({"accepted", "duplicate", "held", "quarantined"})
#: For so long a confirmed fact stays on the phone, for a server that is restored from a backup.
KEEP = timedelta(hours=72)


@dataclass
class Kept:
    """One entry on the phone: `waiting`, or what the server said of it and when."""

    entry: dict[str, Any]
    status: str = "waiting"
    heard_at: datetime | None = None


class ProtocolClient:
    """One phone of one person."""

    def __init__(self, clock: Any, login: str) -> None:
        self.clock, self.login = clock, login
        self.phone = Phone(clock, actor=login)
        #: By sequence number.
        self.outbox: dict[int, Kept] = {}
        self.epoch: str | None = None
        self.visits: dict[str, int] = {}
        self.etag: str | None = None
        self.registered = False

    @property
    def device_id(self) -> str:
        return self.phone.device_id

    def append(self, kind: str, visit: str, **changes: Any) -> dict[str, Any]:
        """Something happened; `visit_rev` is what the last snapshot said."""
        return self._keep(self.phone.append(kind, visit, visit_rev=self.visits.get(visit, 0), **changes))

    def append_text(self, payload: str) -> dict[str, Any]:
        """Something that is no fact to this server."""
        return self._keep(self.phone.append_text(payload))

    def _keep(self, entry: dict[str, Any]) -> dict[str, Any]:
        self.outbox[entry["seq"]] = Kept(entry)
        return entry

    def waiting(self) -> list[dict[str, Any]]:
        """What the server has not confirmed, oldest first."""
        return [kept.entry for _, kept in sorted(self.outbox.items()) if kept.status == "waiting"]

    def body(self, entries: list[dict[str, Any]]) -> bytes:
        """A push of these entries."""
        return json.dumps(self.phone.batch(entries, server_epoch=self.epoch)).encode()

    def hear(self, sent: list[dict[str, Any]], answer: dict[str, Any]) -> None:
        """What a 200 with our header says. Without a `device` it was somebody else's session: nothing changes."""
        if answer["device"] is None:
            return
        self._restored(answer["server_epoch"])
        self.epoch = answer["server_epoch"]
        fates = {one["id"]: one for one in answer["results"]}
        for entry in sent:
            fate, kept = fates.get(entry["id"]), self.outbox.get(entry["seq"])
            if fate is not None and kept is not None and fate["status"] in STORED:
                kept.status, kept.heard_at = fate["status"], self.clock()
        for fate in fates.values():
            if fate["status"] == "retry" and fate["code"] == "missing_prev":
                self._rewind(fate["expect_seq"])

    def hear_day(self, epoch: str, answer: dict[str, Any] | None, etag: str | None) -> None:
        """The snapshot; None where it is known, or the phone out of use. What a push names, only a push changes."""
        self._restored(epoch)
        self.etag = etag
        if answer is not None:
            self.visits = {one["visit_id"]: one["rev"] for one in answer["visits"]}

    def prune(self) -> None:
        """Forget what was confirmed long ago. Only right after hearing from the server: it may have been restored."""
        for seq, kept in list(self.outbox.items()):
            if kept.heard_at is not None and kept.status != "waiting" and self.clock() - kept.heard_at > KEEP:
                del self.outbox[seq]

    def _restored(self, epoch: str) -> None:
        if self.epoch is not None and epoch != self.epoch:
            self._rewind(0)

    def _rewind(self, seq: int) -> None:
        for number, kept in self.outbox.items():
            if number >= seq:
                kept.status, kept.heard_at = "waiting", None
