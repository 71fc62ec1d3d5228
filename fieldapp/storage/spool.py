"""Lines of a file on their way into the log, on disk: memory does not grow with the file.

Owns putting them in order (by visit, repeated ids last) and what is asked of all of them at once; judges nothing. A
file without a name, gone with the process however it ends. The standard library's SQLite: the store's sorts in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import NamedTuple, Self

_TABLE = """CREATE TABLE lines (number INTEGER PRIMARY KEY, event_id TEXT NOT NULL, visit_id TEXT, about TEXT,
 is_step INTEGER NOT NULL, raw BLOB NOT NULL)"""
_BY_VISIT = """SELECT * FROM lines ORDER BY number IN (
 SELECT number FROM (SELECT number, row_number() OVER (PARTITION BY event_id ORDER BY number) AS place FROM lines)
 WHERE place > 1), visit_id, number"""
_STEPS = "SELECT * FROM lines WHERE is_step ORDER BY number"
_SUBJECTS = "SELECT visit_id, about, count(*) FROM lines GROUP BY visit_id, about"


class Line(NamedTuple):
    """One line: its number in the file, what it is found by, and itself. `about`: the finding that it speaks of;
    `is_step`: it decides something, or appeals it."""

    number: int
    event_id: str
    visit_id: str | None
    about: str | None
    is_step: bool
    raw: bytes


class Spool:
    """To be closed; nothing of it is left then."""

    def __init__(self) -> None:
        self._lines = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE", "cache_size=-16000"):
            self._lines.execute(f"PRAGMA {pragma}")
        self._lines.execute("BEGIN")  # for good: nothing is ever to be kept
        self._lines.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(self, lines: Iterable[Line]) -> None:
        """Keep these, too."""
        self._lines.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)", lines)

    def parts(self, size: int) -> Iterator[list[Line]]:
        """All lines by visit, in parts of about `size` bytes, no visit cut in two; what repeats an id after everything
        else, so that of lines that share one the first in the file is the first."""
        part, held = list[Line](), 0
        for line in self._ask(_BY_VISIT):
            if held >= size and (line.visit_id is None or line.visit_id != part[-1].visit_id):
                yield part
                part, held = [], 0
            part.append(line)
            held += len(line.raw)
        if part:
            yield part

    def steps(self, size: int) -> Iterator[list[Line]]:
        """The lines that decide or appeal something, in parts of `size`."""
        lines = self._ask(_STEPS)
        while part := list(islice(lines, size)):
            yield part

    def of_visit(self, visit: str) -> Iterator[Line]:
        """The lines of one visit."""
        self._lines.execute("CREATE INDEX IF NOT EXISTS by_visit ON lines (visit_id)")
        return self._ask("SELECT * FROM lines WHERE visit_id = ? ORDER BY number", visit)

    def subjects(self, size: int) -> Iterator[list[tuple[str | None, str | None, int]]]:
        """Each visit with each finding that lines speak of, and how many do, in parts of `size`."""
        with closing(self._lines.execute(_SUBJECTS)) as rows:
            while part := rows.fetchmany(size):
                yield part

    def _ask(self, query: str, *values: str) -> Iterator[Line]:
        with closing(self._lines.execute(query, values)) as rows:
            yield from map(Line._make, rows)
