"""Draws of spot checks, and the spot checks that were done. A draw is added once and never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.call_backs import SHARE
from fieldapp.storage import bulk
from fieldapp.storage.tables.scoring import FindingEffectRow
from fieldapp.storage.tables.spot_checks import SpotCheckDrawRow


@dataclass(frozen=True, slots=True)
class Draw:
    """What a branch's month is drawn from; `quota` spot checks, `share` percent of signed visits called back."""

    branch: str
    month: Month
    seed: str
    commitment: str
    quota: int
    committed_at: datetime
    committed_by: str
    share: int = SHARE


def add(db: Session, draw: Draw) -> bool:
    """Store a draw; False when the month has one."""
    row = {name: getattr(draw, name) for name in Draw.__slots__}
    return bool(bulk.insert_new(db, SpotCheckDrawRow, [row], "month"))


def find(db: Session, branch: str, month: str) -> Draw | None:
    """The draw of a month."""
    row = db.get(SpotCheckDrawRow, (branch, month))
    return None if row is None else Draw(**{name: getattr(row, name) for name in Draw.__slots__})


def last(db: Session, branch: str, month: Month) -> Draw | None:
    """The draw of the month, or of the nearest one before that has one."""
    query = select(SpotCheckDrawRow.month).where(SpotCheckDrawRow.branch == branch, SpotCheckDrawRow.month <= month)
    found = db.scalar(query.order_by(SpotCheckDrawRow.month.desc()).limit(1))
    return None if found is None else find(db, branch, found)


def findings_of(db: Session, branch: str, month: Month, technician: str | None = None) -> list[str]:
    """The findings of spot checks of a month; of one technician when given."""
    query = select(FindingEffectRow.finding_id).where(
        FindingEffectRow.branch == branch, FindingEffectRow.month == month, FindingEffectRow.source == "spot_check"
    )
    if technician is not None:
        query = query.where(FindingEffectRow.technician == technician)
    return list(db.scalars(query))
