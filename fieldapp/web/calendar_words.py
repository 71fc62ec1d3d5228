"""How calendars of technicians are written for people: days, hours, why somebody is away."""

from collections.abc import Iterable, Sequence
from typing import Any

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from fieldapp.services.calendars import Shift

KINDS: dict[str, Any] = {
    "sick": _l("ill"), "leave": _l("on leave"), "training": _l("at a training"), "other": _l("for another reason"),
}  # fmt: skip


def day_name(weekday: int, width: str = "wide") -> str:
    """What a weekday is called; 0 is Monday."""
    return get_day_names(width, locale=get_locale())[weekday]  # type: ignore[arg-type]


def hours(shifts: Iterable[Shift], weekday: int) -> str:
    """The hours of one weekday as they are typed: `08:00-12:00, 13:00-17:00`."""
    return ", ".join(f"{one.start:%H:%M}-{one.end:%H:%M}" for one in shifts if one.weekday == weekday)


def week(shifts: Sequence[Shift]) -> list[tuple[str, str]]:
    """The working days with their hours, days of the same hours together: `Mon–Fri`, `08:00–17:00`."""
    runs: list[tuple[list[int], str]] = []
    for day in range(7):
        text = hours(shifts, day).replace("-", "–")
        if runs and runs[-1][1] == text:
            runs[-1][0].append(day)
        else:
            runs.append(([day], text))
    return [(_days(days), text) for days, text in runs if text]


def _days(days: list[int]) -> str:
    first, last = (day_name(day, "abbreviated") for day in (days[0], days[-1]))
    return first if len(days) == 1 else f"{first}–{last}"
