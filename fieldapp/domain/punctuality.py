"""Promises and punctuality (docs/scoring.md, section 4): which arrival window a visit is held to, and how late it was.

Owns the ledger: every change in the order in which the customer was told, and what each did. Knows nothing of points.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fieldapp.domain.ids import EventId
from fieldapp.domain.visits.events import OWN_CAUSES, Cause, Event, Party, Promise, PromiseChanged, VisitCancelled

#: When the customer was told, then when it was entered, then the id: the order in which changes are taken.
Told = tuple[datetime, datetime, str]

Fate = Literal["moved", "too_late", "after_arrival"]


def told(event: Event, told_at: datetime) -> Told:
    """The place in the ledger of what `event` says the customer was told at `told_at`."""
    return told_at, event.effective_at, event.id


def is_own(asked_by: Party, cause: Cause) -> bool:
    """Whether the company changed or cancelled for a cause of the technician's own making."""
    return asked_by == "company" and cause in OWN_CAUSES


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the promise and what it did. `before` is what was in force when the customer was told."""

    event: EventId
    place: Told
    change: PromiseChanged
    before: Promise
    notice: timedelta  # from being told to the start of `before`; negative when told later
    fate: Fate

    @property
    def is_own(self) -> bool:
        return is_own(self.change.asked_by, self.change.cause)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The promises of one visit, never edited: the first, then every change in the order of telling."""

    first: Promise
    entries: tuple[Entry, ...]

    @property
    def in_force(self) -> Promise:
        """The last promise that moved: the one the visit is held to."""
        return self._last(self.entries)

    def in_force_when(self, place: Told) -> Promise:
        """The promise in force just before `place`."""
        return self._last(entry for entry in self.entries if entry.place < place)

    def _last(self, entries: Iterable[Entry]) -> Promise:
        promise = self.first
        for entry in entries:
            if entry.fate == "moved":
                promise = entry.change.promise
        return promise


def keep_ledger(first: Promise, changes: Iterable[Event], arrived: datetime | None, notice: timedelta) -> Ledger:
    """The ledger of a visit from its first promise and its `promise.changed` events, in any order.

    `arrived` is the earliest arrival; `notice` the time before the start of a window until which the company may
    still move it. A customer may move it until its end.
    """
    promise, entries = first, []
    for event, change in sorted(_changes(changes), key=lambda pair: told(pair[0], pair[1].promise.told_at)):
        told_at = change.promise.told_at
        latest = promise.end if change.asked_by == "customer" else promise.start - notice
        fate: Fate = "moved" if told_at <= latest else "too_late"
        if arrived is not None and told_at > arrived:
            fate = "after_arrival"
        entries.append(Entry(event.id, told(event, told_at), change, promise, promise.start - told_at, fate))
        if fate == "moved":
            promise = change.promise
    return Ledger(first, tuple(entries))


def _changes(events: Iterable[Event]) -> Iterable[tuple[Event, PromiseChanged]]:
    for event in events:
        if isinstance(event.data, PromiseChanged):
            yield event, event.data


def cancels(cancellation: VisitCancelled, promise: Promise, arrived: datetime | None, missed_after: timedelta) -> bool:
    """Whether a cancellation is one: told before (or at) any arrival, and before the visit counts as missed."""
    if arrived is not None and cancellation.told_at > arrived:
        return False
    return cancellation.told_at <= promise.end + missed_after


def excuses(ledger: Ledger, arrived: datetime, grace: timedelta) -> tuple[Entry, ...]:
    """The company's changes, for a cause that is not the technician's own, that were told too late to move the promise
    and whose window the arrival kept: by any of them the broken promise is the company's, not the technician's."""
    return tuple(
        entry
        for entry in ledger.entries
        if entry.fate == "too_late"
        and entry.change.asked_by == "company"
        and not entry.is_own
        and arrived <= entry.change.promise.end + grace
    )


def lateness(promise: Promise, arrived: datetime) -> timedelta:
    """How long after the end of the window; zero or less when in time. Early is never a fault."""
    return arrived - promise.end
