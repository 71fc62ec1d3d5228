"""How long jobs took lately: read once a day, and kept for it. What it teaches is `domain.risks`'s."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from fieldapp.domain.risks import Experience, learn
from fieldapp.services.work import Db, Work
from fieldapp.storage import board

#: What jobs of the last weeks took teaches; the latest so many of them.
_WEEKS, _VISITS = timedelta(days=60), 800
#: What was learned for a day does not change on it: database -> (branch, first moment of the day) -> experience.
_learned: WeakKeyDictionary[object, dict[tuple[str, datetime], Mapping[str, Experience]]] = WeakKeyDictionary()
_MOST_KNOWN = 100


def of(work: Work, db: Db, branch: str, until: datetime) -> Mapping[str, Experience]:
    """How long jobs took in the weeks before `until`, the first moment of a day."""
    known = _learned.setdefault(work.database, {})
    if (branch, until) not in known:
        if len(known) > _MOST_KNOWN:
            known.clear()
        known[branch, until] = learn(_durations(db, branch, until))
    return known[branch, until]


def _durations(db: Db, branch: str, until: datetime) -> Mapping[str, Sequence[timedelta]]:
    visits = board.latest_completed(db, branch, until - _WEEKS, until, _VISITS)
    found: dict[str, list[timedelta]] = defaultdict(list)
    for visit, what in board.happened(db, branch, visits).items():
        gone = what.left or what.ended
        if what.arrived and gone and gone > what.arrived:
            found[visits[visit]].append(gone - what.arrived)
    return found
