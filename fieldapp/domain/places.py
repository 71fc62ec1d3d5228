"""Places on the earth, how far apart they are, and how long the way between them takes.

Owns the arithmetic. The time of a way is an estimate by the great circle; whoever knows better passes another `Travel`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

_EARTH = 6_371_000


@dataclass(frozen=True, slots=True)
class Place:
    """A point in degrees."""

    lat: float
    lon: float


#: How long it takes from one place to another; None is a place that nobody knows.
Travel = Callable[[Place | None, Place | None], timedelta]


def metres(one: Place, other: Place) -> float:
    """Metres between two points on the sphere."""
    a, b = math.radians(one.lat), math.radians(other.lat)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    return 2 * _EARTH * math.asin(min(1.0, math.sqrt(half)))


@dataclass(frozen=True, slots=True)
class ByGreatCircle:
    """A `Travel`: roads are `detour` times as long as the great circle, driven at `speed` (km/h) through a town; each
    way costs `fixed` for leaving and parking. A way from or to somewhere unknown takes `unknown`."""

    detour: float = 1.4
    speed: float = 25.0
    fixed: timedelta = timedelta(minutes=6)
    unknown: timedelta = timedelta(minutes=20)

    def __call__(self, one: Place | None, other: Place | None) -> timedelta:
        if one is None or other is None:
            return self.unknown
        if one == other:
            return timedelta(0)
        return self.fixed + timedelta(hours=metres(one, other) / 1000 * self.detour / self.speed)
