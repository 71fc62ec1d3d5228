"""What is behind a sum over a branch's month: the visits and findings, or the technicians, that are counted in it.

Owns who may look: who reads single people's scores sees all of them, a technician their own among them. The sums are
`overview`'s and `fairness`'; which visits are in one, `storage.circumstances`' filter. What a closed month's sheets say
is read from what was sealed with them, and from nothing else: a number and its list never disagree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fieldapp.domain.access import Actor, may, own_branch
from fieldapp.domain.calendar import Month
from fieldapp.domain.call_backs import QUESTIONS
from fieldapp.domain.closing import sheet_of
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.circumstances import beside
from fieldapp.domain.scoring.engine import ScoreSheet
from fieldapp.domain.scoring.facts import JUDGED
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.services import call_backs, closed, fairness, scoring
from fieldapp.services.closed import Sealed
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
    the causes that do. `closed`: as the month was closed; `verdicts`: every verdict on the items, those that were met,
    too."""

    wanted: Wanted
    lost: bool = False
    elsewhere: bool = False
    others: Kind | None = None
    other_causes: bool = False
    closed: bool = False
    verdicts: bool = False

    @property
    def costs(self) -> bool:
        return self.lost or self.elsewhere

    @property
    def tells(self) -> bool:
        """Whether being listed says what a customer answered."""
        return self.costs or bool(set(QUESTIONS.values()) & set(self.wanted.items))

    @property
    def is_whole(self) -> bool:
        """Whether it is about everything that cost points, wherever that was."""
        kinds = (getattr(self.wanted, kind) for kind in circumstances.KINDS)
        return self.lost and self.others is None and all(one is None for one in kinds)

    @property
    def is_of_sheets(self) -> bool:
        """Whether the sheets alone tell it: no circumstances narrow it."""
        known = Wanted(items=self.wanted.items, technician=self.wanted.technician)
        return self.wanted == known and not (self.elsewhere or self.others or self.other_causes)


@dataclass(frozen=True, slots=True)
class Behind:
    """One page of the visits, `total` of all; findings that count by themselves; names by login.

    `waiting`: so many more are listed once their customers were called back. `points`: what each visit or finding cost,
    by its id, where that was asked for, and `sum` what all of them did. `is_own`: it is the reader's own part alone.
    `sealed`: the month, where it is closed.
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
    sealed: Sealed | None = None


def look(work: Work, actor: Actor, month: Month, asked: Asked, *, number: int) -> Behind:
    """What is behind a number of the actor's own branch. Raises `Forbidden`, `NotFound` (somebody else's; what
    no closed sheet tells)."""
    branch, only = _reader(actor, asked.wanted.technician)
    now = work.now()
    with work.read() as db:
        sealed = closed.find(db, branch, month)
        if asked.closed or asked.verdicts:
            if not asked.is_of_sheets or (asked.closed and sealed is None):
                raise NotFound()
            asked = replace(asked, wanted=replace(asked.wanted, technician=only or asked.wanted.technician))
            found = _sealed(db, sealed, asked) if sealed and asked.closed else _live(db, branch, month, now, asked)
            return _of_sheets(db, actor, branch, asked, found, sealed, number=number, is_own=only is not None)
        prices = fairness.prices(scoring.live_sheets(db, branch, month, now)) if asked.costs else {}
        wanted = _wanted(db, branch, month, now, asked, prices)
        wanted = replace(wanted, technician=only or wanted.technician)
        unheard = frozenset(call_backs.hidden_from(db, actor, branch, month))
        visits, total, waiting = circumstances.search(
            db, branch, month, now, wanted, without=unheard if asked.tells else frozenset(),
            offset=(max(number, 1) - 1) * PAGE, limit=PAGE,
        )  # fmt: skip
        findings = _findings(stored.effects(db, branch, month, wanted.technician), asked, prices)
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
            unheard & {one.visit for one in visits}, _names(db, branch, visits, findings), points, total_points,
            only is not None, sealed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """Technicians that a number counts, with their sheets, by staff code; `sealed`: those of a closed month."""

    sheets: Sequence[ScoreSheet]
    names: Mapping[str, str]
    is_own: bool
    sealed: Sealed | None


def people(
    work: Work, actor: Actor, month: Month, *, item: str | None = None, low: int | None = None, high: int | None = None
) -> People:
    """Who lost the item, or whose score is from `low` to under `high`, by the sheets that count: a closed month's are
    those that were closed. Raises `Forbidden`."""
    branch, only = _reader(actor, None)

    def is_meant(one: ScoreSheet) -> bool:
        if item is not None:
            return any(it.code == item and it.lost for it in one.items)
        return one.status == "assessed" and (low is None or one.score >= low) and (high is None or one.score < high)

    with work.read() as db:
        every, sealed = scoring.sheets_that_count(db, branch, month, work.now())
        names = planning.names(db, branch, (one.technician for one in every))
    sheets = [one for one in every if only in (None, one.technician) and is_meant(one)]
    return People(sheets, names, only is not None, sealed)


# --- Inside -------------------------------------------------------------------------------------------------------


def _reader(actor: Actor, technician: str | None) -> tuple[BranchCode, str | None]:
    """The reader's branch, and whose rows alone they see (None: everybody's)."""
    if may(actor, "scores.team"):
        return own_branch(actor, "scores.team"), None
    branch = own_branch(actor, "scores.own")
    if technician not in (None, actor.login):
        raise NotFound()
    return branch, actor.login


def _names(db: Db, branch: str, visits: Iterable[Found], findings: Iterable[FindingEffect]) -> Mapping[str, str]:
    return planning.names(db, branch, {*(one.technician for one in visits), *(one.technician for one in findings)})


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
    effects: Iterable[FindingEffect], asked: Asked, prices: Mapping[tuple[str, str], float]
) -> list[FindingEffect]:  # fmt: skip
    """Those that count by themselves, without a visit's verdict."""
    items = asked.wanted.items
    if not (asked.elsewhere or asked.is_whole or (items and not asked.costs)):
        return []
    return [
        one
        for one in effects
        if (one.does == "adverse" or (one.does == "breached" and one.visit is None))
        and (not items or one.code in items)
        and (not asked.costs or (one.technician, one.code) in prices)
    ]


