"""Signing in and out: sessions that live on the server, and how many wrong passwords anybody gets.

A browser holds a 256-bit secret, we hold its SHA-256. Wrong passwords are counted per login (never per person asking),
and apart for each browser that the account knows: guessing from elsewhere cannot lock its owner out.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import DomainError, Invalid, NotFound, TooMany
from fieldapp.domain.ids import is_code
from fieldapp.services import passkeys, password_rules, second_factors
from fieldapp.services.passkeys import Question, Site
from fieldapp.services.second_factors import WrongCode
from fieldapp.services.work import Busy, Db, Work
from fieldapp.storage import accounts, audit, sign_ins
from fieldapp.storage.accounts import Account
from fieldapp.storage.sign_ins import SignIn

__all__ = ["SignIn", "WrongCode"]
#: A phone works for weeks without its owner typing; a desk is left at night.
ROLLING = timedelta(days=30)
OFFICE = timedelta(hours=12)
#: Using a session moves its end, but not with a write on every request.
TOUCH = timedelta(hours=1)
TOUCH_READING = timedelta(days=1)

#: For so long after it, a sign-in is good for acts that need one to be sure who acts.
FRESH = timedelta(minutes=30)

MOST_WRONG = 10
#: A known browser may still try the right password after its own wrong ones, this often.
MOST_KNOWN = 30
PAUSE = timedelta(minutes=15)
STRANGERS = "*"


class WrongPassword(DomainError):
    """Login or password are wrong, or the account is disabled: one answer for all."""

    code = "sign_in_wrong"


@dataclass(frozen=True, slots=True)
class Opened:
    """A fresh session. `secret` and `browser` go into cookies and are kept nowhere else."""

    secret: str
    browser: str
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Halfway:
    """The password was right, and a code is wanted as well. `ticket` goes to the browser and comes back with it."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, from which session, and in which zone and with which money they live (None: whoever has no branch)."""

    actor: Actor
    sign_in_id: str
    zone: ZoneInfo | None
    currency: str | None
    is_fresh: bool
    has_second_factor: bool


def sign_in(
    work: Work, *, login: str, password: str, agent: str, browser: str | None, old: str | None
) -> Opened | Halfway:  # fmt: skip
    """Open a session; `old`, the session that this browser had, ends. Raises `WrongPassword`, `TooMany`.

    Whoever has a second factor is halfway only, and goes on with `enter_code`.
    """
    text = password_rules.normal(password)
    with work.read() as db:
        found = accounts.find_like(db, login) if is_code(login) else None
        known = bool(found and browser and sign_ins.knows_browser(db, _hash(browser), found[0].account_id))
    origin = _hash(browser) if known and browser else STRANGERS
    _count_attempt(work, login, origin, MOST_KNOWN if known else MOST_WRONG)
    right = text is not None and work.passwords.matches(text, found[1] if found else None)
    if not right or found is None or found[0].disabled_at is not None:
        if known:
            _refuse_when_over(work, login, origin)
        raise WrongPassword(account=found[0].login if found else None)
    with work.read() as db:
        if second_factors.is_wanted(db, found[0].account_id):
            return Halfway(second_factors.ticket(work.vault, found[0], found[1], work.now()))
    return _open(work, found[0], agent=agent, browser=browser if known else None, old=old, login=login, origin=origin)


def enter_code(
    work: Work, *, ticket: str, code: str, agent: str, browser: str | None, old: str | None
) -> Opened:  # fmt: skip
    """Open the session of somebody who is halfway. Raises `WrongCode`, `TooMany`; each code is good once."""

    def is_right(db: Db, account: Account) -> bool:
        return second_factors.use(work, db, account.account_id, code[:100])

    return _go_on(work, is_right, ticket=ticket, agent=agent, browser=browser, old=old)


def ask_device(work: Work, ticket: str, site: Site) -> Question | None:
    """What a device of somebody who is halfway has to answer; None where they have none."""
    with work.read() as db:
        account = second_factors.open_ticket(work.vault, ticket[:300], db, work.now())
    return passkeys.ask(work, account.account_id, site) if account else None


