"""Photos of visits: taking them in piece by piece, and showing them to whoever may see the visit.

Owns who may. The original is kept as it came and never served; what is served is drawn anew by `pictures`.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.errors import DomainError, Invalid, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits.personal import photographed
from fieldapp.services import pictures
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, photos, visits
from fieldapp.storage.blobs import WrongHash, WrongOffset
from fieldapp.storage.photos import UNREADABLE, Photo

__all__ = ["MAX_PIECE", "HashMismatch", "OffsetMismatch", "PhotoTooLarge"]

MAX_PIECE = 256 * 1024


class OffsetMismatch(DomainError):
    """A piece does not begin where the last one ended; the fact `offset` is where it has to."""

    code = "blob_offset"


class HashMismatch(DomainError):
    """The whole is not what its name says; nothing of it is kept."""

    code = "blob_hash"


class PhotoTooLarge(DomainError):
    """Larger than any photo that we take."""

    code = "photo_too_large"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A photo that the server has not got whole, and from where to go on."""

    blob: str
    offset: int


def wanted(work: Work, branch: str, named: Iterable[str]) -> tuple[Wanted, ...]:
    """Those of the photos that facts speak of that are not here whole, but for erased ones; each once."""
    missing = [blob for blob in dict.fromkeys(named) if not work.blobs.has(branch, blob)]
    if missing:
        with work.read() as db:
            erased = photos.gone(db, branch, missing)
        missing = [blob for blob in missing if blob not in erased]
    return tuple(Wanted(blob, work.blobs.offset(branch, blob) or 0) for blob in missing)


def received(work: Work, actor: Actor, sha256: str) -> tuple[int, bool]:
    """How many bytes are here, and whether that is all."""
    branch = own_branch(actor, "visits.work")
    _check_name(sha256)
    offset = work.blobs.offset(branch, sha256) or 0
    if work.blobs.has(branch, sha256):
        _take_in(work, branch, sha256)
        return offset, True
    if _is_gone(work, branch, sha256):
        return 0, True
    return offset, False


def look_again(work: Work, branch: str) -> list[str]:
    """Take in what had come wholly when a server died, and was not called so; their hashes. Raises `Busy`."""
    begun = list(work.blobs.begun(branch))
    for sha256 in begun:
        work.blobs.offset(branch, sha256)
    found = [sha256 for sha256 in begun if work.blobs.has(branch, sha256)]
    for sha256 in found:
        _take_in(work, branch, sha256)
    return found


def add_piece(work: Work, actor: Actor, sha256: str, *, offset: int, length: int, piece: bytes) -> int:
    """Add a piece; returns the new offset. Raises `OffsetMismatch`, `HashMismatch`, `PhotoTooLarge`, `Invalid`."""
    branch = own_branch(actor, "visits.work")
    _check_name(sha256)
    if length > pictures.MAX_BYTES:
        raise PhotoTooLarge()
    if offset < 0 or offset + len(piece) > length:
        raise Invalid("blob_length")
    if _is_gone(work, branch, sha256):
        return length
    try:
        reached = work.blobs.append(branch, sha256, offset, piece, length)
    except WrongOffset as error:
        raise OffsetMismatch(offset=error.offset) from None
    except WrongHash:
        raise HashMismatch() from None
    if work.blobs.has(branch, sha256):
        _take_in(work, branch, sha256)
    return reached


def show(work: Work, actor: Actor, sha256: str, *, visit_id: str | None) -> bytes:
    """The photo as a JPEG for staff of its branch; technicians name a visit of their own that it belongs to.

    Raises `NotFound`, also for what is no readable photo.
    """
    branch = own_branch(actor, "scores.own" if actor.is_oneself else "visits.read")
    _check_name(sha256)
    if actor.role == "technician" or visit_id is not None:
        with work.read() as db:
            if not _belongs(db, actor, branch, sha256, visit_id):
                raise NotFound()
    return render(work, branch, sha256)


