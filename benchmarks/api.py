"""Work orders created through the API, each with promise, audit row and kept answer, beside the server's bare hello."""

import hashlib
import json
import logging
import multiprocessing
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

from flask import Blueprint
from waitress import create_server

from benchmarks import report
from fieldapp.app import create_app
from fieldapp.cli.context import make_work
from fieldapp.cli.serve import THREADS, settle_memory
from fieldapp.domain.access import OPERATOR
from fieldapp.services import installation, tokens
from fieldapp.settings import Settings
from fieldapp.web import guards
from tests import builders, cast

CLIENTS = 8
ROUNDS = 3
REQUESTS = 120
KEY = hashlib.sha256(b"a benchmark").hexdigest()

blueprint = Blueprint("hello", __name__)


@blueprint.get("/hello")
def hello() -> str:
    """What the framework and the server do by themselves."""
    return "hello"


def run() -> None:
    """Rates, both kinds of request taking turns so that a busy machine is fair to both."""
    with tempfile.TemporaryDirectory() as folder:
        work = make_work(_settings(folder))
        installation.upgrade(work, timezone=cast.ZONE)
        token = tokens.add_token(
            work, OPERATOR, branch=installation.MAIN, name="bench", scopes=["visits:write"], rate=tokens.HIGHEST_RATE
        )
        work.database.dispose()
        rates: dict[str, list[float]] = {"hello": [], "create": []}
        with _serving(folder) as port:
            for number in range(ROUNDS):
                rates["hello"].append(_drive(port, lambda _: b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
                rates["create"].append(_drive(port, lambda name, n=number: _order(token, f"{n}-{name}")))  # type: ignore[misc]
    best = {kind: max(found) for kind, found in rates.items()}
    report.line(f"hello, {CLIENTS} clients", best["hello"], "1/s")
    report.line("visits created", best["create"], "1/s")
    report.line("created beside hello", 100 * best["create"] / best["hello"], "%", goal=8, more_is_better=True)


def _settings(folder: str) -> Settings:
    return Settings.from_environment(
        {"FIELDAPP_INSTANCE": folder, "FIELDAPP_SECRET_KEY": KEY, "FIELDAPP_DATA_KEY": KEY}
    )


def _order(token: str, name: str) -> bytes:
    now = datetime.now(UTC)
    body = json.dumps({
        "external_id": f"B-{name}", "job_type": "install", "customer": builders.customer(),
        "promise": builders.promise(now + timedelta(days=1), told_before=timedelta(days=1, minutes=1)),
        "charges": [{"label": "Deposit", "amount": "100.00"}],
    }).encode()  # fmt: skip
    head = (
        f"POST /api/v1/visits HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: {name}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _drive(port: int, whole: Callable[[str], bytes]) -> float:
    """Requests a second, each client sending its own one after the other."""
    gate = threading.Barrier(CLIENTS + 1)

    def client(number: int) -> None:
        requests = [whole(f"{number}-{one}") for one in range(REQUESTS)]
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            gate.wait()
            for one in requests:
                _ask(line, one)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return CLIENTS * REQUESTS / (time.perf_counter() - began)


def _ask(line: socket.socket, whole: bytes) -> None:
    """Send it and read the answer; a refusal ends the benchmark."""
    line.sendall(whole)
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        body += line.recv(65536)
    if not re.match(rb"HTTP/1.1 20[01] ", head):
        raise SystemExit(f"refused: {got[:600]!r}")


@contextmanager
def _serving(folder: str) -> Iterator[int]:
    """The app in a process of its own, as `fieldapp serve` runs it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        worker = context.Process(target=_serve, args=(folder, listener, theirs), daemon=True)
        worker.start()
        ours.recv()
        try:
            yield listener.getsockname()[1]
        finally:
            worker.terminate()
            worker.join()


def _serve(folder: str, listener: socket.socket, ready: Connection) -> None:
    app = create_app(_settings(folder))
    guards.register(app, blueprint, guards.public("a benchmark"))
    settle_memory()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    ready.send(True)
    create_server(app, sockets=[listener], threads=THREADS, ident=None, clear_untrusted_proxy_headers=True).run()
