"""The threads that do outgoing work beside the requests of one process (`services.jobs` does each).

Owns starting, pausing and stopping. Any number of processes may run one: they share the work through the database.
"""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

import structlog

from fieldapp.services import jobs
from fieldapp.services.jobs import Handlers
from fieldapp.services.work import Busy, Work

#: So many things are under way at a time: one place that answers slowly must not keep the others waiting.
THREADS = 4
#: Seconds between two looks at the database while there is nothing to do.
PAUSE = 1.0
#: How often somebody looks whether a new day has begun, with what is done once a day.
TIDY = timedelta(hours=6)


class Runner:
    """Outgoing work, done until `stop`."""

    def __init__(
        self, work: Work, handlers: Handlers, *, threads: int = THREADS, pause: float = PAUSE,
        tidy: Callable[[Work], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._work, self._handlers, self._pause = work, handlers, pause
        self._threads, self._tidy = threads, tidy
        self._stopping = threading.Event()
        self._planning = threading.Lock()
        self._tidy_at = work.now()
        self._keeper = threading.Thread(target=self._keep_going, name="outgoing", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._keeper.start()

    def stop(self) -> None:
        """Take nothing more, and wait for what is under way."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()

    def _keep_going(self) -> None:
        """So many steps at a time; one that breaks off breaks off nothing else."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="outgoing") as pool:
            running: set[Future[None]] = set()
            while not self._stopping.is_set():
                running |= {pool.submit(self._step) for _ in range(self._threads - len(running))}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for error in filter(None, (one.exception() for one in done)):
                    # What it was about is tried again when its time is over (`jobs.LEASE`).
                    structlog.get_logger().error("outgoing work broke off", exc_info=error)
                    self._stopping.wait(self._pause)

    def _step(self) -> None:
        try:
            was_busy = jobs.do_next(self._work, self._handlers)
            if not was_busy and self._is_time_to_tidy():
                self._tidy(self._work)
        except Busy:
            was_busy = False
        if not was_busy:
            self._stopping.wait(self._pause)

    def _is_time_to_tidy(self) -> bool:
        with self._planning:
            now = self._work.now()
            # A clock that is put back after it was wrong must not put this off until then.
            due = not self._tidy_at - TIDY <= now < self._tidy_at
            self._tidy_at = now + TIDY if due else self._tidy_at
        return due
