"""Statements handed straight to the database's driver: what SQLAlchemy does around each is a quarter of a push.

Owns that way, and what must not be lost on it: errors are SQLAlchemy's, and whoever watches statements sees these too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

WATCHERS = "fieldapp_watchers"
OPENED = "fieldapp_connection"
#: Rows fetched at a time where they are streamed.
STREAMED = 2000
_numbers = count()
T = TypeVar("T")


def run(db: Session, statement: str, values: Any) -> None:
    """Carry out a statement whose result nobody asks for."""
    _execute(db, statement, values)


def ask(db: Session, statement: str, values: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, as the driver has them."""
    return list(_execute(db, statement, values).fetchall())


def stream(db: Session, statement: str, values: Any) -> Iterator[tuple[Any, ...]]:
    """The same rows, a few at a time: no more of them are in memory at once, on either engine."""
    with closing(_execute(db, statement, values, stays=True)) as cursor:
        while rows := _told(connection(db), statement, lambda: cursor.fetchmany(STREAMED)):
            yield from rows


def commit(db: Session) -> None:
    """End a transaction that only read."""
    opened = connection(db)
    driver: Any = opened.connection.driver_connection
    _told(opened, "COMMIT", driver.commit)


def is_sqlite(db: Session) -> bool:
    """Whether this is SQLite's dialect: its marks for values, its kind of times."""
    return connection(db).dialect.name == "sqlite"


def connection(db: Session) -> Connection:
    """The session's own, for a transaction that `engine.Database` opened: asking the session each time is dear."""
    return db.info.get(OPENED) or db.connection()


def _execute(db: Session, statement: str, values: Any, *, stays: bool = False) -> Any:
    """The cursor of a statement; `stays`: its rows are left on the server until they are asked for."""
    watchers: Sequence[Callable[[str], None]] = db.info.get(WATCHERS, ())
    for look in watchers:
        look(statement)
    opened = connection(db)
    driver: Any = opened.connection.driver_connection
    # PostgreSQL keeps rows back for a cursor with a name only.
    start = driver.cursor(f"stream_{next(_numbers)}") if stays and not is_sqlite(db) else driver
    return _told(opened, statement, lambda: start.execute(statement, values))


def _told(opened: Connection, statement: str, act: Callable[[], T]) -> T:
    """Do it; errors come out as SQLAlchemy's."""
    try:
        return act()
    except opened.dialect.loaded_dbapi.Error as error:
        raise _wrapped(opened, statement, error) from error


def _wrapped(connection: Connection, statement: str, error: Any) -> BaseException:
    """The error as SQLAlchemy would raise it; a connection that is lost is not used again."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if lost:
        connection.invalidate(error)
    wrapped: BaseException = DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost,
        dialect=dialect,
    )  # fmt: skip
    return wrapped
