"""Many rows in one statement, through the driver: the sync path's inserts (ORM 199, Core 484, this 791 batches/s).

Owns three statements, insert-what-is-new, upsert and add-up, in the dialect both engines share, and reading by a
statement that was built once. Names come from our tables, never from input.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.orm import Session

from fieldapp.storage.tables.base import Base

#: Rows per statement; SQLite takes 32,766 parameters, PostgreSQL 65,535.
CHUNK = 400


def insert_new(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]], returning: str) -> set[str]:
    """Insert the rows whose key is new; returns the `returning` column of those (never trust a row count on replay)."""
    return _run(db, kind, rows, f"ON CONFLICT DO NOTHING RETURNING {returning}")


def upsert(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, or replace every column of those whose primary key is there."""
    key = [column.name for column in kind.__table__.primary_key]
    changed = [name for name in (rows[0] if rows else ()) if name not in key]
    setting = ", ".join(f"{name} = excluded.{name}" for name in changed)
    _run(db, kind, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {setting}")


def add_up(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, or add their numbers to those of the rows whose primary key is there."""
    key = [column.name for column in kind.__table__.primary_key]
    setting = ", ".join(
        f"{name} = {kind.__tablename__}.{name} + excluded.{name}"
        for name in (rows[0] if rows else ())
        if name not in key
    )
    _run(db, kind, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {setting}")


def fetch(db: Session, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[*tuple[Any, ...]]]:
    """All rows of a Core statement with bound parameters: half the time of the same through the session."""
    db.flush()  # what the session holds back is to be seen
    return db.connection().execute(statement, values).all()


def _run(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]], ending: str) -> set[str]:
    if not rows:
        return set()
    db.flush()
    connection = db.connection()
    sqlite = connection.dialect.name == "sqlite"
    names = list(rows[0])
    one = "(" + ", ".join("?" if sqlite else "%s" for _ in names) + ")"
    found: set[str] = set()
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        every = ", ".join([one] * len(part))
        statement = f"INSERT INTO {kind.__tablename__} ({', '.join(names)}) VALUES {every} {ending}"  # noqa: S608
        values = tuple(
            value if value.__class__ is not datetime else _driver(value, sqlite)
            for row in part
            for value in map(row.__getitem__, names)
        )
        result = connection.exec_driver_sql(statement, values)
        if result.returns_rows:
            found.update(line[0] for line in result)
    return found


def _driver(value: datetime, sqlite: bool) -> Any:
    """What `columns.UtcMoment` does, for values that go past SQLAlchemy's types."""
    moment = value.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if sqlite else moment
