"""A technician's calendar: when they work, what they can do and where, when they are away; what planned work runs into.

Owns these rules. Nothing entered means nothing excluded: who has no shifts works at any hour, who has no skills listed
does every job. Two visits of one technician at once are `scheduling`'s.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Invalid
from fieldapp.domain.places import Place
from fieldapp.domain.visits.events import JobType

AbsenceKind = Literal["sick", "leave", "training", "other"]
KINDS: tuple[AbsenceKind, ...] = get_args(AbsenceKind)
SKILLS: tuple[JobType, ...] = get_args(JobType)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: Longer than this is a typing error, not an absence.
LONGEST_ABSENCE = timedelta(days=400)
_DAY, _NAME_LENGTH, _MOST_DISTRICTS = timedelta(days=1), 200, 50
_SHIFT = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """Hours of one weekday (0 is Monday) by the branch's clock; an end not after the start is on the next day."""

    weekday: int
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is known of one technician's work; `base` is where their vehicle starts, latitude and longitude."""

    technician: str
    shifts: Sequence[Shift] = ()
    skills: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    base: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which a technician does not work."""

    absence_id: str
    technician: str
    span: Window
    kind: AbsenceKind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work as a planner wants it; `place` None: nobody knows where."""

    work: Window
    job_type: str
    district: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why somebody should not be sent: technician_absent, off_shift, skill_missing, district_foreign."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


def obstacles(calendar: Calendar, absences: Iterable[Absence], job: Job, zone: ZoneInfo) -> list[Obstacle]:
    """Everything of the technician's calendar that speaks against the job, the gravest first. Without a district, a
    visit lies in everybody's."""
    found = [
        Obstacle("technician_absent", {"start": one.span.start.isoformat(), "end": one.span.end.isoformat()})
        for one in sorted(absences, key=lambda one: one.span.start)
        if one.technician == calendar.technician and one.span.overlaps(job.work)
    ]
    if calendar.shifts and not _within(calendar.shifts, job.work, zone):
        found.append(Obstacle("off_shift", {"shifts": write_shifts(calendar.shifts)}))
    if calendar.skills and job.job_type not in calendar.skills:
        found.append(Obstacle("skill_missing", {"job": job.job_type}))
    if calendar.districts and job.district and job.district not in calendar.districts:
        found.append(Obstacle("district_foreign", {"district": job.district}))
    return found


def working_hours(shifts: Iterable[Shift], span: Window, zone: ZoneInfo) -> list[Window]:
    """The shifts that reach into `span` as moments, in order; those that touch are one."""
    hours: list[Window] = []
    day, last = span.start.astimezone(zone).date() - _DAY, span.end.astimezone(zone).date()
    found = []
    while day <= last:
        for shift in shifts:
            if shift.weekday == day.weekday():
                end = day if shift.end > shift.start else day + _DAY
                found.append((datetime.combine(day, shift.start, zone), datetime.combine(end, shift.end, zone)))
        day += _DAY
    for start, end in sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in found):
        if end <= span.start or start >= span.end:
            continue
        if hours and start <= hours[-1].end:
            hours[-1] = Window(hours[-1].start, max(end, hours[-1].end))
        else:
            hours.append(Window(start, end))
    return hours


def checked_absence(absence_id: str, technician: str, span: Window, kind: str, note: str) -> Absence:
    """An absence as entered; raises `Invalid` absence_kind_unknown, absence_too_long, text_too_long (field note)."""
    known: dict[str, AbsenceKind] = {one: one for one in KINDS}
    if kind not in known:
        raise Invalid("absence_kind_unknown", field="kind", value=kind)
    if span.end - span.start > LONGEST_ABSENCE:
        raise Invalid("absence_too_long", field="end", days=LONGEST_ABSENCE.days)
    if len(note) > _NAME_LENGTH:
        raise Invalid("text_too_long", field="note", limit=_NAME_LENGTH)
    return Absence(absence_id, technician, span, known[kind], note.strip())


def checked_calendar(calendar: Calendar) -> Calendar:
    """The calendar if it can be one; raises `Invalid` skill_unknown, district_malformed, place_malformed,
    shifts_overlap."""
    unknown = sorted(calendar.skills - set(SKILLS))
    if unknown:
        raise Invalid("skill_unknown", field="skills", value=unknown[0], known=", ".join(SKILLS))
    bad = [one for one in calendar.districts if not one.strip() or len(one) > _NAME_LENGTH or set(one) & set(";；\n\r")]
    if bad or len(calendar.districts) > _MOST_DISTRICTS:
        raise Invalid("district_malformed", field="districts", value=bad[0] if bad else "")
    if calendar.base is not None and not (abs(calendar.base[0]) <= 90 and abs(calendar.base[1]) <= 180):
        raise Invalid("place_malformed", field="lat")
    _check_apart(calendar.shifts)
    return calendar


def read_shifts(text: str) -> tuple[Shift, ...]:
    """Shifts as in a file: `mon-fri 08:00-17:30; sat 09:00-12:00`; raises `Invalid` shifts_malformed, _overlap."""
    found: list[Shift] = []
    for part in filter(None, (part.strip().lower() for part in re.split("[;；]", text))):
        match = _SHIFT.fullmatch(part)
        if match is None:
            raise Invalid("shifts_malformed", field="shifts", value=part)
        first, last = match[1], match[2] or match[1]
        try:
            start, end = time.fromisoformat(match[3]), time.fromisoformat(match[4])
            begin, until = DAYS.index(first), DAYS.index(last)
        except ValueError:
            raise Invalid("shifts_malformed", field="shifts", value=part) from None
        found.extend(Shift((begin + step) % 7, start, end) for step in range((until - begin) % 7 + 1))
    _check_apart(found)
    return tuple(sorted(found))


def write_shifts(shifts: Iterable[Shift]) -> str:
    """What `read_shifts` reads, days of the same hours together."""
    runs: list[tuple[int, int, Shift]] = []
    for shift in sorted(shifts, key=lambda one: (one.start, one.end, one.weekday)):
        if runs and (runs[-1][2].start, runs[-1][2].end, runs[-1][1] + 1) == (shift.start, shift.end, shift.weekday):
            runs[-1] = (runs[-1][0], shift.weekday, shift)
        else:
            runs.append((shift.weekday, shift.weekday, shift))
    return "; ".join(
        f"{DAYS[first]}{f'-{DAYS[last]}' if last > first else ''} {shift.start:%H:%M}-{shift.end:%H:%M}"
        for first, last, shift in sorted(runs, key=lambda one: (one[0], one[2].start))
    )


def _within(shifts: Sequence[Shift], work: Window, zone: ZoneInfo) -> bool:
    return any(one.start <= work.start and work.end <= one.end for one in working_hours(shifts, work, zone))


def _check_apart(shifts: Sequence[Shift]) -> None:
    """No two shifts share time, the week being a circle."""
    minutes: set[int] = set()
    for one in shifts:
        begin = one.weekday * 1440 + one.start.hour * 60 + one.start.minute
        length = (one.end.hour - one.start.hour) * 60 + one.end.minute - one.start.minute
        taken = {(begin + step) % 10080 for step in range(length if length > 0 else length + 1440)}
        if minutes & taken:
            raise Invalid("shifts_overlap", field="shifts", value=DAYS[one.weekday])
        minutes |= taken
