"""Who could do a job when: technicians with their calendars, absences and planned work in a span of time.

Owns fitting one more job in. It moves nothing that is planned; planning a whole day anew is another matter.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Absence, Calendar, Job, obstacles
from fieldapp.domain.places import ByGreatCircle, Place, Travel
from fieldapp.domain.scheduling import Plan

#: Between two jobs of which an offer is made, however near they are.
PAUSE = timedelta(minutes=15)
#: No way is longer than this: what is further off in time needs no look.
_FAR, _NO_TIME = timedelta(hours=12), timedelta(0)
_BY_CIRCLE = ByGreatCircle()
#: Windows begin on these steps, and, for who has no shifts entered, within these hours.
STEP = timedelta(minutes=30)
USUAL_HOURS = time(8), time(18)

Owned = TypeVar("Owned", Plan, Absence)


@dataclass(frozen=True, slots=True)
class Free:
    """A window that a technician can keep: the work begins as it opens."""

    window: Window
    technician: str


@dataclass(frozen=True)
class Roster:
    """The technicians that can be sent, and what they have to do; `calendars` in the order of preference.

    `place_of` a planned visit: where it is, None where nobody knows. The way between two known places is kept free.
    """

    zone: ZoneInfo
    calendars: Mapping[str, Calendar]
    absences: Sequence[Absence]
    plans: Sequence[Plan]
    place_of: Callable[[str], Place | None] = lambda _: None
    travel: Travel = _BY_CIRCLE

    def fits(self, technician: str, job: Job, visit: str = "") -> bool:
        """Whether the technician can do it: free on the whole interval and the ways to and from it, there, able.
        `visit` may stand in its place."""
        calendar = self.calendars.get(technician)
        if calendar is None or self._collides(technician, job, visit, _NO_TIME):
            return False
        return not obstacles(calendar, self._away[technician], job, self.zone)

    def who(self, job: Job, visit: str = "") -> list[str]:
        """Everybody who can do it, whoever has least to do on its day first."""
        able = [one for one in self.calendars if self.fits(one, job, visit)]
        day = self._day(job.work)
        return sorted(able, key=lambda one: self._load[one, day])

    def taking(self, plan: Plan, place: Place | None) -> "Roster":
        """The same with one more plan, in place of what the visit had."""
        plans = [*(one for one in self.plans if one.visit != plan.visit), plan]
        before = self.place_of
        return replace(self, plans=plans, place_of=lambda visit: place if visit == plan.visit else before(visit))

    def free_windows(self, job: Job, width: timedelta, until: datetime, visit: str = "") -> Iterator[Free]:
        """Windows of `width` from `job.work.start` on, each with the technician who has least to do on its day.

        Work begins with its window, so that a promise is kept by who keeps to the plan; a pause lies on both sides.
        """
        length = job.work.end - job.work.start
        start = _stepped(job.work.start, self.zone)
        while start < until:
            wanted = replace(job, work=Window(start, start + length))
            for code in self.who(wanted, visit):
                if not self._collides(code, wanted, visit, PAUSE) and self._is_usual(code, wanted.work):
                    yield Free(Window(start, start + width), code)
                    break
            start += STEP

    def _collides(self, technician: str, job: Job, visit: str, pause: timedelta) -> bool:
        return any(one.visit != visit and self._is_too_near(one, job, pause) for one in self._planned[technician])

    def _is_too_near(self, plan: Plan, job: Job, pause: timedelta) -> bool:
        between = max(plan.work.start - job.work.end, job.work.start - plan.work.end)
        if between < pause or between >= _FAR or job.place is None:
            return between < pause
        place = self.place_of(plan.visit)
        return place is not None and between < self.travel(place, job.place)

    @cached_property
    def _planned(self) -> Mapping[str, Sequence[Plan]]:
        return _grouped(self.plans)

    @cached_property
    def _away(self) -> Mapping[str, Sequence[Absence]]:
        return _grouped(self.absences)

    @cached_property
    def _load(self) -> Counter[tuple[str, date]]:
        """How many plans a technician has on a day."""
        return Counter((one.technician, self._day(one.work)) for one in self.plans)

    def _day(self, work: Window) -> date:
        return work.start.astimezone(self.zone).date()

    def _is_usual(self, technician: str, work: Window) -> bool:
        if self.calendars[technician].shifts:
            return True
        local = Window(work.start.astimezone(self.zone), work.end.astimezone(self.zone))
        opens, closes = USUAL_HOURS
        return local.start.date() == local.end.date() and opens <= local.start.time() and local.end.time() <= closes


def _grouped(things: Iterable[Owned]) -> Mapping[str, list[Owned]]:
    found: defaultdict[str, list[Owned]] = defaultdict(list)
    for one in things:
        found[one.technician].append(one)
    return found


def share_out(roster: Roster, jobs: Iterable[tuple[str, Job]]) -> tuple[dict[str, str | None], Roster]:
    """Visit -> who takes it over, one after the other by their start, None for whom nobody can; and the roster then."""
    found: dict[str, str | None] = {}
    for visit, job in sorted(jobs, key=lambda one: (one[1].work.start, one[0])):
        able = roster.who(job, visit)
        found[visit] = able[0] if able else None
        if able:
            roster = roster.taking(Plan(visit, "", able[0], job.work), job.place)
    return found, roster


def _stepped(moment: datetime, zone: ZoneInfo) -> datetime:
    """The next moment on a step of the clock that people read."""
    local = moment.astimezone(zone)
    over = timedelta(minutes=local.minute % (STEP // timedelta(minutes=1)), seconds=local.second,
                     microseconds=local.microsecond)  # fmt: skip
    return moment if not over else moment + STEP - over
