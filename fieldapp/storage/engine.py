"""Engines and transactions. Owns how SQLite and PostgreSQL are opened, and who writes while nobody else does.

A transaction is opened here and nowhere else: `Database.write()` commits on leaving, `Database.read()` never does.
SQLite has one writer at a time; on PostgreSQL those wait for each other that write about the same thing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from time import monotonic
from typing import Any

import pysqlite3
from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from fieldapp.storage import driver, sealing
from fieldapp.storage.turns import PATIENCE, Busy, Turns
from fieldapp.storage.vault import Vault

__all__ = ["Busy", "Database", "Db", "Joined", "savepoint", "sqlite_version", "take_turn"]

#: Below this, two connections can corrupt a WAL database (WAL-reset bug, fixed in 3.51.3).
SAFE_SQLITE = (3, 51, 3)

#: Seconds a statement waits for a program that writes to the file without queueing as we do.
STRANGERS = 2.0
#: SQLite's reasons that pass: busy, locked, out of memory, read-only, input/output, full, cannot open, protocol.
PASSING = frozenset({5, 6, 7, 8, 10, 13, 14, 15})
#: Seconds for which a connection that was just used is taken to be there still, and where is noted since when it rests.
TRUSTED, _RESTS = 1.0, "rests"
#: How one reads there.
_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
#: One's turn, on PostgreSQL.
_TURN = "SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock(hashtextextended(%s, 0))"

#: What functions of `storage` and services without a transaction of their own are handed.
Db = Session


class Database:
    """One database and its transactions.

    `url` is a SQLAlchemy URL (`sqlite:///...` or `postgresql+psycopg://...`); of a server that is waited for not longer
    than `patience` seconds.
    """

    def __init__(self, url: str | URL, *, patience: float = PATIENCE) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.is_sqlite else _postgres(self.url, patience)
        #: Called with every statement that goes past SQLAlchemy, whose own events tell of the others.
        self.watchers: list[Callable[[str], None]] = []
        self._info: dict[str, object] = {driver.WATCHERS: self.watchers}
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info=self._info)
        self._open: ContextVar[bool] = ContextVar("fieldapp_transaction", default=False)
        on_disk = self.is_sqlite and self.url.database not in (None, "", ":memory:")
        self._turns = Turns(Path(f"{self.url.database}.writer") if on_disk else None)

    def use(self, vault: Vault) -> None:
        """From now on personal values are sealed and opened with these keys."""
        self._info[sealing.VAULT] = vault

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; what is written through it is rolled back, or refused (PostgreSQL). Raises `Busy` when the
        database is away."""
        with self._once(), _passing(), self._sessions() as session:
            _begin(session, {} if self.is_sqlite else _READING)
            yield session
            if not self.is_sqlite:
                driver.commit(session)  # psycopg forgets at each ROLLBACK what it had the server prepare
            session.rollback()

    @contextmanager
    def write(self, about: str | None = None, *, patience: float = PATIENCE) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises. Raises `Busy`: nobody can say
        then whether it was stored, and the same has to be tried again.

        Who decides by what they read says what it is `about` (a branch): nobody else then writes about the same.
        """
        with self._once(), self._turn(patience), _passing(), self._sessions() as session:
            _begin(session, {"fieldapp_begin": "IMMEDIATE"}, about)
            sealing.look(session)
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
    def _turn(self, patience: float) -> Iterator[None]:
        """Writers queue here instead of in SQLite's busy handler (p99 of a batch 18.6 ms against 300 ms)."""
        if self.is_sqlite:
            with self._turns.one(patience):
                yield
        else:
            yield

    def weak_points(self) -> list[str]:
        """What would let an answered commit be lost in a power cut: settings of the database, one line each."""
        with self.read() as session:
            if self.is_sqlite:
                level = int(session.scalar(text("PRAGMA synchronous")) or 0)
                return [] if level >= 2 else [f"SQLite's synchronous is {('OFF', 'NORMAL')[level]}, not FULL"]
            wanted = ("fsync", "full_page_writes", "synchronous_commit")
            found = {name: session.scalar(text(f"SHOW {name}")) for name in wanted}
        return [f"PostgreSQL's {name} is off, not on" for name, value in found.items() if value == "off"]

    def scrub(self, *, patience: float = PATIENCE) -> None:
        """After an erasure: let nothing of what was written over stay in SQLite's log. A reader that is under way keeps
        its part of it until the next time. Raises `Busy`."""
        if self.is_sqlite:
            with self._once(), self._turn(patience), _passing(), self.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")  # it is no part of a transaction
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")

    def dispose(self) -> None:
        """Close every connection (before a fork, at the end of a test)."""
        self.engine.dispose()