def answer_by_passkey(
    work: Work, site: Site, state: object, answer: str, *, ticket: str, agent: str, browser: str | None, old: str | None
) -> Opened:
    """The same by a device's answer to what `passkeys.ask` asked."""

    def is_right(db: Db, account: Account) -> bool:
        return passkeys.use(work, db, account.account_id, site, state, answer)

    return _go_on(work, is_right, ticket=ticket, agent=agent, browser=browser, old=old)


def _go_on(
    work: Work, is_right: Callable[[Db, Account], bool], *, ticket: str, agent: str, browser: str | None,
    old: str | None,
) -> Opened:  # fmt: skip
    with work.read() as db:
        account = second_factors.open_ticket(work.vault, ticket[:300], db, work.now())
        known = bool(account and browser and sign_ins.knows_browser(db, _hash(browser), account.account_id))
    if account is None:
        raise WrongCode()
    place = _hash(f"code {browser if known else STRANGERS}")
    _count_attempt(work, account.login, place, MOST_WRONG)
    with work.write(_hash(account.login.lower())) as db:
        if not is_right(db, account):
            raise WrongCode(account=account.login)
        sign_ins.set_failures(db, _hash(account.login.lower()), place, 0, work.now())
    origin = _hash(browser) if known and browser else STRANGERS
    return _open(
        work, account, agent=agent, browser=browser if known else None, old=old, login=account.login, origin=origin
    )


def resume(work: Work, secret: str, *, reading: bool = True) -> Session | None:
    """Whose session `secret` opens, None when it is over, unknown, or its account disabled.

    Using it moves a technician's end; a request that only reads seldom writes that down.
    """
    if len(secret) > 100:
        return None
    now = work.now()
    with work.read() as db:
        found = sign_ins.resume(db, _hash(secret))
    if found is None or now >= min(found.expires_at, _end(found.actor.role, found.created_at, now)):
        return None
    if now - found.seen_at > (TOUCH_READING if reading else TOUCH):
        # Whoever reads must not wait for those who write: the next request does it as well.
        with contextlib.suppress(Busy), work.write(patience=0) as db:
            end = _end(found.actor.role, found.created_at, now)
            sign_ins.touch(db, found.sign_in_id, seen_at=now, expires_at=end)
    zone = ZoneInfo(found.timezone) if found.timezone else None
    is_fresh = now < found.fresh_at + FRESH
    return Session(found.actor, found.sign_in_id, zone, found.currency, is_fresh, found.has_second_factor)


def prove(work: Work, actor: Actor, sign_in_id: str, proof: str) -> str:
    """Make the session fresh again: by a code where its owner has a second factor, else by the password.

    Returns the session's new secret; the one before opens nothing. Raises `WrongCode`, `Invalid("password_wrong")`,
    `TooMany`: whoever found a screen unlocked may guess as often as at the door.
    """
    with work.read() as db:
        by_code = second_factors.is_wanted(db, actor.account_id)
        stored = accounts.password_hash(db, actor.account_id)
    origin = _hash(f"proof {sign_in_id}")
    _count_attempt(work, actor.login, origin, MOST_WRONG)
    if not by_code and not work.passwords.matches(password_rules.normal(proof) or "", stored):
        raise Invalid("password_wrong", field="proof")
    secret = secrets.token_urlsafe(32)
    with work.write(_hash(actor.login.lower())) as db:
        if by_code and not second_factors.use(work, db, actor.account_id, proof[:100]):
            raise WrongCode()
        sign_ins.set_failures(db, _hash(actor.login.lower()), origin, 0, work.now())
        sign_ins.renew(db, sign_in_id, _hash(secret), work.now())
    return secret


def sign_out(work: Work, secret: str) -> None:
    """End the session with this secret, whoever's it is."""
    with work.write() as db:
        sign_ins.end_by_token(db, _hash(secret))


def list_own(work: Work, actor: Actor) -> list[SignIn]:
    """One's own sessions, the one used last first."""
    with work.read() as db:
        return sign_ins.of_account(db, actor.account_id, work.now())


