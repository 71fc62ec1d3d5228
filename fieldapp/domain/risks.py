"""Who will probably miss which promised window: a technician's day looked ahead, visit by visit.

Owns the arithmetic of expected arrivals and of how likely a window is missed, and what then is worth an alarm. How long
ways take is the caller's (`places.Travel`), how long jobs take is learned from what was (`learn`). Times are taken for
normally distributed; who waits for a planned start is never early, so of two times the later counts, and the later of
two is taken for normal again. That is exact for the next visit and an estimate for those after it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import NormalDist, median, quantiles
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.places import Place, Travel
from fieldapp.domain.visits.lifecycle import DURATIONS, ENDED

#: A risk from here on is worth an alarm; shortly before the promise can no longer be moved, half of it is.
ALARM = 0.3
LAST_CALL = timedelta(minutes=30)
#: So few visits teach nothing: what jobs are planned for counts then, and this share of it as their spread.
FEWEST = 20
_SPREAD = 1 / 3
#: Nobody works or drives exactly to the minute.
_LEAST_SPREAD = timedelta(minutes=5)
#: What is left at least of a job that takes longer than such jobs do.
_REST = timedelta(minutes=10)
#: Ways vary by this share of their estimate.
_WAYS = 0.3
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Experience:
    """How long a kind of job takes: the middle one, and the spread around it."""

    typical: timedelta
    spread: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One visit of somebody's day: what is planned and promised, and what the phone said of it so far."""

    visit: str
    state: str
    job_type: str
    window: Window
    planned: Window
    place: Place | None = None
    departed: datetime | None = None
    arrived: datetime | None = None
    ended: datetime | None = None
    #: Whoever was given it does not come (`keeps_away`, `is_planned_elsewhen`): it is nobody's, and in nobody's way.
    is_deserted: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """When somebody will probably come, and how likely (0 to 1) it is that the window has ended by then."""

    visit: str
    arrival: datetime
    risk: float


def learn(durations: Mapping[str, Sequence[timedelta]]) -> dict[str, Experience]:
    """What finished visits teach, by kind of job; of too few, what such jobs are planned for."""
    found = {}
    for job_type, planned in DURATIONS.items():
        known = [one.total_seconds() for one in durations.get(job_type, ())]
        if len(known) < FEWEST:
            found[job_type] = Experience(planned, planned * _SPREAD)
            continue
        middle, high = median(known), quantiles(known, n=10)[-1]
        spread = timedelta(seconds=(high - middle) / _NORMAL.inv_cdf(0.9))
        found[job_type] = Experience(timedelta(seconds=middle), max(spread, _LEAST_SPREAD))
    return found


def look_ahead(
    stops: Iterable[Stop], now: datetime, experience: Mapping[str, Experience], travel: Travel
) -> list[Forecast]:
    """The open visits of one technician in the order of their plan, each with its expected arrival and risk.

    What ended only says where the technician is. Whoever is at work stays as long as such jobs take from the arrival.
    """
    free, place = _Moment(now, timedelta(0)), None
    found = []
    for stop in sorted(stops, key=_in_order):
        if stop.state in ENDED or stop.ended is not None:
            place = stop.place
            continue
        if stop.arrived is not None:
            free, place = _at_work(stop, now, experience), stop.place
            continue
        if stop.is_deserted:
            continue
        there = _there(stop, free, place, now, travel)
        # Who waits for the planned start is there then; whether the window is missed only the way decides.
        start, end = max(stop.planned.start, now), stop.window.end
        arrival = there if stop.departed is not None else there.not_before(start)
        missed = 1.0 if max(start, now) > end and (stop.departed is None or now > end) else there.later_than(end)
        found.append(Forecast(stop.visit, arrival.mean, missed))
        length = _length(stop, experience)
        free, place = arrival.plus(length.typical, length.spread), stop.place
    return found


