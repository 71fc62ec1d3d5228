"""How a measurement is told: one line with its goal, and a mark where it is missed."""

import time
from collections.abc import Callable
from typing import Any


def line(what: str, value: float, unit: str, *, goal: float | None = None, more_is_better: bool = False,
         beside: str = "") -> None:  # fmt: skip
    """Print `what value unit (goal ...) beside`; a missed goal is marked with `!`."""
    missed = goal is not None and (value < goal if more_is_better else value > goal)
    sign = "at least" if more_is_better else "at most"
    wanted = "" if goal is None else f"  goal {sign} {goal:g}"
    print(f"{'!' if missed else ' '} {what:<58} {value:>9.4g} {unit:<10}{wanted}{'  ' + beside if beside else ''}")


def seconds(act: Callable[[], Any]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
