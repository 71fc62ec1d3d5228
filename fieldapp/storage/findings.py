"""What belongs to findings beside their facts: answers, photos, and whom they are about by now. Nothing here changes or
deletes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.storage import bulk, sealing
from fieldapp.storage.tables.findings import FindingPhotoRow, FindingStatementRow
from fieldapp.storage.tables.scoring import FindingEffectRow

_F = FindingEffectRow.__table__.c
TEXT = "finding_statements.text"


@dataclass(frozen=True, slots=True)
class Statement:
    """What the technician said about a finding."""

    statement_id: str
    actor: str
    written_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo of a finding, by content hash."""

    sha256: str
    added_by: str
    added_at: datetime


def add_statement(db: Session, branch: str, finding_id: str, said: Statement) -> None:
    """Store what the technician said."""
    values = {name: getattr(said, name) for name in Statement.__slots__}
    values["text"] = sealing.close_text(db, TEXT, branch, said.statement_id, said.text)
    db.execute(insert(FindingStatementRow).values(branch=branch, finding_id=finding_id, **values))


def statements(db: Session, branch: str, findings: Iterable[str]) -> dict[str, list[Statement]]:
    """What was said about each of the findings, oldest first."""
    wanted, found = list(findings), defaultdict(list)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = FindingStatementRow.finding_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(FindingStatementRow).where(FindingStatementRow.branch == branch, part)
        for row in db.scalars(query.order_by(FindingStatementRow.written_at, FindingStatementRow.statement_id)):
            text = sealing.reveal_text(db, TEXT, branch, row.statement_id, row.text)
            found[row.finding_id].append(Statement(row.statement_id, row.actor, row.written_at, text))
    return found


def answered(db: Session, branch: str, findings: Iterable[str]) -> set[str]:
    """Those of the findings that their technician has said something about."""
    wanted, found = list(findings), set[str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = FindingStatementRow.finding_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(FindingStatementRow.finding_id).where(FindingStatementRow.branch == branch, part)
        found |= set(db.scalars(query))
    return found


def add_photo(db: Session, branch: str, finding_id: str, photo: Attachment) -> bool:
    """Attach a photo; False when the very same one was attached already."""
    row = {"branch": branch, "finding_id": finding_id} | {name: getattr(photo, name) for name in Attachment.__slots__}
    return bool(bulk.insert_new(db, FindingPhotoRow, [row], "sha256"))


def photos(db: Session, branch: str, findings: Iterable[str]) -> dict[str, list[Attachment]]:
    """The photos of each of the findings, in the order in which they were attached."""
    wanted, found = list(findings), defaultdict(list)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = FindingPhotoRow.finding_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(FindingPhotoRow).where(FindingPhotoRow.branch == branch, part)
        for row in db.scalars(query.order_by(FindingPhotoRow.added_at, FindingPhotoRow.sha256)):
            found[row.finding_id].append(Attachment(row.sha256, row.added_by, row.added_at))
    return found


def about(db: Session, branch: str, month: Month, technician: str) -> list[str]:
    """A month's findings that are about the technician: theirs to answer for, or recorded about them before their visit
    turned out to be somebody else's."""
    query = select(_F.finding_id).where(_F.branch == branch, _F.month == month, is_about(technician))
    return list(db.scalars(query))


def whom(db: Session, branch: str, finding_id: str) -> list[str]:
    """Whom a finding is about: whose month it counts in, and whom it names where that is somebody else."""
    row = db.execute(
        select(_F.technician, _F.recorded_about).where(_F.branch == branch, _F.finding_id == finding_id)
    ).first()
    return [one for one in row if one] if row else []


def is_about(technician: str) -> ColumnElement[bool]:
    """That a row of `finding_effects` is about the technician (for the other query modules of storage)."""
    return or_(_F.technician == technician, _F.recorded_about == technician)


def handed_over(db: Session, branch: str) -> dict[str, str]:
    """Whom findings were recorded about whose visits are somebody else's by now, by their ids."""
    query = select(_F.finding_id, _F.recorded_about).where(_F.branch == branch, _F.recorded_about.is_not(None))
    return {row.finding_id: row.recorded_about for row in db.execute(query)}