def keeps_away(absence: Window, stop: Stop, now: datetime) -> bool:
    """Whether somebody who is absent then does not come to the visit: the absence reaches into the planned work or,
    where that should have begun, into as much time from now on. Who is at the door already was not kept away."""
    if stop.state in ENDED or stop.ended is not None or stop.arrived is not None:
        return False
    start = max(stop.planned.start, now)
    return absence.overlaps(Window(start, start + (stop.planned.end - stop.planned.start)))


def is_planned_elsewhen(stop: Stop, now: datetime, zone: ZoneInfo) -> bool:
    """Whether whoever keeps to the plan is not there in the window: it lies on another day by the clock of `zone`,
    which is not today either. Who set out already is coming."""
    if stop.departed is not None or stop.planned.overlaps(stop.window):
        return False
    days = _days(stop.planned, zone)
    return now.astimezone(zone).date() not in days and days.isdisjoint(_days(stop.window, zone))


def worth_an_alarm(risk: float, window: Window, now: datetime, notice: timedelta) -> bool:
    """Whether somebody has to be told: sooner while the promise can still be moved, and only just."""
    left = window.start - notice - now
    is_last_call = timedelta(0) <= left <= LAST_CALL
    return risk >= (ALARM / 2 if is_last_call else ALARM)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time that is not known exactly."""

    mean: datetime
    spread: timedelta

    def plus(self, length: timedelta, spread: timedelta) -> "_Moment":
        return _Moment(self.mean + length, timedelta(seconds=math.hypot(_seconds(self.spread), _seconds(spread))))

    def not_before(self, start: datetime) -> "_Moment":
        """The later of the two: Clark's mean and variance of the maximum of a normal variable and a constant."""
        spread = _seconds(self.spread)
        ahead = _seconds(self.mean - start)
        if spread == 0:
            return self if ahead >= 0 else _Moment(start, timedelta(0))
        share, density = _NORMAL.cdf(ahead / spread), _NORMAL.pdf(ahead / spread)
        mean = ahead * share + spread * density
        square = (ahead**2 + spread**2) * share + ahead * spread * density
        return _Moment(start + timedelta(seconds=mean), timedelta(seconds=math.sqrt(max(0.0, square - mean**2))))

    def later_than(self, moment: datetime) -> float:
        spread = max(_seconds(self.spread), 1.0)
        return 1 - _NORMAL.cdf(_seconds(moment - self.mean) / spread)


def _days(window: Window, zone: ZoneInfo) -> frozenset[date]:
    """The first and the last day of it."""
    return frozenset(moment.astimezone(zone).date() for moment in (window.start, window.end))


def _in_order(stop: Stop) -> tuple[bool, datetime, datetime, str]:
    """What was begun first, then by plan."""
    begun = stop.arrived or stop.departed
    return begun is None, begun or stop.planned.start, stop.planned.start, stop.visit


def _at_work(stop: Stop, now: datetime, experience: Mapping[str, Experience]) -> _Moment:
    arrived = stop.arrived or now
    length = _length(stop, experience)
    left = max(arrived + length.typical - now, _REST)
    return _Moment(now + left, max(min(length.spread, left), _LEAST_SPREAD))


def _there(stop: Stop, free: _Moment, place: Place | None, now: datetime, travel: Travel) -> _Moment:
    """When the technician can be there at the earliest."""
    way = travel(place, stop.place)
    spread = max(way * _WAYS, _LEAST_SPREAD)
    if stop.departed is not None:
        return _Moment(max(stop.departed + way, now), spread)
    return free.plus(way, spread)


def _length(stop: Stop, experience: Mapping[str, Experience]) -> Experience:
    """How long the job takes: as such jobs do; where somebody planned another length than usual, that, and as uncertain
    in proportion."""
    usual, planned = DURATIONS[stop.job_type], stop.planned.end - stop.planned.start
    known = experience[stop.job_type]
    if planned == usual:
        return known
    return Experience(planned, max(known.spread * (planned / usual), _LEAST_SPREAD))


def _seconds(length: timedelta) -> float:
    return length.total_seconds()
