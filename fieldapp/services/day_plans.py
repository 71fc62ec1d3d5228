"""A day of the branch planned anew: what there is to plan, a proposal beside the plan as it stands, and applying it.

Owns what counts as fixed, and that a proposal is applied as it was shown or not at all. How a day is laid out is
`domain.day_plans`'s; what moves is moved, checked and audited by `services.rearranging`.
"""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window, day_bounds
from fieldapp.domain.calendars import Absence, Calendar, Job, Obstacle, obstacles, working_hours
from fieldapp.domain.day_plans import LEAD, Block, Day, DayPlan, Person, Placement, Point, Solve, Task
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.places import ByGreatCircle, Place, Travel
from fieldapp.domain.roster import USUAL_HOURS
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.services import claims, rearranging
from fieldapp.services.branches import zone_of
from fieldapp.services.day_plan_solver import ByPyVrp
from fieldapp.services.rearranging import CannotRearrange, Change
from fieldapp.services.work import Db, Work
from fieldapp.storage import board, calendars, pins
from fieldapp.storage.board import Happened, Planned
from fieldapp.storage.planning import Technician
from fieldapp.storage.visits import Visit

__all__ = ["Asked", "CannotRearrange", "Change", "Lane", "Outlook", "Proposal", "Step", "Unplaced", "Visit"]

#: How long is looked for the best plan, and up to how many visits and technicians.
SECONDS, MOST_VISITS, MOST_PEOPLE = 8.0, 300, 40
#: What is left of a visit at least, where somebody is there longer than planned.
_REST = timedelta(minutes=10)
_LONGEST_SHIFT = timedelta(hours=16)

Reason = Literal["window_over", "skill_missing", "district_foreign", "nobody_there", "no_room"]
#: What becomes of a visit of somebody's: nothing, it is nobody's until now, another's until now, begins at another
#: time, goes to somebody else.
Kind = Literal["", "new", "taken", "time", "gone"]

#: One plan at a time in a process: it takes all of a core, and the others' threads are for the phones.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which day, and whose: of one team, or of all. What nobody was given belongs to every team."""

    day: date
    team: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there would be to plan: visits that may move, how many of them are nobody's, visits that stay where they
    are, and technicians."""

    open: int
    pool: int
    fixed: int
    people: int


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of somebody's day, from when to when; `other` is whose it was, or whose it becomes."""

    visit: Planned
    work: Window
    kind: Kind
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A technician's day as it stands and as it would be."""

    technician: Technician
    before: Sequence[Step]
    after: Sequence[Step]

    @property
    def changes(self) -> bool:
        return any(step.kind for step in (*self.before, *self.after))


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A visit whose promise nobody can keep, and why. It `stays` as it is, or is nobody's until a person decides."""

    visit: Planned
    reason: Reason
    stays: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """The day planned anew, beside what it is the plan of (`mark`). Nothing of it is done yet."""

    mark: str
    lanes: Sequence[Lane]
    left: Sequence[Unplaced]
    changes: Sequence[Change]
    ways_before: timedelta
    ways_after: timedelta

    def count(self, kind: Kind) -> int:
        """How many visits something becomes of."""
        return sum(step.kind == kind for lane in self.lanes for step in lane.after)


def look(work: Work, actor: Actor, branch: BranchCode, asked: Asked) -> Outlook:
    """What there is to plan; raises `Invalid` day_over."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        read = _Read(db, branch, asked, work.now(), ByGreatCircle())
        pool = sum(task.technician is None for task in read.day.tasks)
        stay = sum(one.visit_id in read.known for one in read.fixed)
        return Outlook(len(read.day.tasks), pool, stay, len(read.people))


def propose(
    work: Work, actor: Actor, branch: BranchCode, asked: Asked, *, solve: Solve | None = None,
    travel: Travel | None = None,
) -> Proposal:  # fmt: skip
    """The best plan that is found in `SECONDS`; raises `Invalid` day_over, plan_too_big, `Conflict` plan_busy."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        read = _Read(db, branch, asked, work.now(), travel or ByGreatCircle())
        day, mark = read.day, read.mark
        known = read.known
    if len(day.tasks) > MOST_VISITS or len(day.people) > MOST_PEOPLE:
        raise Invalid("plan_too_big", field="team", visits=MOST_VISITS, technicians=MOST_PEOPLE)
    if not _one_at_a_time.acquire(blocking=False):
        raise Conflict("plan_busy")
    try:
        plan = day.plan(solve or ByPyVrp(SECONDS))
    finally:
        _one_at_a_time.release()
    return _Told(known, read.people, read.calendars, day, plan).proposal(mark)


