"""Bringing in a rescue file: the same facts by the same path as if the phone had sent them itself.

Anybody of the staff may do it: the file is sealed, nobody can change it, and nothing in it counts for whoever brings
it. Twice changes nothing; the phone may still send the same later.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from fieldapp.domain.access import Actor
from fieldapp.domain.errors import Invalid
from fieldapp.services import photos, sync_push, sync_strays, sync_wire
from fieldapp.services.photos import HashMismatch, OffsetMismatch, PhotoTooLarge
from fieldapp.services.rescue_files import Content, Rescued, RescueKey, open_file
from fieldapp.services.sync_push import Result
from fieldapp.services.sync_wire import Item
from fieldapp.services.work import Work
from fieldapp.storage import accounts, audit

PhotoStatus = Literal["stored", "known", "damaged"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the outbox and what became of it. `type` and `wall` (milliseconds) as far as they can be read."""

    seq: int | None
    type: str | None
    wall: float | None
    result: Result


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo and what became of it."""

    sha256: str
    size: int
    status: PhotoStatus


@dataclass(frozen=True, slots=True)
class Report:
    """Item by item what a rescue file held. `owner` is whose phone it was."""

    owner: str
    name: str
    device_id: str
    facts: tuple[Fact, ...]
    photos: tuple[Photo, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many facts had which fate, and photos as `photo_<status>`."""
        return Counter([one.result.status for one in self.facts] + [f"photo_{one.status}" for one in self.photos])


def import_file(work: Work, actor: Actor, key: RescueKey, raw: bytes) -> Report:
    """Store what a rescue file holds. Raises `Invalid` before anything is touched: wrong key, cut off, damaged, or of
    somebody whom the importer's branch does not know."""
    rescued = open_file(key, raw)
    content = rescued.content
    with work.read() as db:
        account = accounts.find_by_login(db, content.login)
    if account is None or account.branch is None or actor.branch not in {None, account.branch}:
        raise Invalid("rescue_owner_unknown", field="file", login=content.login)
    # What was recorded was recorded as a technician, whatever the account is by now.
    owner = replace(account.actor, role="technician")
    facts = tuple(fact for at in _starts(content) for fact in _deposit(work, owner, actor, content, at))
    taken = tuple(_bring(work, owner, rescued, one.blob) for one in content.blobs)
    sync_strays.bring_home(work, account.branch)
    report = Report(owner.login, owner.name, content.device_id, facts, taken)
    with work.write(owner.branch) as db:
        audit.append(
            db, owner.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="rescue_imported",
            subject=content.device_id, facts={"owner": owner.login, **report.counts},
        )  # fmt: skip
    return report


def _starts(content: Content) -> range:
    return range(0, len(content.events), sync_wire.MAX_EVENTS)


def _deposit(work: Work, owner: Actor, importer: Actor, content: Content, start: int) -> list[Fact]:
    """The portion that begins there, read and stored exactly as a push."""
    end = start + sync_wire.MAX_EVENTS
    body = msgspec.json.encode(
        {
            "protocol": sync_wire.PROTOCOL, "device_id": content.device_id, "server_epoch": content.server_epoch,
            "client": {"outbox": len(content.events[end:])}, "clock": content.clock,
            "events": content.events[start:end],
        }
    )  # fmt: skip
    batch = sync_wire.read_batch(body, work.now().date(), most=len(body))
    results = sync_push.deposit(work, owner, batch, by=importer)
    items = {item.place: item for item in batch.items}
    return [_fact(items.get(place), result) for place, result in enumerate(results)]


def _fact(item: Item | None, result: Result) -> Fact:
    told = item.fact if item else None
    return Fact(item.seq if item else None, told.type if told else None, told.wall if told else None, result)


def _bring(work: Work, owner: Actor, rescued: Rescued, sha256: str) -> Photo:
    """One photo through the same door as an upload."""
    whole = rescued.photo(sha256)
    if photos.received(work, owner, sha256)[1]:
        return Photo(sha256, len(whole), "known")
    if not whole or hashlib.sha256(whole).hexdigest() != sha256:
        return Photo(sha256, len(whole), "damaged")
    for _ in range(3):  # again where an upload that was cut off had left other bytes
        try:
            _upload(work, owner, sha256, whole)
            return Photo(sha256, len(whole), "stored")
        except (HashMismatch, OffsetMismatch):
            continue
        except PhotoTooLarge:
            break
    return Photo(sha256, len(whole), "damaged")


def _upload(work: Work, owner: Actor, sha256: str, whole: bytes) -> None:
    offset, is_whole = photos.received(work, owner, sha256)
    while not is_whole:
        piece = whole[offset : offset + photos.MAX_PIECE]
        try:
            offset = photos.add_piece(work, owner, sha256, offset=offset, length=len(whole), piece=piece)
            is_whole = offset >= len(whole)
        except OffsetMismatch:  # the phone, or somebody else, brings it just now: on from where they are
            before = offset
            offset, is_whole = photos.received(work, owner, sha256)
            if offset <= before and not is_whole:
                raise
