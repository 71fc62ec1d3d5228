"""Several processes on one socket: as many as asked for, as long as the first one runs.

Owns starting them, starting another where one died, and ending all. The first one, the supervisor, serves nothing
itself: it has no threads of its own making, so that it may fork at any time.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Collection

import structlog

#: Seconds for workers to finish what they have under way.
GRACE = 20
#: So many workers in a row that end within so many seconds of their start: no other one would do better.
TRIES, YOUNG = 5, 10.0
#: From prctl.h.
PR_SET_PDEATHSIG = 1


def supervise(count: int, at_end: Callable[[], object]) -> bool:
    """Keep `count` workers at work. Returns in workers only, True in the one that was started first.

    The supervisor exits by 0 when it is asked to end (SIGTERM, SIGINT), by 1 when no worker stays alive; all workers
    have ended then and `at_end` was called.
    """
    ending: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: ending.append(number))
    workers: dict[int, float] = {}
    started = failed = 0
    while not ending and failed < TRIES:
        while len(workers) < count:
            worker = _fork()
            if worker == 0:
                return started == 0
            started += 1
            workers[worker] = time.monotonic()
        for worker, status in _ended(workers):
            is_young = time.monotonic() - workers.pop(worker) < YOUNG
            failed = failed + 1 if is_young else 0
            structlog.get_logger().error("a worker ended", process=worker, status=status, starts_another=failed < TRIES)
        time.sleep(0.1)
    send(signal.SIGTERM, workers)
    wait_for(workers)
    at_end()
    sys.exit(0 if ending else 1)


def _fork() -> int:
    """As `os.fork`; a worker hears signals as any program does, and is told when the supervisor dies."""
    heard = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    worker = os.fork()
    if worker == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with contextlib.suppress(AttributeError):  # a C library without it
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # nobody else would end an orphan
    signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
    return worker


def _ended(workers: Collection[int]) -> list[tuple[int, int]]:
    """Those that have ended by now, and how: an exit code, or a signal's number with a minus."""
    found = []
    for worker in workers:
        process, status = os.waitpid(worker, os.WNOHANG)
        if process:
            found.append((worker, os.waitstatus_to_exitcode(status)))
    return found


def send(number: signal.Signals, workers: Collection[int]) -> None:
    """Send a signal to those that are still there."""
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, number)


def wait_for(workers: Collection[int]) -> None:
    """Until they have ended. Who takes too long is killed: our port has to be free, and what was under way is done
    again by whoever comes next."""
    left, until = set(workers), time.monotonic() + GRACE
    while left := left - {worker for worker, _ in _ended(left)}:
        if time.monotonic() > until:
            send(signal.SIGKILL, left)
        time.sleep(0.05)
