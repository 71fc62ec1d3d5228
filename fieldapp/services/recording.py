"""The one way facts enter the store, whoever sends them: office, import, phone, customer's link.

In the caller's transaction: append what is new, then bring the read models of the touched visits in step (state,
promise ledger, judgements, appeals). Owns no rule of its own; who may record what is decided before, by the use case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from fieldapp.domain.ids import VisitId
from fieldapp.domain.visits import personal
from fieldapp.domain.visits.events import Event, PromiseChanged, VisitScheduled
from fieldapp.domain.visits.lifecycle import VisitState, replay
from fieldapp.domain.visits.personal import photographed
from fieldapp.services import outbox, scoring
from fieldapp.services.work import Db
from fieldapp.storage import appeals, erasures, events, photos, standings, visits
from fieldapp.storage.events import Record


@dataclass(frozen=True)
class Recorded:
    """What became of a batch: ids that were new, and records whose id is taken by other content (for quarantine)."""

    new: frozenset[str]
    conflicts: tuple[Record, ...]
    states: dict[VisitId, VisitState]
    #: Those of the facts that were stored without their customer: whatever else they came with is not kept.
    emptied: frozenset[str] = frozenset()
    #: Photos that only they name: erased by their rows, nobody is asked for them, bytes go after the commit.
    unwanted: frozenset[str] = frozenset()


def record(db: Db, branch: str, records: Sequence[Record], now: datetime, *, is_news: bool = True) -> Recorded:
    """Store the records and refresh every visit and finding they touch. The same records again change nothing.

    Others are told of them unless they are no news: histories from elsewhere, a demo's past.
    """
    gone = erasures.among(db, {one.event.visit for one in records if one.event.visit is not None})
    given, records = records, [_emptied(one, now) if one.event.visit in gone else one for one in records]
    new = events.insert(db, branch, records)
    known = [one for one in records if one.event.id not in new]
    stored = events.hashes(db, branch, (one.event.id for one in known)) if known else {}
    # Two records of this very batch may share an id too: the first was inserted, the second is compared with it.
    seen = {one.event.id: one.hash for one in reversed(records) if one.event.id in new}
    conflicts = tuple(
        one
        for one in given
        if one.event.visit not in gone and one.hash != stored.get(one.event.id, seen.get(one.event.id, one.hash))
    )
    fresh = [one for one in records if one.event.id in new]
    told = any(isinstance(one.event.data, VisitScheduled | PromiseChanged) for one in fresh)
    states = refresh(db, branch, _touched(db, branch, fresh), now, promises=told) if fresh else {}
    states |= _adopt(db, branch, fresh, states, now)
    scoring.rejudge_findings(db, branch, [one.event for one in fresh])
    appeals.follow(db, branch, [one.event for one in fresh])
    if is_news:
        # Facts that wait for a person are told when they count: with whatever lets them.
        waiting = [one.event for one in fresh if one.held_code is not None]
        outbox.announce(db, branch, [one.event for one in fresh if one.held_code is None], waiting, now)
    emptied = [one.event for one in records if one.erased_at]
    unwanted = _refuse_photos(db, branch, [event for event in emptied if event.id in new], now)
    _keep_photos(db, branch, [one for one in fresh if not one.erased_at], now)
    return Recorded(frozenset(new), conflicts, states, frozenset(event.id for event in emptied), unwanted)


def _emptied(one: Record, now: datetime) -> Record:
    """What is said of a visit whose customer was erased is kept without them, however late it comes."""
    event = structs.replace(one.event, data=personal.erased(one.event.data))
    return replace(one, event=event, source_hash=None, erased_at=now)


def _refuse_photos(db: Db, branch: str, emptied: Sequence[Event], now: datetime) -> frozenset[str]:
    """Photos of an erased customer that come after the erasure are not kept, either."""
    named = {sha256 for event in emptied for sha256 in photographed(event.data)}
    if not named:
        return frozenset()
    refused = erasures.only_theirs(db, branch, {event.visit for event in emptied if event.visit}, named)
    photos.drop(db, branch, refused, now)
    return frozenset(refused)


def _keep_photos(db: Db, branch: str, fresh: Sequence[Record], now: datetime) -> None:
    """The same picture may have been taken before: of a visit whose time is over, of a customer who was erased."""
    named = {sha256 for one in fresh if one.origin == "push" for sha256 in photographed(one.event.data)}
    if named:
        photos.named_anew(db, branch, named, now)


def refresh(
    db: Db, branch: str, touched: Sequence[VisitId], now: datetime, *, promises: bool = True
) -> dict[VisitId, VisitState]:
    """Rebuild the read models of the visits from their events; those never scheduled have none.

    Without `promises` the ledger is left alone: the caller knows that there is no new one.
    """
    histories, held, known = events.histories_with_revs(db, branch, touched)
    replayed = {visit: replay(history, held.get(visit, 0)) for visit, history in histories.items()}
    states = {visit: state for visit, state in replayed.items() if state is not None}
    visits.save(db, branch, states, {visit: known[visit] for visit in states}, now)
    if promises:
        visits.add_promises(db, branch, (event for visit in states for event in histories[visit]), now)
    scoring.rejudge(db, branch, histories, held)
    return states


def _adopt(
    db: Db, branch: str, fresh: Sequence[Record], states: dict[VisitId, VisitState], now: datetime
) -> dict[VisitId, VisitState]:
    """Facts that phones sent before their visit was known count from now on, if they are its technician's."""
    scheduled = [one.event.visit for one in fresh if isinstance(one.event.data, VisitScheduled) and one.event.visit]
    waited = standings.waiting_for(db, branch, scheduled) if scheduled else set()
    for visit in waited:
        standings.adopt(db, branch, visit, states[VisitId(visit)].technician)
    return refresh(db, branch, [VisitId(visit) for visit in waited], now) if waited else {}


def _touched(db: Db, branch: str, fresh: Sequence[Record]) -> list[VisitId]:
    """The visits of the records; a decision may name only its finding, which leads to the visit."""
    direct = [one.event.visit for one in fresh if one.event.visit is not None]
    findings = {finding for one in fresh if (finding := getattr(one.event.data, "finding", None))}
    found = events.visits_of(db, branch, findings) if findings else {}
    return list(dict.fromkeys([*direct, *(visit for visit in found.values() if visit is not None)]))
