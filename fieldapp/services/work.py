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
from fieldapp.storage.replica import Replica
from fieldapp.storage.sealing import UnknownKey
from fieldapp.storage.seals import KeyMissing, SealKey
from fieldapp.storage.turns import PATIENCE
from fieldapp.storage.vault import Unreadable, Vault

__all__ = [
    "Busy", "Db", "KeyMissing", "Passwords", "Refused", "SealKey", "UnknownKey", "Unreadable", "Vault", "Work",
    "real_work", "savepoint",
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
    #: Where what need not be of this very second is read from; None: from the database itself.
    replica: Replica | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: str(uuid7())

    def __post_init__(self) -> None:
        self.database.use(self.vault)
        if self.replica is not None:
            self.replica.database.use(self.vault)

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
        return replace(self, database=Joined(db), replica=None)

    def read(self) -> AbstractContextManager[Db]:
        """One consistent view that changes nothing."""
        return self.database.read()

    def read_replica(self) -> AbstractContextManager[Db]:
        """The same for what may be some seconds old: reports and files, where nobody looks for what they have just
        done. From the replica, if there is one and it follows closely."""
        return self.database.read() if self.replica is None else self.replica.read()


def real_work(
    database_url: str, blobs: Path | Place, data_key: str, seal_key: Path, *, read_url: str | None = None,
    read_lag: float = 10.0,
) -> Work:  # fmt: skip
    """Work on a real database, a real folder or bucket of photos and the installation's keys; `read_url`: a standby of
    the database that is read from while it is not more than `read_lag` seconds behind."""
    database = Database(database_url)
    return Work(
        database=database, passwords=Argon2(), vault=Vault(data_key), seal_key=SealKey(seal_key),
        blobs=ObjectStore(blobs) if isinstance(blobs, Place) else BlobStore(blobs),
        replica=Replica(read_url, database, read_lag) if read_url else None,
    )  # fmt: skip
