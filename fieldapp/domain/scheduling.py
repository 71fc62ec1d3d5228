"""Planned work and promised windows: what collides with what, and which window may still be promised.

Owns the rules of planning one technician's day. Knows nothing of visits' states or of who may plan; the caller gives
plans and `now`. Promise windows may overlap, planned work of one technician may not (architecture.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Invalid

#: Longer than this is a typing error in a form, not a promise or a job.
LONGEST_WINDOW = timedelta(hours=24)
SHORTEST_JOB = timedelta(minutes=5)
LONGEST_JOB = timedelta(hours=24)
#: Whoever has to come again within this time comes again for the same thing.
AGAIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """One technician's planned work on one visit; `label` is the order number that people know it by."""

    visit: str
    label: str
    technician: str
    work: Window


def promised(start: datetime, end: datetime, now: datetime) -> Window:
    """A window that a person promises now, in a form.

    Raises `Invalid`: `window_reversed` (field window_end), `window_too_long` (window_end), `window_past`
    (window_start). Across midnight is fine. Imports take any window that is not reversed.
    """
    window = Window.checked(start, end)
    if window.end <= now:
        raise Invalid("window_past", field="window_start")
    if window.end - window.start > LONGEST_WINDOW:
        raise Invalid("window_too_long", field="window_end", hours=int(LONGEST_WINDOW.total_seconds() // 3600))
    return window


def told(moment: datetime, now: datetime) -> datetime:
    """When a customer was told, as entered in a form; nobody was told in the future (`Invalid("told_future")`).

    A minute is allowed, because forms have minutes and no seconds, and clocks differ.
    """
    if moment > now + timedelta(minutes=1):
        raise Invalid("told_future", field="told_at")
    return moment


def job(start: datetime, duration: timedelta) -> Window:
    """The time that a job is planned to take; raises `Invalid("duration_out_of_range")`."""
    if not SHORTEST_JOB <= duration <= LONGEST_JOB:
        raise Invalid(
            "duration_out_of_range",
            field="duration",
            shortest=int(SHORTEST_JOB.total_seconds() // 60),
            longest=int(LONGEST_JOB.total_seconds() // 60),
        )
    return Window(start, start + duration)


def first_collision(plan: Plan, others: Iterable[Plan]) -> Plan | None:
    """The earliest other work of the same technician that shares more than an edge with `plan`'s whole interval."""
    return min(
        (
            one
            for one in others
            if one.visit != plan.visit and one.technician == plan.technician and one.work.overlaps(plan.work)
        ),
        key=lambda one: (one.work.start, one.label),
        default=None,
    )


def collisions(plans: Iterable[Plan]) -> Iterator[tuple[Plan, Plan]]:
    """Every pair of one technician's plans that overlap; the later one first, then the one that it runs into."""
    ordered = sorted(plans, key=lambda one: (one.technician, one.work.start, one.label))
    for _, group in groupby(ordered, key=lambda one: one.technician):
        running: list[Plan] = []
        for plan in group:
            running = [one for one in running if one.work.end > plan.work.start]
            yield from ((plan, one) for one in running if one.visit != plan.visit)
            running.append(plan)


def is_repeat(earlier: datetime, later: datetime) -> bool:
    """Whether a visit at `later` is one more for what was worked on at `earlier`, at the same customer's."""
    return timedelta() < later - earlier <= AGAIN
