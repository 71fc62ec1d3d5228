"""Who was erased, in a file of its own outside of the database: a backup that is older than an erasure is restored with
the person in it, and this list says whom to take out again.

Owns the file's form: a line of JSON each, ids and times and no person's data; only ever added to, and synced.
"""

import fcntl
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

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
        return list(self._lines(self.path.read_bytes())[0].values()) if self.path.exists() else []

    def add(self, lines: Sequence[Line]) -> None:
        """Add those that are not on it; on the disk when this returns. Raises `BadList`, `OSError`."""
        if not lines:
            return
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as target:
            # Two may add at once: one after the other, and the second sees what the first wrote.
            fcntl.flock(target, fcntl.LOCK_EX)
            content = target.read()
            known, tail = self._lines(content)
            if tail == "torn":
                target.truncate(content.rfind(b"\n") + 1)
            fresh = b"".join(msgspec.json.encode(line) + b"\n" for line in lines if line.key not in known)
            target.write(b"\n" + fresh if tail == "open" else fresh)
            target.flush()
            os.fsync(target.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _lines(self, content: bytes) -> tuple[dict[tuple[str, str], Line], Literal["ended", "open", "torn"]]:
        """Each person's line, and how the last one ends: with its line break, without it, in the middle."""
        found: dict[tuple[str, str], Line] = {}
        *whole, last = content.split(b"\n")
        for number, text in enumerate(whole, start=1):
            if text.strip():
                try:
                    line = msgspec.json.decode(text, type=Line)
                except msgspec.MsgspecError:
                    raise BadList(f"{self.path}, line {number}: no line of an erase list") from None
                found.setdefault(line.key, line)
        if not last:
            return found, "ended"
        try:
            line = msgspec.json.decode(last, type=Line)
        except msgspec.MsgspecError:
            return found, "torn"
        found.setdefault(line.key, line)
        return found, "open"
