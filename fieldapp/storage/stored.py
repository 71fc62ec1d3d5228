"""How much is stored about one technician, by month and kind. Reads only; every noun's own module reads the things."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.storage.tables.adjustments import AdjustmentRow
from fieldapp.storage.tables.appeals import AppealRow
from fieldapp.storage.tables.audit import AuditRow
from fieldapp.storage.tables.causes import LatenessCauseRow
from fieldapp.storage.tables.findings import FindingStatementRow
from fieldapp.storage.tables.scoring import FindingEffectRow, JudgementRow, MonthOutcomeRow

_O, _F, _A = MonthOutcomeRow.__table__.c, FindingEffectRow.__table__.c, AdjustmentRow.__table__.c


@dataclass(frozen=True, slots=True)
class MonthLine:
    """What a month holds about somebody."""

    month: Month
    visits: int
    findings: int
    adjustments: int


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry of the audit chain by somebody, or about them."""

    at: datetime
    action: str
    subject: str
    by: str


def months(db: Session, branch: str, technician: str) -> list[MonthLine]:
    """Every month with anything in it, the latest first."""
    visits = _by_month(db, select(_O.month, func.sum(_O.visits)).where(*_mine(_O, branch, technician)), _O.month)
    findings = _by_month(db, select(_F.month, func.count()).where(*_mine(_F, branch, technician)), _F.month)
    adjusted = _by_month(db, select(_A.month, func.count()).where(*_mine(_A, branch, technician)), _A.month)
    known = sorted({*(month for month, number in visits.items() if number), *findings, *adjusted}, reverse=True)
    return [
        MonthLine(Month(one), visits.get(one, 0), findings.get(one, 0), adjusted.get(one, 0)) for one in known
    ]  # fmt: skip


def appeals(db: Session, branch: str, technician: str) -> int:
    """How many they filed."""
    query = select(func.count()).where(AppealRow.branch == branch, AppealRow.technician == technician)
    return db.scalar(query) or 0


def statements(db: Session, branch: str, technician: str) -> int:
    """How often they answered a finding."""
    mine = (FindingEffectRow.branch == branch, FindingEffectRow.technician == technician)
    said = (FindingStatementRow.branch == branch, FindingStatementRow.finding_id == FindingEffectRow.finding_id)
    return db.scalar(select(func.count()).select_from(FindingStatementRow).where(*said, *mine)) or 0


def causes(db: Session, branch: str, technician: str) -> int:
    """How many sayings there are about why their visits were late."""
    said = (LatenessCauseRow.branch == branch, LatenessCauseRow.visit_id == JudgementRow.visit_id)
    mine = (JudgementRow.branch == branch, JudgementRow.technician == technician)
    return db.scalar(select(func.count()).select_from(LatenessCauseRow).where(*said, *mine)) or 0


def noted(db: Session, branch: str, login: str, limit: int) -> tuple[list[Noted], int]:
    """The latest entries of the audit chain that they made or that name them, and how many there are."""
    about = (AuditRow.branch == branch, or_(AuditRow.actor == login, AuditRow.subject == login))
    total = db.scalar(select(func.count()).select_from(AuditRow).where(*about)) or 0
    query = select(AuditRow.recorded_at, AuditRow.action, AuditRow.subject, AuditRow.actor).where(*about)
    return [Noted(*row) for row in db.execute(query.order_by(AuditRow.number.desc()).limit(limit))], total


def _mine(columns: Any, branch: str, technician: str) -> Iterable[Any]:
    return columns.branch == branch, columns.technician == technician


def _by_month(db: Session, query: Select[Any], month: Any) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in db.execute(query.group_by(month))}
