"""How a visit stands on the dispatcher's board, beside its state: what needs somebody's eye, and why.

Owns what is late, what waits for a phone and what is held; what is `at_risk`, looking ahead says (`domain.risks`).
States are `visits.lifecycle`'s; the caller gives `now` and what was heard of the phone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fieldapp.domain.calendar import Window
from fieldapp.domain.visits.lifecycle import ENDED

#: In the order in which they matter: the first one gives a bar its colour.
Standing = Literal["held", "late", "waiting", "came_late", "at_risk"]

_NOT_THERE = frozenset({"planned", "en_route", "missed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one visit now. `heard_at` is the last contact with the technician's phone (None: there is no
    phone), `unsent` how many facts it then still held."""

    state: str
    held: bool
    window: Window
    planned: Window
    arrived: datetime | None = None
    heard_at: datetime | None = None
    unsent: int = 0


def standings(seen: Seen, now: datetime) -> tuple[Standing, ...]:
    """Everything that is to be said of it, what matters most first.

    `waiting`: by plan the technician should have begun (or be done), and their phone was not heard since, or held
    facts: what is on the phone may say that all is well.
    """
    found: list[Standing] = []
    if seen.held:
        found.append("held")
    if seen.state in _NOT_THERE and now > seen.window.end:
        found.append("late")
    if _waits(seen, now):
        found.append("waiting")
    if seen.arrived is not None and seen.arrived > seen.window.end:
        found.append("came_late")
    return tuple(found)


def _waits(seen: Seen, now: datetime) -> bool:
    if seen.state in ENDED or seen.heard_at is None:
        return False
    due = seen.planned.start if seen.state in _NOT_THERE else seen.planned.end
    return now >= due and (seen.unsent > 0 or seen.heard_at < due)
