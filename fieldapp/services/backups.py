"""Backups: one file with every fact, photo and key of an installation.

Owns what is in the file, in which order, and when a file is believed: read to its end, with every sum in it right. The
way back into an installation is `restoring`'s.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from fieldapp.services import installation
from fieldapp.services.work import Db, Refused, Vault, Work
from fieldapp.storage import archive, audit, branches, copying, photos, sealing
from fieldapp.storage.copying import Tally
from fieldapp.storage.vault import read_keys

FORMAT = 1
#: The files of the instance that hold keys; the first two may come from the environment instead, and are then left out.
KEY_FILES = ("secret-key", "data-key", "rescue-key.pem", "seal-key.pem", "push-key.pem")
_HEADER, _MANIFEST = "backup.json", "manifest.json"
_PIECE = 1 << 20
_TABLE = re.compile(r"tables/([a-z_]{1,63})/[0-9]{6,}\.jsonl")
_BLOB = re.compile(r"blobs/([A-Za-z0-9][A-Za-z0-9._-]{0,31})/([0-9a-f]{64})")
_KEY = re.compile(r"keys/([a-z.-]{1,32})")

#: Told now and then: how many rows and how many photos are done.
Progress = Callable[[int, int], None]


class Header(Struct, frozen=True):
    """The first member: what the rest means, and by which keys it can be read."""

    format: int
    program: str
    schema: str
    made_at: datetime
    #: Table -> column -> what it holds, those first that others refer to.
    tables: dict[str, dict[str, str]]
    #: Key -> its fingerprint.
    keys: dict[str, str]
    #: The names of the data keys that something stands under.
    data_keys: tuple[str, ...] = ()


class Manifest(Struct, frozen=True):
    """The last member: what has to be there. A file without it was cut off."""

    #: Table -> rows and their sum.
    tables: dict[str, tuple[int, str]]
    photos: int
    photo_bytes: int
    #: Photos that the store did not have any more.
    missing: list[str]
    #: Chain -> its rows and the hash of the last.
    heads: dict[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was read to its end and found whole."""

    header: Header
    manifest: Manifest
    keys: Mapping[str, bytes]

    @property
    def rows(self) -> int:
        return sum(rows for rows, _ in self.manifest.tables.values())


def fingerprints(secret: str) -> tuple[str, ...]:
    """Names each of a secret's keys (the data key may be several) without telling it, the newest first."""
    return tuple(Vault(one).mark(b"backup")[:16] for one in read_keys(secret)[0])


def write(
    work: Work, path: Path, *, program: str, keys: Mapping[str, str], key_files: Mapping[str, bytes],
    seal: str | None, progress: Progress,
) -> Manifest:  # fmt: skip
    """Write the archive while the installation goes on working. The rows are one consistent view; photos are stored
    before any row names them and never change, so that those on the disk afterwards hold all of its.

    `keys` are the installation's secrets by name, `key_files` what goes into the archive. Raises `Refused`, `OSError`.
    """
    now, schema = work.now(), installation.schema(work).found
    try:
        with archive.writing(path, seal, modified=int(now.timestamp())) as target:
            with work.read() as db:
                columns = {name: dict(found) for name, found in copying.tables(db).items()}
                marks = {name: fingerprints(secret)[0] for name, secret in keys.items()}
                header = Header(FORMAT, program, schema, now, columns, marks, tuple(sealing.register(db)))
                target.add(_HEADER, msgspec.json.encode(header))
                for name, content in key_files.items():
                    target.add(f"keys/{name}", content)
                tables = dict(_write_tables(db, target, columns, progress))
                heads, codes = audit.heads(db), branches.codes(db)
                missing = [f"{code}/{name}" for code in codes for name in _gone(work, db, code)]
            rows = sum(count for count, _ in tables.values())
            number, size = _write_photos(work, target, codes, lambda done: progress(rows, done))
            manifest = Manifest(tables, number, size, missing, heads)
            target.add(_MANIFEST, msgspec.json.encode(manifest))
    except FileExistsError:
        raise Refused(f"{path} is there already, and no backup is written over; give another name") from None
    except archive.Locked:
        raise Refused("FIELDAPP_BACKUP_KEY is no key of age; make one with: age-keygen") from None
    return manifest


def check(path: Path, seal: str | None, progress: Progress) -> Checked:
    """Read a file to its end. Raises `Refused` unless every sum in it is right."""
    with reading(path, seal) as (header, members):
        tallies = {name: Tally() for name in header.tables}
        keys: dict[str, bytes] = {}
        manifest, number, size = None, 0, 0
        for member in members:
            match member:
                case TableMember(name, lines):
                    for line in lines:
                        tallies[name].add(line)
                case PhotoMember(_, sha256, content):
                    number, size = number + 1, size + _hashed(content, sha256)
                case KeyMember(name, content):
                    keys[name] = content
                case Manifest():
                    manifest = member
            progress(sum(one.rows for one in tallies.values()), number)
        if manifest is None:
            raise archive.Damaged("its end is missing")
        found = {name: (one.rows, one.sum) for name, one in tallies.items()}
        if found != manifest.tables or (number, size) != (manifest.photos, manifest.photo_bytes):
            raise archive.Damaged("its sums are not right")
    return Checked(header, manifest, keys)