def render(work: Work, branch: str, sha256: str) -> bytes:
    """The photo as a JPEG without metadata, for whoever the caller has found may see it. Raises `NotFound`."""
    key = (branch, sha256)
    with work.read() as db:
        photo = photos.find(db, branch, sha256)
    if photo is None or not photo.is_readable:
        raise NotFound()
    drawn = _drawn.get(key)
    if drawn is None:
        content = work.blobs.read(branch, sha256)
        drawn = pictures.shown(content) if content else None
        if drawn is None:
            raise NotFound()
        _drawn.put(key, drawn)
    return drawn


def keep(work: Work, branch: str, content: bytes) -> str:
    """Store a whole photo that somebody of the staff attaches; returns its hash. What could not be shown is refused.

    Raises `PhotoTooLarge`, `Invalid` photo_unreadable, `Busy`.
    """
    if len(content) > pictures.MAX_BYTES:
        raise PhotoTooLarge()
    if pictures.shown(content) is None:
        raise Invalid("photo_unreadable", field="photos")
    sha256 = work.blobs.put(branch, content)
    _take_in(work, branch, sha256)
    return sha256


def carry(work: Work, branch: str, home: str, sha256: str) -> None:
    """A photo that is here and belongs to a visit of another branch is kept there, too, unless it was erased there.
    Raises `Busy`."""
    if _is_gone(work, home, sha256):
        return
    content = None if work.blobs.has(home, sha256) else work.blobs.read(branch, sha256)
    if content is not None:
        work.blobs.put(home, content)
    _take_in(work, home, sha256)  # also where a server died in between


def attachable(db: Db, branch: str, hashes: Sequence[str], most: int) -> list[str]:
    """The photos that somebody attaches to what they say, each once; raises `Invalid` photo_many, photo_unreadable."""
    wanted = list(dict.fromkeys(hashes))
    if len(wanted) > most:
        raise Invalid("photo_many", field="photos", most=most)
    if photos.readable(db, branch, wanted) != set(wanted):
        raise Invalid("photo_unreadable", field="photos")
    return wanted


class _Recent:
    """The pictures drawn last: a page shows the same few again and again."""

    def __init__(self, room: int) -> None:
        self._room, self._lock = room, threading.Lock()
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def get(self, key: tuple[str, str]) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: tuple[str, str], content: bytes) -> None:
        with self._lock:
            self._kept[key] = content
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)


_drawn = _Recent(32)


def _is_gone(work: Work, branch: str, sha256: str) -> bool:
    """Whether it was here and was erased: a phone that sends it again is told that it need not."""
    with work.read() as db:
        return bool(photos.gone(db, branch, [sha256]))


def _take_in(work: Work, branch: str, sha256: str) -> None:
    """Look at a photo that is whole, once; a crash between its last piece and this is made good by the next call."""
    with work.read() as db:
        if photos.find(db, branch, sha256) is not None:
            return
    content = work.blobs.read(branch, sha256)
    if content is None:
        return
    readable = pictures.shown(content) is not None
    media = (pictures.media_of(content) if readable else None) or UNREADABLE
    with work.write() as db:
        photos.add(db, branch, Photo(sha256, len(content), media, work.now()))


def _belongs(db: Db, actor: Actor, branch: BranchCode, sha256: str, visit_id: str | None) -> bool:
    visit = visits.find(db, branch, visit_id) if visit_id else None
    if visit is None or (actor.role == "technician" and visit.technician != actor.login):
        return False
    found, _ = events.histories(db, branch, [visit.visit_id])
    held = [one for code in (None, events.LEFT_OUT) for one in events.held_of(db, branch, visit.visit_id, code=code)]
    facts = *found[visit.visit_id], *(one.event for one in held)
    return any(sha256 in photographed(event.data) for event in facts)


def _check_name(sha256: str) -> None:
    if len(sha256) != hashlib.sha256().digest_size * 2 or not set(sha256) <= set("0123456789abcdef"):
        raise NotFound()
