"""Phones that write and send all the time, and that believe nothing but the server's own word.

Each keeps its whole history: what it appended, what it was told about it, and every answer that broke the protocol.
"""

import hashlib
import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.faults.company import Company, Technician, now
from tests.sync.phone import MARK, PUSH, Phone, new_id

STORED = {"accepted", "duplicate", "held", "quarantined"}
STEPS = (
    "kit.checked", "visit.departed", "customer.called", "visit.arrived", "door.checked", "consent.given", "note.added",
    "site.checked", "note.added", "visit.completed",
)  # fmt: skip
BATCH = 20
#: A phone waits longer; here a lost answer shall not cost the test its time.
PATIENCE = 4.0


class Client(threading.Thread):
    """One phone. `words` has everything the server ever said about an entry, in order."""

    def __init__(self, port: int, person: Technician, chance: random.Random, timeout: float = PATIENCE) -> None:
        super().__init__(daemon=True)
        self.person, self.port, self.timeout = person, port, timeout
        self.phone = Phone(now, actor=person.login)
        self.outbox: list[dict[str, Any]] = []
        self.appended: dict[str, dict[str, Any]] = {}
        self.words: dict[str, list[str]] = {}
        self.answers: Counter[str] = Counter()
        self.problems: list[str] = []
        self.slowest_refusal = 0.0
        self.last_stored = 0.0
        self.writing = threading.Event()
        self.writing.set()
        self.over = threading.Event()
        self._chance = chance
        self._plan = self._facts()

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield from ((step, visit) for visit in self.person.visits for step in STEPS)
        # A visit that is over takes no more facts that count: from here on they are held, and kept all the same.
        yield from itertools.cycle(("note.added", visit) for visit in self.person.visits)

    def run(self) -> None:
        """Write and send until told otherwise."""
        while not self.over.is_set():
            if self.writing.is_set() and len(self.outbox) < 3 * BATCH:
                self.append(self._chance.randint(1, 7))
            if not self.outbox or not self.send():
                self.over.wait(self._chance.uniform(0.02, 0.1))

    def append(self, count: int) -> None:
        """Write facts on the phone."""
        for kind, visit in itertools.islice(self._plan, count):
            entry = {**self.phone.append(kind, visit), "id": new_id(now())}
            self.appended[entry["id"]] = entry
            self.outbox.append(entry)

    def send(self) -> bool:
        """One push of the oldest facts; True when something of it was stored."""
        batch = self.outbox[:BATCH]
        self.phone.epoch = None
        began = time.monotonic()
        try:
            status, headers, body = self.post(json.dumps(self.phone.batch(batch)).encode())
        except (OSError, http.client.HTTPException) as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(status)] += 1
        if status == 503:
            self.slowest_refusal = max(self.slowest_refusal, time.monotonic() - began)
            if not headers.get("Retry-After", "").isdigit():
                self.problems.append("503 without Retry-After")
            return False
        if status != 200:
            self.problems.append(f"answered {status}: {body[:200]!r}")
            return False
        return self._settle(batch, json.loads(body))

    def post(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """The bare request, on a connection of its own."""
        return ask(self.port, self.person, "POST", PUSH, body, self.timeout)

    def _settle(self, batch: list[dict[str, Any]], answer: dict[str, Any]) -> bool:
        stored = set()
        for entry, one in zip(batch, answer["results"], strict=True):
            if one["id"] != entry["id"]:
                self.problems.append(f"asked about {entry['id']}, told of {one['id']}")
            elif one["status"] in STORED:
                self.words.setdefault(entry["id"], []).append(one["status"])
                stored.add(entry["id"])
            else:
                # Nothing is sent before what precedes it: whoever asks for that has forgotten what it confirmed.
                self.problems.append(f"entry {entry['seq']}: {one}")
        self.outbox = [entry for entry in self.outbox if entry["id"] not in stored]
        if stored:
            self.last_stored = time.monotonic()
        return bool(stored)


class Photographer(threading.Thread):
    """Sends photos in pieces, goes on where the server says, and keeps the names of those that are whole, it heard."""

    def __init__(self, port: int, person: Technician, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.port, self.person = port, person
        self.whole: dict[str, bytes] = {}
        self.problems: list[str] = []
        self.over = threading.Event()
        self._chance = chance

    def run(self) -> None:
        """One photo after the other, each until it is whole."""
        while not self.over.is_set():
            photo = self._chance.randbytes(self._chance.randint(2_000, 90_000))
            name = hashlib.sha256(photo).hexdigest()
            while not self.over.wait(0.01):
                try:
                    if self._piece(name, photo):
                        self.whole[name] = photo
                        break
                except (OSError, http.client.HTTPException):
                    continue

    def _piece(self, name: str, photo: bytes) -> bool:
        path = f"/api/sync/v1/blobs/{name}"
        status, headers, _ = ask(self.port, self.person, "HEAD", path, b"", PATIENCE)
        if status == 200:
            return True
        reached = headers.get("Upload-Offset", "")
        if status != 404 or not reached.isdigit():
            return False
        offset = int(reached)
        piece = photo[offset : offset + 50_000]
        more = {
            "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset),
            "Upload-Length": str(len(photo)),
        }  # fmt: skip
        status, headers, body = ask(self.port, self.person, "PATCH", path, piece, PATIENCE, more)
        if status not in {204, 409, 503}:
            self.problems.append(f"a piece was answered {status}: {body[:200]!r}")
        return status == 204 and headers.get("Upload-Offset") == str(len(photo))


class Reader(threading.Thread):
    """Somebody who looks at the day all the time; keeps how long each look took and what went wrong."""

    def __init__(self, port: int, person: Technician, path: str = "/api/sync/v1/day") -> None:
        super().__init__(daemon=True)
        self.port, self.person, self.path = port, person, path
        self.took: list[float] = []
        self.problems: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self.over.wait(0.05):
            began = time.monotonic()
            try:
                status, _, body = ask(self.port, self.person, "GET", self.path, b"", 15)
            except (OSError, http.client.HTTPException) as error:
                self.problems.append(f"reading: {error!r}")
                continue
            self.took.append(time.monotonic() - began)
            if status != 200:
                self.problems.append(f"reading answered {status}: {body[:200]!r}")


def ask(
    port: int, person: Technician, method: str, path: str, body: bytes, timeout: float,
    more: Mapping[str, str] | None = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:  # fmt: skip
    """One request of a signed-in technician."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {
            **MARK, "Content-Type": "application/json", "Cookie": f"sid={person.secret}", "Connection": "close",
            **(more or {}),
        }  # fmt: skip
        line.request(method, path, body=body or None, headers=headers)
        answer = line.getresponse()
        if answer.status < 400 and answer.headers.get("X-Field-Sync") != "1":
            # What a cut left of the headers, or a stranger's: no word of the server's.
            raise http.client.HTTPException("unmarked")
        return answer.status, answer.headers, answer.read()
    finally:
        line.close()


@contextmanager
def sending(company: Company, port: int, seed: int = 0, timeout: float = PATIENCE) -> Iterator[list[Client]]:
    """All phones of the company send; they end when the block does."""
    clients = [
        Client(port, person, random.Random(f"{seed} {person.login}"), timeout) for person in company.people
    ]  # fmt: skip
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        halt(clients)


def halt(threads: Iterable[Client | Photographer | Reader]) -> None:
    """End them and wait."""
    threads = list(threads)
    for one in threads:
        one.over.set()
    for one in threads:
        one.join(timeout=30)


def drain(clients: list[Client], patience: float = 60) -> None:
    """Write no more and wait until every outbox is empty; what is left then is a problem of its client."""
    end = time.monotonic() + patience
    for client in clients:
        client.writing.clear()
    for client in clients:
        while client.outbox and time.monotonic() < end:
            client.join(0.05)
            # Once a promise is broken there is not much to wait for.
            if any(one.problems for one in clients):
                end = min(end, time.monotonic() + 1)
        if client.outbox:
            client.problems.append(f"{len(client.outbox)} facts were never taken; answers {dict(client.answers)}")


def wait_for_stored(clients: list[Client], count: int, patience: float = 30) -> None:
    """Let traffic flow until `count` more facts are confirmed."""
    end = time.monotonic() + patience
    goal = confirmed(clients) + count
    while confirmed(clients) < goal and time.monotonic() < end:
        clients[0].join(0.01)


def confirmed(clients: Iterable[Client]) -> int:
    """How many facts the phones were told are stored."""
    return sum(len(client.words) for client in clients)
