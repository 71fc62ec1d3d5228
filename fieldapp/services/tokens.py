"""Letting other programs in: their tokens, made, looked at, revoked, recognised.

A token is `branch.secret` with 256 random bits; only the secret's SHA-256 is stored. What its scopes allow is
`domain.access`'s; how requests carry it is `web.bearer`'s.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from fieldapp.domain.access import SCOPES, TOKEN_LOGIN, Actor, Scope, require
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, is_code
from fieldapp.services.work import Busy, Db, Work
from fieldapp.storage import accounts, audit, branches, tokens
from fieldapp.storage.tokens import Token

__all__ = ["Token"]
#: Requests a minute unless another number is asked for: a nightly import runs, a loop gone wild is stopped.
USUAL_RATE = 6000
HIGHEST_RATE = 600_000
#: When a token was used last is written down this seldom: reading must not become writing.
TOUCH = timedelta(minutes=5)
LONGEST = 200


def add_token(
    work: Work, actor: Actor, *, branch: str, name: str, scopes: Iterable[str], rate: int = USUAL_RATE,
    expires_at: datetime | None = None,
) -> str:  # fmt: skip
    """A new token, told this once. Raises `Invalid` with the field at fault, `Conflict` token_name_taken."""
    require(actor, "tokens.manage")
    now, secret = work.now(), secrets.token_urlsafe(32)
    wanted = _checked(name, scopes, rate, expires_at, now)
    with work.write(branch) as db:
        if branches.find(db, branch) is None:
            raise Invalid("branch_unknown", field="branch", value=branch)
        taken = any(one.is_good(now) for one in tokens.of_name(db, branch, name))
        if taken or accounts.find_like(db, f"{TOKEN_LOGIN}{name}") is not None:
            raise Conflict("token_name_taken", field="name", name=name)
        token = Token(
            branch=BranchCode(branch), token_id=work.new_id(), name=name, scopes=wanted, rate=rate, created_at=now,
            created_by=actor.login, expires_at=expires_at,
        )  # fmt: skip
        tokens.add(db, token, _hash(secret))
        expiry = expires_at.isoformat() if expires_at else None
        _audit(work, db, actor, token, "token.added", {"scopes": sorted(wanted), "rate": rate, "expires": expiry})
    return f"{branch}.{secret}"


def list_tokens(work: Work, actor: Actor) -> list[Token]:
    """All tokens of the company by branch and name, revoked and expired ones too."""
    require(actor, "tokens.manage")
    with work.read() as db:
        return tokens.every(db)


def revoke_token(work: Work, actor: Actor, branch: str, token_id: str) -> None:
    """Let the token open nothing any more, at once; once more changes nothing. Raises `NotFound`."""
    require(actor, "tokens.manage")
    with work.write(branch) as db:
        _revoke(work, db, actor, tokens.find(db, branch, token_id))


def revoke_named(work: Work, actor: Actor, branch: str, name: str) -> None:
    """The same for the latest token of this name. Raises `NotFound` token_unknown."""
    require(actor, "tokens.manage")
    with work.write(branch) as db:
        found = tokens.of_name(db, branch, name)
        if not found:
            raise NotFound("token_unknown", name=name, branch=branch)
        _revoke(work, db, actor, found[0])


def recognise(work: Work, text: str) -> Token | None:
    """The token that a program shows; None when it is unknown, revoked or over: all are one to it."""
    branch, _, secret = text.rpartition(".")
    if len(text) > LONGEST or not is_code(branch) or not secret:
        return None
    now = work.now()
    with work.read() as db:
        token = tokens.find_by_hash(db, branch, _hash(secret))
    if token is None or not token.is_good(now):
        return None
    if token.used_at is None or now - token.used_at > TOUCH:
        # Whoever reads must not wait for those who write: the next request does it as well.
        with contextlib.suppress(Busy), work.write(patience=0) as db:
            tokens.touch(db, token, now)
    return token


def _checked(
    name: str, scopes: Iterable[str], rate: int, expires_at: datetime | None, now: datetime
) -> frozenset[Scope]:
    if not (is_code(name) and is_code(f"{TOKEN_LOGIN}{name}")):
        raise Invalid("token_name_malformed", field="name", value=name)
    wanted = list(scopes)
    for scope in wanted:
        if scope not in SCOPES:
            raise Invalid("scope_unknown", field="scope", value=scope, scopes=", ".join(SCOPES))
    if not wanted:
        raise Invalid("scope_unknown", field="scope", value="", scopes=", ".join(SCOPES))
    if not 1 <= rate <= HIGHEST_RATE:
        raise Invalid("rate_out_of_range", field="rate", most=HIGHEST_RATE)
    if expires_at is not None and expires_at <= now:
        raise Invalid("expiry_past", field="expires")
    return frozenset(scope for scope in SCOPES if scope in wanted)


def _revoke(work: Work, db: Db, actor: Actor, token: Token | None) -> None:
    if token is None:
        raise NotFound()
    if token.revoked_at is None:
        tokens.revoke(db, token, work.now())
        _audit(work, db, actor, token, "token.revoked", {})


def _audit(work: Work, db: Db, actor: Actor, token: Token, action: str, facts: Mapping[str, object]) -> None:
    audit.append(
        db, token.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action, subject=token.name,
        facts={"token": token.token_id, **facts},
    )  # fmt: skip


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
