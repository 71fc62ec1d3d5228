"""A power cut: what the server wrote and did not sync is gone, or partly gone, when it starts again.

The library `power.c` notes every change of a file with what was there before; here it is built, the server is started
under it, and after its death the disk is made into one that a power cut could have left.
"""

import atexit
import mmap
import random
import shutil
import struct
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from tests.faults.company import Company
from tests.faults.server import ROOT, Server

WRITE, TRUNCATE, SYNC, CREATE, RENAME, UNLINK, MKDIR = range(1, 8)
_HEAD = struct.Struct("=IIQQQQ")
_CONTROL = struct.Struct("=qq")
PAGE = 4096
#: What may be left of that which was not synced.
STRICTEST = "nothing unsynced"
WAYS = (STRICTEST, STRICTEST, "some pages", "some pages", "all pages")


@cache
def library() -> Path | None:
    """The library, built with this machine's compiler; None where there is none."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="fieldapp-power-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = folder / "power.so"
    source = Path(__file__).with_name("power.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl", "-lpthread"], check=True)
    return target


@dataclass(frozen=True)
class _Change:
    kind: int
    inode: int
    place: int
    length: int
    before: int
    content: bytes


class Power:
    """The line that a company's server hangs on. `server` runs on it, `cut_after` sets when it fails."""

    def __init__(self, place: Company, *, root: Path = ROOT) -> None:
        found = library()
        assert found is not None
        folder = place.instance.parent
        self._folder, self._log, self._shared = place.instance, folder / "changes", folder / "control"
        self._shared.write_bytes(_CONTROL.pack(0, 0))
        with self._shared.open("r+b") as handle:
            self._control = mmap.mmap(handle.fileno(), _CONTROL.size)
        told = {"FAULT_ROOT": place.instance, "FAULT_LOG": self._log, "FAULT_CONTROL": self._shared}
        self.server = Server(
            place, root=root, preload={"LD_PRELOAD": str(found)}, more={k: str(v) for k, v in told.items()}
        )

    @property
    def points(self) -> int:
        """How many moments there were so far at which the power could have failed."""
        return int(_CONTROL.unpack_from(self._control)[1])

    def cut_after(self, points: int) -> None:
        """Let the power fail at the `points`th moment from now."""
        struct.pack_into("=q", self._control, 0, points)

    def forget(self, chance: random.Random, way: str) -> str:
        """The server is dead: make the disk what a power cut could have left, in one of `WAYS`, which is answered."""
        self.cut_after(0)
        changes = list(_read(self._log)) if self._log.exists() else []
        if way != "all pages":
            _undo(self._folder, changes, chance if way == "some pages" else None)
        for left in self._folder.parent.glob(f"{self._folder.name}.grave-*"):
            left.unlink()
        for memory in self._folder.glob("*-shm"):
            memory.unlink()
        self._log.unlink(missing_ok=True)
        return way


def _read(log: Path) -> Iterator[_Change]:
    raw, at = log.read_bytes(), 0
    while at + _HEAD.size <= len(raw):
        kind, size, inode, place, length, before = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        yield _Change(kind, inode, place, length, before, raw[at : at + size])
        at += size


def _undo(folder: Path, changes: list[_Change], chance: random.Random | None) -> None:
    synced = {change.inode: number for number, change in enumerate(changes) if change.kind == SYNC}
    loose = [change for number, change in enumerate(changes) if number > synced.get(change.inode, -1)]
    files = {
        path.stat().st_ino: path
        for where in (folder, *folder.parent.glob(f"{folder.name}.grave-*"))
        for path in ([where] if where.is_file() else where.rglob("*"))
        if path.is_file()
    }
    contents = defaultdict(list)
    for change in loose:
        if change.kind in {WRITE, TRUNCATE}:
            contents[change.inode].append(change)
    for inode, its in contents.items():
        if inode in files:
            _undo_file(files[inode], its, chance)
    entries = [change for change in loose if change.kind in {CREATE, RENAME, UNLINK, MKDIR}]
    # A folder's changes reach the disk in their order: any number of the first ones may be there.
    kept = chance.randint(0, len(entries)) if chance else 0
    for change in reversed(entries[kept:]):
        _undo_entry(change)


def _undo_file(file: Path, changes: list[_Change], chance: random.Random | None) -> None:
    """Put back what was there; with `chance`, each page has seen any number of its changes (of a file that only grew
    or was written over; one that was cut goes back whole)."""
    if any(change.kind == TRUNCATE for change in changes):
        chance = None
    pages: dict[int, int] = defaultdict(int)
    for change in changes:
        for page in _pages(change):
            pages[page] += 1
    kept = {page: chance.randint(0, count) if chance else 0 for page, count in pages.items()}
    size = changes[0].before
    with file.open("r+b") as target:
        whole = file.stat().st_size
        for change in reversed(changes):
            for page in _pages(change):
                pages[page] -= 1
                if pages[page] >= kept[page]:
                    _put_back(target, change, page)
        if chance:
            reached = [min(whole, (page + 1) * PAGE) for page, number in kept.items() if number]
            size = max([size, *reached])
        target.truncate(size)


def _pages(change: _Change) -> range:
    reach = change.length if change.kind == WRITE else len(change.content)
    return range(change.place // PAGE, -(-(change.place + reach) // PAGE))


def _put_back(target: IO[bytes], change: _Change, page: int) -> None:
    """What was there in this page; nothing yet: zeros, which the file's size may take away again."""
    old = change.content.ljust(change.length, b"\0") if change.kind == WRITE else change.content
    start, end = max(change.place, page * PAGE), min(change.place + len(old), (page + 1) * PAGE)
    if start < end:
        target.seek(start)
        target.write(old[start - change.place : end - change.place])


def _undo_entry(change: _Change) -> None:
    names = [Path(name) if name else None for name in change.content.decode().split("\n")]
    first = names[0]
    assert first is not None
    with suppress(FileNotFoundError):
        if change.kind == CREATE:
            first.unlink()
        elif change.kind == MKDIR:
            shutil.rmtree(first)
        elif change.kind == UNLINK and not first.exists() and names[1]:
            names[1].rename(first)
        elif change.kind == RENAME and names[1]:
            if names[1].exists() and not first.exists():
                names[1].rename(first)
            if names[2]:
                names[2].rename(names[1])
