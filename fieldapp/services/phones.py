"""Which phones there are, whose, and what they still hold unsent: for their owners, for the office, for the admin.

Owns what counts as waiting too long. Registering and revoking are `sync_devices`'; numbers are the phone's own words at
its last contact, so a phone that is silent may hold more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode
from fieldapp.domain.visits import device_time
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, devices
from fieldapp.storage.accounts import Account
from fieldapp.storage.devices import Device

#: Unsent work, or silence, for longer than this wants somebody's call.
ALERT = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Emptied:
    """The browser emptied the phone's storage; what it had not sent then, as far as it had said, is lost."""

    at: datetime
    facts: int
    photos: int


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone, its owner, and what it holds. `since` is when the oldest of it was recorded (None: it holds nothing);
    `is_latest`: the one that the owner used last."""

    device: Device
    login: StaffCode
    owner: str
    facts: int
    photos: int
    since: datetime | None
    is_latest: bool
    is_alert: bool
    is_silent: bool
    deleted: tuple[int, int, str] | None
    emptied: Emptied | None

    @property
    def holds(self) -> bool:
        """Whether anything waits on it, as far as it said."""
        return self.facts + self.photos > 0

    @property
    def is_revoked(self) -> bool:
        """Whether it was taken out of use."""
        return self.device.revoked_at is not None


def list_phones(work: Work, actor: Actor, branch: BranchCode) -> list[Phone]:
    """The branch's phones that matter: what was emptied lately or holds unsent work (the longest first), then the one
    that each active technician used last."""
    require(actor, "phones.read", branch=branch)
    with work.read() as db:
        found = [one for one in _of_branch(db, branch, work.now()) if one.emptied or one.holds or one.is_latest]
    return sorted(
        found, key=lambda one: (not one.emptied, not one.is_alert, not one.holds, not one.is_silent, one.login)
    )


def count_alerts(work: Work, actor: Actor, branch: BranchCode) -> int:
    """How many phones have held unsent work for too long, or were emptied lately."""
    require(actor, "phones.read", branch=branch)
    with work.read() as db:
        return sum(one.is_alert or one.emptied is not None for one in _of_branch(db, branch, work.now()))


def holding(db: Db, branch: BranchCode, now: datetime, before: datetime) -> list[Phone]:
    """The branch's phones that hold work recorded before a moment and not sent yet, the longest first."""
    found = [one for one in _of_branch(db, branch, now) if one.since is not None and one.since < before]
    return sorted(found, key=lambda one: (one.since or now, one.login))


def list_own(work: Work, actor: Actor) -> list[Phone]:
    """One's own phones, the last used first; nobody but technicians has any."""
    if actor.branch is None:
        return []
    with work.read() as db:
        owner = accounts.find(db, actor.account_id)
        # As themselves in another branch they have the phones that they had there.
        return _of_account(db, replace(owner, branch=actor.branch), work.now()) if owner else []


def list_of_account(work: Work, actor: Actor, login: str) -> list[Phone]:
    """The phones of an account, for whoever manages accounts. Raises `NotFound`."""
    require(actor, "accounts.manage")
    with work.read() as db:
        owner = accounts.find_by_login(db, login)
        if owner is None:
            raise NotFound()
        return _of_account(db, owner, work.now())


def _of_branch(db: Db, branch: BranchCode, now: datetime) -> Iterator[Phone]:
    owners = {one.account_id: one for one in accounts.accounts(db, branch=branch)}
    met: set[str] = set()
    for device in devices.of_branch(db, branch):
        owner = owners.get(AccountId(device.account_id))
        if owner is not None:
            latest = owner.account_id not in met and owner.disabled_at is None
            yield _phone(device, owner, now, is_latest=latest)
        met.add(device.account_id)


def _of_account(db: Db, owner: Account, now: datetime) -> list[Phone]:
    if owner.branch is None:
        return []
    found = devices.of_account(db, owner.branch, owner.account_id)
    return [_phone(one, owner, now, is_latest=not place) for place, one in enumerate(found)]


def _phone(device: Device, owner: Account, now: datetime, *, is_latest: bool) -> Phone:
    facts, photos = device.outbox, _number(device.client.get("photos"))
    since = _since(device) if facts + photos else None
    quiet = now - device.seen_at > ALERT
    return Phone(
        device=device, login=owner.login, owner=owner.name, facts=facts, photos=photos, since=since,
        is_latest=is_latest, is_alert=since is not None and now - since > ALERT,
        is_silent=quiet and is_latest and device.revoked_at is None and owner.disabled_at is None,
        deleted=_deleted(device.client.get("deleted")), emptied=_emptied(device.client.get("emptied"), now),
    )  # fmt: skip


def _since(device: Device) -> datetime:
    """When the oldest unsent thing was recorded, as the phone said; at the latest its last contact."""
    oldest = device.client.get("oldest")
    if isinstance(oldest, int | float) and 0 < oldest < 4e12:
        return min(device_time.moment(oldest), device.seen_at)
    return device.seen_at


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value <= 1e9 else 0


def _emptied(value: Any, now: datetime) -> Emptied | None:
    """For as long as somebody may still remember what is missing."""
    if not isinstance(value, dict):
        return None
    at = device_time.moment(value["wall"])
    found = Emptied(at, _number(value.get("events")), _number(value.get("photos")))
    return found if now - at < ALERT else None


def _deleted(value: Any) -> tuple[int, int, str] | None:
    if not isinstance(value, dict):
        return None
    return _number(value.get("events")), _number(value.get("photos")), str(value.get("reason", ""))
