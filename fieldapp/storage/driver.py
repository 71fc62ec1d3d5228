"""Statements handed straight to the database's driver: what SQLAlchemy does around each is a quarter of a push.

Owns that way, and what must not be lost on it: errors are SQLAlchemy's, and whoever watches statements sees these too.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

WATCHERS = "fieldapp_watchers"


def run(db: Session, statement: str, values: Any) -> None:
    """Carry out a statement whose result nobody asks for."""
    _execute(db, statement, values)


def ask(db: Session, statement: str, values: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, as the driver has them."""
    return list(_execute(db, statement, values).fetchall())


def is_sqlite(db: Session) -> bool:
    """Whether this is SQLite's dialect: its marks for values, its kind of times."""
    return db.connection().dialect.name == "sqlite"


def _execute(db: Session, statement: str, values: Any) -> Any:
    watchers: Sequence[Callable[[str], None]] = db.info.get(WATCHERS, ())
    for look in watchers:
        look(statement)
    connection = db.connection()
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(statement, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _wrapped(connection, statement, error) from error


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
