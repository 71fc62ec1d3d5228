"""Which photos are whole and what they turned out to be. The bytes are `blobs`'."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.blobs import BlobRow

UNREADABLE = "unreadable"
#: Erased, or its time was over: it was here, its bytes are not, and nobody is asked for them again.
GONE = "gone"
_READABLE = BlobRow.media.not_in((UNREADABLE, GONE))


@dataclass(frozen=True, slots=True)
class Photo:
    """A whole upload. `media` is its true kind, or `unreadable`: kept, never shown; or `gone`."""

    sha256: str
    size: int
    media: str
    received_at: datetime

    @property
    def is_readable(self) -> bool:
        """Whether it may be shown (re-encoded) at all."""
        return self.media not in (UNREADABLE, GONE)


def find(db: Session, branch: str, sha256: str) -> Photo | None:
    """The photo with this hash."""
    row = db.get(BlobRow, (branch, sha256))
    return Photo(row.sha256, row.size, row.media, row.received_at) if row else None


def readable(db: Session, branch: str, hashes: Iterable[str]) -> set[str]:
    """Those of the photos that are here and can be shown."""
    wanted, found = sorted(set(hashes)), set[str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = BlobRow.sha256.in_(wanted[start : start + bulk.CHUNK])
        found.update(db.scalars(select(BlobRow.sha256).where(BlobRow.branch == branch, part, _READABLE)))
    return found


def every(db: Session, branch: str) -> Iterator[str]:
    """The hashes of all whole uploads of a branch, a few at a time."""
    query = select(BlobRow.sha256).where(BlobRow.branch == branch, BlobRow.media != GONE)
    yield from db.scalars(query.execution_options(yield_per=500))


def gone(db: Session, branch: str, hashes: Iterable[str] | None = None) -> set[str]:
    """Those of the photos (None: of all) that were here and are not to be."""
    query = select(BlobRow.sha256).where(BlobRow.branch == branch, BlobRow.media == GONE)
    if hashes is None:
        return set(db.scalars(query))
    wanted, found = sorted(set(hashes)), set[str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        found.update(db.scalars(query.where(BlobRow.sha256.in_(wanted[start : start + bulk.CHUNK]))))
    return found


def received_before(db: Session, branch: str, moment: datetime, limit: int) -> list[str]:
    """The oldest so many that came before then and are still here."""
    query = select(BlobRow.sha256).where(BlobRow.branch == branch, BlobRow.media != GONE, BlobRow.received_at < moment)
    return list(db.scalars(query.order_by(BlobRow.received_at, BlobRow.sha256).limit(limit)))


def drop(db: Session, branch: str, hashes: Iterable[str], now: datetime) -> None:
    """Write down that they are gone; taking the bytes away is the caller's, after the commit."""
    rows = [
        {"branch": branch, "sha256": sha256, "size": 0, "media": GONE, "received_at": now} for sha256 in sorted(hashes)
    ]
    bulk.upsert(db, BlobRow, rows)
    db.expire_all()


def named_anew(db: Session, branch: str, hashes: Iterable[str], now: datetime) -> None:
    """A new fact names these photos: those that are here stay from now on for as long as if they had just come, and
    those that were taken away are asked for again."""
    wanted = sorted(set(hashes))
    for start in range(0, len(wanted), bulk.CHUNK):
        some = (BlobRow.branch == branch, BlobRow.sha256.in_(wanted[start : start + bulk.CHUNK]))
        db.execute(delete(BlobRow).where(*some, BlobRow.media == GONE))
        db.execute(update(BlobRow).where(*some).values(received_at=now))
    db.expire_all()


def add(db: Session, branch: str, photo: Photo) -> bool:
    """Write it down; False when it was."""
    row = {
        "branch": branch, "sha256": photo.sha256, "size": photo.size, "media": photo.media,
        "received_at": photo.received_at,
    }  # fmt: skip
    return bool(bulk.insert_new(db, BlobRow, [row], "sha256"))
