"""In which branches anything counts about somebody, and what of it is still open. Reads only."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from fieldapp.storage.findings import is_about
from fieldapp.storage.tables.adjustments import AdjustmentRow
from fieldapp.storage.tables.appeals import AppealRow
from fieldapp.storage.tables.closing import ClosedMonthRow, ClosedSheetRow
from fieldapp.storage.tables.scoring import FindingEffectRow, MonthOutcomeRow

_O, _F, _A = MonthOutcomeRow.__table__.c, FindingEffectRow.__table__.c, AppealRow.__table__.c
_M, _S, _D = ClosedMonthRow.__table__.c, ClosedSheetRow.__table__.c, AdjustmentRow.__table__.c


def branches_of(db: Session, branches: Sequence[str], login: str) -> frozenset[str]:
    """Those of the branches that hold visits, findings, appeals, closed sheets or adjustments of this person."""
    named = [
        select(one.branch).where(one.branch.in_(branches), one.technician == login, *more)
        for one, more in ((_O, (_O.visits > 0,)), (_A, ()))
    ]
    named.append(select(_F.branch).where(_F.branch.in_(branches), is_about(login)))
    # By the closed months, of which there are few: the keys of these begin with branch and month.
    named += [
        select(_M.branch).where(
            _M.branch.in_(branches), one.branch == _M.branch, one.month == _M.month, one.technician == login
        )
        for one in (_S, _D)
    ]
    return frozenset(db.scalars(union(*named)))


def open_appeals(db: Session, branches: Sequence[str], login: str) -> Mapping[str, int]:
    """How many appeals of theirs wait for an answer, by branch."""
    query = select(_A.branch, func.count()).where(
        _A.branch.in_(branches), _A.technician == login, _A.state == "open"
    )  # fmt: skip
    return dict(db.execute(query.group_by(_A.branch)).all())


def open_months(db: Session, branches: Sequence[str], login: str) -> list[tuple[str, str]]:
    """Branch and month, for each month with visits or findings of theirs that is not closed, in order."""
    is_closed = [
        select(_M.month).where(_M.branch == one.branch, _M.month == one.month).exists() for one in (_O, _F)
    ]  # fmt: skip
    found = union(
        select(_O.branch, _O.month).where(
            _O.branch.in_(branches), _O.technician == login, _O.visits > 0, ~is_closed[0]
        ),
        select(_F.branch, _F.month).where(_F.branch.in_(branches), _F.technician == login, ~is_closed[1]),
    )  # fmt: skip
    return sorted((branch, month) for branch, month in db.execute(found))
