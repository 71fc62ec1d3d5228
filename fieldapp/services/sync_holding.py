"""Which facts from a phone count at once and which wait for the dispatcher (design: visit.md, "When the office and an
offline phone disagree"). Owns the held codes; nothing is ever refused here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from fieldapp.domain import approvals
from fieldapp.domain.access import Actor
from fieldapp.domain.ids import VisitId
from fieldapp.domain.visits.codec import read_data
from fieldapp.domain.visits.device_time import Reading
from fieldapp.domain.visits.events import PromiseChanged
from fieldapp.domain.visits.lifecycle import NEXT, replay
from fieldapp.services.scheduling import late_by
from fieldapp.services.sync_wire import Item, Payload
from fieldapp.services.work import Db
from fieldapp.storage import events, standings

#: Said before any work has begun: harmless on a visit that was meanwhile planned anew.
PREPARATION = frozenset({"kit.checked", "customer.called", "promise.changed", "note.added"})
_STARTED = frozenset({"en_route", "arrived", "admitted", "signed", "not_completed", "no_access"})
_THERE = frozenset({"arrived", "admitted", "signed", "not_completed", "no_access", "completed"})
_STARTS = frozenset({"visit.departed", "visit.arrived"})
_OPAQUE = frozenset({"completed", "disputed"})
#: What a customer says at the end of a visit, and that it ended.
_SIGNED = frozenset({"answers.given", "signature.captured", "signature.refused", "visit.completed"})


@dataclass(slots=True)
class _Visit:
    technician: str | None
    is_off: bool
    is_started: bool
    is_there: bool
    completed_at: datetime | None
    moved_at_rev: int = 0
    is_left_out: bool = False


class Holding:
    """The visits of one push as they stand, moving on as its facts are accepted one after another."""

    def __init__(self, db: Db, branch: str, actor: Actor, facts: Sequence[Payload]) -> None:
        self._db, self._branch, self._actor = db, branch, actor
        self._visits = _load(db, branch, facts) if facts else {}

    def code(self, fact: Payload, reading: Reading, *, revoked: bool, foreign: bool, forked: bool) -> str | None:
        """Why the fact has to wait, None when it counts."""
        if revoked:
            return "device_revoked"
        if foreign or fact.actor != self._actor.login:
            return "actor_mismatch"
        if forked:
            return "chain_fork"
        visit = self._visits.get(fact.visit_id)
        if visit is None:
            return "unknown_visit"
        return self._against_plan(visit, fact, reading)

    def accepted(self, fact: Payload, effective_at: datetime) -> None:
        """The fact counts: what follows in this push follows it."""
        visit = self._visits[fact.visit_id]
        if fact.type in _STARTS:
            visit.is_started = True
            visit.is_there |= fact.type == "visit.arrived"
        elif fact.type == "visit.completed":
            visit.completed_at = min(visit.completed_at or effective_at, effective_at)

    def _against_plan(self, visit: _Visit, fact: Payload, reading: Reading) -> str | None:
        if visit.technician != self._actor.login:
            return "not_assignee"
        if visit.is_off:
            return "visit_cancelled"
        if fact.visit_rev < visit.moved_at_rev and not visit.is_started and fact.type not in PREPARATION:
            return "promise_moved"
        if visit.is_left_out and not visit.is_there and fact.type in _SIGNED:
            # How the customer came to sign was left out: nobody signs for a visit that nobody has made.
            return "promise_moved"
        over = visit.completed_at is not None and reading.effective_at > visit.completed_at
        if over and fact.type not in NEXT["completed"]:
            return "after_completion"
        if fact.type == "promise.changed" and self._wants_second_person(visit, fact, reading):
            return "needs_second_person"
        return "clock_suspect" if reading.suspect else None

    def _wants_second_person(self, visit: _Visit, fact: Payload, reading: Reading) -> bool:
        """Whether nobody says this alone, least of all who gains: a late wish of the customer, what they are said to
        have been told at another time than it was written down, a new promise when somebody was there already."""
        change = cast(PromiseChanged, read_data(fact.type, fact.data))
        if visit.is_there or approvals.is_told_elsewhere(change.promise.told_at, reading.effective_at):
            return True
        return late_by(self._db, self._branch, VisitId(fact.visit_id), change, reading.effective_at) is not None


def facts_of(items: Iterable[Item]) -> list[Payload]:
    """The readable facts."""
    return [item.fact for item in items if item.fact is not None]


def _load(db: Db, branch: str, facts: Sequence[Payload]) -> dict[str, _Visit]:
    found = standings.of(db, branch, {fact.visit_id for fact in facts})
    visits = {
        one.visit_id: _Visit(
            one.technician, one.state in {"cancelled", "void"}, one.state in _STARTED, one.state in _THERE, None
        )
        for one in found.values()
    }
    _look_closer(db, branch, visits, [one.visit_id for one in found.values() if one.state in _OPAQUE or one.held])
    seen: dict[str, int] = {}
    for fact in facts:
        seen[fact.visit_id] = min(seen.get(fact.visit_id, fact.visit_rev), fact.visit_rev)
    stale = [one for one, visit in visits.items() if not visit.is_started and seen[one] < found[one].rev]
    if stale:
        for one, rev in standings.moved_at_rev(db, branch, stale).items():
            visits[one].moved_at_rev = rev
    signed = {fact.visit_id for fact in facts if fact.type in _SIGNED}
    for one in events.left_out_of(db, branch, [name for name in signed & visits.keys() if not visits[name].is_there]):
        visits[one].is_left_out = True
    return visits


def _look_closer(db: Db, branch: str, visits: dict[str, _Visit], names: Sequence[str]) -> None:
    """A completed visit's row does not say when, a disputed one's not what it is beside that: replay them."""
    if not names:
        return
    histories, _ = events.histories(db, branch, [VisitId(one) for one in names])
    for name, history in histories.items():
        state = replay(history)
        if state is not None:
            visit = visits[name]
            visit.is_off = state.ruling == "voided" or state.name == "cancelled"
            visit.is_started, visit.completed_at = state.is_started, state.completed_at
            visit.is_there = state.arrived_at is not None