# --- From the judgements that sheets rest on ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sheets:
    """Judgements with their order numbers, as they stood at `moment`; findings; what each breach cost."""

    month: Month
    moment: datetime
    visits: Iterable[tuple[str, Judgement]]
    effects: Sequence[FindingEffect]
    prices: Mapping[tuple[str, str], float]


def _sealed(db: Db, sealed: Sealed, asked: Asked) -> _Sheets:
    """What was closed."""
    sheets = [sheet_of(one, sealed.book, sealed.month) for one in closed.everybody(db, sealed)]
    prices = fairness.prices(sheets) if asked.costs else {}
    visits: list[tuple[str, Judgement]] = []
    effects: list[FindingEffect] = []
    for one in sheets:
        found = closed.of_technician(db, sealed, one.technician)
        if found and asked.wanted.technician in (None, one.technician):
            visits += ((visit.external_id, visit.judgement) for visit in found[1].visits)
            effects += found[1].effects
    return _Sheets(sealed.month, sealed.row.closed_at, visits, effects, prices)


def _live(db: Db, branch: str, month: Month, now: datetime, asked: Asked) -> _Sheets:
    """What is known today of the visits that the shares of a month are of."""
    judgements = [one for one in stored.judgements(db, branch, month, asked.wanted.technician) if one.technician]
    numbers = stored.external_ids(db, branch, (one.visit for one in judgements))
    visits = [(numbers[one.visit], one) for one in judgements]
    return _Sheets(month, now, visits, (), {})


def _of_sheets(
    db: Db, actor: Actor, branch: str, asked: Asked, sheets: _Sheets, sealed: Sealed | None, *,
    number: int, is_own: bool,
) -> Behind:  # fmt: skip
    wanted, prices, number = asked.wanted, sheets.prices, max(number, 1)
    found = sorted(_found(asked, sheets), key=lambda one: (one.starts_at, one.number))
    costs = {one.visit: fairness.cost_of(prices, one.technician, _of(wanted, one)) for one in found}
    unheard = frozenset(call_backs.hidden_from(db, actor, branch, sheets.month))
    told = [one for one in found if one.visit not in unheard] if asked.tells else found
    page = told[(number - 1) * PAGE : number * PAGE]
    findings = [] if asked.verdicts else _findings(sheets.effects, asked, prices)
    costs |= {one.finding: prices.get((one.technician, one.code), 0.0) for one in findings}
    return Behind(
        page, len(told), number, max(1, -(-len(told) // PAGE)), len(found) - len(told), findings,
        unheard & {one.visit for one in page}, _names(db, branch, page, findings), costs if asked.costs else None,
        sum(costs.values()), is_own, sealed,
    )  # fmt: skip


def _found(asked: Asked, sheets: _Sheets) -> Iterator[Found]:
    """The visits that are asked about, in the form that circumstances have."""
    outcomes = JUDGED | CANCELLED if asked.is_whole or asked.verdicts else JUDGED
    for number, one in sheets.visits:
        if one.technician is None or one.outcome_at(sheets.moment) not in outcomes:
            continue
        breached = tuple(verdict.code for verdict in one.verdicts if not verdict.met)
        codes = {verdict.code for verdict in one.verdicts} if asked.verdicts else set(breached)
        if asked.costs:
            codes = {code for code in codes if (one.technician, code) in sheets.prices}
        if asked.wanted.items:
            codes &= set(asked.wanted.items)
        if codes or not (asked.costs or asked.wanted.items):
            yield Found(
                one.visit, number, one.technician, one.promised_start, one.outcome, beside(one), breached
            )  # fmt: skip
