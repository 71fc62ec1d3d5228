"""Engines and transactions. Owns how SQLite and PostgreSQL are opened, and who writes while nobody else does.

A transaction is opened here and nowhere else: `Database.write()` commits on leaving, `Database.read()` never does.
SQLite has one writer at a time; on PostgreSQL those wait for each other that write about the same thing.
"""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

#: Below this, two connections can corrupt a WAL database (WAL-reset bug, fixed in 3.51.3).
SAFE_SQLITE = (3, 51, 3)

#: Seconds a writer waits for another one before the caller is told to come again.
LOCK_PATIENCE = 30.0


#: What functions of `storage` and services without a transaction of their own are handed.
Db = Session


class Busy(Exception):
    """Another writer held the database for longer than anybody should wait, or the database is away."""


class Database:
    """One database and its transactions.

    `url` is a SQLAlchemy URL (`sqlite:///...` or `postgresql+psycopg://...`).
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.is_sqlite else create_engine(self.url, pool_pre_ping=True)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._lock = threading.Lock()
        self._open: ContextVar[bool] = ContextVar("fieldapp_transaction", default=False)
        self._lock_file: Path | None = None
        if self.is_sqlite and self.url.database not in (None, "", ":memory:"):
            self._lock_file = Path(f"{self.url.database}.writer")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; anything written through it is rolled back."""
        with self._once(), self._sessions() as session:
            _begin(session, {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"})
            yield session
            session.rollback()

    @contextmanager
    def write(self, about: str | None = None) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises. Raises `Busy`.

        Who decides by what they read says what it is `about` (a branch): nobody else then writes about the same.
        """
        with self._once(), self._turn(), self._sessions() as session:
            _begin(session, {"fieldapp_begin": "IMMEDIATE"}, about)
            yield session
            session.commit()

    @contextmanager
    def _once(self) -> Iterator[None]:
        # Nested transactions are two use cases tangled into one: a mistake to be found by the first test.
        if self._open.get():
            raise RuntimeError("a transaction is open already: pass its session on instead of opening another")
        token = self._open.set(True)
        try:
            yield
        finally:
            self._open.reset(token)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Writers queue here instead of in SQLite's busy handler (p99 of a batch 18.6 ms against 300 ms)."""
        if not self.is_sqlite:
            yield
            return
        if not self._lock.acquire(timeout=LOCK_PATIENCE):
            raise Busy("another writer holds the database")
        try:
            if self._lock_file is None:
                yield
                return
            with self._lock_file.open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)  # the kernel takes it from a process that dies
                yield
        finally:
            self._lock.release()

    def dispose(self) -> None:
        """Close every connection (before a fork, at the end of a test)."""
        self.engine.dispose()


def take_turn(db: Session, about: str) -> None:
    """Wait until nobody else writes about the same thing, and keep everybody else waiting until the transaction ends.

    Again in the same transaction changes nothing. On SQLite whoever writes has the turn already.
    """
    if db.get_bind().dialect.name == "postgresql":
        turn = "SELECT set_config('lock_timeout', :patience, true), pg_advisory_xact_lock(hashtextextended(:about, 0))"
        db.execute(text(turn), {"patience": f"{LOCK_PATIENCE:.0f}s", "about": about})


def _begin(session: Session, options: dict[str, Any], about: str | None = None) -> None:
    try:
        session.connection(execution_options=options)
        if about is not None:
            take_turn(session, about)
    except OperationalError as error:
        raise Busy("the database is away, or held by somebody else") from error


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite that is really used, e.g. (3, 53, 0)."""
    return tuple(int(part) for part in pysqlite3.sqlite_version.split("."))


def _sqlite(url: Any) -> Engine:
    if sqlite_version() < SAFE_SQLITE:
        raise RuntimeError(f"SQLite {pysqlite3.sqlite_version} can corrupt WAL databases; 3.51.3 or newer is needed")
    engine = create_engine(url, module=pysqlite3, connect_args={"timeout": LOCK_PATIENCE, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver's own BEGIN comes too late and is DEFERRED: we begin ourselves (below).
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        kind = connection.get_execution_options().get("fieldapp_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine
