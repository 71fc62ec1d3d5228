"""Second factors: one-time codes of an authenticator app (TOTP, RFC 6238) and recovery codes, each good once.

Owns when a code is right, how people give themselves one, and the ticket between the password and the code. Who enters
it, and how often they may be wrong, is `sign_ins`'.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import DomainError, Invalid, NotFound
from fieldapp.services.work import Db, Vault, Work
from fieldapp.storage import accounts, audit, passkeys, second_factors, sign_ins
from fieldapp.storage.accounts import Account

#: What authenticator apps take without being asked: six digits, half a minute, SHA-1.
STEP = 30
#: Clocks of phones and servers part: the codes just before and after are right, too.
AROUND = (0, -1, 1)
RECOVERY_CODES = 10
#: Time to fetch a phone.
HALFWAY = timedelta(minutes=10)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


class WrongCode(DomainError):
    """The one-time or recovery code is wrong, was used, or came too late after the password."""

    code = "code_wrong"


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that nobody has to prove anything with yet, and the address by which apps read it."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class Fresh(Offer):
    """A new second factor with its recovery codes, shown once."""

    codes: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when somebody has a second factor, and how many recovery codes are left."""

    since: datetime
    codes: int


def give(work: Work, actor: Actor, login: str, secret: str | None = None) -> Fresh:
    """Give the account a second factor, with a secret of ours or this one (base32). The one before ends.

    Raises `NotFound`, `Invalid("totp_secret")`.
    """
    require(actor, "accounts.manage")
    key = _key(secret) if secret is not None else secrets.token_bytes(20)
    with work.write() as db:
        account = _get(db, login)
        codes = _replace(work, db, account.account_id, key)
        _audit(work, db, actor, "account.second_factor_given", account)
    offer = _offer(key, account.login)
    return Fresh(offer.secret, offer.address, codes)


def offer(work: Work, actor: Actor, sign_in_id: str) -> Offer:
    """What the actor may confirm from this session. The same until then: whoever scanned it may reload the page."""
    with work.read() as db:
        return _offer(_offered(work, db, actor, sign_in_id), actor.login)


def confirm(work: Work, actor: Actor, sign_in_id: str, code: str) -> list[str]:
    """Make the offer one's own second factor, by a code of it; ends one's other sessions, which came without it.

    Returns the recovery codes. Raises `Invalid("code_unlike")`.
    """
    with work.write() as db:
        key = _offered(work, db, actor, sign_in_id)
        step = _step(key, "".join(code.split()), work.now())
        if step is None:
            raise Invalid("code_unlike", field="code")
        codes = _replace(work, db, actor.account_id, key, step)
        sign_ins.end_all(db, actor.account_id, but=sign_in_id)
        _audit(work, db, actor, "account.second_factor_chosen", _get(db, actor.login))
    return codes


def renew_codes(work: Work, actor: Actor) -> list[str]:
    """Other recovery codes; those from before end. Raises `NotFound` where there is no second factor."""
    with work.write() as db:
        if second_factors.find(db, actor.account_id) is None:
            raise NotFound()
        codes, hashes = _codes(work.vault, actor.account_id)
        second_factors.replace_recovery(db, actor.account_id, hashes)
        _audit(work, db, actor, "account.recovery_codes_renewed", _get(db, actor.login))
    return codes


def give_up(work: Work, actor: Actor) -> None:
    """One's own; whether one may is whose settings say so. Raises `NotFound`."""
    with work.write() as db:
        if not second_factors.remove(db, actor.account_id):
            raise NotFound()
        passkeys.remove(db, actor.account_id)
        _audit(work, db, actor, "account.second_factor_given_up", _get(db, actor.login))


def standing(work: Work, actor: Actor, login: str | None = None) -> Standing | None:
    """What oneself has, or whoever has the login; None for nothing. Raises `NotFound`."""
    if login is not None:
        require(actor, "accounts.manage")
    with work.read() as db:
        account_id = actor.account_id if login is None else _get(db, login).account_id
        found = second_factors.find(db, account_id)
        return Standing(found.added_at, second_factors.count_recovery(db, account_id)) if found else None


def check(secret: str) -> None:
    """Raise `Invalid("totp_secret")` for what is no secret."""
    _key(secret)


def take(work: Work, actor: Actor, login: str) -> None:
    """The password alone lets in again; sessions end, for who lost the phone may have lost more.

    Raises `NotFound`, also where there was no second factor.
    """
    require(actor, "accounts.manage")
    with work.write() as db:
        account = _get(db, login)
        if not second_factors.remove(db, account.account_id):
            raise NotFound()
        passkeys.remove(db, account.account_id)
        sign_ins.end_all(db, account.account_id)
        sign_ins.forget_browsers(db, account.account_id)
        _audit(work, db, actor, "account.second_factor_taken", account)


