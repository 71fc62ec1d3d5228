"""Photos as files by content hash, and uploads that can be cut off and go on. Owns bytes, not what they mean."""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from fieldapp.storage.turns import Busy

_SHA = re.compile(r"[0-9a-f]{64}")


class WrongOffset(Exception):
    """A piece does not start where the last one ended; `offset` is where it has to."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"expected offset {offset}")


class WrongHash(Exception):
    """The finished upload is not what its name says; the pieces are dropped and may be sent again."""


class BlobStore:
    """A folder per branch: `<branch>/<aa>/<sha256>` for whole ones, `<branch>/partial/<sha256>` for the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offset(self, branch: str, sha256: str) -> int | None:
        """Bytes received so far; None when nothing is here. Where they are all of it, it is whole afterwards: a server
        may have died after the last piece and before its rename. Raises `Busy`."""
        with suppress(FileNotFoundError):
            return self._whole(branch, sha256).stat().st_size
        with _writing(), suppress(FileNotFoundError):  # or just now renamed: then it is asked for from its beginning
            return self._looked_at(branch, sha256)
        return None

    def _looked_at(self, branch: str, sha256: str) -> int:
        partial = self._partial(branch, sha256)
        with partial.open("rb") as source:
            fcntl.flock(source, fcntl.LOCK_EX)
            if partial.exists() and hashlib.file_digest(source, "sha256").hexdigest() == sha256:
                os.fsync(source.fileno())
                self._finish(partial, self._whole(branch, sha256), sha256)
            return os.fstat(source.fileno()).st_size

    def begun(self, branch: str) -> Iterator[str]:
        """Hashes of the blobs of a branch that are not whole yet, in their order."""
        found = (self.folder / branch / "partial").glob("*")
        yield from sorted(path.name for path in found if _SHA.fullmatch(path.name))

    def has(self, branch: str, sha256: str) -> bool:
        """Whether the whole blob is here."""
        return self._whole(branch, sha256).exists()

    def append(self, branch: str, sha256: str, offset: int, piece: bytes, length: int) -> int:
        """Add a piece; returns the new offset. The last piece is verified, synced to disk and renamed at once.

        Raises `WrongOffset`, `WrongHash`, `Busy`.
        """
        if self.has(branch, sha256):
            return self._whole(branch, sha256).stat().st_size
        with _writing():
            return self._append(branch, sha256, offset, piece, length)

    def _append(self, branch: str, sha256: str, offset: int, piece: bytes, length: int) -> int:
        partial = self._partial(branch, sha256)
        _make_folder(partial.parent)
        with partial.open("ab") as target:
            # Two tabs may send the same photo at once: one after the other, and the second sees what the first did.
            fcntl.flock(target, fcntl.LOCK_EX)
            if self.has(branch, sha256):
                return self._whole(branch, sha256).stat().st_size
            held = os.fstat(target.fileno()).st_size
            if offset != held or not partial.exists():
                raise WrongOffset(held if partial.exists() else 0)
            target.write(piece)
            target.flush()
            os.fsync(target.fileno())
            if held + len(piece) >= length:
                self._finish(partial, self._whole(branch, sha256), sha256)
        return held + len(piece)

    def put(self, branch: str, content: bytes) -> str:
        """Store whole content; returns its SHA-256. Raises `Busy`."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(branch, sha256):
            # A file of its own: a phone may be adding to the pieces of the same photo.
            aside = self._partial(branch, sha256).with_suffix(f".{uuid4().hex}")
            with _writing():
                _make_folder(aside.parent)
                with aside.open("wb") as target:
                    target.write(content)
                    target.flush()
                    os.fsync(target.fileno())
                self._finish(aside, self._whole(branch, sha256), sha256)
        return sha256

    def clear_aside(self, before: datetime) -> int:
        """Remove what `put` left behind where it was cut off before this moment; how many files. Raises `Busy`."""
        with _writing():
            found = [path for path in self.folder.glob("*/partial/*.*") if path.stat().st_mtime < before.timestamp()]
            for path in found:
                path.unlink(missing_ok=True)
        return len(found)

    def take(self, branch: str, sha256: str, source: IO[bytes]) -> None:
        """Store what `source` holds under the name that it must have. Raises `WrongHash`, `Busy`."""
        partial = self._partial(branch, sha256)
        with _writing():
            _make_folder(partial.parent)
            with partial.open("wb") as target:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
            self._finish(partial, self._whole(branch, sha256), sha256)

    def open(self, branch: str, sha256: str) -> IO[bytes] | None:
        """The whole content to be read piece by piece, None when it is not (wholly) here."""
        try:
            return self._whole(branch, sha256).open("rb")
        except FileNotFoundError:
            return None

    def read(self, branch: str, sha256: str) -> bytes | None:
        """The whole content, None when it is not (wholly) here."""
        path = self._whole(branch, sha256)
        return path.read_bytes() if path.exists() else None

    def remove(self, branch: str, sha256: str) -> None:
        """Take it away, whole or in pieces; nothing happens where it is not. Raises `Busy`."""
        with _writing():
            for path in (self._whole(branch, sha256), self._partial(branch, sha256)):
                path.unlink(missing_ok=True)

    def all(self, branch: str) -> Iterator[str]:
        """Hashes of the whole blobs of a branch, in their order."""
        for folder in sorted((self.folder / branch).glob("??")):
            yield from (name for name in sorted(os.listdir(folder)) if _SHA.fullmatch(name))

    def is_empty(self) -> bool:
        """Whether nothing lies here yet, of whichever branch."""
        return not (self.folder.is_dir() and any(self.folder.iterdir()))

    def clear(self) -> None:
        """Remove everything: what a restore had begun to put here."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finish(self, partial: Path, whole: Path, sha256: str) -> None:
        with partial.open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() != sha256:
                partial.unlink()
                raise WrongHash(sha256)
        _make_folder(whole.parent)
        partial.replace(whole)
        # The rename itself has to survive a power cut before anybody is told.
        _sync_folder(whole.parent)

    def _whole(self, branch: str, sha256: str) -> Path:
        return self.folder / branch / checked(sha256)[:2] / sha256

    def _partial(self, branch: str, sha256: str) -> Path:
        return self.folder / branch / "partial" / checked(sha256)


def checked(sha256: str) -> str:
    """The name of a photo, which is part of a path. Raises ValueError."""
    if not _SHA.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return sha256


@contextmanager
def _writing() -> Iterator[None]:
    """A full or failing disk passes: whoever sends is to come again, from wherever the file then ends."""
    try:
        yield
    except OSError as error:
        raise Busy("the disk takes nothing") from error


def _make_folder(folder: Path) -> None:
    """Make it with the folders above it, each of them on the disk as an entry of the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
