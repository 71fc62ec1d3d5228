"""The facts of one visit, read from its events: which of repeated events counts, what corrections changed, which
promise is in force, how it ended and whose it is (docs/scoring.md, sections 2, 4 and 5).

Owns reading, not judging. Order and duplicates of the events make no difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Month, month_of
from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.punctuality import Ledger, cancels, keep_ledger
from fieldapp.domain.scoring.findings import Finding, read_findings
from fieldapp.domain.scoring.rulebook import Parameters
from fieldapp.domain.visits.codec import plain, read_data
from fieldapp.domain.visits.events import (
    AccessFailed,
    AnswersGiven,
    AppealDecided,
    ConsentGiven,
    DamageReported,
    Data,
    DoorChecked,
    Event,
    EventCorrects,
    KitChecked,
    NoteAdded,
    PhotoAdded,
    PromiseChanged,
    SiteChecked,
    VisitArrived,
    VisitAssigned,
    VisitCancelled,
    VisitCompleted,
    VisitNotCompleted,
    VisitReinstated,
    VisitScheduled,
    VisitVoided,
)
from fieldapp.domain.visits.lifecycle import first_arrival

Outcome = Literal["void", "completed", "not_completed", "cancelled", "no_access", "missed", "pending"]
JUDGED: frozenset[Outcome] = frozenset({"completed", "not_completed", "no_access", "missed"})

#: What a correction may change: checks, notes and photos. Everything else changes by finding or appeal only.
CORRECTABLE = (KitChecked, DoorChecked, SiteChecked, NoteAdded, PhotoAdded)
#: What tells of a promise. Asked of every event of every import: a tuple is looked through faster than a union.
_PROMISING = (VisitScheduled, PromiseChanged)

D = TypeVar("D", bound=Data)
D_co = TypeVar("D_co", bound=Data, covariant=True)


@dataclass(frozen=True, slots=True)
class Fact(Generic[D_co]):
    """One event with its corrections applied; `basis` names the event and what corrected it."""

    when: datetime
    actor: str
    data: D_co
    grade: str
    basis: tuple[EventId, ...]

    @property
    def id(self) -> EventId:
        return self.basis[0]

    @property
    def order(self) -> tuple[datetime, str]:
        return self.when, self.id


#: Facts by the structure of their data, each kind in the order of effective time and id.
Kinds = dict[type[Data], list[Fact[Data]]]


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What is known of one scheduled visit."""

    visit: VisitId
    kinds: Kinds
    findings: tuple[Finding, ...]
    overturned_items: dict[str, EventId]
    ledger: Ledger
    arrival: Fact[VisitArrived] | None
    cancellation: Fact[VisitCancelled] | None
    outcome: Outcome
    counts_from: datetime | None
    technician: str | None
    disputed: bool

    def all(self, kind: type[D]) -> list[Fact[D]]:
        """All facts of a kind, by effective time."""
        return _all(self.kinds, kind)

    def first(self, kind: type[D]) -> Fact[D] | None:
        """The first by effective time; at equal times the one with the greater id."""
        return _first(self.kinds, kind)

    def last(self, kind: type[D]) -> Fact[D] | None:
        """The latest by effective time; at equal times the one with the greater id."""
        return _last(self.kinds, kind)

    @property
    def answers(self) -> Fact[AnswersGiven] | None:
        return self.last(AnswersGiven)

    @property
    def consent(self) -> Fact[ConsentGiven] | None:
        return self.first(ConsentGiven)

    @property
    def is_admitted(self) -> bool:
        """Completed; or not completed with consent recorded."""
        return self.outcome == "completed" or (self.outcome == "not_completed" and self.consent is not None)

    @property
    def is_compensated(self) -> bool:
        """Whether the technician reported damage that was compensated."""
        return any((fact.data.compensation or "").strip() for fact in self.all(DamageReported))


def read_facts(
    events: Iterable[Event], parameters: Parameters, zone: ZoneInfo, *, disputed: bool = False
) -> VisitFacts | None:
    """The facts of the one visit that `events` are about, or None when it was never scheduled: its events wait.

    `events` may hold duplicates, and decisions and appeals about its findings that carry no visit themselves.
    """
    unique = sorted({event.id: event for event in events}.values(), key=lambda event: event.order)
    facts = _corrected(unique, zone)
    scheduled = _first(facts, VisitScheduled)
    if scheduled is None:
        return None
    arrival = _first(facts, VisitArrived)
    arrived = arrival.when if arrival else None
    changes = (event for event in unique if isinstance(event.data, PromiseChanged))
    ledger = keep_ledger(scheduled.data.promise, changes, arrived, parameters.notice)
    decisive = _decisive(facts, ledger, arrived, parameters.missed_after)
    outcome, counts_from = _outcome(facts, arrival, decisive, ledger, parameters.missed_after, disputed)
    return VisitFacts(
        visit=_visit(unique),
        kinds=facts,
        findings=read_findings(unique),
        overturned_items=_overturned_items(unique),
        ledger=ledger,
        arrival=arrival,
        cancellation=_cancellation(decisive),
        outcome=outcome,
        counts_from=counts_from,
        technician=_technician(facts, scheduled, arrival, ledger.in_force.end + parameters.missed_after),
        disputed=disputed,
    )


def months_told(events: Iterable[Event], zone: ZoneInfo) -> frozenset[Month]:
    """The months of all promises that the events tell of, whether or not they moved anything. Of a single promise,
    which most visits have, none: nothing can have moved."""
    told = [one.data.promise.start for one in events if isinstance(one.data, _PROMISING)]
    return frozenset(month_of(start, zone) for start in told) if len(told) > 1 else frozenset()


