"""Column types: one for times, one for exact JSON bytes. Nothing else converts values at the database's door."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcMoment(TypeDecorator[datetime]):
    """An aware time, kept in UTC. SQLite holds text that sorts as time, PostgreSQL timestamptz.

    A naive time is a mistake of ours and raises at once.
    """

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time at the database's door")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Code = String(64)  # codes, ids, hashes, enumerated words
Uuid = String(36)
Words = Text
Blob = LargeBinary


def as_bytes(content: bytes | str) -> bytes:
    """What a column of bytes holds. Whoever alters a row by hand may leave text there: it is still to be looked at."""
    return content.encode() if isinstance(content, str) else content
