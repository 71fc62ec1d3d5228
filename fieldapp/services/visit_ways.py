"""By which way a technician's own pages lead to a visit that may be somebody else's by now.

A page that says something of a visit that has left still names it; it leads only where the visit can be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fieldapp.domain.access import Actor, may
from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.services import closed
from fieldapp.services.work import Db, Work
from fieldapp.storage import bulk, scoring


@dataclass(frozen=True, slots=True)
class Way:
    """A visit by its order number. `is_open`: the reader can open it, as it is by now, or as the closed `month` counted
    it for the technician."""

    number: str
    is_open: bool
    month: Month | None = None


def ways(
    work: Work, actor: Actor, branch: BranchCode, technician: str, visits: Iterable[VisitId | None]
) -> Mapping[VisitId, Way]:
    """How a page about the technician leads to each of the visits; to everybody's for who reads the team's scores."""
    wanted, live = sorted({one for one in visits if one}), dict[VisitId, Judgement]()
    reads_all = may(actor, "scores.team", branch=branch)
    with work.read() as db:
        numbers = scoring.external_ids(db, branch, wanted)
        for start in range(0, len(wanted), bulk.CHUNK):
            live |= scoring.judgements_of(db, branch, wanted[start : start + bulk.CHUNK])
        left = {one.month for one in live.values() if one.technician != technician}
        counted = {month: _counted(db, branch, month, technician) for month in left}
    found = dict[VisitId, Way]()
    for visit, now in live.items():
        is_theirs = now.technician == technician
        then = now.month if not is_theirs and visit in counted[now.month] else None
        found[visit] = Way(numbers[visit], is_theirs or then is not None or reads_all, then)
    return found


def _counted(db: Db, branch: str, month: Month, technician: str) -> frozenset[VisitId]:
    """The visits behind a technician's closed sheet; none while the month is open."""
    sealed = closed.find(db, branch, month)
    found = closed.of_technician(db, sealed, technician) if sealed else None
    return frozenset(one.judgement.visit for one in found[1].visits) if found else frozenset()