def end_own(work: Work, actor: Actor, sign_in_id: str) -> None:
    """End one of one's own sessions; raises `NotFound` for anybody else's."""
    with work.write() as db:
        _end_one(work, db, actor, _account(db, actor.login), sign_in_id)


def end_others(work: Work, actor: Actor, sign_in_id: str) -> None:
    """End all of one's own sessions but this one."""
    with work.write() as db:
        sign_ins.end_all(db, actor.account_id, but=sign_in_id)
        _audit(work, db, actor, "sessions.ended", _account(db, actor.login))


def list_of(work: Work, actor: Actor, login: str) -> list[SignIn]:
    """Somebody's sessions, the one used last first, for who manages accounts. Raises `NotFound`."""
    require(actor, "accounts.manage")
    with work.read() as db:
        return sign_ins.of_account(db, _account(db, login).account_id, work.now())


def end_of(work: Work, actor: Actor, login: str, sign_in_id: str | None = None) -> None:
    """End one session of somebody's, or all of them; from its next request on. Raises `NotFound`."""
    require(actor, "accounts.manage")
    with work.write() as db:
        account = _account(db, login)
        if sign_in_id is not None:
            _end_one(work, db, actor, account, sign_in_id)
        else:
            sign_ins.end_all(db, account.account_id)
            _audit(work, db, actor, "sessions.ended", account)


def _account(db: Db, login: str) -> Account:
    found = accounts.find_by_login(db, login)
    if found is None:
        raise NotFound()
    return found


def _end_one(work: Work, db: Db, actor: Actor, account: Account, sign_in_id: str) -> None:
    if not sign_ins.end(db, account.account_id, sign_in_id):
        raise NotFound()
    _audit(work, db, actor, "session.ended", account)


def _audit(work: Work, db: Db, actor: Actor, action: str, account: Account) -> None:
    audit.append(
        db, account.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action,
        subject=account.login,
    )  # fmt: skip


def _open(
    work: Work, account: Account, *, agent: str, browser: str | None, old: str | None, login: str, origin: str
) -> Opened:
    now, secret, browser = work.now(), secrets.token_urlsafe(32), browser or secrets.token_urlsafe(32)
    end = _end(account.role, now, now)
    session = SignIn(work.new_id(), account.account_id, agent.replace("\x00", "")[:300], now, now, end)
    with work.write(_hash(login.lower())) as db:
        if old:
            sign_ins.end_by_token(db, _hash(old))
        sign_ins.end_expired(db, now)
        sign_ins.set_failures(db, _hash(login.lower()), origin, 0, now)
        sign_ins.add_browser(db, _hash(browser), account.account_id, now)
        sign_ins.add(db, _hash(secret), session)
        _audit(work, db, account.actor, "signed_in", account)
    return Opened(secret, browser, account.actor, end)


def _count_attempt(work: Work, login: str, origin: str, most: int) -> None:
    """Count before the password is looked at: any number of attempts at the same time get no more than `most`."""
    now, key = work.now(), _hash(login.lower())
    with work.write(key) as db:
        before = sign_ins.failures(db, key, origin)
        number = before.failures if before and now < before.last_at + PAUSE else 0
        if before and number >= most:
            raise TooMany(retry_after=_seconds(before.last_at + PAUSE - now))
        sign_ins.set_failures(db, key, origin, number + 1, now)


def _refuse_when_over(work: Work, login: str, origin: str) -> None:
    """A known browser that was wrong too often hears so; only the right password still passes."""
    with work.read() as db:
        found = sign_ins.failures(db, _hash(login.lower()), origin)
    if found and found.failures > MOST_WRONG:
        raise TooMany(retry_after=_seconds(found.last_at + PAUSE - work.now()))


def _end(role: str, created_at: datetime, now: datetime) -> datetime:
    return now + ROLLING if role == "technician" else created_at + OFFICE


def _seconds(left: timedelta) -> int:
    return max(1, round(left.total_seconds()))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
