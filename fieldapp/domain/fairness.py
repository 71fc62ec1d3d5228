"""What may be shown of few: sums over visits and people, merged until nobody can be picked out of them.

Owns the threshold and the merging. What is summed, and from where, is `services.fairness`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

#: A cell of fewer visits, or of fewer people in a distribution, is not shown.
FEW = 5
#: Nor is one of fewer technicians: of two, each would read the other's figures.
FEW_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Visits that have something in common: how many, of how many technicians, and the points lost through them."""

    name: str
    visits: int
    people: int
    points: float = 0.0

    @property
    def per_hundred(self) -> float:
        """Points lost for each hundred visits."""
        return self.points * 100 / self.visits if self.visits else 0.0

    @property
    def is_few(self) -> bool:
        return self.visits < FEW or self.people < FEW_PEOPLE


@dataclass(frozen=True, slots=True)
class Shown:
    """Groups large enough to be shown, the costliest for each visit first, and all others as one (None: there are
    none, or even together they are too few)."""

    groups: tuple[Group, ...]
    others: Group | None


def protect(groups: Sequence[Group]) -> Shown:
    """Merge the small ones. A single small one takes the next larger along: a rest of one would be that one."""
    ordered = sorted(groups, key=lambda one: (one.is_few, -one.visits, one.name))
    large = [one for one in ordered if not one.is_few]
    small = [one for one in ordered if one.is_few]
    while small and large and (len(small) < 2 or _merged(small).is_few):
        small.insert(0, large.pop())
    rest = _merged(small) if small else None
    shown = tuple(sorted(large, key=lambda one: (-one.per_hundred, one.name)))
    return Shown(shown, None if rest is None or rest.is_few else rest)


def _merged(groups: Sequence[Group]) -> Group:
    """All as one. How many different people that are is not known: at least as many as in the largest."""
    return Group(
        "", sum(one.visits for one in groups), max(one.people for one in groups), sum(one.points for one in groups)
    )


@dataclass(frozen=True, slots=True)
class Band:
    """So many people with scores from `low` to below `high` (None: no bound)."""

    low: int | None
    high: int | None
    people: int


def spread(scores: Sequence[float], edges: Sequence[int]) -> tuple[Band, ...]:
    """How scores are distributed over the bands between the edges; neighbours are merged until none holds few people,
    and empty where all together are few."""
    bounds = [None, *edges, None]
    bands = [
        Band(low, high, sum((low is None or one >= low) and (high is None or one < high) for one in scores))
        for low, high in pairwise(bounds)
    ]
    if len(scores) < FEW:
        return ()
    while any(0 < one.people < FEW for one in bands):
        at = next(place for place, one in enumerate(bands) if 0 < one.people < FEW)
        other = at + 1 if at == 0 or (at + 1 < len(bands) and bands[at + 1].people <= bands[at - 1].people) else at - 1
        first, last = sorted((at, other))
        bands[first : last + 1] = [
            Band(bands[first].low, bands[last].high, bands[first].people + bands[last].people)
        ]  # fmt: skip
    return tuple(bands)


def counted(counts: dict[str, int]) -> tuple[dict[str, int], int]:
    """Counts by name without those of few, and how many all those are together (none of one alone, none of few)."""
    large = {name: number for name, number in counts.items() if number >= FEW}
    small = {name: number for name, number in counts.items() if 0 < number < FEW}
    while small and large and (len(small) < 2 or sum(small.values()) < FEW):
        name = min(large, key=lambda one: (large[one], one))
        small[name] = large.pop(name)
    rest = sum(small.values())
    return large, rest if rest >= FEW else 0
