"""What is behind a sum over a branch's month: the visits and findings, or the technicians, that are counted in it.

Owns who may look: who reads single people's scores sees all of them, a technician their own among them. The sums are
`overview`'s and `fairness`'; which visits are in one, `storage.circumstances`' filter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fieldapp.domain.access import Actor, may, own_branch
from fieldapp.domain.calendar import Month
from fieldapp.domain.call_backs import QUESTIONS
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.engine import ScoreSheet
from fieldapp.domain.scoring.facts import JUDGED
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.services import call_backs, fairness, scoring
from fieldapp.services.work import Db, Work
from fieldapp.storage import circumstances, planning
from fieldapp.storage import scoring as stored
from fieldapp.storage.circumstances import Found, Kind, Wanted

__all__ = ["Asked", "Behind", "Kind", "Wanted"]

PAGE = 100
#: No visit, but points: what the company cancelled for an own cause.
CANCELLED = frozenset({"cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a number counts. `wanted` are the visits; `lost`: only what cost points, and how many; `elsewhere`: of that,
    what no visit's circumstances explain; `others`: the groups of this kind that stand together as one; `other_causes`:
    the causes that do."""

    wanted: Wanted
    lost: bool = False
    elsewhere: bool = False
    others: Kind | None = None
    other_causes: bool = False

    @property
    def costs(self) -> bool:
        return self.lost or self.elsewhere

    @property
    def is_whole(self) -> bool:
        """Whether it is about everything that cost points, wherever that was."""
        kinds = (getattr(self.wanted, kind) for kind in circumstances.KINDS)
        return self.lost and self.others is None and all(one is None for one in kinds)


@dataclass(frozen=True, slots=True)
class Behind:
    """One page of the visits, `total` of all; findings that count by themselves; names by login.

    `waiting`: so many more are listed once their customers were called back. `points`: what each visit or finding cost,
    by its id, where that was asked for, and `sum` what all of them did. `is_own`: it is the reader's own part alone.
    """

    visits: Sequence[Found]
    total: int
    number: int
    count: int
    waiting: int
    findings: Sequence[FindingEffect]
    #: Visits of this page whose breaches are not told yet: the reader may still have to call their customers.
    hidden: frozenset[str]
    names: Mapping[str, str]
    points: Mapping[str, float] | None
    sum: float
    is_own: bool


def look(work: Work, actor: Actor, month: Month, asked: Asked, *, number: int) -> Behind:
    """What is behind a number of the actor's own branch. Raises `Forbidden`, `NotFound` (somebody else's)."""
    branch, only = _reader(actor, asked.wanted.technician)
    now = work.now()
    with work.read() as db:
        prices = fairness.prices(scoring.live_sheets(db, branch, month, now)) if asked.costs else {}
        wanted = _wanted(db, branch, month, now, asked, prices)
        wanted = replace(wanted, technician=only or wanted.technician)
        unheard = frozenset(call_backs.hidden_from(db, actor, branch, month))
        tells = asked.costs or bool(set(QUESTIONS.values()) & set(wanted.items))
        visits, total, waiting = circumstances.search(
            db, branch, month, now, wanted, without=unheard if tells else frozenset(),
            offset=(max(number, 1) - 1) * PAGE, limit=PAGE,
        )  # fmt: skip
        findings = _findings(db, branch, month, asked, wanted, prices)
        points, total_points = None, 0.0
        if asked.costs:
            points = {one.visit: fairness.cost_of(prices, one.technician, _of(wanted, one)) for one in visits}
            points |= {one.finding: prices.get((one.technician, one.code), 0.0) for one in findings}
            total_points = sum(
                one.visits * fairness.cost_of(prices, one.technician, _of(wanted, one))
                for one in circumstances.breaches(db, branch, month, now, wanted)
            ) + sum(points[one.finding] for one in findings)  # fmt: skip
        return Behind(
            visits, total, max(number, 1), max(1, -(-total // PAGE)), waiting, findings,
            unheard & {one.visit for one in visits}, planning.names(db, branch), points, total_points, only is not None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """Technicians that a number counts, with their sheets, by staff code."""

    sheets: Sequence[ScoreSheet]
    names: Mapping[str, str]
    is_own: bool


def people(
    work: Work, actor: Actor, month: Month, *, item: str | None = None, low: int | None = None, high: int | None = None
) -> People:
    """Who lost the item, as their sheets stand; or whose score is from `low` to under `high` by what is known today.
    Raises `Forbidden`."""
    branch, only = _reader(actor, None)
    if item is not None:
        scores = scoring.month_scores(work, actor, branch, month)
        sheets = [one.sheet for one in scores.technicians if any(it.code == item and it.lost for it in one.sheet.items)]
    else:
        with work.read() as db:
            live = scoring.live_sheets(db, branch, month, work.now())
        sheets = [
            one
            for one in live
            if one.status == "assessed"
            and only in (None, one.technician)
            and (low is None or one.score >= low)
            and (high is None or one.score < high)
        ]
    with work.read() as db:
        return People(sheets, planning.names(db, branch), only is not None)


# --- Inside -------------------------------------------------------------------------------------------------------


def _reader(actor: Actor, technician: str | None) -> tuple[BranchCode, str | None]:
    """The reader's branch, and whose rows alone they see (None: everybody's)."""
    if may(actor, "scores.team"):
        return own_branch(actor, "scores.team"), None
    branch = own_branch(actor, "scores.own")
    if technician not in (None, actor.login):
        raise NotFound()
    return branch, actor.login


def _wanted(
    db: Db, branch: str, month: Month, now: datetime, asked: Asked, prices: Mapping[tuple[str, str], float]
) -> Wanted:  # fmt: skip
    """The visits, with what is only known from the month's sums."""
    found = asked.wanted
    if asked.costs:
        cost: dict[str, set[str]] = {}
        for technician, code in prices:
            if not found.items or code in found.items:
                cost.setdefault(code, set()).add(technician)
        outcomes = CANCELLED if asked.elsewhere else JUDGED | CANCELLED if asked.is_whole else JUDGED
        found = replace(found, cost=cost, outcomes=outcomes)
    if asked.others is not None:
        shown = fairness.groups(db, branch, month, now, asked.others, {})
        found = replace(found, others=(asked.others, [one.name for one in shown.groups]))
    if asked.other_causes:
        shown_causes = fairness.shown_causes(db, branch, month, now)
        found = replace(found, state="confirmed", other_causes=shown_causes)
    return found


def _of(wanted: Wanted, one: Found | circumstances.Breached) -> Sequence[str]:
    """Those of its breaches that are asked about."""
    return [code for code in one.breached if not wanted.items or code in wanted.items]


def _findings(
    db: Db, branch: str, month: Month, asked: Asked, wanted: Wanted, prices: Mapping[tuple[str, str], float]
) -> list[FindingEffect]:  # fmt: skip
    """Those that count by themselves, without a visit's verdict."""
    if not (asked.elsewhere or asked.is_whole or (wanted.items and not asked.costs)):
        return []
    return [
        one
        for one in stored.effects(db, branch, month, wanted.technician)
        if (one.does == "adverse" or (one.does == "breached" and one.visit is None))
        and (not wanted.items or one.code in wanted.items)
        and (not asked.costs or (one.technician, one.code) in prices)
    ]
