"""Fakes at the `Work` seam: a clock that stands still, ids in order, passwords that cost nothing. No patching."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID


class Clock:
    """Time as a test wants it: stands still until `advance`; after `run` it goes on with the machine's own."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        self._running = False

    def __call__(self) -> datetime:
        return datetime.now(UTC) if self._running else self.moment

    def set(self, moment: datetime) -> None:
        """Stand still at `moment`."""
        self.moment, self._running = moment, False

    def advance(self, **by: Any) -> datetime:
        """Move on by e.g. `minutes=5`; returns the new time."""
        self.moment += timedelta(**by)
        return self.moment

    def run(self) -> None:
        """Follow the machine's clock (browsers do, and server and phone must agree)."""
        self._running = True


class Ids:
    """UUIDv7s with the clock's time stamp and a counter: always new, always in order, the same in every run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        stamp = int(self._clock().timestamp() * 1000)
        return str(UUID(int=stamp << 80 | 0x7 << 76 | 0b10 << 62 | next(self._numbers)))


class PlainPasswords:
    """Keeps passwords as they are."""

    def hash(self, password: str) -> str:
        return f"plain:{password}"

    def matches(self, password: str, hashed: str | None) -> bool:
        return hashed == f"plain:{password}"
