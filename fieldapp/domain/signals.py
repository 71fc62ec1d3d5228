"""What makes a visit worth a second look: flags that change no score by themselves (docs/scoring.md, section 4).

Owns what each flag means and its numbers. Only a finding does anything about one, and a person records that.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from msgspec import UNSET

from fieldapp.domain.ids import EventId
from fieldapp.domain.places import Place, metres
from fieldapp.domain.visits.events import (
    Event,
    Fix,
    SignatureCaptured,
    VisitArrived,
    VisitReinstated,
    VisitScheduled,
)
from fieldapp.domain.visits.lifecycle import first_arrival

Kind = Literal["far_away", "signed_before_arrival", "signed_fast", "excused_oneself"]

#: A reading this far from the address, beyond its own uncertainty, is far: geocoders miss by a block.
FAR_METRES = 500
#: Nobody reads a statement in less.
SHORTEST_READING = 3_000


@dataclass(frozen=True, slots=True)
class Signal:
    """One flag: the fact that raised it, and the number that did (metres away, seconds shown)."""

    kind: Kind
    event: EventId
    number: int | None = None


def read_signals(events: Iterable[Event], excuse: EventId | None = None) -> tuple[Signal, ...]:
    """What is worth a look in the facts of one visit, in their order. Duplicates make no difference.

    `excuse` is the change of the promise for which lateness counts nothing. Told by who then came late, and let count
    by nobody at the office, it is their own word for themselves.
    """
    facts = sorted({one.id: one for one in events}.values(), key=lambda one: one.order)
    place = next((one.data.customer for one in facts if isinstance(one.data, VisitScheduled)), None)
    came = first_arrival(facts)
    arrived = came.effective_at if came else None
    found: list[Signal] = []
    for one in facts:
        if isinstance(one.data, VisitArrived) and place and place.lat is not None and place.lon is not None:
            away = _away(one.data.gps, place.lat, place.lon)
            found += [Signal("far_away", one.id, away)] if away is not None else []
        elif isinstance(one.data, SignatureCaptured):
            found += _of_signature(one.id, one.effective_at, one.data, arrived)
        elif one.id == excuse and came and one.actor == came.actor:
            is_ruled = any(_lets_count(later) and later.order > one.order for later in facts)
            found += [] if is_ruled else [Signal("excused_oneself", one.id)]
    return tuple(found)


def _lets_count(event: Event) -> bool:
    return isinstance(event.data, VisitReinstated) and not event.data.left_out


def _of_signature(event: EventId, when: datetime, data: SignatureCaptured, arrived: datetime | None) -> list[Signal]:
    found: list[Signal] = []
    if arrived is not None and when < arrived:
        found.append(Signal("signed_before_arrival", event))
    if data.shown_ms < SHORTEST_READING:
        found.append(Signal("signed_fast", event, round(data.shown_ms / 1000)))
    return found


def from_address(fix: Fix | None, lat: float | None, lon: float | None) -> tuple[int, int] | None:
    """How many metres a reading is away from the address, and how uncertain it is; None where that cannot be known."""
    if fix is None or fix.lat is UNSET or fix.lon is UNSET or lat is None or lon is None:
        return None
    accuracy = fix.acc if isinstance(fix.acc, float | int) and math.isfinite(fix.acc) else 0
    return round(metres(Place(float(fix.lat), float(fix.lon)), Place(lat, lon))), round(accuracy)


def _away(fix: Fix | None, lat: float, lon: float) -> int | None:
    """How many metres the reading is away from the address; None where that is near, or cannot be known."""
    found = from_address(fix, lat, lon)
    return found[0] if found and found[0] - found[1] > FAR_METRES else None
