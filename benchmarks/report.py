"""How a measurement is told: one line beside its limit, and a mark where it is missed."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple


def line(what: str, value: float, unit: str, *, limit: float | None = None, goal: float | None = None,
         more_is_better: bool = False, beside: str = "") -> None:  # fmt: skip
    """Print `what value unit  at most LIMIT (goal GOAL)  beside`; `!` marks a missed limit, `~` only a missed goal."""
    sign = "at least" if more_is_better else "at most"
    wanted = [] if limit is None else [f"{sign} {limit:g}"]
    wanted += [] if goal is None else [f"goal {sign} {goal:g}"]
    mark = "!" if _missed(value, limit, more_is_better) else "~" if _missed(value, goal, more_is_better) else " "
    told = f"{mark} {what:<58} {value:>9.4g} {unit:<9}  {', '.join(wanted):<28}  {beside}"
    print(told.rstrip(), flush=True)


def _missed(value: float, bound: float | None, more_is_better: bool) -> bool:
    return bound is not None and (value < bound if more_is_better else value > bound)


class Time(NamedTuple):
    """Seconds on the clock, and those of this process's processor among them."""

    took: float
    worked: float


def time_of(act: Callable[[], Any]) -> Time:
    """How long one call takes, and how much of that was work of this process: on a shared machine they differ."""
    began, working = time.perf_counter(), time.process_time()
    act()
    return Time(time.perf_counter() - began, time.process_time() - working)


def seconds(act: Callable[[], Any]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
