"""Storing a push (design: sync.md): one transaction, every entry answered by itself, the answer after the commit.

Owns what becomes of each entry. Reading the bytes is `sync_wire`'s, the sequence `sync_chain`'s, who has to wait
`sync_holding`'s, storing facts `recording`'s.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeVar

import structlog

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId
from fieldapp.domain.visits import device_time
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.device_time import Reading
from fieldapp.domain.visits.personal import photographed
from fieldapp.services import erasing, photos, recording, sync_day, sync_devices, sync_strays, sync_wire
from fieldapp.services.mishaps import noted
from fieldapp.services.sync_chain import Chain, Placed
from fieldapp.services.sync_holding import Holding, facts_of
from fieldapp.services.sync_wire import Batch, Item, Payload
from fieldapp.services.work import Busy, Db, Work, savepoint
from fieldapp.storage import audit, devices, quarantine, strays
from fieldapp.storage.devices import Device, Entry
from fieldapp.storage.events import Record
from fieldapp.storage.quarantine import Quarantined

T = TypeVar("T")
Parts = Literal["whole", "each", "either"]
Status = Literal["accepted", "duplicate", "held", "quarantined", "retry"]
#: Pages of a phone whose clocks are remembered.
PAGES_KEPT = 8
#: Beyond this a gap is a mistake, and is not looked into.
LONGEST_GAP = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one entry."""

    id: str | None
    status: Status
    code: str | None = None
    effective_at: datetime | None = None
    flags: tuple[str, ...] = ()
    expect_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the phone is told. `device` is None where the device is somebody else's."""

    server_time: datetime
    server_epoch: str
    results: tuple[Result, ...]
    device: Device | None
    revoked: bool
    blobs_wanted: tuple[photos.Wanted, ...]
    day_etag: str


@dataclass(slots=True)
class _Push:
    """One push on its way into the store."""

    work: Work
    db: Db
    actor: Actor
    branch: BranchCode
    batch: Batch
    received: datetime
    device: Device
    results: dict[int, Result] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    specimens: list[Quarantined] = field(default_factory=list)
    stored: Counter[str] = field(default_factory=Counter)
    unwanted: set[str] = field(default_factory=set)  #: photos of erased customers that came before their facts
    #: Who brings a rescue file, where the phone does not speak itself.
    by: Actor | None = None
    #: When the facts first came, where they lay in quarantine since: their clocks are read as of then.
    heard: datetime | None = None
    #: Facts go together or not at all, each alone, or together and then, where the program fails at one, each alone.
    parts: Parts = "either"

    @property
    def foreign(self) -> bool:
        """Another person's device: its facts are kept, its sequence is left alone."""
        return self.device.account_id != self.actor.account_id


def push(work: Work, actor: Actor, body: bytes) -> Answer:
    """Store a push. Raises `Invalid`, `TooLarge`, `Outdated` when nothing of it could be, `Busy`."""
    branch = own_branch(actor, "visits.work")
    received = work.now()
    batch = sync_wire.read_batch(body, received.date())
    store = partial(_stored, work, actor, branch, batch, received)
    # Parts that can fail alone cost time in which no other phone of the branch is served: for when one is needed.
    done = _tried(branch, "a push", partial(store, "whole"))
    going, epoch, after = done or store("each")
    return Answer(
        server_time=work.now(), server_epoch=epoch, device=after, revoked=going.device.revoked_at is not None,
        results=tuple(going.results[place] for place in sorted(going.results)),
        blobs_wanted=photos.wanted(work, branch, _named(batch)), day_etag=_follow(going),
    )  # fmt: skip


def _stored(
    work: Work, actor: Actor, branch: BranchCode, batch: Batch, received: datetime, parts: Parts
) -> tuple[_Push, str, Device | None]:  # fmt: skip
    with work.write(branch) as db:
        epoch = sync_devices.epoch(db, work.new_id)
        device = devices.find(db, branch, batch.device_id) or _newcomer(db, work, actor, branch, batch, received)
        going = _Push(work, db, actor, branch, batch, received, device, parts=parts)
        restored = batch.server_epoch is not None and batch.server_epoch != epoch
        return going, epoch, _store(going, restored)


