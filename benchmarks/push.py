"""Pushes of 20 facts from 16 phones at once, beside the same endpoint with raw SQL and nothing else, in one run."""

import multiprocessing
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import push_load, report
from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, installation, sign_ins
from fieldapp.services.work import Work
from tests import builders
from tests.conftest import make_test_work
from tests.fakes import Clock

CLIENTS = 16
WORKERS = 2
ROUNDS = 3
BATCHES = 24
#: Visits of a technician lie on this many days, as a phone carries nine of them.
DAYS = 60
PASSWORD = "north-window-lamp-7"


def run() -> None:
    """Rates and percentiles, the two endpoints taking turns so that a busy machine is fair to both."""
    with tempfile.TemporaryDirectory() as folder:
        work = _company(Path(folder))
        cookies = [_sign_in(work, number) for number in range(CLIENTS)]
        phones = [push_load.Phone(_login(number), _visits(work, number)) for number in range(CLIENTS)]
        work.database.dispose()
        rates: dict[str, list[float]] = {"push": [], "raw": []}
        times: dict[str, list[float]] = {"push": [], "raw": []}
        with _serving(Path(folder)) as port:
            for _ in range(ROUNDS):
                for kind in ("raw", "push"):
                    bodies = [phone.batches(BATCHES, kind) for phone in phones]
                    took, each = _drive(port, kind, cookies, bodies)
                    rates[kind].append(CLIENTS * BATCHES / took)
                    times[kind] += each
    _tell(rates, times)


def _tell(rates: dict[str, list[float]], times: dict[str, list[float]]) -> None:
    # Neighbours take the processor at will: the best round is the one they disturbed least.
    raw, push = max(rates["raw"]), max(rates["push"])
    report.line("raw SQL only, 20 facts a batch", raw, "batches/s")
    report.line("push, 20 facts a batch", push, "batches/s")
    report.line("push beside raw", 100 * push / raw, "%", goal=50, more_is_better=True)
    for share in (0.5, 0.99):
        value = report.percentile(times["push"], share) * 1000
        goal = 40 if share > 0.9 else None
        beside = f"(raw: {report.percentile(times['raw'], share) * 1000:.3g} ms)"
        report.line(f"push p{share * 100:.0f} at {CLIENTS} clients", value, "ms", goal=goal, beside=beside)


def _login(number: int) -> str:
    return f"T{number + 101}"


def _company(folder: Path) -> Work:
    clock = Clock(builders.cast.NOW)
    clock.run()
    work = make_test_work(folder, clock)
    installation.upgrade(work, timezone=builders.cast.ZONE)
    for number in range(CLIENTS):
        accounts.add_account(
            work, OPERATOR, login=_login(number), name=_login(number), role="technician", password=PASSWORD,
            branch="main", team="main",
        )  # fmt: skip
    return work


def _sign_in(work: Work, number: int) -> str:
    return sign_ins.sign_in(
        work, login=_login(number), password=PASSWORD, agent="benchmark", browser=None, old=None
    ).secret  # fmt: skip


def _visits(work: Work, number: int) -> list[str]:
    """Visits for every batch of a technician, spread over the days around now."""
    login, now = _login(number), work.now()
    lines = [
        builders.scheduled(f"B-{login}-{one}", now + timedelta(days=one % DAYS - DAYS // 2), login)
        for one in range(ROUNDS * BATCHES)
    ]
    return push_load.plan(work, lines)


def _drive(port: int, kind: str, cookies: list[str], bodies: list[list[bytes]]) -> tuple[float, list[float]]:
    """Every client sends its batches one after the other; how long all took, and each."""
    each: list[list[float]] = [[] for _ in cookies]
    gate = threading.Barrier(len(cookies) + 1)

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            requests = [push_load.request(kind, cookies[number], body) for body in bodies[number]]
            gate.wait()
            for one in requests:
                began = time.perf_counter()
                push_load.ask(line, one)
                each[number].append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(len(cookies))]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, [one for own in each for one in own]


@contextmanager
def _serving(folder: Path) -> Any:
    """The real app and the raw endpoint in `WORKERS` processes on one port, as `fieldapp serve --workers` runs them."""
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        workers = []
        for _ in range(WORKERS):
            ours, theirs = context.Pipe()
            worker = context.Process(target=push_load.serve, args=(str(folder), listener, theirs), daemon=True)
            worker.start()
            ours.recv()
            workers.append(worker)
        try:
            yield listener.getsockname()[1]
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()
