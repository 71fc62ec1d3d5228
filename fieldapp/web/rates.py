"""How often each program may ask: so many requests at once, and as many again in a minute.

Counts in this process's memory; with several processes each counts its own share. Nothing is written for a request that
is refused, or only looks.
"""

from datetime import datetime, timedelta
from threading import Lock

from fieldapp.domain.errors import TooMany

MINUTE = timedelta(minutes=1)


class Rates:
    """Leaky buckets by key. A bucket holds a minute's worth and empties evenly."""

    def __init__(self) -> None:
        self._full_until: dict[str, datetime] = {}
        self._lock = Lock()

    def spend(self, key: str, rate: int, now: datetime) -> None:
        """Count one request of `key`, who has `rate` a minute. Raises `TooMany` and counts none when they are spent."""
        each = MINUTE / rate
        with self._lock:
            until = max(self._full_until.get(key, now), now) + each
            late = until - now - MINUTE
            if late > timedelta():
                raise TooMany("rate_exceeded", rate=rate, retry_after=int(late.total_seconds()) + 1)
            self._full_until[key] = until
