"""What every use case is given: the database, the clock, ids, photos, passwords. The one seam where tests put fakes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from uuid_utils import uuid7

from fieldapp.services.passwords import Argon2
from fieldapp.storage.blobs import BlobStore
from fieldapp.storage.engine import Busy, Database, Db, Joined, savepoint
from fieldapp.storage.object_store import ObjectStore, Place
from fieldapp.storage.seals import KeyMissing, SealKey
from fieldapp.storage.turns import PATIENCE
from fieldapp.storage.vault import Unreadable, Vault

__all__ = [
    "Busy", "Db", "KeyMissing", "Passwords", "Refused", "SealKey", "Unreadable", "Vault", "Work", "real_work",
    "savepoint",
]  # fmt: skip


class Refused(Exception):
    """What an operator asked for cannot be; the text says why and what to do instead. Nothing was touched."""


class Passwords(Protocol):
    """How passwords are kept: `hash` and `matches`, both slow on purpose."""

    def hash(self, password: str) -> str: ...

    def matches(self, password: str, hashed: str | None) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Work:
    """Handed to every use case. A function that takes `work` owns its transaction; one that takes `db` has none."""

    database: Database
    blobs: BlobStore | ObjectStore
    passwords: Passwords
    vault: Vault
    seal_key: SealKey
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: str(uuid7())

    def now(self) -> datetime:
        """The server's time, aware UTC."""
        return self.clock()

    def write(self, about: str | None = None, *, patience: float = PATIENCE) -> AbstractContextManager[Db]:
        """One transaction that commits when its block ends; nobody else writes about the same (a branch) meanwhile.

        Raises `Busy` when the turn does not come within `patience` seconds, or the database is away.
        """
        return self.database.write(about, patience=patience)

    def within(self, db: Db) -> "Work":
        """The same work inside an open transaction: use cases that own theirs become part of it."""
        return replace(self, database=Joined(db))

    def read(self) -> AbstractContextManager[Db]:
        """One consistent view that changes nothing."""
        return self.database.read()


def real_work(database_url: str, blobs: Path | Place, data_key: str, seal_key: Path) -> Work:
    """Work on a real database, a real folder or bucket of photos and the installation's keys."""
    return Work(
        database=Database(database_url), passwords=Argon2(), vault=Vault(data_key), seal_key=SealKey(seal_key),
        blobs=ObjectStore(blobs) if isinstance(blobs, Place) else BlobStore(blobs),
    )  # fmt: skip