def _named(batch: Batch) -> Iterable[str]:
    return (sha256 for item in batch.items if item.data for sha256 in photographed(item.data))


def _follow(push: _Push) -> str:
    """Hand over what is another branch's; the day's mark, as new as the answer, which is given whatever fails here."""
    if any(one.code in strays.UNSEEN for one in push.results.values()):
        sync_strays.bring_home(push.work, push.branch)
    with noted("taking erased photos away", branch=push.branch):
        erasing.take_photos(push.work, push.branch, push.unwanted)
    mark = ""
    with noted("the day's mark", branch=push.branch), push.work.read() as db:
        mark = sync_day.etag(db, push.actor, push.received)
    return mark


def _newcomer(db: Db, work: Work, actor: Actor, branch: BranchCode, batch: Batch, received: datetime) -> Device:
    """A device that nobody registered (a restored server may have forgotten it) becomes the actor's, unless anything
    in it names another person: a session that changed at the last moment must not take the phone from its owner."""
    if batch.actors() - {actor.login}:
        return devices.unknown(branch, batch.device_id)
    return sync_devices.known_or_new(db, work, actor, batch.device_id, received)


def deposit(work: Work, owner: Actor, batch: Batch, *, by: Actor) -> tuple[Result, ...]:
    """Store a batch that `by` brings for `owner`, from a rescue file: by the rules of a push, in the owner's name.

    Nobody will send what may be missing in it, so gaps are bridged. From a device that is not known as the owner's,
    here or in the branch that they come from, everything waits.
    """
    assert owner.branch is not None  # noqa: S101 - the caller looked
    received = work.now()
    with work.write(owner.branch) as db:
        device = sync_devices.of_file(db, work, owner, batch.device_id, by=by)
        going = _Push(work, db, owner, owner.branch, batch, received, device, by=by)
        _store(going, restored=True)
    return tuple(going.results[place] for place in sorted(going.results))


def store_again(
    work: Work, db: Db, owner: Actor, batch: Batch, *, heard: datetime, by: Actor
) -> tuple[Result, ...]:  # fmt: skip
    """Store what came `heard` ago and could not be read then, in the owner's name and by the rules of a push; gaps are
    bridged. In the caller's transaction."""
    assert owner.branch is not None  # noqa: S101 - the caller looked
    device = devices.find(db, owner.branch, batch.device_id) or devices.unknown(owner.branch, batch.device_id)
    going = _Push(work, db, owner, owner.branch, batch, work.now(), device, by=by, heard=heard)
    _store(going, restored=True)
    return tuple(going.results[place] for place in sorted(going.results))


def _store(push: _Push, restored: bool) -> Device | None:
    for bad in push.batch.bad:
        _quarantine(push, bad.place, bad.raw, "schema_invalid", bad.problem, bad.id, bad.seq)
    if push.foreign:
        chain, placed = None, [Placed(item, _as_guest(item)) for item in push.batch.items]
    else:
        known = devices.entries(push.db, push.branch, push.device.device_id, _numbers(push))
        chain = Chain(
            push.device, known, len(push.batch.bad), _unreadable(push), restored, again=push.heard is not None
        )
        placed = chain.place(push.batch.items)
    fresh = [one for one in placed if not _settle(push, one)]
    pages = _record(push, fresh)
    devices.save_entries(push.db, push.branch, push.device.device_id, push.entries)
    _keep_specimens(push)
    after = _contact(push, chain, pages) if chain else None
    _audit(push)
    return after


def _numbers(push: _Push) -> list[int]:
    # The one before tells whether the chain's end is sound.
    return [push.device.next_seq - 1, *(item.seq for item in push.batch.items)]


def _unreadable(push: _Push) -> frozenset[int]:
    """Numbers missing before an entry of this push, under which earlier pushes brought what nobody could read."""
    seqs = {item.seq for item in push.batch.items}
    start = push.device.next_seq
    if not seqs or max(seqs) - start > LONGEST_GAP:
        return frozenset()
    missing = set(range(start, max(seqs))) - seqs
    found = quarantine.unreadable(push.db, push.branch, push.device.device_id, missing) if missing else ()
    return frozenset(found)


def _as_guest(item: Item) -> Literal["fresh", "hash_mismatch"]:
    return "fresh" if item.digest == item.hash else "hash_mismatch"


