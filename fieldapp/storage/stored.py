"""How much is stored about one technician, by month and kind, and what of it no other page lists. Reads only.

A call to a customer is told once it is over, a case once it is closed: before, whom they are about could still answer
for the customer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.causes import Saying
from fieldapp.storage.findings import is_about
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.storage.tables.adjustments import AdjustmentProposalRow, AdjustmentRow
from fieldapp.storage.tables.appeals import AppealRow
from fieldapp.storage.tables.audit import AuditRow
from fieldapp.storage.tables.call_backs import CallBackRow
from fieldapp.storage.tables.cases import CaseFindingRow, CaseRow
from fieldapp.storage.tables.causes import LatenessCauseRow
from fieldapp.storage.tables.closing import ClosedSheetRow
from fieldapp.storage.tables.devices import DeviceRow
from fieldapp.storage.tables.findings import FindingStatementRow
from fieldapp.storage.tables.scoring import FindingEffectRow, JudgementRow, MonthOutcomeRow
from fieldapp.storage.tables.visits import VisitRow

_O, _F, _A = MonthOutcomeRow.__table__.c, FindingEffectRow.__table__.c, AdjustmentRow.__table__.c
_J, _V, _L = JudgementRow.__table__.c, VisitRow.__table__.c, LatenessCauseRow.__table__.c
_C, _K, _CF = CallBackRow.__table__.c, CaseRow.__table__.c, CaseFindingRow.__table__.c


@dataclass(frozen=True, slots=True)
class MonthLine:
    """What a month holds about somebody."""

    month: Month
    visits: int
    findings: int
    adjustments: int


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry of the audit chain by somebody, or about them; `number` is its place in the chain."""

    number: int
    at: datetime
    action: str
    subject: str
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a customer said of a visit of theirs outside of the visit: a call that is over, or a case that is closed.

    `kind`: `call_back`, or the case's; `outcome`: how the call ended, or whether a finding came from the case.
    """

    visit: str
    number: str
    kind: str
    outcome: str
    ended_at: datetime


def months(db: Session, branch: str, technician: str) -> list[MonthLine]:
    """Every month with anything in it, or that is closed for them, the latest first."""
    visits = _by_month(db, select(_O.month, func.sum(_O.visits)).where(*_mine(_O, branch, technician)), _O.month)
    mine = _F.branch == branch, is_about(technician)
    findings = _by_month(db, select(_F.month, func.count()).where(*mine), _F.month)
    adjusted = _by_month(db, select(_A.month, func.count()).where(*_mine(_A, branch, technician)), _A.month)
    closed = db.scalars(select(ClosedSheetRow.month).where(*_mine(ClosedSheetRow, branch, technician)))
    known = sorted({*(one for one, number in visits.items() if number), *findings, *adjusted, *closed}, reverse=True)
    return [
        MonthLine(Month(one), visits.get(one, 0), findings.get(one, 0), adjusted.get(one, 0)) for one in known
    ]  # fmt: skip


def appeals(db: Session, branch: str, technician: str) -> int:
    """How many they filed."""
    query = select(func.count()).where(AppealRow.branch == branch, AppealRow.technician == technician)
    return db.scalar(query) or 0


def statements(db: Session, branch: str, technician: str) -> int:
    """How often they answered a finding."""
    said = FindingStatementRow.branch == branch, FindingStatementRow.finding_id == _F.finding_id
    mine = _F.branch == branch, is_about(technician), FindingStatementRow.actor == technician
    return db.scalar(select(func.count()).select_from(FindingStatementRow).where(*said, *mine)) or 0


def causes(db: Session, branch: str, technician: str) -> int:
    """How many sayings there are about why their visits were late."""
    said = (LatenessCauseRow.branch == branch, LatenessCauseRow.visit_id == JudgementRow.visit_id)
    mine = (JudgementRow.branch == branch, JudgementRow.technician == technician)
    return db.scalar(select(func.count()).select_from(LatenessCauseRow).where(*said, *mine)) or 0


def proposals(db: Session, branch: str, technician: str) -> int:
    """How often it was proposed to adjust a closed month of theirs, whatever became of it."""
    query = select(func.count()).where(
        AdjustmentProposalRow.branch == branch, AdjustmentProposalRow.technician == technician
    )
    return db.scalar(query) or 0


def checks(db: Session, branch: str, technician: str) -> int:
    """How many findings come from spot checks."""
    mine = _F.branch == branch, is_about(technician), _F.source == "spot_check"
    return db.scalar(select(func.count()).where(*mine)) or 0


def calls(db: Session, branch: str, technician: str) -> list[Told]:
    """Calls to customers of their visits that are over, the latest first."""
    query = select(_V.visit_id, _V.external_id, _C.outcome, _C.called_at).where(
        *_of_mine(_C.branch, _C.visit_id, branch, technician), _C.outcome != "no_answer"
    )  # fmt: skip
    rows = db.execute(query.order_by(_C.called_at.desc(), _C.visit_id))
    return [Told(visit, number, "call_back", outcome, ended) for visit, number, outcome, ended in rows]


def cases(db: Session, branch: str, technician: str) -> list[Told]:
    """Closed cases about their visits, the latest first."""
    came = select(_CF.finding_id).where(_CF.branch == _K.branch, _CF.case_id == _K.case_id).exists()
    query = select(_V.visit_id, _V.external_id, _K.kind, came, _K.closed_at).where(
        *_of_mine(_K.branch, _K.visit_id, branch, technician), _K.state == "closed"
    )  # fmt: skip
    rows = db.execute(query.order_by(_K.closed_at.desc(), _K.case_id))
    return [
        Told(visit, number, kind, "finding" if has_finding else "none", ended)
        for visit, number, kind, has_finding, ended in rows
    ]


def sayings(db: Session, branch: str, technician: str) -> Iterator[tuple[str, Saying]]:
    """What was said about why their visits were late, with the order number; by visit, in its order."""
    query = select(_V.external_id, _L.number, _L.cause, _L.note, _L.said_by, _L.said_at, _L.confirms).where(
        *_of_mine(_L.branch, _L.visit_id, branch, technician)
    )  # fmt: skip
    for number, *said in db.execute(query.order_by(_V.external_id, _L.number)):
        yield number, Saying(*said)


def noted(
    db: Session, branch: str, login: str, limit: int, before: int | None = None, *, names_others: bool = True
) -> list[Noted]:
    """The latest entries of the audit chain that they made or that are about them: them, their phones, findings,
    appeals, adjustments, calls, cases and causes of lateness; only those `before` that entry, where one is named.
    Without `names_others` nothing is told of what they did about others but that they did it."""
    subject = AuditRow.subject if names_others else case((_is_theirs(branch, login), AuditRow.subject), else_="")
    query = select(AuditRow.number, AuditRow.recorded_at, AuditRow.action, subject, AuditRow.actor).where(
        AuditRow.branch == branch, _about(branch, login)
    )
    if before is not None:
        query = query.where(AuditRow.number < before)
    return [Noted(*row) for row in db.execute(query.order_by(AuditRow.number.desc()).limit(limit))]


def count_noted(db: Session, branch: str, login: str) -> int:
    """How many entries of the audit chain these are."""
    return db.scalar(select(func.count()).where(AuditRow.branch == branch, _about(branch, login))) or 0


def _about(branch: str, login: str) -> ColumnElement[bool]:
    """That they made the entry, or that it is about them."""
    return or_(AuditRow.actor == login, _is_theirs(branch, login))


def _is_theirs(branch: str, login: str) -> ColumnElement[bool]:
    """That what it is about is them, or something of theirs."""
    findings = select(_F.finding_id).where(_F.branch == branch, is_about(login))
    appealed = select(AppealRow.appeal_id).where(AppealRow.branch == branch, AppealRow.technician == login)
    called = select(_V.external_id).where(
        *_of_mine(_C.branch, _C.visit_id, branch, login), _C.outcome != "no_answer"
    )  # fmt: skip
    closed = select(_K.case_id).where(*_of_mine(_K.branch, _K.visit_id, branch, login), _K.state == "closed")
    late = select(_V.external_id).where(*_of_mine(_L.branch, _L.visit_id, branch, login))
    phones = (
        select(DeviceRow.device_id)
        .join(AccountRow, AccountRow.account_id == DeviceRow.account_id)
        .where(DeviceRow.branch == branch, AccountRow.login == login)
    )
    subject, action = AuditRow.subject, AuditRow.action
    return or_(
        subject == login,
        subject.in_(findings),
        subject.in_(appealed),
        subject.in_(phones),
        subject.in_(closed),
        and_(
            or_(action == "month.adjusted", action.startswith("adjustment.")),
            subject.endswith(f" {login}", autoescape=True),
        ),
        and_(action == "call_back.made", subject.in_(called)),
        and_(action.startswith("lateness."), subject.in_(late)),
    )


def _of_mine(owner: Any, visit: Any, branch: str, technician: str) -> Iterable[Any]:
    """That a row about a visit is about one of theirs, and which order that is."""
    return (
        owner == branch, _J.branch == branch, _J.visit_id == visit, _J.technician == technician,
        _V.branch == branch, _V.visit_id == visit,
    )  # fmt: skip


def _mine(columns: Any, branch: str, technician: str) -> Iterable[Any]:
    return columns.branch == branch, columns.technician == technician


def _by_month(db: Session, query: Select[Any], month: Any) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in db.execute(query.group_by(month))}
