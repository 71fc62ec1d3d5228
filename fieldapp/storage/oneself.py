"""In which branches anything counts about somebody. Reads only."""

from collections.abc import Sequence

from sqlalchemy import select, union
from sqlalchemy.orm import Session

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
        for one, more in ((_O, (_O.visits > 0,)), (_F, ()), (_A, ()))
    ]
    # By the closed months, of which there are few: the keys of these begin with branch and month.
    named += [
        select(_M.branch).where(
            _M.branch.in_(branches), one.branch == _M.branch, one.month == _M.month, one.technician == login
        )
        for one in (_S, _D)
    ]
    return frozenset(db.scalars(union(*named)))
