"""The routes of a day by PyVRP: `domain.day_plans.Solve`, for as long as it may take.

Owns how the question is put to the library, which nothing else knows of. It is loaded with the first question: whoever
never plans a day needs neither it nor numpy.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fieldapp.domain.day_plans import LOYALTY, Point, Problem, Stretch, Task

#: Costs are seconds of ways. No way is worth leaving a visit out, least of all one that somebody was given; nobody is
#: sent who is not able, whatever that saves.
_PRIZE, _GIVEN, _NEVER = 10**7, 3 * 10**7, 10**9
#: The first search hardly ever lets a visit be late for a while and stops at what it cannot leave without; the second,
#: for the rest of the time, lets them: what costs a second of lateness there at most.
_FIRST, _LENIENT = 0.75, 1_000.0
#: So many attempts without a better answer: there is none to be found.
PATIENCE = 3_000


@dataclass(frozen=True)
class ByPyVrp:
    """The same answer to the same question where `seconds` are enough."""

    seconds: float
    patience: int = PATIENCE
    seed: int = 1

    def __call__(self, problem: Problem) -> Sequence[Sequence[str]]:
        data = _question(problem)
        best = self._search(data, _standing(problem, data), self.seconds * _FIRST)
        best = self._search(data, best, self.seconds * (1 - _FIRST), _LENIENT)
        routes: list[list[str]] = [[] for _ in problem.stretches]
        if best.is_feasible():
            for route in best.routes():
                served = [problem.tasks[step.idx].visit for step in route if step.is_client()]
                routes[route.vehicle_type()] += served
        return routes

    def _search(self, data: Any, first: Any, seconds: float, strictness: float | None = None) -> Any:
        """The best that is found from `first` on, never worse than that."""
        import pyvrp
        from pyvrp.exceptions import PenaltyBoundWarning
        from pyvrp.stop import MaxRuntime, MultipleCriteria, NoImprovement

        penalty = pyvrp.PenaltyParams() if strictness is None else pyvrp.PenaltyParams(max_penalty=strictness)
        stop = MultipleCriteria([MaxRuntime(seconds), NoImprovement(self.patience)])
        with warnings.catch_warnings():
            # Where not everything can be placed the library doubts that anything can.
            warnings.simplefilter("ignore", PenaltyBoundWarning)
            params = pyvrp.SolveParams(penalty=penalty)
            return pyvrp.solve(data, stop, self.seed, collect_stats=False, params=params, initial_solution=first).best


def _question(problem: Problem) -> Any:
    """Places are numbered: first the tasks', then those where somebody comes from or has to be."""
    import numpy as np
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType

    zero = min([*(one.span.start for one in problem.stretches), *(one.window.start for one in problem.tasks)])
    ends: list[Point] = list(dict.fromkeys(one for each in problem.stretches for one in (each.origin, each.goal)))
    points = [*(one.place for one in problem.tasks), *ends]
    ways: Any = np.array([[_seconds(problem.way(one, other)) for other in points] for one in points], dtype=np.int64)
    np.fill_diagonal(ways, 0)
    people = list(dict.fromkeys(one.technician for one in problem.stretches))
    kept = {visit for route in problem.standing() for visit in route}
    return ProblemData(
        locations=[Location(0, 0) for _ in points],
        clients=[_client(Client, number, one, zero, one.visit in kept) for number, one in enumerate(problem.tasks)],
        depots=[Depot(len(problem.tasks) + number) for number in range(len(ends))],
        vehicle_types=[_vehicle(VehicleType, one, ends, people, zero) for one in problem.stretches],
        distance_matrices=[_costs(ways, problem.tasks, technician) for technician in people],
        duration_matrices=[ways for _ in people],
    )


def _standing(problem: Problem, data: Any) -> Any:
    """The search begins with the plan as it is: the answer is never worse, and changes nothing without a gain."""
    from pyvrp import Route, Solution

    numbers = {one.visit: number for number, one in enumerate(problem.tasks)}
    routes = [[numbers[visit] for visit in route] for route in problem.standing()]
    return Solution(data, [Route(data, route, number) for number, route in enumerate(routes) if route])


def _client(make: Any, number: int, task: Task, zero: datetime, is_kept: bool) -> Any:
    """What keeps its promise now is in every answer: no two others are worth it."""
    return make(
        number, service_duration=_seconds(task.length), tw_early=_seconds(task.window.start - zero),
        tw_late=_seconds(task.window.end - zero), prize=_PRIZE if task.technician is None else _GIVEN,
        required=is_kept,
    )  # fmt: skip


def _vehicle(make: Any, stretch: Stretch, ends: list[Point], people: list[str], zero: datetime) -> Any:
    return make(
        num_available=1, start_depot=ends.index(stretch.origin), end_depot=ends.index(stretch.goal),
        tw_early=_seconds(stretch.span.start - zero), tw_late=_seconds(stretch.span.end - zero),
        profile=people.index(stretch.technician),
    )  # fmt: skip


def _costs(ways: Any, tasks: Sequence[Task], technician: str) -> Any:
    """What the ways to each visit cost this technician."""
    costs = ways.copy()
    for number, task in enumerate(tasks):
        if technician not in task.able:
            costs[:, number] = _NEVER
        elif task.technician not in {None, technician}:
            costs[:, number] += _seconds(LOYALTY)
        costs[number, number] = 0
    return costs


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