def _settle(push: _Push, one: Placed) -> bool:
    """Answer what needs no look at its content; False for a fact that does."""
    item = one.item
    if one.standing == "known":
        code = one.known.code if one.known else None
        push.results[item.place] = Result(item.id, "duplicate", code)
    elif one.standing == "missing_prev":
        push.results[item.place] = Result(item.id, "retry", "missing_prev", expect_seq=one.expect)
    elif one.standing not in {"fresh", "forked"}:
        _refuse(push, one, one.standing, f"the ledger's entry {item.seq} is another" if one.known else one.standing)
    elif item.fact is None:
        _refuse(push, one, "schema_invalid", item.problem)
    else:
        return False
    return True


def _record(push: _Push, fresh: Sequence[Placed]) -> Mapping[str, float]:
    """Store facts; returns what is known of the phone's pages afterwards. A fact at which the program itself fails
    takes no other with it: then each goes alone, and that one into quarantine, to be tried again later."""
    pages: Mapping[str, float] = push.device.clock.get("pages", {})
    if fresh and push.parts == "whole":
        return _record_all(push, fresh, pages)
    if fresh and push.parts == "either":
        done = _tried(push.branch, "facts together", partial(_record_all, push, fresh, pages))
        if done is not None:
            return done
    for one in fresh:
        done = _tried(push.branch, f"fact {one.item.id}", partial(_record_all, push, [one], pages))
        if done is None:
            _refuse(push, one, "schema_invalid", "the program failed at it")
        pages = done or pages
    return pages


def _tried(branch: str, what: str, act: Callable[[], T]) -> T | None:
    """What `act` gives; None, and a line for the operator, where the program fails at it. Raises `Busy`."""
    try:
        return act()
    except Busy:
        raise
    except Exception as error:  # noqa: BLE001 - a mistake of ours, whatever it is, must not stop a phone for ever
        structlog.get_logger().error(f"failed at {what}", branch=branch, exc_info=error)
        return None


def _record_all(push: _Push, fresh: Sequence[Placed], pages: Mapping[str, float]) -> Mapping[str, float]:
    """Store them all or, raising, none."""
    facts = facts_of(one.item for one in fresh)
    stamps = [sync_wire.stamp(one.item.fact, one.item.data) for one in fresh if one.item.fact and one.item.data]
    contact = push.batch.contact(device_time.milliseconds(push.heard or push.received))
    with nullcontext() if push.parts == "whole" else savepoint(push.db):
        readings, pages = device_time.read_all(stamps, contact, pages)
        records = _decide(push, fresh, facts, readings)
        recorded = recording.record(push.db, push.branch, list(records.values()), push.received)
        kept = recorded.new - recorded.emptied
        payloads = {one.item.id: one.item.payload for one in fresh if one.item.id in kept}
        devices.keep_payloads(push.db, push.branch, payloads)
    push.unwanted |= recorded.unwanted
    taken = {id(record) for record in recorded.conflicts}
    left = set(recorded.new)
    for one, reading in zip(fresh, readings, strict=True):
        record = records[one.item.place]
        if id(record) in taken:
            _refuse(push, one, "id_conflict", "the id is taken by another fact")
        else:
            _accept(push, one, record, reading, is_new=record.event.id in left)
            left.discard(record.event.id)
    return pages


def _decide(
    push: _Push, fresh: Sequence[Placed], facts: Sequence[Payload], readings: Sequence[Reading]
) -> dict[int, Record]:
    """The facts as they are stored, by place: they count, or wait for somebody."""
    holding = Holding(push.db, push.branch, push.actor, facts)
    records = {}
    for one, fact, reading in zip(fresh, facts, readings, strict=True):
        code = holding.code(
            fact, reading, revoked=push.device.revoked_at is not None, foreign=push.foreign,
            forked=one.standing == "forked",
        )  # fmt: skip
        if code is None:
            holding.accepted(fact, reading.effective_at)
        records[one.item.place] = _as_record(push, one.item, reading, code)
    return records


