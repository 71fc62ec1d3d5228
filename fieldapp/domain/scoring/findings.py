"""Findings: what people other than the technician judged, decided by second persons, overturned on appeal.

Owns whether a finding is upheld and what an upheld one does to a month; the verdict that a finding on a rate item
gives a visit is `judging`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from fieldapp.domain.calendar import Month
from fieldapp.domain.findings import State, counts_at_once
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.visits.events import AppealDecided, Event, FindingDecided, FindingRecorded

Does = Literal["met", "breached", "adverse", "veto", "commendation", "nothing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and where it stands. `basis`: the events that made it stand, the finding first."""

    id: EventId
    visit: VisitId | None
    technician: str
    source: str
    favourable: bool
    occurred_on: date
    recorded_at: datetime
    upheld: bool
    overturned: bool
    decided: bool
    basis: tuple[EventId, ...]
    item: str | None = None
    discipline: str | None = None
    commendation: bool = False

    @property
    def state(self) -> State:
        """Where it stands: `waiting` for a second person, or what was said last."""
        if self.overturned:
            return "overturned"
        if self.upheld:
            return "upheld"
        return "dismissed" if self.decided else "waiting"

    @property
    def order(self) -> tuple[datetime, str]:
        """By recording: the latest upheld finding speaks for an item of a visit."""
        return self.recorded_at, self.id


@dataclass(frozen=True, slots=True)
class FindingEffect:
    """What one finding does to a technician's month; `nothing` when not upheld or when it counts nothing.

    `met` and `breached` count as one verdict more only without a visit: with one, they are in its judgement, and the
    month is that of the visit's technician, who may be another by now than the one it was recorded about.
    """

    finding: EventId
    technician: str
    month: Month
    visit: VisitId | None
    does: Does
    code: str
    source: str
    recorded_at: datetime
    state: State

    @property
    def upheld(self) -> bool:
        return self.state == "upheld"


def read_findings(events: Iterable[Event]) -> tuple[Finding, ...]:
    """Every finding among `events` with its standing, in the order of recording.

    A decision or appeal is found by the finding's id, whatever visit it names; those about unknown findings wait.
    What a technician recorded about themselves is no finding, and neither they nor who recorded one are the second
    person who decides it.
    """
    unique = {event.id: event for event in events}.values()
    decisions: dict[str, list[Event]] = {}
    overturning: dict[str, list[Event]] = {}
    for event in unique:
        if isinstance(event.data, FindingDecided):
            decisions.setdefault(event.data.finding, []).append(event)
        elif isinstance(event.data, AppealDecided) and event.data.finding and event.data.outcome == "overturned":
            overturning.setdefault(event.data.finding, []).append(event)
    found = [
        _finding(event, event.data, decisions.get(event.id, []), overturning.get(event.id, []))
        for event in unique
        if isinstance(event.data, FindingRecorded) and event.actor != event.data.technician
    ]
    return tuple(sorted(found, key=lambda finding: finding.order))


def _finding(event: Event, data: FindingRecorded, decisions: list[Event], overturning: list[Event]) -> Finding:
    by_second = [one for one in decisions if one.actor == "office" or one.actor not in (event.actor, data.technician)]
    decision = max(by_second, key=lambda one: one.order, default=None)
    if decision is not None and isinstance(decision.data, FindingDecided):
        stands = decision.data.outcome == "upheld"
    else:
        stands = counts_at_once(data)
    appeal = max(overturning, key=lambda one: one.order, default=None)
    return Finding(
        id=event.id,
        visit=event.visit,
        technician=data.technician,
        source=data.source,
        favourable=data.favourable,
        occurred_on=data.occurred_on,
        recorded_at=event.effective_at,
        upheld=stands and appeal is None,
        overturned=appeal is not None,
        decided=decision is not None,
        basis=tuple(one.id for one in (event, decision, appeal) if one is not None),
        item=data.item or None,
        discipline=data.discipline or None,
        commendation=bool(data.commendation),
    )


def forgeries(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Upheld findings that a signature was not made by the customer or their representative."""
    return tuple(one for one in findings if one.discipline == "forgery" and one.upheld and not one.favourable)


def effect(
    finding: Finding, month: Month, book: Rulebook, *, whose: str | None = None, compensated: bool = False
) -> FindingEffect:
    """What `finding` does to `month`. `whose` its visit is. `compensated`: that has damage that the technician reported
    themselves and that was compensated; that is no adverse finding on `property`."""
    does, code = _does(finding, book)
    speaks_in_visit = finding.visit is not None and does in ("met", "breached")
    excused = compensated and code == "property"
    return FindingEffect(
        finding=finding.id,
        technician=(whose if speaks_in_visit else None) or finding.technician,
        month=month,
        visit=finding.visit,
        does=does if finding.upheld and not excused else "nothing",
        code=code,
        source=finding.source,
        recorded_at=finding.recorded_at,
        state=finding.state,
    )


def _does(finding: Finding, book: Rulebook) -> tuple[Does, str]:
    if finding.commendation:
        return "commendation", "commendation"
    if finding.discipline:
        counts = book.has_discipline(finding.discipline) and not finding.favourable
        return ("veto" if counts else "nothing"), finding.discipline
    code = finding.item or ""
    item = book.find_item(code)
    if item is None:
        return "nothing", code
    if item.kind == "rate":
        return ("met" if finding.favourable else "breached"), code
    return ("nothing" if finding.favourable else "adverse"), code
