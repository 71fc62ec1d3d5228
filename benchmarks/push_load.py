"""What `push` measures with: phones that prepare batches, requests by hand, and the server with the raw endpoint."""

import json
import logging
import re
import socket
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from waitress import create_server

from fieldapp.app import create_app, csrf
from fieldapp.cli.serve import THREADS, settle_memory
from fieldapp.domain.ids import year_month
from fieldapp.services import recording, sync_wire
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage.events import Record
from fieldapp.web import guards
from fieldapp.web.bodies import read_body
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.sync import gate
from tests import builders
from tests.sync import phone as simulated

blueprint = Blueprint("raw", __name__)
_STEPS = [
    "kit.checked", "visit.departed", "customer.called", "visit.arrived", "door.checked", "consent.given",
    *["note.added"] * 6, "site.checked", "statement.presented", "answers.given", "signature.captured",
    "visit.completed", "visit.left", "event.corrects", "event.corrects",
]  # fmt: skip
_STROKES = [[[x * 1.5, (x * 7) % 90 + 0.5, x * 11, 0.5] for x in range(30)] for _ in range(4)]
_DATA: dict[str, Any] = {
    "statement.presented": {"doc_hash": builders.DOC_HASH, "doc": "What was done, and what it costs.\n" * 8},
    "answers.given": builders.ALL_WELL,
    "signature.captured": {
        "doc_hash": builders.DOC_HASH, "strokes": _STROKES, "box": [600, 200], "shown_ms": 20_000,
        "signer": {"name": "Wang Fang", "relation": "self"},
    },
}  # fmt: skip


class Phone:
    """One technician's phone: every batch is a whole visit in 20 facts."""

    def __init__(self, login: str, visits: list[str]) -> None:
        self._visits = iter(visits)
        self._phone = simulated.Phone(_now, actor=login)

    def batches(self, count: int, kind: str) -> list[bytes]:
        """Bodies of pushes, in the order to send them; the raw endpoint's leave the phone's chain alone."""
        phone = self._phone if kind == "push" else simulated.Phone(_now, actor=self._phone.actor)
        return [json.dumps(phone.batch(self._visit(phone, kind))).encode() for _ in range(count)]

    def _visit(self, phone: simulated.Phone, kind: str) -> list[dict[str, Any]]:
        visit = next(self._visits) if kind == "push" else simulated.new_id()
        found: list[dict[str, Any]] = []
        for step in _STEPS:
            data = _DATA.get(step, simulated.GIVEN.get(step, {}))
            if step == "event.corrects":
                data = {"target": found[0]["id"], "reason": "mistyped", "data": {"badge": True}}
            found.append({**phone.append(step, visit, data=data), "id": simulated.new_id(_now())})
        return found


def _now() -> datetime:
    return datetime.now(UTC)


def plan(work: Work, lines: list[dict[str, Any]]) -> list[str]:
    """Schedule visits; their ids."""
    events = builders.as_events(lines, "main")
    with work.write() as db:
        records = [Record(event=event, origin="office", received_at=work.now()) for event in events]
        recording.record(db, "main", records, work.now())
    return [str(event.visit) for event in events]


def request(kind: str, cookie: str, body: bytes) -> bytes:
    """A whole HTTP request."""
    head = (
        f"POST /api/sync/v1/{kind} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sid={cookie}\r\nX-Field-Sync: 1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ask(line: socket.socket, whole: bytes) -> None:
    """Send it and read the answer; anything but a stored batch ends the benchmark."""
    line.sendall(whole)
    got = b""
    while b"\r\n\r\n" not in got:
        part = line.recv(65536)
        if not part:
            raise SystemExit("the server closed the connection")
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        body += line.recv(65536)
    if b" 200 " not in head.split(b"\r\n", 1)[0] or body.count(b'"accepted"') != len(_STEPS):
        raise SystemExit(f"not stored: {got[:600]!r}")


@blueprint.post("/raw")
@gate.ours_only("application/json")
def raw() -> Response:
    """Read, check the hashes, insert, commit, answer: nothing is judged, projected or audited."""
    actor, now = current_actor(), current_work().now()
    batch = sync_wire.read_batch(read_body(sync_wire.MAX_BYTES), now.date())
    stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    rows: list[Any] = []
    for item in batch.items:
        fact = item.fact
        assert fact is not None
        assert item.digest == item.hash
        rows += (
            actor.branch, year_month(item.id), item.id, fact.visit_id, None, fact.type, fact.actor, "push", "B", stamp,
            stamp, None, batch.device_id, item.seq, item.payload.encode(), item.hash,
        )  # fmt: skip
    one = "(" + ",".join("?" * 16) + ")"
    with current_work().write() as db:
        new = db.connection().exec_driver_sql(
            "INSERT INTO events (branch, ym, event_id, visit_id, about, kind, actor, origin, grade, effective_at,"
            " received_at, held_code, device_id, seq, body, body_hash) VALUES "
            + ",".join([one] * len(batch.items)) + " ON CONFLICT DO NOTHING RETURNING event_id",
            tuple(rows),
        )  # fmt: skip
        stored = {row[0] for row in new}
    return gate.answer({"results": [{"id": one, "status": "accepted"} for one in stored]})


def serve(folder: str, listener: socket.socket, ready: Connection) -> None:
    """Run on `listener` until terminated; tells when it is ready."""
    settings = Settings(
        instance=Path(folder), database_url=f"sqlite:///{folder}/fieldapp.db", secret_key="x" * 40, data_key="x" * 40,
        blobs=Path(folder) / "blobs",
    )  # fmt: skip
    app = create_app(settings)
    csrf.exempt(blueprint)
    guards.register(app, blueprint, guards.roles("technician"), "/api/sync/v1")
    settle_memory()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    ready.send(True)
    create_server(app, sockets=[listener], threads=THREADS, ident=None, clear_untrusted_proxy_headers=True).run()
