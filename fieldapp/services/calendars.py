"""Technicians' calendars at the dispatcher's desk: look, change, write down an absence and take it back.

Owns that every change is audited and that nobody overwrites a calendar that somebody else changed meanwhile. What a
visit runs into is `domain.calendars`'s; who takes over an absent technician's visits is `services.absences`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import (
    DAYS,
    KINDS,
    SKILLS,
    Absence,
    Calendar,
    Job,
    Obstacle,
    Shift,
    checked_absence,
    checked_calendar,
    obstacles,
    read_shifts,
    write_shifts,
)
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, calendars, planning
from fieldapp.storage.planning import Technician

__all__ = ["DAYS", "KINDS", "SKILLS", "Absence", "Calendar", "Shift", "read_shifts", "write_shifts"]


@dataclass(frozen=True)
class Person:
    """A technician with their calendar at `rev` and the absences that are not over."""

    technician: Technician
    calendar: Calendar
    rev: int
    absences: Sequence[Absence]


def list_people(work: Work, actor: Actor, branch: BranchCode) -> Sequence[Person]:
    """Every active technician of the branch, by code; absences of the next 60 days."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read() as db:
        people = [one for one in planning.technicians(db, branch) if one.is_active]
        found = calendars.of(db, branch, [one.code for one in people])
        away = calendars.absences(db, branch, None, Window(now, now + timedelta(days=60)))
    return [
        Person(one, found[one.code], 0, [absence for absence in away if absence.technician == one.code])
        for one in people
    ]


def get_person(work: Work, actor: Actor, branch: BranchCode, technician: str) -> Person:
    """One technician; raises `Invalid` technician_unknown."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        who = known(db, branch, technician)
        return Person(
            who, calendars.of(db, branch, [technician])[technician], calendars.rev_of(db, branch, technician),
            calendars.ending_after(db, branch, technician, work.now()),
        )  # fmt: skip


def save_calendar(work: Work, actor: Actor, branch: BranchCode, calendar: Calendar, rev: int) -> None:
    """Put the calendar in place of the one at `rev`. What is planned already stays planned.

    Raises `Conflict` calendar_changed, and what `domain.calendars.checked_calendar` does.
    """
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        known(db, branch, calendar.technician)
        keep(work, db, actor, branch, checked_calendar(calendar), rev, work.now())


def record_absence(
    work: Work, actor: Actor, branch: BranchCode, technician: str, span: Window, kind: str, note: str = ""
) -> Absence:
    """Write down that somebody will not work; what is planned then stays planned until somebody moves it.

    Raises `Invalid` technician_unknown, absence_over, absence_*; `Conflict` absence_known for the same time again.
    """
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    absence = checked_absence(work.new_id(), technician, span, kind, note)
    if span.end <= now:
        raise Invalid("absence_over", field="end")
    with work.write(branch) as db:
        known(db, branch, technician)
        if any(one.span == span for one in calendars.absences(db, branch, [technician], span)):
            raise Conflict("absence_known", field="start", technician=technician)
        add(work, db, actor, branch, [absence], now)
    return absence


def withdraw_absence(work: Work, actor: Actor, branch: BranchCode, absence_id: str) -> Absence:
    """Take an absence back: they work after all. Raises `NotFound`, also for one that was taken back before."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        absence = calendars.get_absence(db, branch, absence_id)
        calendars.withdraw(db, branch, absence_id, by=actor.login, now=now)
        _tell(work, db, actor, branch, "absence.withdrawn", absence, now)
    return absence


# --- Shared with the services that plan and import ----------------------------------------------------------------


def speaks_against(db: Db, branch: str, technicians: Sequence[str], job: Job) -> Mapping[str, Sequence[Obstacle]]:
    """Technician -> everything in their calendar that speaks against the job."""
    zone = zone_of(db, BranchCode(branch))
    away = calendars.absences(db, branch, technicians, job.work)
    return {code: obstacles(one, away, job, zone) for code, one in calendars.of(db, branch, technicians).items()}


def known(db: Db, branch: str, technician: str) -> Technician:
    """The branch's technician; raises `Invalid` technician_unknown."""
    found = planning.find_technician(db, branch, technician)
    if found is None:
        raise Invalid("technician_unknown", field="technician", technician=technician)
    return found


def keep(work: Work, db: Db, actor: Actor, branch: str, calendar: Calendar, rev: int, now: datetime) -> None:
    """Store and audit a checked calendar."""
    calendars.replace(db, branch, calendar, rev, by=actor.login, now=now)
    facts = {
        "shifts": write_shifts(calendar.shifts), "skills": " ".join(sorted(calendar.skills)),
        "districts": "; ".join(sorted(calendar.districts)),
        "base": "" if calendar.base is None else f"{calendar.base[0]} {calendar.base[1]}",
    }  # fmt: skip
    audit.append(
        db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action="calendar.changed",
        subject=calendar.technician, facts=facts,
    )  # fmt: skip


def add(work: Work, db: Db, actor: Actor, branch: str, absences: Sequence[Absence], now: datetime) -> None:
    """Store and audit checked absences."""
    calendars.add_absences(db, branch, absences, by=actor.login, now=now)
    for one in absences:
        _tell(work, db, actor, branch, "absence.recorded", one, now)


def _tell(work: Work, db: Db, actor: Actor, branch: str, action: str, absence: Absence, now: datetime) -> None:
    """Why somebody is away is not written into what never can be erased."""
    facts = {
        "absence": absence.absence_id, "start": absence.span.start.isoformat(), "end": absence.span.end.isoformat(),
    }  # fmt: skip
    audit.append(
        db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action=action, subject=absence.technician,
        facts=facts,
    )  # fmt: skip
