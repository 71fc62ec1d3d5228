"""A day planned anew: who is free when, when each visit of a route begins, what then changes, and why one has no place.

Owns these rules. Promises are kept, never moved: work begins within its window, with a little to spare; and what keeps
its promise as it is planned is given up for no other. Which order of which visits is best a solver says (`Solve`); what
it answers is laid out here, and refused where it breaks a rule. All times are on steps of five minutes, and ways are
rounded up to them: nobody plans 10:07.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from fieldapp.domain.calendar import Window
from fieldapp.domain.places import Place, Travel

TICK = timedelta(minutes=5)
#: Nobody is told where to go sooner than this before they have to be on the way.
LEAD = timedelta(minutes=15)
#: Who plans to arrive as the window ends is late half of the time: so much of it, and no more, is left unplanned.
SPARE, SPARE_SHARE = timedelta(minutes=15), 4
#: So much of ways has to be saved before a visit changes hands.
LOYALTY = timedelta(minutes=10)
_NONE = timedelta(0)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

#: Where somebody is: a place, one that nobody knows (None), or anywhere, from where no way is counted.
Point = Place | Literal["anywhere"] | None
#: Why a visit has no place: its window is over; nobody is able; who is able is not there long enough, or is needed
#: elsewhere.
Why = Literal["window_over", "nobody_able", "nobody_there", "no_room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A visit that may be planned anew: work begins within `window` and takes `length`; `able` can do it.

    `technician` (None: nobody yet) and `start` are the plan as it stands.
    """

    visit: str
    place: Place | None
    window: Window
    length: timedelta
    able: frozenset[str]
    technician: str | None
    start: datetime

    @property
    def stands(self) -> Window:
        """The time that it is planned for now."""
        return Window(self.start, self.start + self.length)


@dataclass(frozen=True, slots=True)
class Block:
    """Time that is taken: by work at a place that stays where it is, or by an absence ("anywhere")."""

    span: Window
    place: Point = "anywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A technician's day: when they work, what is fixed in it, and from where they come to the first visit."""

    technician: str
    hours: Sequence[Window]
    blocks: Sequence[Block] = ()
    origin: Point = "anywhere"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Free time of a technician, between where they come from and where they have to be then."""

    technician: str
    span: Window
    origin: Point = "anywhere"
    goal: Point = "anywhere"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a solver is asked: which tasks on which stretches, in which order, with the least ways."""

    tasks: Sequence[Task]
    stretches: Sequence[Stretch]
    travel: Travel

    def way(self, one: Point, other: Point) -> timedelta:
        """How long it takes, in whole steps."""
        if isinstance(one, str) or isinstance(other, str):
            return _NONE
        return rounded_up(self.travel(one, other))

    def timed(self, stretch: Stretch, order: Sequence[Task]) -> list["Placement"] | None:
        """When each begins; None where they do not all fit. Who keeps a visit begins it as planned before where that
        makes nobody late, all others begin as early as they can."""
        latest = self._latest(stretch, order)
        free, place, found = stretch.span.start, stretch.origin, []
        for task, until in zip(order, latest, strict=True):
            begin = max(free + self.way(place, task.place), task.window.start)
            if begin > until:
                return None
            if task.technician == stretch.technician:
                begin = min(max(begin, task.start), until)
            found.append(Placement(task.visit, stretch.technician, begin, task.length))
            free, place = begin + task.length, task.place
        return found

    def _latest(self, stretch: Stretch, order: Sequence[Task]) -> list[datetime]:
        """Until when each may begin, so that all after it are in time."""
        until, place, found = stretch.span.end, stretch.goal, []
        for task in reversed(order):
            until = min(until - self.way(task.place, place) - task.length, task.window.end)
            found.append(until)
            place = task.place
        return found[::-1]

    def standing(self) -> list[list[str]]:
        """The plan as it stands, as far as it keeps its promises: any answer keeps these too, and is no worse."""
        routes: list[list[str]] = []
        for stretch in self.stretches:
            route: list[Task] = []
            own = (one for one in self.tasks if one.technician == stretch.technician and one.technician in one.able)
            for task in sorted(own, key=lambda one: (one.start, one.visit)):
                is_here = stretch.span.start <= task.start < stretch.span.end
                if is_here and self.timed(stretch, [*route, task]) is not None:
                    route.append(task)
            routes.append([one.visit for one in route])
        return routes


