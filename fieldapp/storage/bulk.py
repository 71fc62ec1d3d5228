"""Many rows in one statement, through the driver: the sync path's inserts (ORM 199, Core 484, this 791 batches/s).

Owns four statements, insert-what-is-new, upsert, add-up and change, each as its engine takes many rows best, and
reading by a statement that was built once. Names come from our tables, never from input.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import CompoundSelect, Executable, Float, Row, Select
from sqlalchemy.orm import Session

from fieldapp.storage import driver
from fieldapp.storage.columns import UtcMoment
from fieldapp.storage.tables.base import Base

#: Rows per statement; SQLite takes 32,766 parameters, PostgreSQL 65,535.
CHUNK = 400
Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]


def insert_new(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]], returning: str) -> set[str]:
    """Insert the rows whose key is new; returns the `returning` column of those (never trust a row count on replay)."""
    statements = _statements(db, kind, rows, f"ON CONFLICT DO NOTHING RETURNING {returning}")
    return {line[0] for statement, values in statements for line in driver.ask(db, statement, values)}


def add_new(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for whoever need not know which were."""
    _run(db, kind, rows, "ON CONFLICT DO NOTHING")


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


def change(db: Session, kind: type[Base], key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Set these columns of the row with this key, if there is one."""
    db.flush()
    sqlite = driver.is_sqlite(db)
    mark = "?" if sqlite else "%s"
    setting = ", ".join(f"{name} = {mark}" for name in values)
    where = " AND ".join(f"{name} = {mark}" for name in key)
    given = [_driver(value, sqlite) for value in (*values.values(), *key.values())]
    driver.run(db, f"UPDATE {kind.__tablename__} SET {setting} WHERE {where}", given)  # noqa: S608


def fetch(db: Session, statement: Query, values: Mapping[str, Any]) -> list[Any]:
    """All rows of a statement that was built once, with bound values; a value that is a list stands for `IN`.

    Past SQLAlchemy, which only says once what to hand to the driver: a third of the time of the same through it.
    """
    if any(isinstance(value, list | tuple) and not value for value in values.values()):
        return []
    known, given = _prepared(db, statement, values)
    return [known.read(row) for row in driver.ask(db, known.text, given)]


def stream(db: Session, statement: Query, values: Mapping[str, Any]) -> Iterator[Any]:
    """The same, a few at a time: for statements that read everything there is."""
    known, given = _prepared(db, statement, values)
    return map(known.read, driver.stream(db, known.text, given))


def _prepared(db: Session, statement: Query, values: Mapping[str, Any]) -> tuple["_Compiled", list[Any]]:
    """The statement as the driver takes it, and its values in order."""
    db.flush()  # what the session holds back is to be seen
    lists = [name for name, value in values.items() if isinstance(value, list | tuple)]
    sqlite = driver.is_sqlite(db)
    given = {name: _driver(value, sqlite) for name, value in values.items()}
    for name in lists:
        given[name] = _rounded(values[name])
    key = statement, sqlite, tuple(len(given[name]) for name in lists)
    known = _compiled.get(key)
    if known is None:
        known = _compiled[key] = _compile(db, statement, given)
    for name in lists:
        given.update((f"{name}_{place}", one) for place, one in enumerate(given.pop(name), 1))
    return known, [known.fixed[name] if name in known.fixed else given[name] for name in known.order]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as the driver takes it: its text, the names of its values in order, those that are always the same,
    and what makes a row."""

    text: str
    order: Sequence[str]
    fixed: Mapping[str, Any]
    make: Callable[[Iterable[Any]], Any]
    convert: Sequence[tuple[int, Callable[[Any], Any]]]

    def read(self, row: tuple[Any, ...]) -> Any:
        if not self.convert:
            return self.make(row)
        values = list(row)
        for place, process in self.convert:
            values[place] = process(values[place])
        return self.make(values)


_compiled: dict[tuple[Query, bool, tuple[int, ...]], _Compiled] = {}


def _rounded(values: Sequence[Any]) -> Sequence[Any]:
    """As many as a power of two, the last one again and again: few lengths, so few texts to keep and to prepare."""
    return [*values, *[values[-1]] * ((1 << (len(values) - 1).bit_length()) - len(values))]


def _compile(db: Session, statement: Query, values: Mapping[str, Any]) -> _Compiled:
    dialect: Any = type(db.connection().dialect)
    dialect = dialect(paramstyle="qmark" if driver.is_sqlite(db) else "format")
    compiled = statement.params(values).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    columns = list(statement.selected_columns)
    processes = [_process(one, dialect) for one in columns]
    own = statement.compile(dialect=dialect).params
    row: Any = namedtuple("Row", [one.name for one in columns])  # type: ignore[misc]
    return _Compiled(
        text=str(compiled),
        order=list(compiled.positiontup or ()),
        fixed={name: value for name, value in own.items() if name not in values},
        make=row._make,
        convert=[(place, process) for place, process in enumerate(processes) if process is not None],
    )


def _process(column: Any, dialect: Any) -> Callable[[Any], Any] | None:
    """What makes a column's value of the driver's."""
    if isinstance(column.type, UtcMoment) and dialect.name == "sqlite":
        return _moment  # the text is our own: a third of the time of what SQLAlchemy would do
    if isinstance(column.type, Float):
        return None  # as both drivers have it
    process: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).result_processor(dialect, None)
    return process


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def fetch_once(db: Session, statement: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
    """All rows of a statement that was built for this one time."""
    db.flush()
    return db.connection().execute(statement).all()


def _run(db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]], ending: str) -> None:
    for statement, values in _statements(db, kind, rows, ending):
        driver.run(db, statement, values)


