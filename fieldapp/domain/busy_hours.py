"""Hours of the week by a branch's clock: which stretches of time they are, and what sums over them say.

Owns the week's hours, on days when the clocks change, too. What is counted in them is storage's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window, day_bounds

#: What a visit is put into an hour by: the start of its promised window, or of its planned work.
By = Literal["window", "planned"]
BYS: tuple[By, ...] = get_args(By)
#: The zones of the world keep whole quarters of an hour.
QUARTER = timedelta(minutes=15)
#: So many weeks at most are cut into hours.
MOST_WEEKS = 53
_FORM = re.compile(r"([0-6]?)-(\d|1\d|2[0-3])?")


@dataclass(frozen=True, slots=True)
class Hours:
    """An hour of every week, or all hours of a weekday, or an hour of every day, or any time (both None).

    `weekday` 0 is Monday; `hour` 9 is from nine to ten by the branch's clock.
    """

    weekday: int | None = None
    hour: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Hours | None":
        """What `str` made of it, "0-9" or "0-" or "-9" or "-"; None for anything else."""
        found = _FORM.fullmatch(text) if text.isascii() else None
        return cls(*(int(part) if part else None for part in found.groups())) if found else None

    def __str__(self) -> str:
        return "-".join("" if part is None else str(part) for part in (self.weekday, self.hour))

    def holds(self, other: "Hours") -> bool:
        """Whether the `other` one, of one hour of the week, is among these."""
        return self.weekday in (None, other.weekday) and self.hour in (None, other.hour)


@dataclass(frozen=True, slots=True)
class Tally:
    """So many visits, of which so many promises broke."""

    visits: int = 0
    broken: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.visits + other.visits, self.broken + other.broken)


def hours_of(moment: datetime, zone: ZoneInfo) -> Hours:
    """The hour of the week that a moment is in."""
    local = moment.astimezone(zone)
    return Hours(local.weekday(), local.hour)


def span(today: date, weeks: int) -> tuple[date, date]:
    """First and last day of so many whole weeks before today: every weekday is in it equally often."""
    return today - timedelta(weeks=weeks), today - timedelta(days=1)


def tally(counts: Iterable[tuple[datetime, int, int]], zone: ZoneInfo) -> Mapping[Hours, Tally]:
    """Visits and broken promises by the hour of the week, from those that begin at one moment each."""
    found: dict[Hours, Tally] = {}
    for moment, visits, broken in counts:
        place = hours_of(moment, zone)
        found[place] = found.get(place, Tally()) + Tally(visits, broken)
    return found


def total(tallies: Mapping[Hours, Tally], wanted: Hours) -> Tally:
    """The sum over the hours that are wanted."""
    return sum((one for place, one in tallies.items() if wanted.holds(place)), Tally())


def stretches(wanted: Hours, first: date, last: date, zone: ZoneInfo) -> Sequence[Window]:
    """When these hours were, from the first day to the last; half-open. An hour that the clocks leave out is in none,
    one that they repeat is twice as long. At most `MOST_WEEKS` are cut up: later days are left out."""
    last = min(last, first + timedelta(weeks=MOST_WEEKS, days=-1))
    if wanted == Hours():
        return [Window(day_bounds(first, zone)[0], day_bounds(last, zone)[1])] if first <= last else []
    found: list[Window] = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if wanted.weekday in (None, day.weekday()):
            start, end = day_bounds(day, zone)
            found += [Window(start, end)] if wanted.hour is None else _hour(wanted.hour, start, end, zone)
    return found


def _hour(hour: int, start: datetime, end: datetime, zone: ZoneInfo) -> Iterable[Window]:
    """The quarters of a day that this hour has, as one."""
    quarters = [start + number * QUARTER for number in range((end - start) // QUARTER)]
    own = [one for one in quarters if one.astimezone(zone).hour == hour]
    return [Window(own[0], own[-1] + QUARTER)] if own else []
