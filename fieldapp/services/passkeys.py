"""Passkeys (WebAuthn) beside the one-time codes: a key on one's own device that answers to this site alone.

Owns what is asked of a device and when its answer is right. Nobody has one without a second factor of codes: those and
the recovery codes are the way in where the device is not at hand.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    UserVerificationRequirement,
)

from fieldapp.domain.access import Actor
from fieldapp.domain.errors import Conflict, DomainError, NotFound
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, passkeys, second_factors
from fieldapp.storage.passkeys import Passkey

__all__ = ["Passkey"]
#: Time to fetch the device.
LASTS = timedelta(minutes=10)
MOST = 10
#: Characters of an answer; a few hundred are usual.
LONGEST = 20_000
#: What reading an answer may end in, that anybody may have made up.
_BROKEN = (
    ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError, struct.error, InvalidSignature,
    UnsupportedAlgorithm,
)  # fmt: skip


class WrongPasskey(DomainError):
    """The device's answer is not to what was asked, came too late, or is not from a device of this account."""

    code = "passkey_wrong"


@dataclass(frozen=True, slots=True)
class Site:
    """Whom devices answer to: the host's name, and where its pages are (`https://visits.example.org`)."""

    host: str
    origin: str

    @property
    def server(self) -> Fido2Server:
        """What asks and checks."""
        entity = PublicKeyCredentialRpEntity(name=self.host, id=self.host)
        return Fido2Server(entity, verify_origin=lambda origin: origin == self.origin)


@dataclass(frozen=True, slots=True)
class Question:
    """`options` are the browser's; `state` comes back with the answer, signed by whoever keeps it meanwhile."""

    options: str
    state: dict[str, Any]


def list_own(work: Work, actor: Actor) -> list[Passkey]:
    """One's own, the oldest first."""
    with work.read() as db:
        return passkeys.of_account(db, actor.account_id)


def ask_for_new(work: Work, actor: Actor, site: Site) -> Question:
    """What a device needs to make a key for the actor."""
    with work.read() as db:
        had = _credentials(passkeys.of_account(db, actor.account_id))
    user = PublicKeyCredentialUserEntity(name=actor.login, id=actor.account_id.encode(), display_name=actor.name)
    options, state = site.server.register_begin(user, had, user_verification=UserVerificationRequirement.PREFERRED)
    return _question(work, options, state)


def add(work: Work, actor: Actor, site: Site, state: object, answer: str, name: str) -> None:
    """Keep the key that a device made. Raises `WrongPasskey`, `NotFound` without codes, `Conflict("passkeys_full")`."""
    asked = _open(work, state)
    try:
        made = site.server.register_complete(asked, _read(answer))
    except _BROKEN:
        raise WrongPasskey() from None
    with work.write() as db:
        if second_factors.find(db, actor.account_id) is None:
            raise NotFound()
        if len(passkeys.of_account(db, actor.account_id)) >= MOST:
            raise Conflict("passkeys_full", most=MOST)
        data, now = made.credential_data, work.now()
        if data is None:
            raise WrongPasskey()
        one = passkeys.name_of(data.credential_id)
        kept = Passkey(one, " ".join(name.split())[:60], bytes(data), made.counter, now, now)
        if not passkeys.add(db, actor.account_id, kept):
            raise WrongPasskey()
        _audit(work, db, actor.account_id, actor.login, "account.passkey_added")


def remove(work: Work, actor: Actor, passkey_id: str) -> None:
    """Take one of one's own away. Raises `NotFound`."""
    with work.write() as db:
        if not passkeys.remove(db, actor.account_id, passkey_id):
            raise NotFound()
        _audit(work, db, actor.account_id, actor.login, "account.passkey_removed")


def ask(work: Work, account_id: str, site: Site) -> Question | None:
    """What a device of the account's has to answer; None where it has none."""
    with work.read() as db:
        had = _credentials(passkeys.of_account(db, account_id))
    if not had:
        return None
    return _question(
        work, *site.server.authenticate_begin(had, user_verification=UserVerificationRequirement.PREFERRED)
    )


def use(work: Work, db: Db, account_id: str, site: Site, state: object, answer: str) -> bool:
    """Whether the answer is right; each is good once, in the caller's transaction."""
    had = passkeys.of_account(db, account_id)
    try:
        asked = _open(work, state)
        response = AuthenticationResponse.from_dict(_read(answer))
        used = site.server.authenticate_complete(asked, _credentials(had), response)
    except (WrongPasskey, *_BROKEN):
        return False
    one = next(each for each in had if each.passkey_id == passkeys.name_of(used.credential_id))
    count = response.response.authenticator_data.counter
    # A device that counts and has not gone on is a copy of itself; most count nothing.
    if (count or one.sign_count) and count <= one.sign_count:
        return False
    return passkeys.use(db, one.passkey_id, datetime.fromisoformat(asked["at"]), count, work.now())


def _question(work: Work, options: Any, state: Any) -> Question:
    return Question(json.dumps(dict(options)["publicKey"]), {**state, "at": work.now().isoformat()})


def _read(answer: str) -> dict[str, Any]:
    found = json.loads(answer) if len(answer) <= LONGEST else None
    if not isinstance(found, dict):
        raise ValueError("no answer of a device")
    return found


def _open(work: Work, state: object) -> dict[str, Any]:
    if not isinstance(state, dict) or "at" not in state:
        raise WrongPasskey()
    if work.now() >= datetime.fromisoformat(state["at"]) + LASTS:
        raise WrongPasskey()
    return state


def _credentials(found: list[Passkey]) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(one.credential) for one in found]


def _audit(work: Work, db: Db, account_id: str, login: str, action: str) -> None:
    account = accounts.find(db, account_id)
    audit.append(
        db, account.branch if account else None, entry_id=work.new_id(), now=work.now(), actor=login, action=action,
        subject=login,
    )  # fmt: skip