class Joined(Database):
    """A transaction that is open already, for use cases that would open their own: what they do is committed with it,
    or not at all."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def use(self, vault: Vault) -> None:
        """Whoever opened the transaction has said so."""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """The open transaction, with what was written in it so far."""
        yield self._session

    @contextmanager
    def write(self, about: str | None = None, *, patience: float = PATIENCE) -> Iterator[Session]:
        """The same; nothing is committed when the block ends."""
        if about is not None:
            take_turn(self._session, about)
        yield self._session


def take_turn(db: Session, about: str) -> None:
    """Wait until nobody else writes about the same thing, and keep everybody else waiting until the transaction ends.

    Again in the same transaction changes nothing. On SQLite whoever writes has the turn already.
    """
    taken: set[str] = db.info.setdefault("turns", set())
    if about not in taken and not driver.is_sqlite(db):
        driver.run(db, _TURN, (f"{PATIENCE:.0f}s", about))
    taken.add(about)


@contextmanager
def savepoint(db: Session) -> Iterator[None]:
    """Part of a transaction that can fail alone: when it raises, what it did is undone and the rest stays.
    Raises `Busy` for what is wrong with the database itself."""
    taken: set[str] = set(db.info.get("turns", ()))
    with _passing():  # the statements around the part, too: whoever catches its mistakes is not to take this for one
        db.flush()
        driver.run(db, "SAVEPOINT part", ())
        failed = True
        try:
            with _passing():
                yield
                db.flush()
            failed = False
        except Busy:
            failed = False  # but nothing is left to go on with
            raise
        finally:
            if failed:
                driver.run(db, "ROLLBACK TO SAVEPOINT part", ())
                db.expunge_all()
                db.info["turns"] = taken  # PostgreSQL has given back those that were taken since
        driver.run(db, "RELEASE SAVEPOINT part", ())


def _begin(session: Session, options: dict[str, Any], about: str | None = None) -> None:
    session.info[driver.OPENED] = session.connection(execution_options=options)
    if about is not None:
        take_turn(session, about)


@contextmanager
def _passing() -> Iterator[None]:
    """A full disk, a lock, a database that stops in the middle: not our mistake, and not for ever."""
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        passes = isinstance(error, OperationalError) if code is None else code & 0xFF in PASSING
        if passes or error.connection_invalidated:
            raise Busy("the database is away, full, or held by somebody else") from error
        raise


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite that is really used, e.g. (3, 53, 0)."""
    return tuple(int(part) for part in pysqlite3.sqlite_version.split("."))


def _postgres(url: Any, patience: float) -> Engine:
    # A server that does not even answer must not keep a thread for the minutes that the network would take.
    # Nor do values belong into what an error says: they are people's names and numbers.
    engine = create_engine(url, hide_parameters=True, connect_args={"connect_timeout": round(patience)})

    # To ask each time whether one is still there costs as much as much of what is asked for. Who finds that it is not,
    # within this second, is told to try again.
    @event.listens_for(engine, "checkin")
    def rest(_: Any, record: Any) -> None:
        record.info[_RESTS] = monotonic()

    @event.listens_for(engine, "checkout")
    def wake(connection: Any, record: Any, _: object) -> None:
        rests = record.info.get(_RESTS)
        if rests is None or monotonic() - rests < TRUSTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    lost = engine.dialect.is_disconnect

    def is_of_no_use(error: Any, connection: Any, cursor: Any) -> bool:
        # What it had the server prepare gives something else since a migration: another connection prepares it anew.
        told_by = getattr(getattr(error, "diag", None), "source_function", None)
        return lost(error, connection, cursor) or told_by == "RevalidateCachedQuery"

    engine.dialect.is_disconnect = is_of_no_use  # type: ignore[assignment,method-assign]
    return engine


def _sqlite(url: Any) -> Engine:
    if sqlite_version() < SAFE_SQLITE:
        raise RuntimeError(f"SQLite {pysqlite3.sqlite_version} can corrupt WAL databases; 3.51.3 or newer is needed")
    engine = create_engine(
        url, module=pysqlite3, hide_parameters=True,
        connect_args={"timeout": STRANGERS, "check_same_thread": False},
    )  # fmt: skip

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
            # What is deleted is written over: erased is erased in the file, too.
            "secure_delete=ON",
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