def _as_record(push: _Push, item: Item, reading: Reading, code: str | None) -> Record:
    assert item.fact is not None  # noqa: S101 - only readable facts get here
    assert item.data is not None  # noqa: S101
    event = ev.Event(
        id=EventId(item.id), type=item.fact.type, visit=VisitId(item.fact.visit_id),
        effective_at=reading.effective_at, actor=StaffCode(item.fact.actor), data=item.data, grade=reading.grade,
    )  # fmt: skip
    return Record(
        event=event, origin="push", received_at=push.received, source_hash=item.hash,
        device_id=push.device.device_id, seq=item.seq, held_code=code, flags=reading.flags,
        proven_at=reading.proven_at,
    )  # fmt: skip


def _accept(push: _Push, one: Placed, record: Record, reading: Reading, *, is_new: bool) -> None:
    item, code = one.item, record.held_code
    status: Literal["accepted", "held"] = "held" if code else "accepted"
    if one.takes:
        push.entries.append(Entry(item.seq, item.id, item.digest, status, code, reading.effective_at, _prev(one)))
    if is_new:
        push.stored[code or "accepted"] += 1
        push.results[item.place] = Result(item.id, status, code, reading.effective_at, reading.flags)
    else:
        push.results[item.place] = Result(item.id, "duplicate")


def _refuse(push: _Push, one: Placed, code: str, problem: str) -> None:
    item = one.item
    if one.takes:
        push.entries.append(Entry(item.seq, item.id, item.digest, "quarantined", code, None, _prev(one)))
    visit = item.fact.visit_id if item.fact else sync_wire.visit_named(item.payload)
    _quarantine(push, item.place, item.raw, code, problem, item.id, str(item.seq), visit)


def _prev(one: Placed) -> str | None:
    return None if one.linked else one.item.prev


def _quarantine(
    push: _Push, place: int, raw: bytes, code: str, problem: str, event_id: str | None, seq: str | None,
    visit: str | None = None,
) -> None:  # fmt: skip
    push.results[place] = Result(event_id, "quarantined", code)
    push.specimens.append(
        Quarantined(
            code=code, origin="push", raw=raw, problem=problem, received_at=push.received, event_id=event_id,
            device_id=push.device.device_id, seq=seq, actor=push.actor.login, visit_id=visit,
            clock=push.batch.clock_json,
        )
    )  # fmt: skip


def _keep_specimens(push: _Push) -> None:
    if push.specimens:
        new = quarantine.keep(push.db, push.work.vault, push.branch, push.specimens)
        push.stored += Counter({"quarantined": new})


def _contact(push: _Push, chain: Chain, pages: Mapping[str, float]) -> Device:
    """Write down where the chain stands and what the phone said of itself."""
    if push.heard is not None:
        after = replace(push.device, next_seq=chain.next_seq, head=chain.head, chain=chain.chain)
        devices.save_contact(push.db, after)
        return after
    clock = push.batch.clock
    kept = dict(list(pages.items())[-PAGES_KEPT:])
    after = replace(
        push.device, next_seq=chain.next_seq, head=chain.head, chain=chain.chain, outbox=_left(push),
        clock={"wall": clock.wall, "mono": clock.mono, "boot": clock.boot, "off": clock.off, "pages": kept},
    )  # fmt: skip
    if push.by is None:
        after = replace(after, seen_at=push.received, client=push.batch.client)
    else:
        after = replace(after, client={**push.device.client, "photos": 0, "oldest": None})
    devices.save_contact(push.db, after)
    return after


def _left(push: _Push) -> int:
    """How many facts the phone still holds: what it said it had, without what has just been stored."""
    told = push.batch.client.get("outbox")
    if not isinstance(told, float) or not 0 <= told <= 2_000_000_000:
        return push.device.outbox
    settled = sum(result.status != "retry" for result in push.results.values())
    return max(0, int(told) - settled) if push.by is None else int(told)


def _audit(push: _Push) -> None:
    if push.heard is not None or not push.stored.total():
        return  # what is read again is audited by who asked for it
    facts: dict[str, Any] = {"batch": push.batch.batch_id, **push.stored}
    action = "pushed"
    if push.by is not None:
        facts["owner"], action = push.actor.login, "rescued"
    audit.append(
        push.db, push.branch, entry_id=push.work.new_id(), now=push.received, actor=(push.by or push.actor).login,
        action=action, subject=push.device.device_id, facts=facts,
    )  # fmt: skip
