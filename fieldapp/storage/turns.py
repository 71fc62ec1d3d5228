"""Whose turn it is to write: one after the other, within this process and between processes of one machine.

Owns waiting, and giving up in time: a thread that waits for the disk's one writer is missing where people only read.
"""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: Seconds a writer waits for another one before the caller is told to come again.
PATIENCE = 5.0
#: While nobody gets on, no more than these wait; the threads beyond them are for those who read.
CROWD = 3
STALLED = 1.5


class Busy(Exception):
    """Another writer held the database for longer than anybody should wait, or the store is out of reach."""


class Turns:
    """One writer at a time. `lock_file` is what other processes queue at too; None for a database of our own."""

    def __init__(self, lock_file: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = _FileLock(lock_file) if lock_file else None
        self._counting = threading.Lock()
        self._waiting = 0
        self._moved = time.monotonic()

    @contextmanager
    def one(self, patience: float = PATIENCE) -> Iterator[None]:
        """Have the turn while the block runs. Raises `Busy` when it does not come."""
        until = time.monotonic() + patience
        if not self._queue(until):
            raise Busy("another writer holds the database")
        moves = True
        try:
            with self._among_processes(until):
                yield
        except Busy:
            moves = False
            raise
        finally:
            if moves:
                self._moved = time.monotonic()
            self._lock.release()

    @contextmanager
    def _among_processes(self, until: float) -> Iterator[None]:
        if self._file is None:
            yield
            return
        handle = self._file.take(until)
        try:
            yield
        finally:
            handle.close()  # which gives it back; the kernel does it for a process that dies

    def _queue(self, until: float) -> bool:
        if self._lock.acquire(blocking=False):
            return True
        self._count(1)
        try:
            while (left := until - time.monotonic()) > 0:
                if self._lock.acquire(timeout=min(left, STALLED / 2)):
                    return True
                if self._waiting > CROWD and time.monotonic() - self._moved > STALLED:
                    return False
            return False
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._counting:
            self._waiting += change


class _FileLock:
    """An exclusive lock on a file for which one waits only so long. Used by one thread at a time.

    The kernel has no such wait. Asking again and again would lose against processes that queue for it; so a helper
    queues, and one that nobody waits for any more hands what it got back at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._wanted = self._queueing = False
        self._got: IO[str] | None = None

    def take(self, until: float) -> IO[str]:
        """The locked file; closing it gives the lock back. Raises `Busy`."""
        try:
            handle = self._path.open("a")
        except OSError as error:
            raise Busy("the disk takes nothing") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._wait(handle, until)
        return handle

    def _wait(self, handle: IO[str], until: float) -> IO[str]:
        with self._changed:
            self._wanted = True
            if self._queueing:
                handle.close()  # the helper of somebody who gave up queues still
            else:
                self._queueing = True
                threading.Thread(target=self._stand, args=(handle,), daemon=True).start()
            self._changed.wait_for(lambda: self._got is not None, max(0.0, until - time.monotonic()))
            got, self._got, self._wanted = self._got, None, False
        if got is None:
            raise Busy("another process holds the database")
        return got

    def _stand(self, handle: IO[str]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with self._changed:
            self._queueing = False
            if self._wanted:
                self._got = handle
                self._changed.notify_all()
            else:
                handle.close()
