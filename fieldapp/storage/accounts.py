"""Accounts as kept. Owns the password hash's only way in and out; refuses to judge roles or rights."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import delete, func, select, update

from fieldapp.domain.access import Actor, Role
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode, TeamCode
from fieldapp.domain.visits.personal import ERASED
from fieldapp.storage import bulk
from fieldapp.storage.engine import Db
from fieldapp.storage.tables.accounts import (
    AccountRow,
    InvitationRow,
    KnownBrowserRow,
    PasskeyRow,
    RecoveryCodeRow,
    SecondFactorRow,
    SignInRow,
)
from fieldapp.storage.tables.calendars import AbsenceRow, CalendarFeedRow, CalendarRow
from fieldapp.storage.tables.devices import DeviceRow
from fieldapp.storage.tables.push_subscriptions import PushSubscriptionRow
from fieldapp.storage.tables.saved_filters import SavedFilterRow


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in, unless `disabled_at` is set."""

    account_id: AccountId
    login: StaffCode
    name: str
    role: Role
    branch: BranchCode | None
    team: TeamCode | None
    locale: str | None
    created_at: datetime
    disabled_at: datetime | None = None
    erased_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        """The account as services ask for it."""
        return Actor(self.account_id, self.login, self.name, self.role, self.branch, self.team, self.locale)


def add(db: Db, account: Account, password_hash: str | None) -> None:
    """Store a new account; its login must be free."""
    db.add(
        AccountRow(
            account_id=account.account_id,
            login=account.login,
            name=account.name,
            role=account.role,
            branch=account.branch,
            team=account.team,
            password_hash=password_hash,
            locale=account.locale,
            created_at=account.created_at,
            disabled_at=account.disabled_at,
        )
    )
    db.flush()


def count(db: Db) -> int:
    """How many accounts there are, disabled ones included."""
    return db.scalar(select(func.count()).select_from(AccountRow)) or 0


def find(db: Db, account_id: str) -> Account | None:
    """The account with this id."""
    row = db.get(AccountRow, account_id)
    return _account(row) if row else None


def find_by_login(db: Db, login: str) -> Account | None:
    """The account whose login is written exactly so."""
    row = db.scalar(select(AccountRow).where(AccountRow.login == login))
    return _account(row) if row else None


def names(db: Db, logins: Iterable[str]) -> dict[str, str]:
    """Login -> name of these people, in whatever branch they are."""
    wanted, found = sorted(set(logins)), dict[str, str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = AccountRow.login.in_(wanted[start : start + bulk.CHUNK])
        found |= dict(db.execute(select(AccountRow.login, AccountRow.name).where(part)).all())
    return found


def find_like(db: Db, login: str) -> tuple[Account, str | None] | None:
    """The account and password hash for a login as a person types it: upper and lower case are one.

    The exact spelling wins; of several others none does.
    """
    rows = list(db.scalars(select(AccountRow).where(func.lower(AccountRow.login) == login.lower())))
    exact = [row for row in rows if row.login == login] or (rows if len(rows) == 1 else [])
    return (_account(exact[0]), exact[0].password_hash) if exact else None


def password_hash(db: Db, account_id: str) -> str | None:
    """The encoded hash of the account's password; None when it has none."""
    return db.scalar(select(AccountRow.password_hash).where(AccountRow.account_id == account_id))


def accounts(
    db: Db, *, branch: str | None = None, role: Role | None = None, with_disabled: bool = True
) -> list[Account]:
    """Accounts by login, narrowed as asked."""
    query = select(AccountRow).order_by(AccountRow.login)
    if branch is not None:
        query = query.where(AccountRow.branch == branch)
    if role is not None:
        query = query.where(AccountRow.role == role)
    if not with_disabled:
        query = query.where(AccountRow.disabled_at.is_(None))
    return [_account(row) for row in db.scalars(query)]


def save(db: Db, account: Account) -> None:
    """Write back what can change: name, role, branch, team, language, disabled."""
    db.execute(
        update(AccountRow)
        .where(AccountRow.account_id == account.account_id)
        .values(
            name=account.name,
            role=account.role,
            branch=account.branch,
            team=account.team,
            locale=account.locale,
            disabled_at=account.disabled_at,
        )
    )


def empty(db: Db, account: Account, now: datetime) -> None:
    """Leave nothing of the person but the staff code; what stands beside the account goes, too."""
    mine = AccountRow.account_id == account.account_id
    values = {"name": account.login, "password_hash": None, "locale": None, "erased_at": now}
    db.execute(update(AccountRow).where(mine).values(**values))
    devices = update(DeviceRow).where(DeviceRow.branch.is_not(None), DeviceRow.account_id == account.account_id)
    ended = func.coalesce(DeviceRow.revoked_at, now)
    db.execute(devices.values(name=ERASED, client="{}", clock="{}", revoked_at=ended))
    for kind in (SignInRow, KnownBrowserRow, SecondFactorRow, RecoveryCodeRow, PasskeyRow, InvitationRow):
        db.execute(delete(kind).where(kind.account_id == account.account_id))
    home = update(CalendarRow).where(CalendarRow.branch.is_not(None), CalendarRow.technician == account.login)
    db.execute(home.values(lat=None, lon=None))
    absent = update(AbsenceRow).where(AbsenceRow.branch.is_not(None), AbsenceRow.technician == account.login)
    db.execute(absent.where(AbsenceRow.note != "").values(note=ERASED))
    db.execute(delete(SavedFilterRow).where(SavedFilterRow.branch.is_not(None), SavedFilterRow.owner == account.login))
    feeds = delete(CalendarFeedRow).where(CalendarFeedRow.branch.is_not(None))
    db.execute(feeds.where(CalendarFeedRow.technician == account.login))
    told = delete(PushSubscriptionRow).where(PushSubscriptionRow.branch.is_not(None))
    db.execute(told.where(PushSubscriptionRow.account_id == account.account_id))
    db.expire_all()


def set_password(db: Db, account_id: str, password_hash: str) -> None:
    """Replace the account's password hash."""
    db.execute(update(AccountRow).where(AccountRow.account_id == account_id).values(password_hash=password_hash))


def _account(row: AccountRow) -> Account:
    return Account(
        account_id=AccountId(row.account_id),
        login=StaffCode(row.login),
        name=row.name,
        role=cast(Role, row.role),
        branch=BranchCode(row.branch) if row.branch else None,
        team=TeamCode(row.team) if row.team else None,
        locale=row.locale,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        erased_at=row.erased_at,
    )
