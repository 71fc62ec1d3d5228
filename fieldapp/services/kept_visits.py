"""Which closed month keeps a visit: the one in whose figures it was, wherever its promise has moved since.

A visit counts in one month. What was closed with a month, or came to it by an adjustment, is judged there for good,
whoever it turns out to belong to, and what later facts change of it becomes an adjustment of that month
(docs/scoring.md, sections 2 and 13): so that it is the same in whatever order people confirm. Owns the question;
judging is `services.scoring`'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import Evidence, read
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.facts import months_told, whose
from fieldapp.domain.visits.events import Event
from fieldapp.services.work import Db
from fieldapp.storage import adjustments, closing


@dataclass(frozen=True)
class Keepers:
    """Asks of a branch's visits, one after the other, in one transaction."""

    db: Db
    branch: str
    zone: ZoneInfo
    _known: dict[tuple[Month, str], frozenset[VisitId]] = field(default_factory=dict)

    def month_of(self, visit: VisitId, history: Sequence[Event]) -> Month | None:
        """The closed month that keeps the visit; None where its promise in force says the month.

        Only one whose promises lie in several months is looked for: every other one stays in its month anyhow.
        """
        told = months_told(history, self.zone)
        if len(told) < 2:
            return None
        people = {code for event in history if (code := whose(event))}
        return next((month for month in sorted(told & self._closed) if self._keeps(month, visit, people)), None)

    @cached_property
    def _closed(self) -> frozenset[Month]:
        return closing.months(self.db, self.branch)

    def _keeps(self, month: Month, visit: VisitId, people: Iterable[str]) -> bool:
        """Whether the visit is, or once was, behind the figures of any of its technicians."""
        return any(visit in self._behind(month, technician) for technician in sorted(people))

    def _behind(self, month: Month, technician: str) -> frozenset[VisitId]:
        """The visits that somebody's figures of a closed month ever rested on. Where what was sealed is damaged, none:
        facts are taken all the same, and the doctor names the seal."""
        key = month, technician
        if key not in self._known:
            found = (read(body, Evidence) for body in self._evidence(*key))
            self._known[key] = frozenset(one.judgement.visit for each in found if each for one in each.visits)
        return self._known[key]

    def _evidence(self, month: Month, technician: str) -> Iterator[bytes]:
        if sheet := closing.sheet(self.db, self.branch, month, technician):
            yield sheet[1]
        for made in adjustments.of_month(self.db, self.branch, month, technician):
            yield adjustments.evidence(self.db, made)
