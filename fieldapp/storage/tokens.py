"""Programs' tokens as kept. The secret itself is nowhere: only its hash is, and only compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.access import SCOPES, TOKEN_LOGIN, Actor, Scope
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode
from fieldapp.storage import bulk
from fieldapp.storage.tables.tokens import TokenRow

_TOKENS = TokenRow.__table__
#: Built once, past the ORM: asked before every request of every program.
_BY_HASH = select(_TOKENS).where(
    _TOKENS.c.branch == bindparam("branch"), _TOKENS.c.secret_hash == bindparam("secret_hash")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A program that may ask, in one branch. `rate`: requests a minute; `used_at` is exact to some minutes."""

    branch: BranchCode
    token_id: str
    name: str
    scopes: frozenset[Scope]
    rate: int
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        """The program as services see it."""
        login = StaffCode(f"{TOKEN_LOGIN}{self.name}")
        return Actor(AccountId(self.token_id), login, self.name, "token", self.branch, scopes=self.scopes)

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def add(db: Session, token: Token, secret_hash: str) -> None:
    """Store a new token."""
    values = {name: getattr(token, name) for name in Token.__slots__}
    scopes = " ".join(scope for scope in SCOPES if scope in token.scopes)
    db.execute(insert(TokenRow).values(**{**values, "scopes": scopes}, secret_hash=secret_hash))


def find_by_hash(db: Session, branch: str, secret_hash: str) -> Token | None:
    """The token whose secret has this hash, whether or not it still opens anything."""
    found = bulk.fetch(db, _BY_HASH, {"branch": branch, "secret_hash": secret_hash})
    return _token(found[0]) if found else None


def find(db: Session, branch: str, token_id: str) -> Token | None:
    """The token with this id."""
    row = db.get(TokenRow, (branch, token_id))
    return _token(row) if row else None


def of_name(db: Session, branch: str, name: str) -> list[Token]:
    """The branch's tokens of this name, the latest first: a name may be used again after its token was revoked."""
    query = select(TokenRow).where(TokenRow.branch == branch, TokenRow.name == name)
    return _tokens(db.scalars(query.order_by(TokenRow.created_at.desc(), TokenRow.token_id.desc())))


def every(db: Session) -> list[Token]:
    """All tokens of the company by branch and name."""
    query = select(TokenRow).where(TokenRow.branch.is_not(None))
    return _tokens(db.scalars(query.order_by(TokenRow.branch, TokenRow.name, TokenRow.created_at)))


def touch(db: Session, token: Token, now: datetime) -> None:
    """It was used now."""
    db.execute(_one(token).values(used_at=now))


def revoke(db: Session, token: Token, now: datetime) -> None:
    """It opens nothing any more."""
    db.execute(_one(token).values(revoked_at=now))


def _one(token: Token) -> Update:
    return update(TokenRow).where(TokenRow.branch == token.branch, TokenRow.token_id == token.token_id)


def _tokens(rows: Iterable[TokenRow]) -> list[Token]:
    return [_token(row) for row in rows]


def _token(row: Any) -> Token:
    return Token(
        branch=BranchCode(row.branch), token_id=row.token_id, name=row.name,
        # A scope that this program does not know any more opens nothing.
        scopes=frozenset(scope for scope in SCOPES if scope in row.scopes.split()), rate=row.rate,
        created_at=row.created_at, created_by=row.created_by, expires_at=row.expires_at, used_at=row.used_at,
        revoked_at=row.revoked_at,
    )  # fmt: skip
