"""Phones: registering one, taking one away, and which life of the server they speak to.

Owns who may do that; what a device sends is `sync_push`'s.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fieldapp.domain.access import Actor, may, own_branch, require
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, is_uuid
from fieldapp.domain.visits.device_time import milliseconds
from fieldapp.services.installation import EPOCH
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, branches, devices, push_subscriptions, server
from fieldapp.storage.devices import Device

__all__ = ["Deletion", "Device", "Registered"]
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Registered:
    """A device that is known now. `previous` is what the same browser was before: its storage was emptied, and what it
    had not sent by `previous.next_seq` is lost with it."""

    device: Device
    is_new: bool
    server_epoch: str
    previous: Device | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """What somebody deleted on a phone before it was sent, and why. `id` names this word; `wall`: the phone's time."""

    id: str
    device_id: str
    login: str
    reason: str
    events: int
    photos: int
    wall: float


def register(work: Work, actor: Actor, *, device_id: str, name: str, browser_had: str | None = None) -> Registered:
    """Make a phone known; again with the same id changes nothing. Raises `Conflict` for somebody else's.

    `browser_had` is the device that this browser's cookie names.
    """
    branch = own_branch(actor, "visits.work")
    if not is_uuid(device_id):
        raise Invalid("schema_invalid", field="device_id", path="device_id", problem="no UUID")
    cleaned = " ".join(name.replace("\x00", "").split())[:NAME_LENGTH]
    now = work.now()
    with work.write(branch) as db:
        is_new = _add(db, work, actor, branch, device_id, cleaned, now)
        device = devices.find(db, branch, device_id)
        if device is None or device.account_id != actor.account_id:
            raise Conflict("device_taken")
        previous = _before(db, actor, branch, device_id, browser_had)
        if previous is not None and is_new:
            _note_emptied(db, work, actor, previous, device_id, now)
        return Registered(device, is_new, epoch(db, work.new_id), previous)


def _before(db: Db, actor: Actor, branch: BranchCode, device_id: str, browser_had: str | None) -> Device | None:
    """What this browser was before its storage was emptied; None where it was nothing, somebody else's, or what it
    held was deleted on purpose."""
    if browser_had is None or browser_had == device_id or not is_uuid(browser_had):
        return None
    had = devices.find(db, branch, browser_had)
    return had if had and had.account_id == actor.account_id and "deleted" not in had.client else None


def _note_emptied(db: Db, work: Work, actor: Actor, had: Device, device_id: str, now: datetime) -> None:
    """The browser emptied a phone's storage: nobody waits any more for what it still held; the office hears of it."""
    photos = had.client.get("photos")
    lost = {"events": had.outbox, "photos": int(photos) if isinstance(photos, float) and 0 <= photos < 1e6 else 0}
    audit.append(
        db, had.branch, entry_id=work.new_id(), now=now, actor=actor.login, action="phone_emptied",
        subject=had.device_id, facts={**lost, "device": device_id},
    )  # fmt: skip
    client = {**had.client, "photos": 0, "oldest": None, "emptied": {**lost, "wall": milliseconds(now)}}
    devices.save_contact(db, replace(had, outbox=0, client=client))


def known_or_new(db: Db, work: Work, actor: Actor, device_id: str, now: datetime) -> Device:
    """The device that pushes. One that is unknown (a restored server may have forgotten it) becomes the actor's."""
    branch = own_branch(actor, "visits.work")
    found = devices.find(db, branch, device_id)
    if found is None:
        _add(db, work, actor, branch, device_id, "", now)
        found = devices.find(db, branch, device_id)
    assert found is not None  # noqa: S101 - it was there or was added
    return found


def of_file(db: Db, work: Work, owner: Actor, device_id: str, *, by: Actor) -> Device:
    """The device that a rescue file names, which `by` brings for `owner`.

    One that other branches know as theirs, and none took out of use, comes along to a branch that it has not spoken to:
    they were moved. Any other stays unknown: whoever has our public key can seal a file in anybody's name.
    """
    branch = own_branch(owner, "visits.work")
    found = devices.find(db, branch, device_id)
    if found is None and (theirs := _elsewhere(db, owner, branch, device_id)):
        _add(db, work, by, branch, device_id, theirs.name, theirs.seen_at, owner=owner.account_id)
        found = devices.find(db, branch, device_id)
    return found or devices.unknown(branch, device_id)


