"""All rows of a database as lines of JSON, and back: the same text on SQLite and on PostgreSQL.

Tables are read as they are, not as this program would have them: what an older program wrote is copied as it stands.
Owns the text of a row and its sum; what a table means is nobody's business here.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Connection, DateTime, LargeBinary, MetaData, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fieldapp.storage.columns import as_bytes
from fieldapp.storage.grants import partitions

#: Never copied: what the schema says of itself, sessions, invitations and addresses of calendars. One that ended must
#: not come back to life.
LEFT_OUT = frozenset({"alembic_version", "sign_ins", "invitations", "calendar_feeds"})
#: What an empty installation holds already.
_AT_FIRST = ("teams", "branches", "server_facts")
_ROWS = 500

#: Column -> what it holds: `moment`, `bytes`, `flag`, or `plain`.
Columns = Mapping[str, str]


class Unloadable(Exception):
    """Rows that this database does not take."""


@dataclass(slots=True)
class Tally:
    """How many rows, and a sum over them that their order does not change: SHA-256 of each, added up."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(line).digest())) % 2**256

    @property
    def sum(self) -> str:
        return f"{self.total:064x}"


def tables(db: Session) -> dict[str, Columns]:
    """Every table that is copied, those first that others refer to."""
    return {
        table.name: {column.name: _kind(column.type) for column in table.columns}
        for table in _reflected(db.connection()).sorted_tables
        if table.name not in LEFT_OUT
    }


def lines(db: Session, table: str, columns: Columns) -> Iterator[bytes]:
    """Every row of a table as one line of JSON, without its line break."""
    readers = [_READ[kind] for kind in columns.values()]
    found = db.connection().execute(
        text(_select(table, columns)), execution_options={"stream_results": True, "yield_per": _ROWS}
    )
    for row in found:
        values = [None if value is None else read(value) for read, value in zip(readers, row, strict=True)]
        yield msgspec.json.encode(values)


def load(db: Session, table: str, columns: Columns, rows: Iterable[bytes]) -> None:
    """Put lines back as rows. Raises `Unloadable`, ValueError for a line that is none."""
    connection = db.connection()
    sqlite = connection.dialect.name == "sqlite"
    writers = [_WRITE[kind, sqlite] for kind in columns.values()]
    places = ", ".join(["?" if sqlite else "%s"] * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of a known schema
    batch: list[tuple[Any, ...]] = []
    for line in rows:
        values = msgspec.json.decode(line, type=list[Any])
        batch.append(
            tuple(None if value is None else write(value) for write, value in zip(writers, values, strict=True))
        )
        if len(batch) == _ROWS:
            _insert(connection, statement, batch)
            batch.clear()
    _insert(connection, statement, batch)


@contextmanager
def unguarded(db: Session) -> Iterator[None]:
    """Let rows in whose time to be written is over (months that are closed, proposals that are settled): the triggers
    that forbid it are away, in this transaction alone, and back when the block ends."""
    connection = db.connection()
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        before, after = [f"DROP TRIGGER {name}" for name, _ in found], [sql for _, sql in found]
    else:
        names = [table.name for table in _reflected(connection).sorted_tables]
        before = [f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in names]
        after = [f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in names]
    for statement in before:
        connection.exec_driver_sql(statement)
    yield
    for statement in after:
        connection.exec_driver_sql(statement)


def is_fresh(db: Session) -> bool:
    """Whether the database holds nothing but what an empty installation begins with."""
    connection = db.connection()
    others = [table for table in _reflected(connection).sorted_tables if table.name not in {*_AT_FIRST, *LEFT_OUT}]
    return not any(
        connection.execute(text(f"SELECT 1 FROM {table.name}{_of_any_branch(table)} LIMIT 1")).first()  # noqa: S608
        for table in others
    )


def clear(db: Session) -> None:
    """Take away what an empty installation begins with."""
    for name in _AT_FIRST:
        db.connection().execute(text(f"DELETE FROM {name}"))  # noqa: S608


def empty(db: Session) -> None:
    """Take every row away, whatever guards it."""
    connection = db.connection()
    with unguarded(db):
        for table in reversed(_reflected(connection).sorted_tables):
            if table.name != "alembic_version":
                connection.execute(text(f"DELETE FROM {table.name}{_of_any_branch(table)}"))  # noqa: S608


def _reflected(connection: Connection) -> MetaData:
    """All tables, without the parts that PostgreSQL may keep one of them in: their rows are that one's."""
    found = MetaData()
    parts = partitions(connection)
    found.reflect(connection, only=lambda name, _: name not in parts)
    return found


def _insert(connection: Connection, statement: str, batch: list[tuple[Any, ...]]) -> None:
    try:
        if batch:
            connection.exec_driver_sql(statement, batch)
    except DBAPIError as error:
        raise Unloadable(str(error.orig).strip().splitlines()[0]) from error


def _select(table: str, columns: Columns) -> str:
    # Every statement says whose rows it means; here it is everybody's.
    whose = " WHERE branch IS NOT NULL" if next(iter(columns)) == "branch" else ""
    return f"SELECT {', '.join(columns)} FROM {table}{whose}"  # noqa: S608 - names of our own schema


def _of_any_branch(table: Table) -> str:
    return " WHERE branch IS NOT NULL" if next(iter(table.columns)).name == "branch" else ""


def _kind(type_: object) -> str:
    for kind, name in ((DateTime, "moment"), (LargeBinary, "bytes"), (Boolean, "flag")):
        if isinstance(type_, kind):
            return name
    return "plain"


def _read_moment(value: datetime | str) -> str:
    """SQLite has texts without a zone, PostgreSQL times of the session's."""
    moment = datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


def _read_bytes(value: bytes | str) -> str:
    return base64.b64encode(as_bytes(value)).decode()


def _for_sqlite(value: str) -> str:
    return datetime.fromisoformat(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _as_is(value: Any) -> Any:
    return value


_READ: dict[str, Any] = {"moment": _read_moment, "bytes": _read_bytes, "flag": bool, "plain": _as_is}
_WRITE: dict[tuple[str, bool], Any] = {
    **{("bytes", sqlite): base64.b64decode for sqlite in (True, False)},
    **{(kind, sqlite): _as_is for kind in ("flag", "plain") for sqlite in (True, False)},
    ("moment", True): _for_sqlite,
    ("moment", False): datetime.fromisoformat,
}
