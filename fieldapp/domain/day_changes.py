"""Whose day is another one by a fact, as far as their phone shows that day, and when they may be told.

Owns no way of telling. What somebody did themselves is no news to them; that a fact waits for the office is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.messages import Rules
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import ENDED, VisitState, replay

#: From which facts it may follow that somebody's day has changed; the last stands for those that wait for the office.
HELD = "fact.held"
RULINGS = frozenset({"visit.reinstated", "visit.voided"})
TYPES = RULINGS | {
    "visit.scheduled", "visit.assigned", "visit.amended", "promise.changed", "visit.cancelled", HELD,
}  # fmt: skip
#: What is put off until the morning comes at least so long before the visit begins, or in the night.
_BEFORE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Who has to be told, and when what was or is to be begins; None: it has all the time."""

    technicians: frozenset[str]
    begins: datetime | None = None


def change(history: Iterable[Event], event: Event, shown: Window) -> Change:
    """What one fact of a visit's `history` changes in the days that phones show (`shown`)."""
    known = list(history)
    before = replay([one for one in known if one.order < event.order])
    after = replay([one for one in known if one.order <= event.order])
    was, is_now = _place(before, shown), _place(after, shown)
    told = {place[0] for place in (was, is_now) if place is not None} if was != is_now else set()
    state = after or before
    if event.type in RULINGS and state is not None and state.technician and _is_shown(state, shown):
        told.add(state.technician)
    begins = min((place[1] for place in (was, is_now) if place is not None), default=None)
    return Change(frozenset(told - {event.actor}), begins)


def held(event: Event, technician: str | None) -> Change:
    """Who has to know that a fact waits: who recorded it, and whose visit that is."""
    return Change(frozenset(filter(None, (event.actor, technician))))


def due_at(begins: datetime | None, now: datetime, rules: Rules, zone: ZoneInfo) -> datetime:
    """When to tell it: now, or when the quiet hours end, unless the visit does not wait that long."""
    morning = rules.morning_after(now, zone)
    return now if morning is None or (begins is not None and begins < morning + _BEFORE) else morning


def _place(state: VisitState | None, shown: Window) -> tuple[str, datetime, *tuple[object, ...]] | None:
    """Who is to come when, to whom and what for; None where nobody has to, or not in these days."""
    if state is None or not state.technician or state.name in ENDED or not _is_shown(state, shown):
        return None
    what = state.customer, state.job_type, state.note
    return state.technician, state.planned_start, state.promise.start, state.promise.end, *what


def _is_shown(state: VisitState, shown: Window) -> bool:
    return shown.start <= state.promise.start < shown.end
