"""How often something may be done: wrong tokens from one address, posts through one link. Counts in this process's
memory: 256 random bits need no more, and a stranger's guesses must not become writes to the database."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from fieldapp.domain.errors import TooMany

MOST = 20
WHILE = timedelta(minutes=10)
#: Of so many it is remembered; who has been quiet longest is forgotten first.
REMEMBERED = 10_000


class Often:
    """How often each did it within a time."""

    def __init__(self) -> None:
        self._since: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._lock = Lock()

    def check(self, who: str, now: datetime) -> None:
        """Raise `TooMany` when they did it often enough."""
        with self._lock:
            since, count = self._since.get(who, (now, 0))
        left = since + WHILE - now
        if count >= MOST and left > timedelta():
            raise TooMany("too_many", retry_after=int(left.total_seconds()) + 1)

    def count(self, who: str, now: datetime) -> None:
        """Count one."""
        with self._lock:
            since, count = self._since.pop(who, (now, 0))
            fresh = now - since >= WHILE
            self._since[who] = (now, 1) if fresh else (since, count + 1)
            while len(self._since) > REMEMBERED:
                self._since.popitem(last=False)
