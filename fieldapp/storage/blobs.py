"""Photos as files by content hash, and uploads that can be cut off and go on. Owns bytes, not what they mean."""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

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
        self._folder = folder

    def offset(self, branch: str, sha256: str) -> int | None:
        """Bytes received so far; None when nothing is here."""
        for path in (self._whole(branch, sha256), self._partial(branch, sha256)):
            if path.exists():
                return path.stat().st_size
        return None

    def has(self, branch: str, sha256: str) -> bool:
        """Whether the whole blob is here."""
        return self._whole(branch, sha256).exists()

    def append(self, branch: str, sha256: str, offset: int, piece: bytes, length: int) -> int:
        """Add a piece; returns the new offset. The last piece is verified, synced to disk and renamed at once.

        Raises `WrongOffset`, `WrongHash`.
        """
        if self.has(branch, sha256):
            return self._whole(branch, sha256).stat().st_size
        partial = self._partial(branch, sha256)
        partial.parent.mkdir(parents=True, exist_ok=True)
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
        """Store whole content; returns its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(branch, sha256):
            partial = self._partial(branch, sha256)
            partial.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            self._finish(partial, self._whole(branch, sha256), sha256)
        return sha256

    def read(self, branch: str, sha256: str) -> bytes | None:
        """The whole content, None when it is not (wholly) here."""
        path = self._whole(branch, sha256)
        return path.read_bytes() if path.exists() else None

    def all(self, branch: str) -> Iterator[str]:
        """Hashes of the whole blobs of a branch."""
        for path in sorted((self._folder / branch).glob("??/*")):
            if _SHA.fullmatch(path.name):
                yield path.name

    def _finish(self, partial: Path, whole: Path, sha256: str) -> None:
        with partial.open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() != sha256:
                partial.unlink()
                raise WrongHash(sha256)
        whole.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(whole)
        # The rename itself has to survive a power cut before anybody is told.
        folder = os.open(whole.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _whole(self, branch: str, sha256: str) -> Path:
        return self._folder / branch / self._checked(sha256)[:2] / sha256

    def _partial(self, branch: str, sha256: str) -> Path:
        return self._folder / branch / "partial" / self._checked(sha256)

    @staticmethod
    def _checked(sha256: str) -> str:
        if not _SHA.fullmatch(sha256):
            raise ValueError("not a SHA-256")
        return sha256