def _elsewhere(db: Db, owner: Actor, branch: BranchCode, device_id: str) -> Device | None:
    others = (one.code for one in branches.every(db) if one.code != branch)
    known = [found for code in others if (found := devices.find(db, code, device_id))]
    is_theirs = all(one.account_id == owner.account_id and one.revoked_at is None for one in known)
    return max(known, key=lambda one: one.seen_at) if known and is_theirs else None


def list_own(work: Work, actor: Actor) -> list[Device]:
    """One's own phones, the last seen first."""
    with work.read() as db:
        return devices.of_account(db, own_branch(actor, "visits.work"), actor.account_id)


def revoke(work: Work, actor: Actor, branch: BranchCode, device_id: str) -> None:
    """Take a phone away: what it sends is kept and waits, and it gets no plan any more.

    Its owner may do that, and whoever manages accounts. Raises `NotFound`.
    """
    with work.write(branch) as db:
        device = devices.find(db, branch, device_id)
        # Somebody else's answers as one that nobody has.
        if device is None or not (
            device.account_id == actor.account_id or may(actor, "accounts.manage", branch=branch)
        ):
            raise NotFound()
        now = work.now()
        if devices.revoke(db, branch, device_id, now):
            push_subscriptions.drop(db, branch, device_id)
            audit.append(
                db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action="device_revoked",
                subject=device_id,
            )  # fmt: skip


def restore(work: Work, actor: Actor, branch: BranchCode, device_id: str) -> None:
    """Let a phone that was taken away be used again. Only who manages accounts may. Raises `NotFound`."""
    require(actor, "accounts.manage", branch=branch)
    with work.write(branch) as db:
        if devices.find(db, branch, device_id) is None:
            raise NotFound()
        if devices.restore(db, branch, device_id):
            audit.append(
                db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="device_restored",
                subject=device_id,
            )  # fmt: skip


def record_deletion(work: Work, actor: Actor, deletion: Deletion) -> bool:
    """Write down that somebody deleted what a phone had not sent; False when it is on record already.

    Whoever signs in next on the phone brings the word; the facts name whose it was. Raises `Invalid`.
    """
    branch = own_branch(actor, "visits.work")
    if not deletion.reason.strip():
        raise Invalid("reason_missing", field="reason")
    with work.write(branch) as db:
        if audit.has(db, branch, deletion.id):
            return False
        audit.append(
            db, branch, entry_id=deletion.id, now=work.now(), actor=actor.login, action="outbox_deleted",
            subject=deletion.device_id,
            facts={
                "owner": deletion.login, "reason": deletion.reason, "events": deletion.events,
                "photos": deletion.photos, "wall": deletion.wall,
            },
        )  # fmt: skip
        device = devices.find(db, branch, deletion.device_id)
        owner = accounts.find(db, device.account_id) if device else None
        if device and owner and owner.login == deletion.login:
            told = {"reason": deletion.reason, "events": deletion.events, "photos": deletion.photos}
            client = {**device.client, "photos": 0, "oldest": None, "deleted": told}
            devices.save_contact(db, replace(device, outbox=0, client=client))
        return True


def is_revoked(db: Db, actor: Actor, device_id: str | None) -> bool:
    """Whether the phone that asks was taken away; one that does not say who it is counts as the account's last."""
    own = devices.of_account(db, own_branch(actor, "visits.work"), actor.account_id)
    named = [device for device in own if device.device_id == device_id]
    return bool(own) and all(device.revoked_at is not None for device in named or own)


def epoch(db: Db, new_id: Callable[[], str]) -> str:
    """Which life of the server this is: another one after a restore. Made when first asked for."""
    found = server.find(db, EPOCH)
    if found is None:
        found = new_id()
        server.save(db, EPOCH, found)
    return found


def _add(
    db: Db, work: Work, actor: Actor, branch: BranchCode, device_id: str, name: str, seen_at: datetime,
    *, owner: str | None = None,
) -> bool:  # fmt: skip
    is_new = devices.add(db, branch, device_id, account_id=owner or actor.account_id, name=name, now=seen_at)
    if is_new:
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="device_registered",
            subject=device_id,
        )  # fmt: skip
    return is_new