#: A solver: for each stretch the visits on it, in order; visits that it found no place for are left out.
Solve = Callable[[Problem], Sequence[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a visit is planned."""

    visit: str
    technician: str
    start: datetime
    length: timedelta

    @property
    def work(self) -> Window:
        """The time that it takes."""
        return Window(self.start, self.start + self.length)


@dataclass(frozen=True, slots=True)
class Left:
    """A visit that has no place, and why. With `stays` it stands beside the new plan as it stood before; else its own
    promise was kept there no more, another one is in its time, and it is nobody's until a person decides."""

    why: Why
    stays: bool


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The day planned anew."""

    placed: Mapping[str, Placement]
    left: Mapping[str, Left]


@dataclass(frozen=True)
class Day:
    """What there is to plan, and the earliest moment at which anybody can set out."""

    tasks: Sequence[Task]
    people: Sequence[Person]
    travel: Travel
    earliest: datetime
    _by_visit: Mapping[str, Task] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_visit", {one.visit: one for one in self.tasks})

    def plan(self, solve: Solve) -> DayPlan:
        """The day as `solve` plans it."""
        problem = self.problem()
        placed = self._giving_way(problem, self._solved(problem, solve))
        left = {one.visit: Left(self._why(problem, one), self._stays(one, placed)) for one in problem.tasks
                if one.visit not in placed}  # fmt: skip
        return DayPlan(placed, left)

    def problem(self) -> Problem:
        """What is to be solved."""
        stretches = [one for person in self.people for one in free_stretches(person, self.earliest)]
        return Problem([replace(one, window=self._spared(one.window)) for one in self.tasks], stretches, self.travel)

    def ways(self, placed: Iterable[Placement]) -> timedelta:
        """How long everybody is on the way, from place to place in the order of the plan."""
        known: dict[str, list[tuple[datetime, Point]]] = {one.technician: [] for one in self.people}
        for one in placed:
            known.setdefault(one.technician, []).append((one.start, self._by_visit[one.visit].place))
        total = _NONE
        for person in self.people:
            fixed = [(one.span.start, one.place) for one in person.blocks if one.place != "anywhere"]
            stops = [place for _, place in sorted([*known[person.technician], *fixed], key=lambda one: one[0])]
            problem = Problem((), (), self.travel)
            total += sum((problem.way(*pair) for pair in zip([person.origin, *stops], stops, strict=False)), _NONE)
        return total

    def _solved(self, problem: Problem, solve: Solve) -> dict[str, Placement]:
        """What the solver answered, laid out; only what could be somewhere at all is asked for."""
        possible = [one for one in problem.tasks if _alone(problem, one)]
        if not possible:
            return {}
        tasks = {one.visit: one for one in possible}
        placed: dict[str, Placement] = {}
        asked = replace(problem, tasks=possible)
        for stretch, order in zip(problem.stretches, solve(asked), strict=True):
            route = [tasks.pop(visit) for visit in order]
            times = problem.timed(stretch, route)
            if times is None or any(stretch.technician not in one.able for one in route):
                raise ValueError(f"no such route: {stretch.technician}, {list(order)}")
            placed |= {one.visit: one for one in times}
        return placed

    def _giving_way(self, problem: Problem, placed: Mapping[str, Placement]) -> Mapping[str, Placement]:
        """The same without what nobody had and would now be in the time of a visit that found no other place: ways are
        estimates, and whoever can be there as planned is taken away for somebody's promise at most."""
        given = [one for one in problem.tasks if one.visit not in placed and self._is_possible(problem, one)]
        return {
            visit: one for visit, one in placed.items()
            if self._by_visit[visit].technician or not any(_is_in_its_time(one, each) for each in given)
        }  # fmt: skip

    def _is_possible(self, problem: Problem, task: Task) -> bool:
        """Whether its technician keeps its promise as planned, if nothing else is to be done."""
        own = (one.span for one in problem.stretches if one.technician == task.technician)
        is_there = any(one.start <= task.start and task.stands.end <= one.end for one in own)
        return is_there and self._lasts(task) and task.technician in task.able

    def _lasts(self, task: Task) -> bool:
        """Whether who keeps to the plan keeps the promise."""
        return task.start <= self._by_visit[task.visit].window.end

    def _stays(self, task: Task, placed: Mapping[str, Placement]) -> bool:
        """Whether nothing comes into its time anew; two at once somebody meant, while the promise can be kept."""
        beside = (one.visit for one in placed.values() if _is_in_its_time(one, task))
        return all(self._lasts(task) and self._stood_beside(task, one) for one in beside)

    def _stood_beside(self, task: Task, other: str) -> bool:
        before = self._by_visit[other]
        return before.technician == task.technician and before.stands.overlaps(task.stands)

    def _why(self, problem: Problem, task: Task) -> Why:
        if self._by_visit[task.visit].window.end < self.earliest:
            return "window_over"
        if not task.able:
            return "nobody_able"
        return "no_room" if _alone(problem, task) else "nobody_there"

    def _spared(self, window: Window) -> Window:
        """When work may begin: on steps, not in the last part of the window while there is another."""
        start = rounded_up_to(max(window.start, self.earliest))
        end = window.end - (window.end - _EPOCH) % TICK
        spare = min(SPARE, (end - window.start) / SPARE_SHARE)
        kept = end - (spare - spare % TICK)
        return Window(start, kept if kept >= start else end)


def free_stretches(person: Person, earliest: datetime) -> list[Stretch]:
    """What is left of the hours beside what is taken; a way to fixed work counts, one out of a break does not."""
    found = []
    blocks = sorted(person.blocks, key=lambda one: one.span.start)
    for number, hours in enumerate(person.hours):
        free = rounded_up_to(max(hours.start, earliest))
        origin: Point = person.origin if number == 0 or hours.start <= earliest else "anywhere"
        for block in blocks:
            if block.span.end <= free or block.span.start >= hours.end:
                continue
            if block.span.start > free:
                found.append(Stretch(person.technician, Window(free, block.span.start), origin, block.place))
            free, origin = rounded_up_to(max(free, block.span.end)), block.place
        if free < hours.end:
            found.append(Stretch(person.technician, Window(free, hours.end), origin))
    return found


def rounded_up(length: timedelta) -> timedelta:
    """To whole steps."""
    return -(-length // TICK) * TICK


def rounded_up_to(moment: datetime) -> datetime:
    """The next moment on a step."""
    return _EPOCH + rounded_up(moment - _EPOCH)


def _is_in_its_time(other: Placement, task: Task) -> bool:
    """Whether it is placed where the task is planned for now."""
    return other.technician == task.technician and other.work.overlaps(task.stands)


def _alone(problem: Problem, task: Task) -> bool:
    """Whether somebody could do it if nothing else were to be done."""
    able = (one for one in problem.stretches if one.technician in task.able)
    return any(problem.timed(one, [task]) is not None for one in able)
