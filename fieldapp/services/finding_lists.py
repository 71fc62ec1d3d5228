"""Which findings are a technician's to read in a month: a list and its number ask here, and never disagree.

Those that count for them by now, those that were recorded about them before the visit turned out to be somebody
else's, and those that their closed month, or an adjustment of it, rests on.
"""

from fieldapp.domain.calendar import Month
from fieldapp.services import adjusted, closed
from fieldapp.services.work import Db
from fieldapp.storage import findings


def of_month(db: Db, branch: str, technician: str, month: Month) -> frozenset[str]:
    """The ids of all of them."""
    return frozenset(findings.about(db, branch, month, technician)) | counted(db, branch, technician, month)


def counted(db: Db, branch: str, technician: str, month: Month) -> frozenset[str]:
    """The findings that a technician's closed month rests on, as closed and as it stands; none while it is open."""
    sealed = closed.find(db, branch, month)
    if sealed is None:
        return frozenset()
    then = closed.of_technician(db, sealed, technician)
    return frozenset(str(one.finding) for one in (then[1].effects if then else ())) | standing(
        db, branch, technician, month
    )


def standing(db: Db, branch: str, technician: str, month: Month) -> frozenset[str]:
    """Those that it still rests on, with every adjustment; none while it is open."""
    sealed = closed.find(db, branch, month)
    if sealed is None:
        return frozenset()
    stands = adjusted.evidence_of(db, sealed, technician, adjusted.of_one(db, sealed, technician).adjustments)
    return frozenset(str(one.finding) for one in stands.effects)
