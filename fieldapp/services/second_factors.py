"""Second factors: one-time codes of an authenticator app (TOTP, RFC 6238) and recovery codes, each good once.

Owns when a code is right, and the ticket between the password and the code. Who enters it, and how often they may be
wrong, is `sign_ins`'.
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
from fieldapp.domain.errors import Invalid, NotFound
from fieldapp.services.work import Db, Vault, Work
from fieldapp.storage import accounts, audit, second_factors
from fieldapp.storage.accounts import Account

#: What authenticator apps take without being asked: six digits, half a minute, SHA-1.
STEP = 30
#: Clocks of phones and servers part: the codes just before and after are right, too.
AROUND = (0, -1, 1)
RECOVERY_CODES = 10
#: Time to fetch a phone.
HALFWAY = timedelta(minutes=10)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new second factor, shown once: the secret, the address that apps read, the recovery codes."""

    secret: str
    address: str
    codes: list[str]


def give(work: Work, actor: Actor, login: str, secret: str | None = None) -> Fresh:
    """Give the account a second factor, with a secret of ours or this one (base32). The one before ends.

    Raises `NotFound`, `Invalid("totp_secret")`.
    """
    require(actor, "accounts.manage")
    key = _key(secret) if secret is not None else secrets.token_bytes(20)
    codes = ["-".join(_letters(5) for _ in range(2)) for _ in range(RECOVERY_CODES)]
    with work.write() as db:
        account = _get(db, login)
        sealed = work.vault.seal(key, _bound(account.account_id))
        hashes = [_mark(work.vault, account.account_id, code) for code in codes]
        second_factors.replace(db, account.account_id, sealed, hashes, work.now())
        _audit(work, db, actor, "account.second_factor_given", account)
    text = base64.b32encode(key).decode().rstrip("=")
    return Fresh(text, f"otpauth://totp/fieldapp:{quote(account.login)}?secret={text}&issuer=fieldapp", codes)


def check(secret: str) -> None:
    """Raise `Invalid("totp_secret")` for what is no secret."""
    _key(secret)


def take(work: Work, actor: Actor, login: str) -> None:
    """The password alone lets in again. Raises `NotFound`, also where there was no second factor."""
    require(actor, "accounts.manage")
    with work.write() as db:
        account = _get(db, login)
        if not second_factors.remove(db, account.account_id):
            raise NotFound()
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
    # Six digits have a million values: RFC 6238's own measure against trying is the limit of `sign_ins`.
    totp = TOTP(work.vault.open(found.secret, _bound(account_id)), 6, SHA1(), STEP, enforce_key_length=False)  # noqa: S303
    now = int(work.now().timestamp()) // STEP
    for step in (now + one for one in AROUND):
        if hmac.compare_digest(totp.generate(step * STEP), typed.encode()):
            return second_factors.use_step(db, account_id, step)
    return False


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


def _bound(account_id: str) -> str:
    return f"second factor\n{account_id}"


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
