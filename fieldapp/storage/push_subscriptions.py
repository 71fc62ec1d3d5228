"""Which phone is told of its owner's day, and where; address and keys sealed. Owns that what is over is told nothing:
a session that ended, an account that was closed, a phone that was taken away."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.accounts import AccountRow, SignInRow
from fieldapp.storage.tables.devices import DeviceRow
from fieldapp.storage.tables.push_subscriptions import PushSubscriptionRow
from fieldapp.storage.vault import Sealed, Vault


class Address(msgspec.Struct, frozen=True):
    """Where and how a phone is written to: what its browser said (`PushSubscription`), keys as bytes."""

    endpoint: str
    p256dh: bytes
    auth: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One phone of one person. `locale` is what the person reads, else what the phone speaks."""

    branch: str
    device_id: str
    account_id: str
    login: str
    locale: str
    service: str
    created_at: datetime
    sealed: Sealed

    def address(self, vault: Vault) -> Address:
        """Raises `Unreadable`."""
        return msgspec.json.decode(vault.open(self.sealed, _bound(self.branch, self.device_id)), type=Address)


def save(
    db: Session, vault: Vault, branch: str, device_id: str, *, account_id: str, sign_in_id: str, language: str,
    service: str, address: Address, now: datetime,
) -> None:  # fmt: skip
    """From now on this phone is told there; instead of where it was before."""
    sealed = vault.seal(msgspec.json.encode(address), _bound(branch, device_id))
    row = {
        "branch": branch, "device_id": device_id, "account_id": account_id, "sign_in_id": sign_in_id,
        "language": language, "service": service, "created_at": now, "box": sealed.box, "wrapped": sealed.wrapped,
    }  # fmt: skip
    bulk.upsert(db, PushSubscriptionRow, [row])
    db.expire_all()


def find(db: Session, branch: str, device_id: str, now: datetime) -> Subscription | None:
    """That of one phone, while it is to be told."""
    row = db.execute(_living(branch, now).where(PushSubscriptionRow.device_id == device_id)).first()
    return _subscription(*row) if row else None


def of_technicians(db: Session, branch: str, logins: Collection[str], now: datetime) -> list[Subscription]:
    """Those of these people's phones, in a fixed order."""
    query = _living(branch, now).where(AccountRow.login.in_(logins)).order_by(PushSubscriptionRow.device_id)
    return [_subscription(*row) for row in db.execute(query)]


def any_of(db: Session, branch: str) -> bool:
    """Whether any phone of the branch is told anything."""
    return bool(db.scalar(select(exists().where(PushSubscriptionRow.branch == branch))))


def created_at(db: Session, branch: str, account_id: str) -> list[datetime]:
    """When the account's subscriptions were made, one for each phone, whether or not they still tell anything."""
    mine = select(PushSubscriptionRow.created_at).where(
        PushSubscriptionRow.branch == branch, PushSubscriptionRow.account_id == account_id
    )
    return list(db.scalars(mine.order_by(PushSubscriptionRow.created_at)))


def drop(db: Session, branch: str, device_id: str, *, made_at: datetime | None = None) -> bool:
    """End it; only the one of that moment, where one is named. False when there is none."""
    mine = delete(PushSubscriptionRow).where(
        PushSubscriptionRow.branch == branch, PushSubscriptionRow.device_id == device_id
    )
    if made_at is not None:
        mine = mine.where(PushSubscriptionRow.created_at == made_at)
    return db.scalar(mine.returning(PushSubscriptionRow.device_id)) is not None


def _living(branch: str, now: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(PushSubscriptionRow, AccountRow.login, AccountRow.locale)
        .join(AccountRow, AccountRow.account_id == PushSubscriptionRow.account_id)
        .join(SignInRow, SignInRow.sign_in_id == PushSubscriptionRow.sign_in_id)
        .join(
            DeviceRow,
            (DeviceRow.branch == PushSubscriptionRow.branch) & (DeviceRow.device_id == PushSubscriptionRow.device_id),
        )
        .where(
            PushSubscriptionRow.branch == branch, DeviceRow.branch == branch, DeviceRow.revoked_at.is_(None),
            AccountRow.branch == branch, AccountRow.role == "technician", AccountRow.disabled_at.is_(None),
            SignInRow.account_id == PushSubscriptionRow.account_id, SignInRow.expires_at > now,
        )
    )  # fmt: skip


def _subscription(row: PushSubscriptionRow, login: str, locale: str | None) -> Subscription:
    return Subscription(
        branch=row.branch, device_id=row.device_id, account_id=row.account_id, login=login,
        locale=locale or row.language, service=row.service, created_at=row.created_at,
        sealed=Sealed(row.box, row.wrapped),
    )  # fmt: skip


def _bound(branch: str, device_id: str) -> str:
    return f"push\n{branch}\n{device_id}"