def apply(
    work: Work, actor: Actor, branch: BranchCode, asked: Asked, mark: str, changes: Sequence[Change]
) -> Sequence[Visit]:
    """Move what a proposal moves, all of it; raises `Conflict` day_changed where it is the plan of another day by now,
    and what `rearranging.rearrange` does."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        read = _Read(db, branch, asked, now, ByGreatCircle())
        if read.mark != mark or any(one.start is not None and one.start < now for one in changes if one.technician):
            raise Conflict("day_changed")
        return rearranging.rearrange(work.within(db), actor, branch, changes)


@dataclass(frozen=True)
class _Read:
    """What is read of the day in one transaction."""

    db: Db
    branch: BranchCode
    asked: Asked
    now: datetime
    travel: Travel

    @cached_property
    def zone(self) -> ZoneInfo:
        return zone_of(self.db, self.branch)

    @cached_property
    def bounds(self) -> Window:
        bounds = Window(*day_bounds(self.asked.day, self.zone))
        if bounds.end <= self.now:
            raise Invalid("day_over", field="day")
        return bounds

    @cached_property
    def span(self) -> Window:
        """The day, and the rest of its last shifts."""
        return Window(self.bounds.start, self.bounds.end + _LONGEST_SHIFT)

    @cached_property
    def team(self) -> Sequence[Technician]:
        """Whoever is or was of it: what somebody left behind is to be done by others."""
        return [one for one in board.technicians(self.db, self.branch) if self.asked.team in {"", one.team}]

    @cached_property
    def people(self) -> Sequence[Technician]:
        return [one for one in self.team if one.is_active]

    @cached_property
    def codes(self) -> Sequence[str]:
        return [one.code for one in self.people]

    @cached_property
    def visits(self) -> Sequence[Planned]:
        codes = [one.code for one in self.team]
        return board.planned(self.db, self.branch, self.span.start, self.span.end, [*codes, None])

    @cached_property
    def known(self) -> Mapping[str, Planned]:
        """What a plan of the day tells of; later visits only keep its last shifts from running into them."""
        return {one.visit_id: one for one in self.visits if one.planned.overlaps(self.bounds)}

    @cached_property
    def pinned(self) -> frozenset[str]:
        return pins.within(self.db, self.branch, self.span)

    @cached_property
    def decided(self) -> frozenset[str]:
        """What a person planned where no plan of the day would put it: against calendar or promise, saying why, or
        beyond the hours of somebody whose calendar says nothing against it."""
        ours = [one for one in self.visits if one.technician in self.calendars]
        against = {one.external_id: (one.technician or "", self._against(one)) for one in ours}
        spoken = claims.overruled(self.db, self.branch, {key: one for key, one in against.items() if one[1]})
        return frozenset(
            one.visit_id for one in ours
            if one.external_id in spoken or (not against[one.external_id][1] and not self._is_in_hours(one))
        )  # fmt: skip

    @cached_property
    def calendars(self) -> Mapping[str, Calendar]:
        return calendars.of(self.db, self.branch, self.codes)

    @cached_property
    def absences(self) -> Sequence[Absence]:
        return calendars.absences(self.db, self.branch, self.codes, self.span)

    @cached_property
    def happened(self) -> Mapping[str, Happened]:
        begun = [one.visit_id for one in self.visits if one.state != "planned"]
        return {str(visit): what for visit, what in board.happened(self.db, self.branch, begun).items()}

    @cached_property
    def mark(self) -> str:
        """Another one whenever the day is planned from something else. That somebody sets out or is done changes no
        plan: the visits that would move are looked at one by one."""
        plans = [
            (one.visit_id, one.technician, one.planned, one.window, one.job_type, one.district, one.lat, one.lon,
             one.held > 0, one.visit_id in self.pinned)
            for one in self.visits
        ]  # fmt: skip
        found = [(code, sorted(one.skills), sorted(one.districts), one.shifts, one.base)
                 for code, one in sorted(self.calendars.items())]  # fmt: skip
        return hashlib.sha256(repr((self.asked, plans, found, self.absences)).encode()).hexdigest()[:32]

    @cached_property
    def earliest(self) -> datetime:
        return max(self.bounds.start, self.now + LEAD)

    @cached_property
    def fixed(self) -> Sequence[Planned]:
        """What stays where it is, and is still to be done."""
        return [one for one in self.visits if one.technician and one.state not in ENDED and not self._may_move(one)]

    @cached_property
    def day(self) -> Day:
        tasks = [self._task(one) for one in self.visits if self._may_move(one)]
        return Day(tasks, [self._person(code) for code in self.codes], self.travel, self.earliest)

    def _may_move(self, visit: Planned) -> bool:
        is_open = visit.state == "planned" and not visit.held and visit.visit_id not in self.pinned | self.decided
        is_here = visit.planned.overlaps(self.bounds) and visit.window.overlaps(self.bounds)
        return is_open and is_here and (visit.technician is None or visit.planned.start >= self.earliest)

    def _against(self, visit: Planned) -> Sequence[Obstacle]:
        calendar = obstacles(self.calendars[visit.technician or ""], self.absences, _job(visit), self.zone)
        return [*calendar, *claims.outside_promise(visit.window, visit.planned.start)]

    def _is_in_hours(self, visit: Planned) -> bool:
        hours = self._hours(self.calendars[visit.technician or ""])
        return any(one.start <= visit.planned.start and visit.planned.end <= one.end for one in hours)

    def _task(self, visit: Planned) -> Task:
        job = _job(visit)
        able = (code for code in self.codes if not _unable(self.calendars[code], job, self.zone))
        return Task(
            visit=visit.visit_id, place=visit.place, window=visit.window,
            length=visit.planned.end - visit.planned.start, able=frozenset(able), technician=visit.technician,
            start=visit.planned.start,
        )  # fmt: skip

    def _person(self, code: str) -> Person:
        away = [Block(one.span) for one in self.absences if one.technician == code]
        work = [Block(self._until_done(one), one.place) for one in self.fixed if one.technician == code]
        return Person(
            technician=code, hours=self._hours(self.calendars[code]), blocks=[*away, *work], origin=self._origin(code)
        )

    def _hours(self, calendar: Calendar) -> Sequence[Window]:
        """The shifts that begin on the day; for who has none entered, the usual hours."""
        if calendar.shifts:
            return [one for one in working_hours(calendar.shifts, self.bounds, self.zone)
                    if self.bounds.start <= one.start]  # fmt: skip
        opens, closes = (datetime.combine(self.asked.day, hour, self.zone) for hour in USUAL_HOURS)
        return [Window(opens.astimezone(self.now.tzinfo), closes.astimezone(self.now.tzinfo))]

    def _until_done(self, visit: Planned) -> Window:
        """When fixed work is over: what has begun takes from its beginning as long as planned."""
        if visit.state == "planned":
            return visit.planned
        arrived = self.happened.get(visit.visit_id, Happened()).arrived or self.now
        done = arrived + (visit.planned.end - visit.planned.start)
        return Window(visit.planned.start, max(visit.planned.end, done, self.now + _REST))

    def _origin(self, code: str) -> Point:
        """Where somebody comes from: from their last visit of the day, else from where their vehicle stands."""
        ended = [
            (self.happened.get(one.visit_id, Happened()).ended or one.planned.end, one)
            for one in self.visits if one.technician == code and one.state in ENDED
        ]  # fmt: skip
        if ended:
            return max(ended, key=lambda one: one[0])[1].place
        base = self.calendars[code].base
        return Place(*base) if base else "anywhere"


@dataclass(frozen=True)
class _Told:
    """A plan in the words of visits and technicians."""

    known: Mapping[str, Planned]
    people: Sequence[Technician]
    calendars: Mapping[str, Calendar]
    day: Day
    plan: DayPlan

    def proposal(self, mark: str) -> Proposal:
        stands = [Placement(one.visit, one.technician, one.start, one.length) for one in self.day.tasks
                  if one.technician]  # fmt: skip
        stay = [one for one in stands if one.visit in self.plan.left and self.plan.left[one.visit].stays]
        left = [Unplaced(seen, self._reason(visit), self.plan.left[visit].stays)
                for visit, seen in self.known.items() if visit in self.plan.left]  # fmt: skip
        return Proposal(
            mark=mark, lanes=self._lanes(), left=left,
            changes=self._changes(), ways_before=self.day.ways(stands),
            ways_after=self.day.ways([*self.plan.placed.values(), *stay]),
        )  # fmt: skip

    def _changes(self) -> list[Change]:
        changes = []
        for visit, seen in self.known.items():
            place, left = self.plan.placed.get(visit), self.plan.left.get(visit)
            if place and (place.technician, place.start) != (seen.technician, seen.planned.start):
                changes.append(Change(visit=visit, rev=seen.rev, technician=place.technician, start=place.start))
            elif left and not left.stays:
                changes.append(Change(visit=visit, rev=seen.rev, technician=None, start=seen.planned.start))
        return changes

    def _lanes(self) -> list[Lane]:
        before: dict[str, list[Step]] = defaultdict(list)
        after: dict[str, list[Step]] = defaultdict(list)
        for visit, seen in self.known.items():
            place, left = self.plan.placed.get(visit), self.plan.left.get(visit)
            then = place.technician if place else None if left and not left.stays else seen.technician
            goes = then != seen.technician
            if seen.technician:
                before[seen.technician].append(Step(seen, seen.planned, "gone" if goes else "", then if goes else None))
            if then:
                after[then].append(_step(seen, place.work if place else seen.planned, goes))
        lanes = (
            Lane(one, *(sorted(side[one.code], key=lambda step: step.work.start) for side in (before, after)))
            for one in self.people
        )
        return [one for one in lanes if one.before or one.after]

    def _reason(self, visit: str) -> Reason:
        why = self.plan.left[visit].why
        if why != "nobody_able":
            return why
        job_type = self.known[visit].job_type
        can = any(not one.skills or job_type in one.skills for one in self.calendars.values())
        return "district_foreign" if can else "skill_missing"


def _step(seen: Planned, work: Window, goes: bool) -> Step:
    if goes:
        return Step(seen, work, "taken" if seen.technician else "new", seen.technician)
    return Step(seen, work, "time" if work.start != seen.planned.start else "")


def _job(visit: Planned) -> Job:
    return Job(visit.planned, visit.job_type, visit.district or "")


def _unable(calendar: Calendar, job: Job, zone: ZoneInfo) -> bool:
    """Whether somebody does not do such jobs, or not there; when they work is asked elsewhere."""
    return bool(obstacles(replace(calendar, shifts=()), (), job, zone))
