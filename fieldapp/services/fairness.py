"""Where a branch's points were lost, and how sure the facts are: sums for everybody in it, so that planning faults are
seen before people are blamed.

Owns what is summed and who reads single people's figures: managers and quality staff all, a technician their own. What
is shown of few is `domain.fairness`'s. An item that was lost costs its points; they are shared among the breaches that
lost it, each going where its visit was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from fieldapp.domain import fairness
from fieldapp.domain.access import Actor, may, own_branch
from fieldapp.domain.calendar import Month
from fieldapp.domain.causes import State
from fieldapp.domain.fairness import Band, Group, Shown
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.engine import ScoreSheet
from fieldapp.services import scoring
from fieldapp.services.work import Db, Work
from fieldapp.storage import causes, circumstances, planning
from fieldapp.storage.circumstances import KINDS, Kind, Proof

#: Single people's figures on one page: those that want a look first.
MOST = 50
#: Bounds of the bands of scores.
EDGES = (60, 75, 85, 95)
#: Points that are no more than the traces of dividing.
TRACE = 0.05


@dataclass(frozen=True, slots=True)
class Causes:
    """Late visits by confirmed cause (those of few are `others`), and how many are to be confirmed or have none; a
    number of few is None, and so is `late`, their sum, where it would tell one."""

    late: int | None
    confirmed: Mapping[str, int]
    others: int
    recorded: int | None
    missing: int | None


@dataclass(frozen=True, slots=True)
class Fairness:
    """A month of a branch. `lost`: points by each of the circumstances; `elsewhere`: points lost through findings that
    no visit's circumstances explain (0: none, or too few people's for this reader). `proofs`: of everybody, the most in
    doubt first, or the reader's own alone; `everybody` is their sum (None: too few people). `bands` and `median` are of
    a closed month's own scores, if `is_closed`; everything else is what is known today."""

    month: Month
    is_closed: bool
    people: int
    visits: int
    lost: Mapping[Kind, Shown]
    elsewhere: float
    bands: Sequence[Band]
    median: float | None
    causes: Causes
    proofs: Sequence[Proof]
    everybody: Proof | None
    names: Mapping[str, str]
    sees_people: bool


def month_of_branch(work: Work, actor: Actor, month: Month) -> Fairness:
    """The month of the reader's own branch; for everybody who works in it. Raises `Forbidden`."""
    branch, now = own_branch(actor, "fairness.read"), work.now()
    with work.read_replica() as db:
        sheets = scoring.live_sheets(db, branch, month, now)
        lost, elsewhere = _lost(db, branch, month, now, sheets)
        proofs = circumstances.proofs(db, branch, month, now)
        late = causes.counts(db, branch, month, now)
        names = planning.names(db, branch, (one.technician for one in proofs))
        counting, sealed = scoring.sheets_that_count(db, branch, month, now)
    sees_people = may(actor, "scores.team", branch=BranchCode(branch))
    scores = [float(one.score) for one in counting if one.status == "assessed"]
    own = [one for one in proofs if one.technician == actor.login]
    return Fairness(
        month=month,
        people=len(sheets),
        is_closed=sealed is not None,
        visits=sum(one.judged_visits for one in sheets),
        lost=lost,
        elsewhere=sum(elsewhere.values()) if sees_people or len(elsewhere) >= fairness.FEW_PEOPLE else 0.0,
        bands=fairness.spread(scores, EDGES),
        median=median(scores) if len(scores) >= fairness.FEW else None,
        causes=_causes(late),
        proofs=sorted(proofs, key=_doubt)[:MOST] if sees_people else own,
        everybody=_sum(proofs) if len(proofs) >= fairness.FEW_PEOPLE else None,
        names=names,
        sees_people=sees_people,
    )


def prices(sheets: Sequence[ScoreSheet]) -> dict[tuple[str, str], float]:
    """What each breach or adverse finding cost whom, by technician and item: the points of an item that was lost are
    shared among what lost it."""
    return {
        (one.technician, item.code): item.lost / ((item.breached if item.kind == "rate" else item.adverse) or 1)
        for one in sheets
        for item in one.items
        if item.lost
    }


def cost_of(price: Mapping[tuple[str, str], float], technician: str, breached: Iterable[str]) -> float:
    """What one visit with these breaches cost."""
    return sum(price.get((technician, code), 0.0) for code in breached)


def _lost(
    db: Db, branch: str, month: Month, now: datetime, sheets: Sequence[ScoreSheet]
) -> tuple[dict[Kind, Shown], dict[str, float]]:
    """Points by each of the circumstances, and by technician those that no visit explains."""
    price = prices(sheets)
    points: dict[Kind, defaultdict[str, float]] = {kind: defaultdict(float) for kind in KINDS}
    rest = {one.technician: float(sum(item.lost for item in one.items)) for one in sheets}
    for group in circumstances.breaches(db, branch, month, now):
        cost = group.visits * cost_of(price, group.technician, group.breached)
        rest[group.technician] = rest.get(group.technician, 0.0) - cost
        for kind in KINDS:
            points[kind][getattr(group, kind)] += cost
    lost = {kind: groups(db, branch, month, now, kind, points[kind]) for kind in KINDS}
    return lost, {who: left for who, left in rest.items() if left > TRACE}


def groups(db: Db, branch: str, month: Month, now: datetime, kind: Kind, points: Mapping[str, float]) -> Shown:
    """The month's visits by one of the circumstances, with the points lost in each; as they may be shown."""
    every = circumstances.visits_by(db, branch, month, now, kind)
    return fairness.protect([
        Group(name, visits, people, points.get(name, 0.0)) for name, (visits, people) in every.items()
    ])  # fmt: skip


def shown_causes(db: Db, branch: str, month: Month, now: datetime) -> Sequence[str]:
    """The confirmed causes that stand by themselves."""
    return sorted(_causes(causes.counts(db, branch, month, now)).confirmed)


def _causes(counts: Mapping[tuple[State, str | None], int]) -> Causes:
    def total(wanted: State) -> int | None:
        number = sum(n for (state, _), n in counts.items() if state == wanted)
        return number if number == 0 or number >= fairness.FEW else None

    confirmed, others = fairness.counted({
        cause: number for (state, cause), number in counts.items() if state == "confirmed" and cause
    })  # fmt: skip
    recorded, missing, late = total("recorded"), total("missing"), sum(counts.values())
    # Beside numbers that are not shown, their sum would tell them.
    is_whole = late == sum(confirmed.values()) + others + (recorded or 0) + (missing or 0)
    return Causes(late if is_whole else None, confirmed, others, recorded, missing)


def _doubt(one: Proof) -> tuple[float, str]:
    share = one.doubtful / max(one.arrivals, 1) + one.unsigned / max(one.completed, 1)
    return -share, one.technician


def _sum(proofs: Sequence[Proof]) -> Proof:
    return Proof(
        "", sum(one.arrivals for one in proofs), sum(one.doubtful for one in proofs),
        sum(one.completed for one in proofs), sum(one.unsigned for one in proofs),
    )  # fmt: skip
