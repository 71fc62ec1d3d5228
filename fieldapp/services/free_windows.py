"""The next windows that somebody can keep, for an appointment that is made or moved. Looks only; promises nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Job
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.roster import Free, Roster
from fieldapp.domain.visits.lifecycle import DURATIONS
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import calendars, planning

__all__ = ["Free", "Wish", "next_free", "roster"]

#: So many are offered, of one day at most so many, and looked for so far ahead.
MOST, MOST_OF_A_DAY, AHEAD = 6, 3, timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the windows are for: `minutes` None is the usual length of the job, `technician` None anybody who fits.

    `visit` is the one that is moved: its own time is free to it.
    """

    job_type: str
    district: str
    start: datetime
    width: timedelta
    minutes: int | None = None
    technician: str | None = None
    visit: str = ""


def next_free(work: Work, actor: Actor, branch: BranchCode, wish: Wish) -> Sequence[Free]:
    """Windows from the wished start (or now) on, by their start; none overlap, and few are of one day."""
    require(actor, "visits.plan", branch=branch)
    start = max(wish.start, work.now())
    with work.read() as db:
        people = [one.code for one in planning.technicians(db, branch) if one.is_active]
        wanted = [one for one in people if wish.technician in {None, one}]
        known = roster(db, branch, wanted, Window(start, start + AHEAD))
    if wish.job_type not in DURATIONS:
        return []
    length = DURATIONS[wish.job_type] if wish.minutes is None else timedelta(minutes=wish.minutes)
    job = Job(Window(start, start + length), wish.job_type, wish.district)
    return _spread(known, job, wish, start + AHEAD)


def roster(db: Db, branch: str, technicians: Sequence[str], span: Window) -> Roster:
    """These technicians with everything that they have to do in the span, and a day around it."""
    day = timedelta(days=1)
    wide = Window(span.start - day, span.end + day)
    found = calendars.of(db, branch, technicians)
    return Roster(
        zone=zone_of(db, BranchCode(branch)),
        calendars={code: found[code] for code in technicians},
        absences=calendars.absences(db, branch, technicians, wide),
        plans=planning.plans(db, branch, technicians, wide.start, wide.end),
    )


def _spread(known: Roster, job: Job, wish: Wish, until: datetime) -> list[Free]:
    days: Counter[str] = Counter()
    found: list[Free] = []
    for free in known.free_windows(job, wish.width, until, wish.visit):
        day = _day(free.window.start, known.zone)
        is_new = not found or free.window.start >= found[-1].window.end
        if not is_new or days[day] == MOST_OF_A_DAY:
            continue
        days[day] += 1
        found.append(free)
        if len(found) == MOST:
            break
    return found


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()
