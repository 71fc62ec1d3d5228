"""Sessions, known browsers and wrong passwords as kept: hashes only. Owns no rule about how long or how many."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, select, update

from fieldapp.domain.access import Actor, Role
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode, TeamCode
from fieldapp.storage import bulk
from fieldapp.storage.engine import Db
from fieldapp.storage.tables.accounts import (
    AccountRow,
    BranchRow,
    KnownBrowserRow,
    SecondFactorRow,
    SignInFailureRow,
    SignInRow,
)
from fieldapp.storage.tables.push_subscriptions import PushSubscriptionRow


@dataclass(frozen=True, slots=True)
class SignIn:
    """One session on one device, as its owner sees it."""

    sign_in_id: str
    account_id: AccountId
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Resumed:
    """Who a session's secret belongs to, and what a request needs to know of them."""

    actor: Actor
    sign_in_id: str
    timezone: str | None
    currency: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    fresh_at: datetime
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords for one login from one kind of place."""

    failures: int
    last_at: datetime


_accounts, _branches, _sign_ins = AccountRow.__table__, BranchRow.__table__, SignInRow.__table__
#: One statement, built once, past the ORM: it runs before every request of everybody (a third of the time).
_RESUME = (
    select(
        *(_accounts.c[name] for name in ("account_id", "login", "name", "role", "branch", "team", "locale")),
        _branches.c.timezone,
        _branches.c.currency,
        *(_sign_ins.c[name] for name in ("sign_in_id", "created_at", "seen_at", "expires_at", "fresh_at")),
        exists().where(SecondFactorRow.account_id == _accounts.c.account_id).label("has_second_factor"),
    )
    .select_from(
        _sign_ins.join(_accounts, _accounts.c.account_id == _sign_ins.c.account_id).outerjoin(
            _branches, _branches.c.branch == _accounts.c.branch
        )
    )
    .where(_accounts.c.disabled_at.is_(None), _sign_ins.c.token_hash == bindparam("token_hash"))
)


def add(db: Db, token_hash: str, sign_in: SignIn) -> None:
    """Store a new session."""
    values = {
        "token_hash": token_hash,
        "sign_in_id": sign_in.sign_in_id,
        "account_id": sign_in.account_id,
        "agent": sign_in.agent,
        "created_at": sign_in.created_at,
        "fresh_at": sign_in.created_at,
        "seen_at": sign_in.seen_at,
        "expires_at": sign_in.expires_at,
    }
    db.execute(insert(SignInRow).values(values))


def resume(db: Db, token_hash: str) -> Resumed | None:
    """Whose session this is; None for an unknown one and for a disabled account. Asked on every request."""
    found = bulk.fetch(db, _RESUME, {"token_hash": token_hash})
    if not found:
        return None
    row = found[0]
    actor = Actor(
        AccountId(row.account_id),
        StaffCode(row.login),
        row.name,
        cast(Role, row.role),
        BranchCode(row.branch) if row.branch else None,
        TeamCode(row.team) if row.team else None,
        row.locale,
    )
    return Resumed(
        actor, row.sign_in_id, row.timezone, row.currency, row.created_at, row.seen_at, row.expires_at,
        row.fresh_at, bool(row.has_second_factor),
    )  # fmt: skip


def touch(db: Db, sign_in_id: str, *, seen_at: datetime, expires_at: datetime) -> None:
    """Note that the session was used and how long it lasts now."""
    db.execute(
        update(SignInRow).where(SignInRow.sign_in_id == sign_in_id).values(seen_at=seen_at, expires_at=expires_at)
    )


def renew(db: Db, sign_in_id: str, token_hash: str, now: datetime) -> None:
    """The same session under another secret, its owner having proven who they are just now."""
    db.execute(update(SignInRow).where(SignInRow.sign_in_id == sign_in_id).values(token_hash=token_hash, fresh_at=now))


def of_account(db: Db, account_id: str, now: datetime) -> list[SignIn]:
    """The account's living sessions, the one used last first."""
    rows = db.scalars(
        select(SignInRow)
        .where(SignInRow.account_id == account_id, SignInRow.expires_at > now)
        .order_by(SignInRow.seen_at.desc())
    )
    return [
        SignIn(row.sign_in_id, AccountId(row.account_id), row.agent, row.created_at, row.seen_at, row.expires_at)
        for row in rows
    ]


def end_by_token(db: Db, token_hash: str) -> bool:
    """End the session with this secret; False when there was none."""
    return _end(db, SignInRow.token_hash == token_hash)


def end(db: Db, account_id: str, sign_in_id: str) -> bool:
    """End one session of the account; False when it has no such one."""
    return _end(db, (SignInRow.account_id == account_id) & (SignInRow.sign_in_id == sign_in_id))


def end_all(db: Db, account_id: str, *, but: str | None = None) -> None:
    """End the account's sessions, `but` one."""
    mine = SignInRow.account_id == account_id
    _end(db, mine if but is None else mine & (SignInRow.sign_in_id != but))


def end_expired(db: Db, now: datetime) -> None:
    """Forget the sessions whose time is over."""
    _end(db, SignInRow.expires_at <= now)


def _end(db: Db, which: ColumnElement[bool]) -> bool:
    """With the session ends what its phone was to be told; False when there was none."""
    gone = list(db.scalars(delete(SignInRow).where(which).returning(SignInRow.sign_in_id)))
    if gone:
        of_every_branch = delete(PushSubscriptionRow).where(PushSubscriptionRow.branch.is_not(None))
        db.execute(of_every_branch.where(PushSubscriptionRow.sign_in_id.in_(gone)))
    return bool(gone)


def knows_browser(db: Db, secret_hash: str, account_id: str) -> bool:
    """Whether the account signed in before in the browser with this secret."""
    return db.get(KnownBrowserRow, (secret_hash, account_id)) is not None


def add_browser(db: Db, secret_hash: str, account_id: str, now: datetime) -> None:
    """Remember that the account signed in in this browser."""
    if not knows_browser(db, secret_hash, account_id):
        db.add(KnownBrowserRow(secret_hash=secret_hash, account_id=account_id, created_at=now))
        db.flush()


def forget_browsers(db: Db, account_id: str) -> None:
    """No browser is known to the account any more."""
    db.execute(delete(KnownBrowserRow).where(KnownBrowserRow.account_id == account_id))


def failures(db: Db, login_hash: str, origin: str) -> Failures | None:
    """The wrong passwords so far."""
    row = db.get(SignInFailureRow, (login_hash, origin))
    return Failures(row.failures, row.last_at) if row else None


def set_failures(db: Db, login_hash: str, origin: str, number: int, now: datetime) -> None:
    """Write down how many there are now; nought forgets them."""
    row = db.get(SignInFailureRow, (login_hash, origin))
    if number == 0:
        if row is not None:
            db.delete(row)
    elif row is None:
        db.add(SignInFailureRow(login_hash=login_hash, origin=origin, failures=number, first_at=now, last_at=now))
    else:
        row.failures, row.last_at = number, now
    db.flush()
