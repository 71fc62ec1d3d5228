"""Who could do a job when: technicians with their calendars, absences and planned work in a span of time.

Owns fitting one more job in. It moves nothing that is planned; planning a whole day anew is another matter.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Absence, Calendar, Job, obstacles
from fieldapp.domain.scheduling import Plan, first_collision

#: Between two jobs at different places.
PAUSE = timedelta(minutes=15)
#: Windows begin on these steps, and, for who has no shifts entered, within these hours.
STEP = timedelta(minutes=30)
USUAL_HOURS = time(8), time(18)


@dataclass(frozen=True, slots=True)
class Free:
    """A window that a technician can keep: the work begins as it opens."""

    window: Window
    technician: str


@dataclass(frozen=True)
class Roster:
    """The technicians that can be sent, and what they have to do; `calendars` in the order of preference."""

    zone: ZoneInfo
    calendars: Mapping[str, Calendar]
    absences: Sequence[Absence]
    plans: Sequence[Plan]

    def fits(self, technician: str, job: Job, visit: str = "") -> bool:
        """Whether the technician can do it: free on the whole interval, there, able. `visit` may stand in its place."""
        calendar = self.calendars.get(technician)
        if calendar is None or obstacles(calendar, self.absences, job, self.zone):
            return False
        return first_collision(Plan(visit, "", technician, job.work), self.plans) is None

    def who(self, job: Job, visit: str = "") -> list[str]:
        """Everybody who can do it, whoever has least to do on its day first."""
        able = [one for one in self.calendars if self.fits(one, job, visit)]
        load = Counter(one.technician for one in self.plans if self._day(one.work) == self._day(job.work))
        return sorted(able, key=lambda one: load[one])

    def taking(self, plan: Plan) -> "Roster":
        """The same with one more plan, in place of what the visit had."""
        return replace(self, plans=[one for one in self.plans if one.visit != plan.visit] + [plan])

    def free_windows(self, job: Job, width: timedelta, until: datetime, visit: str = "") -> Iterator[Free]:
        """Windows of `width` from `job.work.start` on, each with the technician who has least to do on its day.

        Work begins with its window, so that a promise is kept by who keeps to the plan; a pause lies on both sides.
        """
        length = job.work.end - job.work.start
        start = _stepped(job.work.start, self.zone)
        while start < until:
            wanted = replace(job, work=Window(start, start + length))
            roomy = Window(start - PAUSE, start + length + PAUSE)
            for code in self.who(wanted, visit):
                clash = first_collision(Plan(visit, "", code, roomy), self.plans)
                if clash is None and self._is_usual(code, wanted.work):
                    yield Free(Window(start, start + width), code)
                    break
            start += STEP

    def _day(self, work: Window) -> date:
        return work.start.astimezone(self.zone).date()

    def _is_usual(self, technician: str, work: Window) -> bool:
        if self.calendars[technician].shifts:
            return True
        local = Window(work.start.astimezone(self.zone), work.end.astimezone(self.zone))
        opens, closes = USUAL_HOURS
        return local.start.date() == local.end.date() and opens <= local.start.time() and local.end.time() <= closes


def share_out(roster: Roster, jobs: Iterable[tuple[str, Job]]) -> tuple[dict[str, str | None], Roster]:
    """Visit -> who takes it over, one after the other by their start, None for whom nobody can; and the roster then."""
    found: dict[str, str | None] = {}
    for visit, job in sorted(jobs, key=lambda one: (one[1].work.start, one[0])):
        able = roster.who(job, visit)
        found[visit] = able[0] if able else None
        if able:
            roster = roster.taking(Plan(visit, "", able[0], job.work))
    return found, roster


def _stepped(moment: datetime, zone: ZoneInfo) -> datetime:
    """The next moment on a step of the clock that people read."""
    local = moment.astimezone(zone)
    over = timedelta(minutes=local.minute % (STEP // timedelta(minutes=1)), seconds=local.second,
                     microseconds=local.microsecond)  # fmt: skip
    return moment if not over else moment + STEP - over