def _statements(
    db: Session, kind: type[Base], rows: Sequence[Mapping[str, Any]], ending: str
) -> Iterator[tuple[str, list[Any]]]:  # fmt: skip
    if not rows:
        return
    db.flush()
    names = list(rows[0])
    into = f"INSERT INTO {kind.__tablename__} ({', '.join(names)})"
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        if driver.is_sqlite(db):
            one = "(" + ", ".join("?" for _ in names) + ")"
            values = [
                value if value.__class__ is not datetime else _driver(value, True)
                for row in part
                for value in map(row.__getitem__, names)
            ]
            yield f"{into} VALUES {', '.join([one] * len(part))} {ending}", values
        else:
            # An array for each column: the text is the same for any number of rows, and is read and planned once.
            arrays = [_arrays(kind)[name] for name in names]
            marks = ", ".join(array.mark for array in arrays)
            columns = [array.of(map(itemgetter(name), part)) for name, array in zip(names, arrays, strict=True)]
            yield f"{into} SELECT * FROM unnest({marks}) {ending}", columns  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Array:
    """A column's values as one of PostgreSQL's arrays, written as text: a third of the time of psycopg's own way."""

    mark: str
    write: Callable[[Any], str]

    def of(self, values: Iterable[Any]) -> str:
        return "{" + ",".join(["NULL" if one is None else self.write(one) for one in values]) + "}"


@cache
def _arrays(kind: type[Base]) -> Mapping[str, _Array]:
    """By column. No length in a mark: what is too long is to be refused, not cut."""
    kinds = {one.name: _ARRAYS[one.type.python_type] for one in kind.__table__.columns}
    return {name: _Array(f"%s::{kind}[]", write) for name, (kind, write) in kinds.items()}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_ARRAYS: Mapping[type, tuple[str, Callable[[Any], str]]] = {
    str: ("text", _quoted), int: ("bigint", str), bool: ("boolean", str), float: ("double precision", repr),
    datetime: ("timestamptz", lambda moment: f'"{moment.isoformat()}"'),
    bytes: ("bytea", lambda content: f'"\\\\x{content.hex()}"'),
}  # fmt: skip


def _driver(value: Any, sqlite: bool) -> Any:
    """What `columns.UtcMoment` does, for values that go past SQLAlchemy's types."""
    if not isinstance(value, datetime):
        return value
    moment = value.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if sqlite else moment
