"""What `push` and `memory` measure with: databases, a company of phones that prepare batches, clients that send."""

import json
import re
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import report
from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, installation, sign_ins
from fieldapp.services.work import Work
from fieldapp.storage.engine import Database
from tests import builders, cast
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.sync import phone as simulated

CLIENTS = 16
#: Visits of a technician and day; a phone carries nine days of them.
PER_DAY = 12
PASSWORD = "north-window-lamp-7"
_STEPS = [
    "kit.checked", "visit.departed", "customer.called", "visit.arrived", "door.checked", "consent.given",
    *["note.added"] * 6, "site.checked", "statement.presented", "answers.given", "signature.captured",
    "visit.completed", "visit.left", "event.corrects", "event.corrects",
]  # fmt: skip
FACTS = len(_STEPS)
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
    """One technician's phone, `secret` its session: every batch is a whole visit in 20 facts."""

    def __init__(self, login: str, visits: list[str], secret: str = "") -> None:
        self._secret = secret
        self._visits = iter(visits)
        self._phone = simulated.Phone(_now, actor=login)

    def batches(self, count: int, kind: str) -> list[bytes]:
        """Bodies of pushes, in the order to send them; the raw endpoint's leave the phone's chain alone."""
        phone = self._phone if kind == "push" else simulated.Phone(_now, actor=self._phone.actor)
        return [json.dumps(phone.batch(self._visit(phone, kind))).encode() for _ in range(count)]

    def requests(self, count: int, kind: str) -> list[bytes]:
        """The same as whole requests."""
        return [_request(kind, self._secret, body) for body in self.batches(count, kind)]

    def note(self) -> bytes:
        """A request with one fact about the next visit."""
        fact = {**self._phone.append("note.added", next(self._visits)), "id": simulated.new_id(_now())}
        return _request("push", self._secret, json.dumps(self._phone.batch([fact])).encode())

    def _visit(self, phone: simulated.Phone, kind: str) -> list[dict[str, Any]]:
        visit = next(self._visits) if kind == "push" else simulated.new_id()
        found: list[dict[str, Any]] = []
        for step in _STEPS:
            data = _DATA.get(step, simulated.GIVEN.get(step, {}))
            if step == "event.corrects":
                data = {"target": found[0]["id"], "reason": "mistyped", "data": {"badge": True}}
            found.append({**phone.append(step, visit, data=data), "id": simulated.new_id(_now())})
        return found


def company(instance: Path, url: str, visits: int) -> list[Phone]:
    """Set up a database with `CLIENTS` technicians, each with a session and so many visits to work on."""
    clock = Clock(cast.NOW)
    clock.run()
    work = replace(make_test_work(instance, clock), database=Database(url))
    installation.upgrade(work, timezone=cast.ZONE)
    phones = [hire(work, f"T{number + 101}", visits) for number in range(CLIENTS)]
    work.database.dispose()
    return phones


def hire(work: Work, login: str, visits: int, branch: str = "main") -> Phone:
    """A technician with a session and so many visits around now."""
    accounts.add_account(
        work, OPERATOR, login=login, name=login, role="technician", password=PASSWORD, branch=branch, team="main"
    )
    opened = sign_ins.sign_in(work, login=login, password=PASSWORD, agent="benchmark", browser=None, old=None)
    first = work.now() - timedelta(days=visits / PER_DAY / 2)
    lines = [
        builders.scheduled(f"B-{login}-{one}", first + timedelta(days=one / PER_DAY), login) for one in range(visits)
    ]
    return Phone(login, simulated.plan(work, *lines, branch=branch), opened.secret)


def _now() -> datetime:
    return datetime.now(UTC)


def send(port: int, orders: list[list[bytes]]) -> tuple[float, list[float]]:
    """Every client sends its requests one after the other; how long all took, and each. Ends the benchmark when one
    is not stored."""
    each: list[float] = []
    faults: list[Exception] = []
    gate = threading.Barrier(len(orders) + 1)

    def client(line: socket.socket, requests: list[bytes]) -> None:
        gate.wait()
        try:
            for one in requests:
                each.append(report.seconds(lambda: ask(line, one)))  # noqa: B023 - called at once
        except (OSError, NotStored) as fault:
            faults.append(fault)

    with ExitStack() as lines:
        threads = [threading.Thread(target=client, args=(lines.enter_context(connected(port)), own)) for own in orders]
        for thread in threads:
            thread.start()
        gate.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
    if faults:
        raise SystemExit(f"{len(faults)} clients gave up: {faults[0]!r}")
    return took, each


class NotStored(Exception):
    """The server did not say that it stored the whole batch."""


def connected(port: int) -> socket.socket:
    """A line to the server, to be used for one request after the other."""
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _request(kind: str, secret: str, body: bytes) -> bytes:
    head = (
        f"POST /api/sync/v1/{kind} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sid={secret}\r\nX-Field-Sync: 1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ask(line: socket.socket, whole: bytes, facts: int = FACTS) -> None:
    """Send it until the server has stored its facts; one that is busy gets the pause that it asks for, as a phone's."""
    while True:
        line.sendall(whole)
        got = b""
        while b"\r\n\r\n" not in got:
            got += _more(line)
        head, _, body = got.partition(b"\r\n\r\n")
        while len(body) < _number(head, b"content-length"):
            body += _more(line)
        if b" 503 " not in head.split(b"\r\n", 1)[0]:
            break
        time.sleep(_number(head, b"retry-after"))
    if body.count(b'"accepted"') + body.count(b'"duplicate"') != facts:
        raise NotStored(head[:60], body[:600])


def _number(head: bytes, name: bytes) -> int:
    return int(re.search(rb"(?i)\r\n" + name + rb": (\d+)", head)[1])  # type: ignore[index]


def _more(line: socket.socket) -> bytes:
    part = line.recv(65536)
    if not part:
        raise NotStored("the server closed the connection")
    return part