@dataclass(frozen=True, slots=True)
class TableMember:
    """Some rows of a table."""

    name: str
    lines: list[bytes]


@dataclass(frozen=True, slots=True)
class PhotoMember:
    """One photo, to be read before the next member is asked for."""

    branch: str
    sha256: str
    content: IO[bytes]


@dataclass(frozen=True, slots=True)
class KeyMember:
    """One file with a key."""

    name: str
    content: bytes


Member = TableMember | PhotoMember | KeyMember | Manifest


@contextmanager
def reading(path: Path, seal: str | None) -> Iterator[tuple[Header, Iterator[Member]]]:
    """The header, and what follows it as it comes. Raises `Refused` for whatever is wrong with the file."""
    try:
        with archive.reading(path, seal) as found:
            name, content = next(found, (None, None))
            if name != _HEADER or content is None:
                raise archive.Damaged("it does not begin as a backup does")
            header = msgspec.json.decode(content.read(), type=Header)
            if header.format != FORMAT:
                raise Refused(f"{path} was written by fieldapp {header.program}, which this program cannot read")
            yield header, (_understood(header, *one) for one in found)
    except archive.Locked as error:
        have = "the key in FIELDAPP_BACKUP_KEY does not open it" if seal else "FIELDAPP_BACKUP_KEY is not set"
        raise Refused(f"{path} is sealed, and {have}; give the AGE-SECRET-KEY-1... that belongs to it") from error
    except (archive.Damaged, msgspec.MsgspecError) as error:
        raise Refused(
            f"{path} is not a whole backup ({error}); nothing was touched, take another copy of the file"
        ) from error
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror or error}); nothing was touched") from error


def _understood(header: Header, name: str, content: IO[bytes]) -> Member:
    if found := _TABLE.fullmatch(name):
        if found[1] in header.tables:
            return TableMember(found[1], content.read().splitlines())
    elif found := _BLOB.fullmatch(name):
        return PhotoMember(found[1], found[2], content)
    elif (found := _KEY.fullmatch(name)) and found[1] in KEY_FILES:
        return KeyMember(found[1], content.read())
    elif name == _MANIFEST:
        return msgspec.json.decode(content.read(), type=Manifest)
    raise archive.Damaged(f"{name[:80]!r} does not belong into it")


def _hashed(content: IO[bytes], sha256: str) -> int:
    """How many bytes; raises `Damaged` when they are not what their name says."""
    found, size = hashlib.sha256(), 0
    while piece := content.read(_PIECE):
        found.update(piece)
        size += len(piece)
    if found.hexdigest() != sha256:
        raise archive.Damaged(f"photo {sha256} is not what its name says")
    return size


def _write_tables(
    db: Db, target: archive.Writer, tables: Mapping[str, Mapping[str, str]], progress: Progress
) -> Iterator[tuple[str, tuple[int, str]]]:
    """Every table in pieces (a member has to know its size before it begins), with its rows and their sum."""
    before = 0
    for name, columns in tables.items():
        tally, piece, number = Tally(), bytearray(), 0
        for line in copying.lines(db, name, columns):
            tally.add(line)
            piece += line + b"\n"
            if len(piece) >= _PIECE:
                number += 1
                target.add(f"tables/{name}/{number:06}.jsonl", bytes(piece))
                piece.clear()
                progress(before + tally.rows, 0)
        if piece:
            target.add(f"tables/{name}/{number + 1:06}.jsonl", bytes(piece))
        before += tally.rows
        progress(before, 0)
        yield name, (tally.rows, tally.sum)


def _write_photos(
    work: Work, target: archive.Writer, codes: list[str], progress: Callable[[int], None]
) -> tuple[int, int]:
    number, total = 0, 0
    for code in codes:
        for sha256 in work.blobs.all(code):
            source = work.blobs.open(code, sha256)
            if source is None:  # erased just now
                continue
            with source:
                size = source.seek(0, 2)
                source.seek(0)
                target.copy(f"blobs/{code}/{sha256}", source, size)
            number, total = number + 1, total + size
            progress(number)
    return number, total


def _gone(work: Work, db: Db, branch: str) -> Iterator[str]:
    return (sha256 for sha256 in photos.every(db, branch) if not work.blobs.has(branch, sha256))
