"""The busy hours of a branch: how many visits begin in which hour of the week, and where promises break.

For planning shifts, so nobody's name is in it. Owns the spans; the hours are `domain.busy_hours`'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fieldapp.domain.access import Actor, require
from fieldapp.domain.busy_hours import By, Hours, Tally, span, tally, total
from fieldapp.domain.calendar import day_bounds
from fieldapp.domain.ids import BranchCode
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Work
from fieldapp.storage import busy_hours

#: Whole weeks that can be looked at, the first unless another is wished for.
SPANS = (4, 13, 26, 52)
#: A share of fewer visits says nothing yet.
FEW = 5


@dataclass(frozen=True, slots=True)
class Busy:
    """Whole weeks from `first` to `last`, both included, by the hours of the week of the branch's clock."""

    weeks: int
    first: date
    last: date
    by: By
    tallies: Mapping[Hours, Tally]

    def of(self, weekday: int | None = None, hour: int | None = None) -> Tally:
        """An hour of the week, or the sum over a weekday, an hour of every day, everything."""
        wanted = Hours(weekday, hour)
        return total(self.tallies, wanted) if None in (weekday, hour) else self.tallies.get(wanted, Tally())

    @property
    def hours(self) -> Sequence[int]:
        """The hours of the day worth showing: from the first with a visit to the last."""
        found = [one.hour for one in self.tallies if one.hour is not None]
        return range(min(found), max(found) + 1) if found else ()

    @property
    def busiest(self) -> Hours | None:
        """The hour of the week in which most begins."""
        return max(self.tallies, key=lambda one: (self.tallies[one].visits, str(one)), default=None)

    @property
    def weakest(self) -> Hours | None:
        """The hour of the week with the greatest share of broken promises, of those with enough visits."""
        weak = [one for one, sums in self.tallies.items() if sums.visits >= FEW and sums.broken]
        shares = {one: (self.tallies[one].broken / self.tallies[one].visits, self.tallies[one].broken) for one in weak}
        return max(weak, key=lambda one: (shares[one], str(one)), default=None)


def look(work: Work, actor: Actor, branch: BranchCode, *, weeks: int, by: By) -> Busy:
    """So many whole weeks before today; an unknown number of them is the first of `SPANS`. Raises `Forbidden`,
    `NotFound` (another branch)."""
    require(actor, "demand.read", branch=branch)
    weeks, now = weeks if weeks in SPANS else SPANS[0], work.now()
    with work.read_replica() as db:
        zone = zone_of(db, branch)
        first, last = span(now.astimezone(zone).date(), weeks)
        counts = busy_hours.counts(db, branch, by, day_bounds(first, zone)[0], day_bounds(last, zone)[1], now)
    return Busy(weeks, first, last, by, tally(counts, zone))
