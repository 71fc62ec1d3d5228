"""The next windows that somebody can keep, for an appointment that is made or moved. Looks only; promises nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Job
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.places import Place
from fieldapp.domain.roster import Free, Roster
from fieldapp.domain.visits.lifecycle import DURATIONS
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import calendars, planning
from fieldapp.storage.visits import Visit

__all__ = ["Free", "Wish", "for_customer", "keeper", "next_free", "roster"]

#: So far ahead is looked for; so many are offered, of one day at most so many: to a planner, who looks for the next one
#: that fits, and to a customer, who chooses one that suits.
AHEAD = timedelta(days=14)
FOR_PLANNER, FOR_CUSTOMER = (6, 3), (18, 8)


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
    place: Place | None = None


def next_free(work: Work, actor: Actor, branch: BranchCode, wish: Wish) -> Sequence[Free]:
    """Windows from the wished start (or now) on, by their start; none overlap, and few are of one day."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        return _looked_for(db, branch, replace(wish, start=max(wish.start, work.now())), *FOR_PLANNER)


def for_customer(db: Db, seen: Visit, start: datetime) -> Sequence[Free]:
    """Windows from `start` on for a visit that its customer moves, as wide as the one that they have."""
    return _looked_for(db, seen.branch, _as_it_is(seen, start), *FOR_CUSTOMER)


def keeper(db: Db, seen: Visit, start: datetime) -> str | None:
    """Who can keep a window of the visit that opens at `start`: its own technician where they can; None: nobody."""
    wish = _as_it_is(seen, start)
    length = seen.planned.end - seen.planned.start
    job = Job(Window(start, start + length), wish.job_type, wish.district, wish.place)
    known = roster(db, seen.branch, _people(db, seen.branch, None), job.work)
    own = replace(known, calendars={code: one for code, one in known.calendars.items() if code == seen.technician})
    for one in (own, known):
        # Windows begin on steps: from any other moment the next one that fits is not the one that was asked for.
        free = next(one.free_windows(job, wish.width, start + timedelta(seconds=1), wish.visit), None)
        if free is not None:
            return free.technician
    return None


def _as_it_is(seen: Visit, start: datetime) -> Wish:
    """The same visit at another time."""
    return Wish(
        job_type=seen.job_type, district=seen.district or "", start=start, width=seen.window.end - seen.window.start,
        minutes=(seen.planned.end - seen.planned.start) // timedelta(minutes=1), visit=seen.visit_id, place=seen.place,
    )  # fmt: skip


def _looked_for(db: Db, branch: str, wish: Wish, most: int, most_of_a_day: int) -> Sequence[Free]:
    if wish.job_type not in DURATIONS:
        return []
    until = wish.start + AHEAD
    known = roster(db, branch, _people(db, branch, wish.technician), Window(wish.start, until))
    length = DURATIONS[wish.job_type] if wish.minutes is None else timedelta(minutes=wish.minutes)
    job = Job(Window(wish.start, wish.start + length), wish.job_type, wish.district, wish.place)
    return _spread(known.free_windows(job, wish.width, until, wish.visit), known.zone, most, most_of_a_day)


def _people(db: Db, branch: str, technician: str | None) -> list[str]:
    return [one.code for one in planning.technicians(db, branch) if one.is_active and technician in {None, one.code}]


def roster(db: Db, branch: str, technicians: Sequence[str], span: Window) -> Roster:
    """These technicians with everything that they have to do in the span, and a day around it."""
    day = timedelta(days=1)
    wide = Window(span.start - day, span.end + day)
    found = calendars.of(db, branch, technicians)
    plans, place_of = planning.plans_with_places(db, branch, technicians, wide.start, wide.end)
    return Roster(
        zone=zone_of(db, BranchCode(branch)),
        calendars={code: found[code] for code in technicians},
        absences=calendars.absences(db, branch, technicians, wide),
        plans=plans,
        place_of=place_of,
    )


def _spread(every: Iterable[Free], zone: ZoneInfo, most: int, most_of_a_day: int) -> list[Free]:
    days: Counter[str] = Counter()
    found: list[Free] = []
    for free in every:
        day = _day(free.window.start, zone)
        is_new = not found or free.window.start >= found[-1].window.end
        if not is_new or days[day] == most_of_a_day:
            continue
        days[day] += 1
        found.append(free)
        if len(found) == most:
            break
    return found


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()
