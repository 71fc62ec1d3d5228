"""The only state machine of a visit: `apply(state, event)` is pure, `replay` folds a history in the order of its facts.

Owns what state a visit is in and which phone event may come next. What a state is worth is `scoring`'s; what happens
to facts from a phone that did not know the latest plan is `services.sync_holding`'s (it asks here).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from msgspec import UNSET

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event

StateName = Literal[
    "planned", "en_route", "arrived", "admitted", "signed", "completed",
    "not_completed", "no_access", "cancelled", "missed", "disputed", "void",
]  # fmt: skip

#: How long a job is planned for where nobody said otherwise.
DURATIONS: dict[str, timedelta] = {
    "install": timedelta(minutes=90),
    "move": timedelta(minutes=90),
    "repair": timedelta(minutes=60),
}

#: States in which nothing more is expected of the technician but to leave.
ENDED = frozenset({"completed", "not_completed", "no_access", "cancelled", "void"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitState:
    """What a visit's history amounts to. Times are aware UTC; `held` counts facts that wait for the dispatcher."""

    external_id: str
    job_type: ev.JobType
    customer: ev.Customer
    charges: tuple[ev.Charge, ...]
    note: str
    technician: str | None
    promise: ev.Promise
    planned_at: datetime | None = None
    duration: timedelta | None = None
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    arrived_by: str | None = None
    admitted_at: datetime | None = None
    signed_at: datetime | None = None
    completed_at: datetime | None = None
    not_completed_at: datetime | None = None
    access_failed_at: datetime | None = None
    left_at: datetime | None = None
    ruling: Literal["cancelled", "reinstated", "voided"] | None = None
    cancelled_told_at: datetime | None = None
    held: int = 0

    @property
    def planned_start(self) -> datetime:
        """When the technician is to be there: as planned, else the start of the promise."""
        return self.planned_at or self.promise.start

    @property
    def planned_end(self) -> datetime:
        """When the next job may begin."""
        return self.planned_start + (self.duration or DURATIONS[self.job_type])

    @property
    def is_started(self) -> bool:
        """Whether the technician has done anything on this visit."""
        return self.departed_at is not None or self.arrived_at is not None

    @property
    def is_cancelled(self) -> bool:
        """Cancelled and not reinstated; a cancellation told after the arrival is none (scoring.md 4)."""
        if self.ruling != "cancelled":
            return False
        return self.arrived_at is None or self.cancelled_told_at is None or self.cancelled_told_at <= self.arrived_at

    @property
    def name(self) -> StateName:
        """The state's name. `missed` comes by the clock and is never stored: see `seen_at`."""
        if self.ruling == "voided":
            return "void"
        if self.held:
            return "disputed"
        for name, reached in (
            ("completed", self.completed_at is not None),
            ("not_completed", self.not_completed_at is not None),
            ("cancelled", self.is_cancelled),
            ("no_access", self.access_failed_at is not None and self.arrived_at is not None),
            ("signed", self.signed_at is not None),
            ("admitted", self.admitted_at is not None),
            ("arrived", self.arrived_at is not None),
            ("en_route", self.departed_at is not None),
        ):
            if reached:
                return name  # type: ignore[return-value]
        return "planned"

    def seen_at(self, now: datetime, missed_after: timedelta) -> StateName:
        """The name at `now`: a visit that nobody came to is `missed` once the promise's end is long past."""
        name = self.name
        if name in {"planned", "en_route"} and now > self.promise.end + missed_after:
            return "missed"
        return name


def replay(history: Iterable[Event], held: int = 0) -> VisitState | None:
    """Fold a visit's events, in any order and with any duplicates; None when it was never scheduled.

    `held` is the number of facts that wait for a person; they are not among `history`.
    """
    facts = sorted({event.id: event for event in history}.values(), key=lambda event: event.order)
    first = next((event for event in facts if isinstance(event.data, ev.VisitScheduled)), None)
    if first is None:
        return None
    state = _scheduled(first)
    for event in facts:
        if event is not first:
            state = apply(state, event)
    return replace(state, held=held) if held else state


