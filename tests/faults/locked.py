"""Somebody else holds the database's one place to write: reading goes on, phones are told to come again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldapp.cli.serve import THREADS
from fieldapp.storage.turns import PATIENCE, STALLED
from tests.faults import company
from tests.faults.clients import Client, Reader, confirmed, drain, halt, sending, wait_for_stored
from tests.faults.company import Company
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.server import Server

_FLOCK = "import fcntl,sys; f=open(sys.argv[1]+'.writer','a'); fcntl.flock(f,fcntl.LOCK_EX)"
_BEGIN = (
    "import pysqlite3,sys; c=pysqlite3.connect(sys.argv[1],isolation_level=None,timeout=60);"
    "c.execute('BEGIN IMMEDIATE')"
)
#: A refusal may take the patience of the turn, SQLite's own, and what a busy machine adds.
LONGEST_REFUSAL = PATIENCE + 2 + 2
#: Until nothing moves for so long, writers may take every thread; reading that waited for them would take seconds more.
SLOW_LOOK = STALLED + 1


def run(folder: Path, seconds: float) -> Outcome:
    """Hold the lock in both ways for so long each."""
    outcome = Outcome("write lock held by another process")
    place = company.found(folder / "instance", phones=THREADS + 1)
    with Server(place) as server:
        reader = Reader(server.port, place.people[-1])
        with sending(place, server.port, timeout=30) as clients:
            wait_for_stored(clients, 50)
            reader.start()
            for code in (_FLOCK, _BEGIN):
                _hold(outcome, place, clients, code, seconds)
            drain(clients)
        halt([reader])
    outcome.take(judge(place, clients))
    _judge_waiting(outcome, clients, reader)
    return outcome


def _hold(outcome: Outcome, place: Company, clients: list[Client], code: str, seconds: float) -> None:
    with _holding(place, code):
        # What was on its way when the lock was taken may still be answered.
        clients[0].join(0.3)
        before = confirmed(clients)
        clients[0].join(seconds)
        if confirmed(clients) > before + 20:
            outcome.problems.append(f"{confirmed(clients) - before} facts were stored past the lock")
    freed = time.monotonic()
    wait_for_stored(clients, 20)
    outcome.figures["until facts flow again"] = f"{time.monotonic() - freed:.1f} s"
    outcome.times += 1


@contextmanager
def _holding(place: Company, code: str) -> Iterator[None]:
    file = str(place.instance / "fieldapp.db")
    holder = subprocess.Popen(
        [sys.executable, "-c", f"{code}; print('held', flush=True); sys.stdin.read()", file],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(timeout=10)


def _judge_waiting(outcome: Outcome, clients: list[Client], reader: Reader) -> None:
    refused = sum(client.answers["503"] for client in clients)
    slowest = max(client.slowest_refusal for client in clients)
    looks = sorted(reader.took)
    outcome.problems += reader.problems[:5]
    outcome.figures |= {
        "refusals (503)": str(refused),
        "slowest refusal": f"{slowest:.1f} s",
        "looks at the day": f"{len(looks)}, slowest {looks[-1]:.1f} s",
    }
    if not refused:
        outcome.problems.append("nobody was refused: the lock held nothing up")
    if slowest > LONGEST_REFUSAL:
        outcome.problems.append(f"a refusal took {slowest:.1f} s")
    slow = sum(took > SLOW_LOOK for took in looks)
    if slow > max(1, len(looks) // 50):
        outcome.problems.append(f"{slow} of {len(looks)} looks at the day took over {SLOW_LOOK} s")
