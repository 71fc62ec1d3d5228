"""Published versions of the norm sheet: added once, read for every judgement. Drafts are `rulebook_drafts`'."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.rulebooks import RulebookRow

#: Built once: asked for by every push.
_BOOKS = RulebookRow.__table__.c
_KEYS = select(_BOOKS.version, _BOOKS.fingerprint).where(_BOOKS.sheet == bindparam("sheet")).order_by(_BOOKS.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published version; `body` is the sheet as it was confirmed, `fingerprint` its SHA-256."""

    sheet: str
    version: int
    in_force_from: str
    body: bytes
    fingerprint: str
    why: str
    author: str
    approver: str
    published_at: datetime


def keys(db: Session, sheet: str) -> tuple[tuple[int, str], ...]:
    """Number and fingerprint of every version, the oldest first: enough to know whether one has them all."""
    return tuple((row.version, row.fingerprint) for row in bulk.fetch(db, _KEYS, {"sheet": sheet}))


def every(db: Session, sheet: str) -> list[Published]:
    """Every version with what is recorded about it, the oldest first."""
    rows = db.scalars(select(RulebookRow).where(RulebookRow.sheet == sheet).order_by(RulebookRow.version))
    return [Published(**{name: getattr(row, name) for name in Published.__slots__}) for row in rows]


def bodies(db: Session, sheet: str) -> Iterable[bytes]:
    """Every version's sheet, the oldest first."""
    return db.scalars(select(RulebookRow.body).where(RulebookRow.sheet == sheet).order_by(RulebookRow.version))


def add(db: Session, published: Published) -> None:
    """Publish a version, for good."""
    db.execute(insert(RulebookRow).values(**{name: getattr(published, name) for name in Published.__slots__}))