def apply(state: VisitState, event: Event) -> VisitState:
    """The state after one more event; events that say nothing about the state leave it as it is."""
    moment, data = event.effective_at, event.data
    match data:
        case ev.VisitAssigned():
            return replace(
                state,
                technician=data.technician,
                planned_at=data.planned_start or state.planned_at,
                duration=_minutes(data.duration) or state.duration,
            )
        case ev.VisitAmended():
            return _amended(state, data)
        case ev.PromiseChanged():
            # A new promise is a new plan; a different planned start comes with the assignment that follows.
            return replace(state, promise=data.promise, planned_at=None)
        case ev.VisitCancelled():
            return replace(state, ruling="cancelled", cancelled_told_at=data.told_at)
        case ev.VisitReinstated():
            return replace(state, ruling="reinstated")
        case ev.VisitVoided():
            return replace(state, ruling="voided")
        case ev.VisitDeparted():
            return replace(state, departed_at=_first(state.departed_at, moment))
        case ev.VisitArrived():
            if state.arrived_at is not None:
                return state
            return replace(state, arrived_at=moment, arrived_by=event.actor)
        case ev.ConsentGiven():
            return replace(state, admitted_at=_first(state.admitted_at, moment))
        case ev.AccessFailed():
            return replace(state, access_failed_at=moment)
        case ev.ChargeAdded():
            return replace(state, charges=(*state.charges, ev.Charge(label=data.label, amount=data.amount)))
        case ev.SignatureCaptured():
            return replace(state, signed_at=moment)
        case ev.VisitCompleted():
            return replace(state, completed_at=_first(state.completed_at, moment))
        case ev.VisitNotCompleted():
            return replace(state, not_completed_at=moment)
        case ev.VisitLeft():
            return replace(state, left_at=moment)
    return state


_ANYTIME = frozenset({"note.added", "photo.added", "event.corrects"})
_BEFORE = _ANYTIME | {"kit.checked", "customer.called", "promise.changed", "visit.arrived", "visit.not_completed"}
_INSIDE = (_BEFORE - {"visit.arrived", "promise.changed"}) | {
    "door.checked", "consent.given", "access.failed", "damage.reported", "equipment.used", "charge.added",
    "site.checked",
}  # fmt: skip
_SIGNING = {"answers.given", "statement.presented", "signature.captured", "signature.refused", "visit.completed"}

#: State -> what the phone may record next. The phone's mirror holds the same table (tests/vectors/lifecycle.json).
NEXT: dict[str, frozenset[str]] = {
    "planned": frozenset(_BEFORE | {"visit.departed"}),
    "en_route": frozenset(_BEFORE),
    "arrived": frozenset(_INSIDE),
    "admitted": frozenset((_INSIDE - {"access.failed"}) | _SIGNING),
    "signed": frozenset((_INSIDE - {"access.failed"}) | _SIGNING),
    "completed": frozenset({"visit.left", "event.corrects"}),
    "not_completed": frozenset(_ANYTIME | {"visit.left"}),
    "no_access": frozenset(_ANYTIME | {"visit.left", "customer.called"}),
    "cancelled": frozenset(),
    "missed": frozenset(_BEFORE | {"visit.departed"}),
    "disputed": frozenset(_INSIDE | _SIGNING | {"visit.left"}),
    "void": frozenset(),
}


def may_follow(name: StateName, kind: str) -> bool:
    """Whether the phone may record an event of `kind` on a visit in state `name`."""
    return kind in NEXT[name]


def _scheduled(event: Event) -> VisitState:
    data = event.data
    assert isinstance(data, ev.VisitScheduled)  # noqa: S101 - the caller chose it by its type
    return VisitState(
        external_id=data.external_id,
        job_type=data.job_type,
        customer=data.customer,
        charges=tuple(data.charges),
        note=data.note or "",
        technician=data.technician,
        promise=data.promise,
        planned_at=data.planned_start,
        duration=_minutes(data.duration),
    )


def _amended(state: VisitState, data: ev.VisitAmended) -> VisitState:
    return replace(
        state,
        customer=state.customer if data.customer is UNSET else data.customer,
        charges=state.charges if data.charges is UNSET else tuple(data.charges),
        job_type=state.job_type if data.job_type is UNSET else data.job_type,
        note=state.note if data.note is UNSET else data.note or "",
    )


def _first(known: datetime | None, moment: datetime) -> datetime:
    return moment if known is None else known


def _minutes(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)


def first_arrival(events: Iterable[Event]) -> Event | None:
    """The arrival that speaks: the first by effective time; at equal times the one with the greater id."""
    came = [one for one in events if isinstance(one.data, ev.VisitArrived)]
    first = min((one.effective_at for one in came), default=None)
    return max((one for one in came if one.effective_at == first), key=lambda one: one.id, default=None)
