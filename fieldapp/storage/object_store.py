"""Photos on storage that speaks S3, for several hosts that share no disk. Owns bytes, not what they mean.

Its contract is `blobs.BlobStore`'s. obstore is imported where it is used: who has a folder of photos need not have it.

A whole photo is one object, `<branch>/<aa>/<sha256>`. Pieces on their way are objects of their own,
`<branch>/partial/<sha256>/<offset>`, because S3 adds to none: any host takes the next one. obstore finds
the credentials (`AWS_ACCESS_KEY_ID` and the rest).
"""

import functools
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from fieldapp.storage.blobs import WrongHash, WrongOffset, checked
from fieldapp.storage.turns import Busy

if TYPE_CHECKING:
    from obstore.store import S3Store

#: Bytes of a photo that are kept in memory while it is looked at; more go to a file.
IN_MEMORY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where the photos lie: in a bucket, below `prefix`; without `endpoint` it is Amazon's."""

    bucket: str
    prefix: str | None
    endpoint: str | None
    region: str | None


def read_place(url: str) -> Place:
    """`s3://bucket/folder?endpoint=https://...&region=...`. Raises ValueError."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    if parts.scheme != "s3" or not parts.netloc or asked.keys() - {"endpoint", "region"}:
        raise ValueError(url)
    return Place(
        bucket=parts.netloc, prefix=parts.path.strip("/") or None, endpoint=asked.get("endpoint", [None])[0],
        region=asked.get("region", [None])[0],
    )  # fmt: skip


class ObjectStore:
    """Photos in a bucket. Every method raises `Busy` when it cannot be reached, or refuses us."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def offset(self, branch: str, sha256: str) -> int | None:
        """Bytes received so far; None when nothing is here. Where they are all of it, it is whole afterwards."""
        with _talking():
            size = self._size(self._whole(branch, sha256))
            if size is not None:
                return size
            pieces = self._pieces(branch, sha256)
            if not pieces:
                return None
            with self._joined(pieces) as (content, digest):
                if digest == sha256:
                    self._finish(branch, sha256, content)
            return sum(size for _, size in pieces)

    def begun(self, branch: str) -> Iterator[str]:
        """Hashes of the photos of a branch that are not whole yet, in their order."""
        with _talking():
            keys = [key for key, _ in self._listed(f"{branch}/partial")]
        yield from (name for name, _ in groupby(keys, key=lambda key: key.split("/")[-2]))

    def has(self, branch: str, sha256: str) -> bool:
        """Whether the whole photo is here."""
        with _talking():
            return self._size(self._whole(branch, sha256)) is not None

    def append(self, branch: str, sha256: str, offset: int, piece: bytes, length: int) -> int:
        """Add a piece; returns the new offset. After the last one the whole is verified and stored at once.

        Two senders of the same photo may overtake each other: what does not make up the whole is asked for again.
        Raises `WrongOffset`, `WrongHash`.
        """
        with _talking():
            size = self._size(self._whole(branch, sha256))
            if size is not None:
                return size
            pieces = self._pieces(branch, sha256)
            held = sum(size for _, size in pieces)
            if offset != held:
                raise WrongOffset(held)
            key = f"{self._partial(branch, sha256)}/{offset:012}"
            self._s3.put(key, piece)
            if held + len(piece) >= length:
                with self._joined([*pieces, (key, len(piece))]) as (content, digest):
                    if digest != sha256:
                        self._clear(self._partial(branch, sha256))
                        raise WrongHash(sha256)
                    self._finish(branch, sha256, content)
            return held + len(piece)

    def put(self, branch: str, content: bytes) -> str:
        """Store whole content; returns its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.has(branch, sha256):
            with _talking():
                self._finish(branch, sha256, io.BytesIO(content))
        return sha256

    def clear_aside(self, before: datetime) -> int:
        """An object is there whole or not at all: `put` leaves nothing behind."""
        return 0

    def take(self, branch: str, sha256: str, source: IO[bytes]) -> None:
        """Store what `source` holds under the name that it must have. Raises `WrongHash`."""
        with _talking(), tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
            shutil.copyfileobj(source, content)
            if _digest(content) != sha256:
                raise WrongHash(sha256)
            self._finish(branch, sha256, content)

    def open(self, branch: str, sha256: str) -> IO[bytes] | None:
        """The whole content to be read piece by piece, None when it is not (wholly) here."""
        key = self._whole(branch, sha256)
        with _talking():
            if self._size(key) is None:
                return None
            content = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
            self._copy(key, content)
        content.seek(0)
        return content

    def read(self, branch: str, sha256: str) -> bytes | None:
        """The whole content, None when it is not (wholly) here."""
        content = self.open(branch, sha256)
        if content is None:
            return None
        with content:
            return content.read()

    def remove(self, branch: str, sha256: str) -> None:
        """Take it away, whole or in pieces; nothing happens where it is not."""
        with _talking():
            self._s3.delete([self._whole(branch, sha256)])
            self._clear(self._partial(branch, sha256))

    def all(self, branch: str) -> Iterator[str]:
        """Hashes of the whole photos of a branch, in their order."""
        with _talking():
            for key, _ in self._listed(branch):
                folder, name = key.split("/")[-2:]
                if folder == name[:2]:
                    yield name

    def is_empty(self) -> bool:
        """Whether nothing lies here yet, of whichever branch. The first thing that a start asks: it finds out whether
        bucket, address and credentials are right."""
        with _talking():
            return next(self._listed(None), None) is None

    def clear(self) -> None:
        """Remove everything: what a restore had begun to put here."""
        with _talking():
            self._clear(None)

    @functools.cached_property
    def _s3(self) -> "S3Store":
        from obstore.store import S3Store

        place = self.place
        # A request of a phone waits for this: what does not answer is asked once more, and is then away.
        return S3Store(
            place.bucket, prefix=place.prefix, endpoint=place.endpoint, region=place.region,
            client_options={"connect_timeout": "3s", "timeout": "10s", "allow_http": True},
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=15)},
        )  # fmt: skip

    def _size(self, key: str) -> int | None:
        try:
            return self._s3.head(key)["size"]
        except FileNotFoundError:
            return None

    def _listed(self, below: str | None) -> Iterator[tuple[str, int]]:
        """Keys and sizes in the order of the keys."""
        for page in self._s3.list(below):
            yield from ((one["path"], one["size"]) for one in page)

    def _pieces(self, branch: str, sha256: str) -> list[tuple[str, int]]:
        """Keys and sizes of the pieces from the beginning, as far as they join."""
        found, held = [], 0
        for key, size in self._listed(self._partial(branch, sha256)):
            if int(key.rsplit("/", 1)[1]) != held:
                break
            found.append((key, size))
            held += size
        return found

    @contextmanager
    def _joined(self, pieces: list[tuple[str, int]]) -> Iterator[tuple[IO[bytes], str]]:
        """All pieces as one file, and its SHA-256."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
            for key, _ in pieces:
                self._copy(key, content)
            yield content, _digest(content)

    def _copy(self, key: str, target: IO[bytes]) -> None:
        for part in self._s3.get(key):
            target.write(part)

    def _finish(self, branch: str, sha256: str, content: IO[bytes]) -> None:
        content.seek(0)
        self._s3.put(self._whole(branch, sha256), content)
        self._clear(self._partial(branch, sha256))

    def _clear(self, below: str | None) -> None:
        self._s3.delete([key for key, _ in self._listed(below)])

    @staticmethod
    def _whole(branch: str, sha256: str) -> str:
        return f"{branch}/{checked(sha256)[:2]}/{sha256}"

    @staticmethod
    def _partial(branch: str, sha256: str) -> str:
        return f"{branch}/partial/{checked(sha256)}"


def _digest(content: Any) -> str:
    content.seek(0)
    found = hashlib.sha256()
    while piece := content.read(1024 * 1024):
        found.update(piece)
    return found.hexdigest()


@contextmanager
def _talking() -> Iterator[None]:
    """A store that is away passes: whoever sends is to come again."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise Busy(f"the store of photos does not answer: {error}") from error
