"""Answers that were given under idempotency keys, sealed: they hold customers' names."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.tokens import KeptAnswerRow
from fieldapp.storage.vault import Sealed

#: Built once, past the ORM: asked by every request that has a key.
_KEPT = KeptAnswerRow.__table__.c
_FIND = select(_KEPT.digest, _KEPT.kept_at, _KEPT.box, _KEPT.wrapped).where(
    _KEPT.branch == bindparam("branch"), _KEPT.token_id == bindparam("token_id"),
    _KEPT.key_hash == bindparam("key_hash"),
)  # fmt: skip
_FORGET = delete(KeptAnswerRow).where(_KEPT.branch == bindparam("branch"), _KEPT.kept_at < bindparam("before"))


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a program's request was answered; `digest` says which request it was."""

    branch: str
    token_id: str
    key_hash: str
    digest: str
    kept_at: datetime
    sealed: Sealed

    @property
    def bound(self) -> str:
        """The row that the seal belongs to."""
        return bound(self.branch, self.token_id, self.key_hash)


def bound(branch: str, token_id: str, key_hash: str) -> str:
    """What an answer is sealed for: it opens for the same key of the same program only."""
    return f"answer\n{branch}\n{token_id}\n{key_hash}"


def find(db: Session, branch: str, token_id: str, key_hash: str) -> KeptAnswer | None:
    """The answer that was given under this key of this program."""
    for row in bulk.fetch(db, _FIND, {"branch": branch, "token_id": token_id, "key_hash": key_hash}):
        return KeptAnswer(branch, token_id, key_hash, row.digest, row.kept_at, Sealed(row.box, row.wrapped))
    return None


def add(db: Session, kept: KeptAnswer) -> None:
    """Keep a new answer."""
    row = {
        "branch": kept.branch, "token_id": kept.token_id, "key_hash": kept.key_hash, "digest": kept.digest,
        "kept_at": kept.kept_at, "box": kept.sealed.box, "wrapped": kept.sealed.wrapped,
    }  # fmt: skip
    bulk.insert_new(db, KeptAnswerRow, [row], "key_hash")


def forget(db: Session, branch: str, before: datetime) -> None:
    """Drop what was answered before then."""
    db.connection().execute(_FORGET, {"branch": branch, "before": before})
