"""Arrivals whose time nobody can rely on (evidence C): what quality staff see of them, and how one is decided.

Such an arrival gives no verdict on punctuality until a person records a finding on it; that is what `decide` does.
Its reasons are the log's, its effect is the score's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fieldapp.domain import signals
from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.findings import Draft
from fieldapp.domain.ids import EventId, VisitId, is_uuid
from fieldapp.domain.plausible import is_plausible
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.scoring.rules import Verdict
from fieldapp.domain.visits.events import Fix, VisitArrived
from fieldapp.services import closed, evidence, findings
from fieldapp.services.evidence import Entry, Story
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, planning, scoring, visits
from fieldapp.storage import evidence as facts
from fieldapp.storage.visits import Visit

__all__ = ["Arrival", "Board", "Doubtful", "Share"]

ITEM = "punctual"
#: What a decision can rest on -> the source of its finding: what somebody looked at, or asked the customer.
BASES = {"evidence": "spot_check", "customer": "call_back"}


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One arrival in doubt with its visit; `verdict` is what a person decided, None while nobody has."""

    number: str
    judgement: Judgement
    fact: Entry
    verdict: Verdict | None

    @property
    def technician(self) -> str:
        """Whose arrival it is."""
        return self.judgement.technician or ""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a technician's arrivals of the month are in doubt."""

    technician: str
    arrivals: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Board:
    """A month's arrivals in doubt: those to be decided, the oldest first, and the decided ones. If it `is_closed`, the
    month was closed without a decision about the former."""

    month: Month
    is_closed: bool
    waiting: Sequence[Doubtful]
    decided: Sequence[Doubtful]
    shares: Sequence[Share]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One of them with everything that can decide about it. `gps_time` is what the satellites said; `away`: metres
    between the reading and the address, and how uncertain that is. `finding`: the one that decided."""

    one: Doubtful
    visit: Visit
    story: Story
    gps_time: datetime | None
    away: tuple[int, int] | None
    finding: EventId | None


def board(work: Work, actor: Actor, month: Month) -> Board:
    """The month's arrivals in doubt; for quality staff and managers of the branch."""
    branch = own_branch(actor, "findings.decide")
    with work.read() as db:
        found = _doubtful(db, branch, facts.doubtful_arrivals(db, branch, month), work.now())
        counts = scoring.counts(db, branch, month, work.now())
        doubts = Counter(one.technician for one in found)
        return Board(
            month=month,
            is_closed=closed.find(db, branch, month) is not None,
            waiting=[one for one in found if one.verdict is None],
            decided=[one for one in found if one.verdict is not None],
            shares=[Share(code, _arrivals(counts[code].outcomes), doubts[code]) for code in sorted(doubts)],
            names=planning.names(db, branch, doubts),
        )


def detail(work: Work, actor: Actor, visit_id: str) -> Arrival:
    """One arrival in doubt. Raises `NotFound`, also for an arrival that nobody doubts."""
    branch = own_branch(actor, "findings.decide")
    with work.read() as db:
        one, visit = _get(db, branch, visit_id, work.now()), visits.get(db, branch, visit_id)
    story = evidence.of_visit(work, actor, branch, one.judgement)
    gps = one.fact.event.data.gps if isinstance(one.fact.event.data, VisitArrived) else None
    decided = one.verdict.evidence[0] if one.verdict and one.verdict.source == "finding" else None
    return Arrival(one, visit, story, _time_of(gps), signals.from_address(gps, visit.lat, visit.lon), decided)


def decide(
    work: Work, actor: Actor, visit_id: str, *, in_time: bool | None, basis: str, reason: str, finding_id: str
) -> str:  # fmt: skip
    """Record that they came in time, or late, with the reason that the technician reads; returns the finding's id.

    It counts at once, and a second person can dismiss it. Raises `NotFound`; `Invalid` arrival_side, arrival_basis,
    reason_missing; `Conflict` arrival_decided; what `findings.record` raises.
    """
    branch = own_branch(actor, "findings.write")
    if in_time is None:
        raise Invalid("arrival_side")
    if basis not in BASES:
        raise Invalid("arrival_basis", field="basis")
    if not reason.strip():
        raise Invalid("reason_missing", field="note")
    with work.write(branch) as db:
        one = _get(db, branch, visit_id, work.now())
        is_repeated = is_uuid(finding_id) and events.find(db, branch, finding_id) is not None
        if one.verdict is not None and not is_repeated:
            raise Conflict("arrival_decided")
        draft = Draft(source=BASES[basis], item=ITEM, favourable=in_time, note=reason)
        return findings.record_in(db, work, actor, branch, draft, order=one.number, finding_id=finding_id)


def waiting_in(db: Db, branch: str, month: Month, now: datetime) -> list[Doubtful]:
    """The month's arrivals in doubt that nobody has decided."""
    found = _doubtful(db, branch, facts.doubtful_arrivals(db, branch, month), now)
    return [one for one in found if one.verdict is None]


def _get(db: Db, branch: str, visit_id: str, now: datetime) -> Doubtful:
    arrivals = [one for one in facts.arrivals(db, branch, [visit_id]) if one.event.grade == "C"]
    found = _doubtful(db, branch, arrivals, now)
    if not found:
        raise NotFound()
    return found[0]


def _doubtful(db: Db, branch: str, arrivals: Sequence[Entry], now: datetime) -> list[Doubtful]:
    """Those of the arrivals that decide their visit's punctuality, if it is judged at all; by promised time."""
    numbers = scoring.external_ids(db, branch, {one.event.visit for one in arrivals if one.event.visit})
    found = []
    for entry in arrivals:
        judgement = scoring.find_judgement(db, branch, entry.event.visit or "")
        if judgement is None or not judgement.is_judged(now) or judgement.arrived_at != entry.event.effective_at:
            continue
        verdict = next((one for one in judgement.counted(now) if one.code == ITEM), None)
        found.append(Doubtful(numbers[VisitId(entry.event.visit or "")], judgement, entry, verdict))
    return sorted(found, key=lambda one: (one.judgement.promised_start, one.number))


def _arrivals(outcomes: Mapping[str, int]) -> int:
    return sum(outcomes[one] for one in ("completed", "not_completed", "no_access"))


def _time_of(fix: Fix | None) -> datetime | None:
    """What the satellites said, where that can be a time."""
    if fix is None or not isinstance(fix.ts, int | float) or not 0 < fix.ts < 2**42:
        return None
    moment = datetime.fromtimestamp(fix.ts / 1000, UTC)
    return moment if is_plausible(moment) else None
