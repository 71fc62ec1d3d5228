"""Visits as iCalendar (RFC 5545). Every time is in UTC: a reader shows it in its own zone, whatever its clocks do."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

#: A line has at most so many bytes; the rest of it goes on after a space.
_LINE = 75


def calendar(name: str, events: Iterable[Mapping[str, str | datetime | int]]) -> str:
    """A calendar of events; of each its properties by name."""
    lines = [("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", "-//fieldapp//visits//EN"), ("METHOD", "PUBLISH"),
             ("X-WR-CALNAME", _text(name)), ("REFRESH-INTERVAL;VALUE=DURATION", "PT15M")]  # fmt: skip
    for one in events:
        lines += [("BEGIN", "VEVENT"), *((key, _value(value)) for key, value in one.items()), ("END", "VEVENT")]
    lines.append(("END", "VCALENDAR"))
    return "".join(_folded(f"{key}:{value}") for key, value in lines)


def _value(value: str | datetime | int) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    """Text with what has a meaning there escaped; control characters go."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\r\n", "\n")
    kept = "".join(one for one in escaped if one == "\n" or (ord(one) >= 32 and ord(one) != 127))
    return kept.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Cut between signs, never within the bytes of one."""
    parts, part, size = [], "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > _LINE:
            parts.append(part)
            part, size = " ", 1
        part, size = part + sign, size + width
    return "\r\n".join([*parts, part]) + "\r\n"
