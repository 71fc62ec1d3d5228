"""Who was erased, in a file of its own outside of the database: a backup that is older than an erasure is restored with
the person in it, and this list says whom to take out again.

Owns the file's form: a line of JSON each, ids and times and no person's data; only ever added to, and synced.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct


class BadList(Exception):
    """A line is none: the list was changed by hand, or is another file."""


class Line(Struct, frozen=True):
    """A visit of a branch, or an account (`branch` is empty then)."""

    branch: str
    id: str
    when: datetime
    why: str = "asked"

    @property
    def key(self) -> tuple[str, str]:
        return self.branch, self.id


class EraseList:
    """The list in `path`; where there is none, nobody was erased."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Line]:
        """Every line, each person once. Raises `BadList`; what a power cut left of the last line is no line."""
        if not self.path.exists():
            return []
        found: dict[tuple[str, str], Line] = {}
        lines = self.path.read_bytes().split(b"\n")
        for number, text in enumerate(lines, start=1):
            if not text.strip():
                continue
            try:
                line = msgspec.json.decode(text, type=Line)
            except msgspec.MsgspecError:
                if number == len(lines):
                    continue
                raise BadList(f"{self.path}, line {number}: no line of an erase list") from None
            found.setdefault(line.key, line)
        return list(found.values())

    def add(self, lines: Sequence[Line]) -> None:
        """Add those that are not on it; on the disk when this returns. Raises `BadList`, `OSError`."""
        known = {line.key for line in self.read()}
        fresh = b"".join(msgspec.json.encode(line) + b"\n" for line in lines if line.key not in known)
        if not fresh:
            return
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as target:
            size = target.seek(0, os.SEEK_END)
            if size:
                target.seek(size - 1)
                fresh = fresh if target.read(1) == b"\n" else b"\n" + fresh
            target.write(fresh)
            target.flush()
            os.fsync(target.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
