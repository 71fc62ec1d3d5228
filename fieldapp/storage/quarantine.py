"""What could not become an event: kept with its raw bytes for quality staff to look at, and never counted.

Owns that nothing is kept twice (a digest of branch and bytes is the key); judges nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.events import Origin
from fieldapp.storage.tables.events import QuarantineRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One thing that was sent and is no event: why (`code`), in detail (`problem`), and the bytes themselves."""

    code: str
    origin: Origin
    raw: bytes
    problem: str
    received_at: datetime
    event_id: str | None = None
    device_id: str | None = None
    seq: str | None = None
    actor: str | None = None

    @property
    def digest(self) -> str:
        """What a resend is recognised by."""
        return hashlib.sha256(f"{self.device_id or ''}\n{self.seq or ''}\n".encode() + self.raw).hexdigest()


def keep(db: Session, branch: str, things: list[Quarantined]) -> int:
    """Keep what is not kept already; returns how many were new."""
    rows = [
        {
            "branch": branch,
            "digest": one.digest,
            "code": one.code,
            "origin": one.origin,
            "event_id": one.event_id,
            "device_id": one.device_id,
            "seq": one.seq,
            "actor": one.actor,
            "problem": one.problem,
            "raw": one.raw,
            "received_at": one.received_at,
        }
        for one in things
    ]
    return len(bulk.insert_new(db, QuarantineRow, rows, "digest"))


def count(db: Session, branch: str) -> int:
    """How many things of the branch wait in quarantine."""
    return db.scalar(select(func.count()).select_from(QuarantineRow).where(QuarantineRow.branch == branch)) or 0


def unreadable(db: Session, branch: str, device_id: str, seqs: Iterable[int]) -> set[int]:
    """Those of the numbers under which the device sent what nobody could read."""
    query = select(QuarantineRow.seq).where(
        QuarantineRow.branch == branch, QuarantineRow.device_id == device_id, QuarantineRow.code == "schema_invalid",
        QuarantineRow.seq.in_([str(seq) for seq in seqs]),
    )  # fmt: skip
    return {int(seq) for seq in db.scalars(query) if seq}


def listed(db: Session, branch: str) -> list[Quarantined]:
    """Everything of the branch, the latest first."""
    query = select(QuarantineRow).where(QuarantineRow.branch == branch)
    return [
        Quarantined(
            code=row.code,
            origin=row.origin,  # type: ignore[arg-type]
            raw=row.raw,
            problem=row.problem,
            received_at=row.received_at,
            event_id=row.event_id,
            device_id=row.device_id,
            seq=row.seq,
            actor=row.actor,
        )
        for row in db.scalars(query.order_by(QuarantineRow.received_at.desc(), QuarantineRow.digest))
    ]
