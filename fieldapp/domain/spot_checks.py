"""Who is checked on the spot, and when: a draw that nobody can steer and everybody can repeat (docs/findings.md).

Everything follows from a seed. Its commitment is written down before the first day that it draws, the seed itself is
opened to everybody when the month is over. Owns the draw and what is done or left of it; makes no seed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from fieldapp.domain.calendar import Month, month_of_day, shifted
from fieldapp.domain.errors import Invalid

#: How often everybody is checked in a month, unless somebody says otherwise; and the most that can be asked for.
QUOTA, MOST = 2, 10

State = Literal["done", "due", "coming"]


@dataclass(frozen=True, slots=True)
class Check:
    """One drawn check of a technician: the day, and the day of the spot check that was counted for it."""

    day: date
    done_on: date | None

    def state(self, today: date) -> State:
        """Until it is done a check is due from its day on, whatever day it then becomes."""
        if self.done_on is not None:
            return "done"
        return "due" if self.day <= today else "coming"


def commitment(seed: str) -> str:
    """What is published before the draw: SHA-256 of the seed, in hexadecimal."""
    return hashlib.sha256(seed.encode()).hexdigest()


def rank(seed: str, *words: str) -> str:
    """The place of something in the draw: SHA-256 of the seed and the words, a line each. The lowest is drawn first."""
    return hashlib.sha256("\n".join((seed, *words)).encode()).hexdigest()


def check_quota(quota: int) -> int:
    """The quota, if anybody can do so much; raises `Invalid` spot_quota."""
    if not 1 <= quota <= MOST:
        raise Invalid("spot_quota", field="quota", most=MOST)
    return quota


def days(month: Month, committed_on: date) -> tuple[date, ...]:
    """The days that can be drawn: the whole month, or what is left of it after the day of a late commitment."""
    first = date.fromisoformat(f"{month}-01")
    after = date.fromisoformat(f"{shifted(month, 1)}-01")
    start = max(first, committed_on + timedelta(days=1))
    return tuple(start + timedelta(days=number) for number in range((after - start).days))


def drawn_days(seed: str, technician: str, choice: Iterable[date], quota: int) -> tuple[date, ...]:
    """The days on which one technician is checked: those of the lowest rank, in their order."""
    lowest = sorted(choice, key=lambda day: rank(seed, technician, day.isoformat()))[:quota]
    return tuple(sorted(lowest))


def drawn_visits(seed: str, numbers: Iterable[str]) -> tuple[str, ...]:
    """Order numbers in the order in which they are to be tried: the first is the one to check."""
    return tuple(sorted(numbers, key=lambda number: rank(seed, number)))


def follow(drawn: Sequence[date], done: Iterable[date]) -> tuple[Check, ...]:
    """The drawn checks with what was done: each with the first spot check on or after its day that no earlier one has.

    `done` are the days of distinct spot checks; those before any drawn day are extra and count for none.
    """
    left = sorted(done)
    checks = []
    for day in sorted(drawn):
        fitting = next((one for one in left if one >= day), None)
        if fitting is not None:
            left.remove(fitting)
        checks.append(Check(day, fitting))
    return tuple(checks)


def is_over(month: Month, today: date) -> bool:
    """Whether the seed of a month may be opened to everybody."""
    return month_of_day(today) > month
