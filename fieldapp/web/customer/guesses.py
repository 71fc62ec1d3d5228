"""How many wrong tokens one address may try. Counts in this process's memory: 256 random bits need no more, and a
stranger's guesses must not become writes to the database."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from fieldapp.domain.errors import TooMany

MOST = 20
WHILE = timedelta(minutes=10)
#: Addresses remembered; the one that has been quiet longest is forgotten first.
ADDRESSES = 10_000


class Guesses:
    """Wrong tokens per address within a time."""

    def __init__(self) -> None:
        self._since: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._lock = Lock()

    def check(self, address: str, now: datetime) -> None:
        """Raise `TooMany` when this address has used up its guesses."""
        with self._lock:
            since, count = self._since.get(address, (now, 0))
        left = since + WHILE - now
        if count >= MOST and left > timedelta():
            raise TooMany("too_many", retry_after=int(left.total_seconds()) + 1)

    def wrong(self, address: str, now: datetime) -> None:
        """Count one."""
        with self._lock:
            since, count = self._since.pop(address, (now, 0))
            fresh = now - since >= WHILE
            self._since[address] = (now, 1) if fresh else (since, count + 1)
            while len(self._since) > ADDRESSES:
                self._since.popitem(last=False)