def is_wanted(db: Db, account_id: str) -> bool:
    """Whether the password alone is not enough."""
    return second_factors.find(db, account_id) is not None


def ticket(vault: Vault, account: Account, password_hash: str | None, now: datetime) -> str:
    """Says for `HALFWAY` that whoever has it knew the password; good for nothing but a code, and for no other one."""
    until = int((now + HALFWAY).timestamp())
    return f"{account.account_id}.{until}.{_stamp(vault, account.account_id, until, password_hash)}"


def open_ticket(vault: Vault, text: str, db: Db, now: datetime) -> Account | None:
    """Whose it is; None when it is over, made up, or its account disabled."""
    account_id, _, rest = text.partition(".")
    until, _, stamp = rest.partition(".")
    account = accounts.find(db, account_id)
    if account is None or account.disabled_at is not None or not until.isdecimal() or int(until) < now.timestamp():
        return None
    expected = _stamp(vault, account_id, int(until), accounts.password_hash(db, account_id))
    return account if hmac.compare_digest(stamp, expected) else None


def use(work: Work, db: Db, account_id: str, code: str) -> bool:
    """Whether the code is right; it is used up then, in the caller's transaction."""
    found = second_factors.find(db, account_id)
    if found is None:
        return False
    typed = "".join(code.split()).lower()
    if not (typed.isascii() and typed.isdecimal()):
        return second_factors.use_recovery(db, account_id, _mark(work.vault, account_id, typed))
    step = _step(work.vault.open(found.secret, second_factors.bound(account_id)), typed, work.now())
    return step is not None and second_factors.use_step(db, account_id, step)


def _step(key: bytes, typed: str, now: datetime) -> int | None:
    """Which half minute's code this is; None for none of those around now."""
    # Six digits have a million values: RFC 6238's own measure against trying is the limit of `sign_ins`.
    totp = TOTP(key, 6, SHA1(), STEP, enforce_key_length=False)  # noqa: S303
    current = int(now.timestamp()) // STEP
    around = (current + one for one in AROUND)
    codes = ((step, totp.generate(step * STEP)) for step in around)
    return next((step for step, code in codes if hmac.compare_digest(code, typed.encode("utf-8", "replace"))), None)


def _offered(work: Work, db: Db, actor: Actor, sign_in_id: str) -> bytes:
    """Nothing is kept of an offer: it follows from the session, and from the second factor that it would replace."""
    found = second_factors.find(db, actor.account_id)
    about = f"offer\n{actor.account_id}\n{sign_in_id}\n{found.added_at if found else ''}"
    return bytes.fromhex(work.vault.mark(about.encode()))[:20]


def _offer(key: bytes, login: str) -> Offer:
    text = base64.b32encode(key).decode().rstrip("=")
    return Offer(text, f"otpauth://totp/fieldapp:{quote(login)}?secret={text}&issuer=fieldapp")


def _replace(work: Work, db: Db, account_id: str, key: bytes, step: int = 0) -> list[str]:
    """Keep the secret and new recovery codes, which are returned; the code of `step` was used."""
    codes, hashes = _codes(work.vault, account_id)
    second_factors.replace(db, account_id, work.vault.seal(key, second_factors.bound(account_id)), work.now(), step)
    second_factors.replace_recovery(db, account_id, hashes)
    return codes


def _codes(vault: Vault, account_id: str) -> tuple[list[str], list[str]]:
    """New recovery codes, and how they are kept."""
    codes = ["-".join(_letters(5) for _ in range(2)) for _ in range(RECOVERY_CODES)]
    return codes, [_mark(vault, account_id, code) for code in codes]


def _key(secret: str) -> bytes:
    text = "".join(secret.split()).upper().rstrip("=")
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        key = b""
    if len(key) < 10:
        raise Invalid("totp_secret", field="totp_secret")
    return key


def _letters(number: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(number))


def _mark(vault: Vault, account_id: str, code: str) -> str:
    return vault.mark(f"recovery\n{account_id}\n{code.replace('-', '')}".encode())


def _stamp(vault: Vault, account_id: str, until: int, password_hash: str | None) -> str:
    return vault.mark(f"halfway\n{account_id}\n{until}\n{password_hash}".encode())


def _get(db: Db, login: str) -> Account:
    account = accounts.find_by_login(db, login)
    if account is None:
        raise NotFound()
    return account


def _audit(work: Work, db: Db, actor: Actor, action: str, account: Account) -> None:
    audit.append(
        db, account.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action,
        subject=account.login,
    )  # fmt: skip
