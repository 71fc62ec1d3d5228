"""What a month is summed from: how its visits ended, and how many verdicts each item has.

Owns adding up and taking out again: live counts move by the difference that one visit makes, a recount adds everything.
Owns no rule of the score: what the numbers earn is `engine`'s.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.facts import JUDGED
from fieldapp.domain.scoring.judging import Judgement

#: A visit that nobody came to and that is not missed yet: when it is, the clock says.
WAITING = "waiting"
COMPANY_CANCELLED = "cancelled_by_company"


@dataclass(slots=True)
class Counts:
    """Visits by how they ended, verdicts by item. Grows as judgements are added."""

    outcomes: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    breached: Counter[str] = field(default_factory=Counter)

    def add(self, judgement: Judgement, now: datetime) -> None:
        """Count a visit as it stands at `now`."""
        self._count(judgement, _ending(judgement, is_due=judgement.is_due(now)), 1)

    def add_kept(self, judgement: Judgement, times: int = 1) -> None:
        """Count a visit, or take it out again (-1), as counts are kept: whoever nobody came to is waiting."""
        self._count(judgement, _ending(judgement, is_due=False), times)

    def came_due(self, judgement: Judgement) -> None:
        """Turn a visit that was kept as waiting into what it is once its time has come."""
        self.outcomes[WAITING] -= 1
        self._count(judgement, _ending(judgement, is_due=True), 1)

    def merge(self, change: "Counts") -> None:
        """Count what changed."""
        self.outcomes.update(change.outcomes)
        self.met.update(change.met)
        self.breached.update(change.breached)

    def _count(self, judgement: Judgement, ending: str, times: int) -> None:
        self.outcomes[ending] += times
        if ending not in (WAITING, "pending"):
            for verdict in judgement.verdicts:
                (self.met if verdict.met else self.breached)[verdict.code] += times

    @property
    def judged(self) -> int:
        """Visits completed, not completed, without access or missed."""
        return sum(self.outcomes[one] for one in JUDGED)

    @property
    def pending(self) -> int:
        return self.outcomes["pending"] + self.outcomes[WAITING]

    @property
    def is_listed(self) -> bool:
        """Whether these visits alone put their technician on the month's list."""
        return self.judged > 0 or self.outcomes[COMPANY_CANCELLED] > 0


def _ending(judgement: Judgement, *, is_due: bool) -> str:
    if judgement.counts_from is not None and not is_due:
        return WAITING
    if judgement.outcome == "cancelled" and judgement.cancelled_by == "company":
        return COMPANY_CANCELLED
    return judgement.outcome


def by_technician(judgements: Iterable[Judgement], month: Month, now: datetime) -> dict[str, Counts]:
    """The counts of everybody whose visits of `month` are among the judgements; nobody's visits are left out."""
    found: dict[str, Counts] = {}
    for one in judgements:
        if one.month == month and one.technician:
            found.setdefault(one.technician, Counts()).add(one, now)
    return found


def difference(before: Iterable[Judgement], after: Iterable[Judgement]) -> dict[tuple[Month, str], Counts]:
    """What kept counts change by when visits are judged anew, by month and technician."""
    found: dict[tuple[Month, str], Counts] = {}
    for times, judgements in ((-1, before), (1, after)):
        for one in judgements:
            if one.technician:
                found.setdefault((one.month, one.technician), Counts()).add_kept(one, times)
    return found