def whose(event: Event) -> str | None:
    """Whose visit it was by this event: they were sent there, or came. What else somebody writes about a visit (a note,
    a photo) makes it nobody's."""
    if isinstance(event.data, VisitScheduled | VisitAssigned):
        return event.data.technician
    return event.actor if isinstance(event.data, VisitArrived) else None


def turned_to(technician: str | None, told: Iterable[tuple[datetime, Event]]) -> datetime | None:
    """When the visit last turned out to be this technician's, having been somebody else's or nobody's, by what was
    `told`, in that order; None where it never was. Further arrivals of whose it is turn nothing."""
    sent: Event | None = None
    came: Event | None = None
    before, since = None, None
    for moment, event in told:
        if isinstance(event.data, VisitArrived):
            came = first_arrival([came, event] if came else [event])
        elif isinstance(event.data, VisitScheduled | VisitAssigned):
            sent = event if sent is None else max(sent, event, key=lambda one: one.order)
        speaking = came or sent
        now = whose(speaking) if speaking else None
        if now == technician != before:
            since = moment
        before = now
    return since


def _visit(events: list[Event]) -> VisitId:
    return next(event.visit for event in events if isinstance(event.data, VisitScheduled) and event.visit is not None)


def _all(kinds: Kinds, kind: type[D]) -> list[Fact[D]]:
    return kinds.get(kind, [])  # type: ignore[return-value]


def _first(kinds: Kinds, kind: type[D]) -> Fact[D] | None:
    found = _all(kinds, kind)
    return max((fact for fact in found if fact.when == found[0].when), key=lambda fact: fact.id, default=None)


def _last(kinds: Kinds, kind: type[D]) -> Fact[D] | None:
    found = _all(kinds, kind)
    return found[-1] if found else None


def _corrected(events: list[Event], zone: ZoneInfo) -> Kinds:
    corrections: dict[str, list[Event]] = {}
    for event in events:
        if isinstance(event.data, EventCorrects):
            corrections.setdefault(event.data.target, []).append(event)
    kinds: Kinds = {}
    for event in events:
        kinds.setdefault(type(event.data), []).append(_fact(event, corrections.get(event.id, []), zone))
    return kinds


def _fact(event: Event, corrections: list[Event], zone: ZoneInfo) -> Fact[Data]:
    data, basis = event.data, [event.id]
    for correction in corrections:
        corrected = _correct(event, data, correction, zone)
        if corrected is not None:
            data = corrected
            basis.append(correction.id)
    return Fact(event.effective_at.astimezone(UTC), event.actor, data, event.grade, tuple(basis))


def _correct(event: Event, data: Data, correction: Event, zone: ZoneInfo) -> Data | None:
    """`data` with the named fields replaced; None when the correction is not allowed or makes no sense."""
    if not isinstance(data, CORRECTABLE) or not isinstance(correction.data, EventCorrects):
        return None
    if correction.effective_at.astimezone(zone).date() != event.effective_at.astimezone(zone).date():
        return None
    try:
        return read_data(event.type, plain(data) | correction.data.data)
    except Invalid:
        return None


def _decisive(facts: Kinds, ledger: Ledger, arrived: datetime | None, missed_after: timedelta) -> Fact[Data] | None:
    """The latest of cancelled, reinstated and voided; a cancellation that came too late is none."""
    decisions: list[Fact[Data]] = [*_all(facts, VisitReinstated), *_all(facts, VisitVoided)]
    decisions += [
        fact for fact in _all(facts, VisitCancelled) if cancels(fact.data, ledger.in_force, arrived, missed_after)
    ]
    return max(decisions, key=lambda fact: fact.order, default=None)


def _cancellation(decisive: Fact[Data] | None) -> Fact[VisitCancelled] | None:
    return decisive if decisive and isinstance(decisive.data, VisitCancelled) else None  # type: ignore[return-value]


def _outcome(
    facts: Kinds,
    arrival: Fact[VisitArrived] | None,
    decisive: Fact[Data] | None,
    ledger: Ledger,
    missed_after: timedelta,
    disputed: bool,
) -> tuple[Outcome, datetime | None]:
    """The first outcome that applies; `missed` with the time after which it is one (until then: pending)."""
    if decisive and isinstance(decisive.data, VisitVoided):
        return "void", None
    if disputed:
        return "pending", None
    if _last(facts, VisitCompleted):
        return "completed", None
    if _last(facts, VisitNotCompleted):
        return "not_completed", None
    if decisive and isinstance(decisive.data, VisitCancelled):
        return "cancelled", None
    if arrival is None:
        return "missed", (ledger.in_force.end + missed_after).astimezone(UTC)
    return ("no_access" if _last(facts, AccessFailed) else "pending"), None


def _technician(
    facts: Kinds,
    scheduled: Fact[VisitScheduled],
    arrival: Fact[VisitArrived] | None,
    until: datetime,
) -> str | None:
    """Who recorded the earliest arrival; without one, who was assigned last by `until`; None: nobody's visit."""
    if arrival is not None:
        return arrival.actor if arrival.actor not in ("office", "customer") else None
    assigned: list[tuple[tuple[datetime, str], str | None]] = [
        (fact.order, fact.data.technician) for fact in _all(facts, VisitAssigned)
    ]
    if scheduled.data.technician is not None:
        assigned.append((scheduled.order, scheduled.data.technician))
    in_time = [pair for pair in assigned if pair[0][0] <= until]
    return max(in_time, key=lambda pair: pair[0])[1] if in_time else None


def _overturned_items(events: list[Event]) -> dict[str, EventId]:
    return {
        event.data.item: event.id
        for event in events
        if isinstance(event.data, AppealDecided) and event.data.item and event.data.outcome == "overturned"
    }
