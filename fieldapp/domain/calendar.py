"""Months, windows and local times. Inside, times are aware UTC; a zone is given by whoever asks for local ones."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

from fieldapp.domain.errors import Invalid

Month = NewType("Month", str)  # "YYYY-MM"


def parse_month(text: str) -> Month:
    """`YYYY-MM` as a `Month`; raises `Invalid("month_malformed")`."""
    try:
        parsed = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("month_malformed", value=text) from None
    if text != parsed.strftime("%Y-%m"):
        raise Invalid("month_malformed", value=text)
    return Month(text)


def month_of(moment: datetime, zone: ZoneInfo) -> Month:
    """The calendar month of an aware moment in `zone`."""
    return Month(moment.astimezone(zone).strftime("%Y-%m"))


def month_of_day(day: date) -> Month:
    """The calendar month of a day."""
    return Month(day.strftime("%Y-%m"))


def month_bounds(month: Month, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First moment of the month and of the next one, in UTC."""
    year, number = int(month[:4]), int(month[5:])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    start, end = (datetime(*first, 1, tzinfo=zone).astimezone(UTC) for first in ((year, number), following))
    return start, end


def shifted(month: Month, by: int) -> Month:
    """So many months later (or earlier)."""
    index = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return Month(f"{index // 12:04d}-{index % 12 + 1:02d}")


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First moment of the day and of the next one, in UTC; 23 or 25 hours apart on days of a clock change."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    return start.astimezone(UTC), datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)


def localise(naive: datetime, zone: ZoneInfo) -> datetime:
    """A wall-clock time of `zone` as aware UTC.

    Raises `Invalid("time_skipped")` for a time that a clock change leaves out. A time that occurs twice is the
    first of the two, as people mean it, unless its `fold` says that it is the second.
    """
    moment = naive.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != naive:
        raise Invalid("time_skipped", value=naive.isoformat(" ", "minutes"), zone=str(zone))
    return moment


def is_twofold(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock of `zone` shows what it shows at `moment` twice, since it is put back."""
    local = moment.astimezone(zone)
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


@dataclass(frozen=True, slots=True)
class Window:
    """A closed interval of aware UTC times; `start < end` is the caller's to have checked (`checked`)."""

    start: datetime
    end: datetime

    @classmethod
    def checked(cls, start: datetime, end: datetime) -> "Window":
        """A window, or `Invalid("window_reversed")` when it ends before or as it starts."""
        if end <= start:
            raise Invalid("window_reversed", field="window_end", start=start.isoformat(), end=end.isoformat())
        return cls(start, end)

    def overlaps(self, other: "Window") -> bool:
        """Whether the two share more than an edge."""
        return self.start < other.end and other.start < self.end
