"""The file of a backup: a gzipped tar, sealed with age where there is a key. Owns bytes, never what they mean.

Written and read from one end to the other, member by member: its size is no matter of memory. Both forms are
everybody's (`tar tzf`, `age --decrypt`): whoever has the file and the key needs no program of ours.
"""

import gzip
import io
import os
import secrets
import tarfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import pyrage

SEALED = b"age-encryption.org/v1"
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how every such key begins


class Damaged(Exception):
    """Cut off, changed on its way, or no backup at all."""


class Locked(Exception):
    """Sealed, and not to be opened with the key given, or without one."""


class Writer:
    """An archive that is being written."""

    def __init__(self, target: gzip.GzipFile, modified: int) -> None:
        self._modified = modified
        self._tar = tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - `close` closes

    def add(self, name: str, content: bytes) -> None:
        """One member."""
        self.copy(name, io.BytesIO(content), len(content))

    def copy(self, name: str, source: IO[bytes], size: int) -> None:
        """One member of `size` bytes, read from `source` as it goes."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, self._modified
        self._tar.addfile(entry, source)
        self._tar.members.clear()  # type: ignore[attr-defined]  # it would remember every one

    def close(self) -> None:
        """The end mark, without which a reader takes the archive for cut off."""
        self._tar.close()

    def abandon(self) -> None:
        """Write no more, not even when the garbage is collected."""
        self._tar.fileobj.closed = True  # type: ignore[attr-defined]


@contextmanager
def writing(path: Path, key: str | None, *, modified: int) -> Iterator[Writer]:
    """A new archive that appears at `path`, whole and on the disk, when the block ends; nothing does when it raises.

    Raises `FileExistsError`: no backup is ever written over, `OSError`, and `Locked` for a key that is none.
    """
    if path.exists():
        raise FileExistsError(17, "it is there already", str(path))
    recipient = _recipient(key) if key else None
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            with _sealing(file, recipient) as sink, gzip.GzipFile("", "wb", 1, sink, modified) as packed:
                writer = Writer(packed, modified)
                try:
                    yield writer
                    writer.close()
                finally:
                    writer.abandon()
            file.flush()
            os.fsync(file.fileno())
            path.hardlink_to(draft)  # which fails where somebody else's is there by now
        finally:
            draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def reading(path: Path, key: str | None) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Name and content of every member, in order. Raises `Damaged` where it ends too early, `Locked`, `OSError`."""
    with path.open("rb") as file:
        sealed = file.read(len(SEALED)) == SEALED
        file.seek(0)
        with _opening(file, key) if sealed else nullcontext(file) as source, _whole():
            yield _members(source)


@contextmanager
def _whole() -> Iterator[None]:
    """Whoever reads meets the end of a file that was cut off, wherever in it that is."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Damaged("it is cut off, or no backup at all") from error


def _members(source: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    with gzip.GzipFile(fileobj=source) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
        while (entry := tar.next()) is not None:
            content = tar.extractfile(entry)
            if content is None:
                raise Damaged("it holds something else than files")
            yield entry.name, content
            tar.members.clear()  # type: ignore[attr-defined]
        while packed.read(1 << 16):  # to its check sum
            pass


@contextmanager
def _sealing(file: IO[bytes], recipient: pyrage.x25519.Recipient | None) -> Iterator[IO[bytes]]:
    """What is written there arrives sealed in `file`. age pulls from one side, we push: a pipe lies between."""
    if recipient is None:
        yield file
        return
    here, there = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    with ThreadPoolExecutor(1) as beside:

        def seal() -> None:
            try:
                with here:
                    pyrage.encrypt_io(here, file, [recipient])
            except pyrage.EncryptError as error:  # age has no other word for a full disk
                raise OSError(5, str(error)) from error

        sealed = beside.submit(seal)
        try:
            with there:
                yield there
        except BrokenPipeError:
            sealed.result()  # knows why
            raise
        sealed.result()


@contextmanager
def _opening(file: IO[bytes], key: str | None) -> Iterator[IO[bytes]]:
    """What is sealed in `file`. Every piece is verified before it is handed on."""
    if key is None or not key.startswith(_SECRET):
        raise Locked("it is sealed")
    try:
        identity = pyrage.x25519.Identity.from_str(key)
    except pyrage.IdentityError as error:
        raise Locked(str(error)) from error
    here, there = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    with ThreadPoolExecutor(1) as beside:

        def unseal() -> None:
            with there:
                pyrage.decrypt_io(file, there, [identity])

        opened = beside.submit(unseal)
        try:
            with here:
                yield here
        except Damaged:
            _why(opened.exception())
            raise
        _why(opened.exception())


def _why(error: BaseException | None) -> None:
    """Tell a key that does not fit from a file that was cut off or changed."""
    if isinstance(error, pyrage.DecryptError) and "No matching keys" in str(error):
        raise Locked(str(error)) from error
    if isinstance(error, (pyrage.DecryptError, OSError)) and not isinstance(error, BrokenPipeError):
        raise Damaged(str(error)) from error


def _recipient(key: str) -> pyrage.x25519.Recipient:
    try:
        if key.startswith(_SECRET):
            return pyrage.x25519.Identity.from_str(key).to_public()
        return pyrage.x25519.Recipient.from_str(key)
    except (pyrage.IdentityError, pyrage.RecipientError) as error:
        raise Locked(str(error)) from error
