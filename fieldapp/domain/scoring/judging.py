"""One visit's verdicts: the facts against the norm sheet, item by item (docs/scoring.md, sections 3 to 5).

Owns the judgement and which source wins; what the facts say by themselves is `rules`'. Independent of `now`: a visit
that nobody came to is judged as `missed` beforehand and says from when that counts.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Month, month_of
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.punctuality import excuses
from fieldapp.domain.scoring.facts import JUDGED, Outcome, VisitFacts, read_facts
from fieldapp.domain.scoring.findings import FindingEffect, effect
from fieldapp.domain.scoring.rulebook import Rulebook, Rulebooks
from fieldapp.domain.scoring.rules import RULES, Case, Verdict, punctual_doubt
from fieldapp.domain.visits.events import Event, Party, VisitScheduled

#: What is judged of visits that nobody came to, and of those that the company cancelled.
_RULES_BY_OUTCOME: dict[str, frozenset[str]] = {
    "missed": frozenset({"punctual", "booked", "change_notice"}),
    "cancelled": frozenset({"change_notice"}),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One visit as the score sees it. Only `outcome_at` depends on the time of day.

    `unjudged` names items that this visit would have had a verdict on, and the reason why it has none.
    """

    visit: VisitId
    technician: str | None
    month: Month
    rulebook: str
    job_type: str
    promised_start: datetime
    promised_end: datetime
    arrived_at: datetime | None
    outcome: Outcome
    counts_from: datetime | None
    cancelled_by: Party | None
    verdicts: tuple[Verdict, ...]
    unjudged: Mapping[str, str] = field(default_factory=dict)

    def is_due(self, now: datetime) -> bool:
        """Whether the outcome counts at `now`; that of a visit that nobody came to waits for its time."""
        return self.counts_from is None or now > self.counts_from

    def outcome_at(self, now: datetime) -> Outcome:
        """The outcome at `now`: a visit that nobody came to is pending until it counts as missed."""
        return self.outcome if self.is_due(now) else "pending"

    def is_judged(self, now: datetime) -> bool:
        """Whether the visit is completed, not completed, without access or missed at `now`."""
        return self.outcome_at(now) in JUDGED

    @property
    def is_excused(self) -> bool:
        """Whether its lateness counts nothing, for what the company told too late."""
        return "company_told_late" in self.unjudged.values()

    def counted(self, now: datetime) -> tuple[Verdict, ...]:
        """The verdicts that count at `now`."""
        return () if self.outcome_at(now) == "pending" else self.verdicts


def judge_visit(
    events: Iterable[Event], books: Rulebooks, zone: ZoneInfo, *, disputed: bool = False, kept_in: Month | None = None
) -> Judgement | None:
    """Judge the one visit that `events` are about; None while it is not scheduled.

    `events` is everything about the visit in any order, with any duplicates, and the decisions and appeals about its
    findings (`engine.by_visit` sorts a mixed heap). `disputed`: held facts wait for the dispatcher. `kept_in`: the
    closed month that the visit counts in, wherever its promise lies by now.
    """
    known = _facts_and_book(events, books, zone, disputed, kept_in)
    return _judge(*known, zone, kept_in) if known else None


def excused_by(judgement: Judgement, events: Collection[Event], book: Rulebook, zone: ZoneInfo) -> EventId | None:
    """The change of the promise for which the visit's lateness counts nothing: of several one by somebody else than who
    came late; None where there is none."""
    facts = read_facts(events, book.parameters, zone) if judgement.is_excused else None
    came = facts.arrival if facts else None
    if facts is None or came is None:
        return None
    found = {one.event for one in excuses(facts.ledger, came.when, book.parameters.grace)}
    told = (one for one in events if one.id in found)
    return min(told, key=lambda one: (one.actor == came.actor, one.order)).id if found else None


def judge_with_findings(
    events: Iterable[Event], books: Rulebooks, zone: ZoneInfo, *, disputed: bool = False, kept_in: Month | None = None
) -> tuple[Judgement, tuple[FindingEffect, ...]] | None:
    """Like `judge_visit`, together with what the visit's findings do to their technicians' month."""
    known = _facts_and_book(events, books, zone, disputed, kept_in)
    if known is None:
        return None
    facts, book = known
    judgement = _judge(facts, book, zone, kept_in)
    own = (finding for finding in facts.findings if finding.visit == facts.visit)
    effects = (
        effect(finding, judgement.month, book, whose=judgement.technician, compensated=facts.is_compensated)
        for finding in own
    )
    return judgement, tuple(effects)


def _facts_and_book(
    events: Iterable[Event], books: Rulebooks, zone: ZoneInfo, disputed: bool, kept_in: Month | None
) -> tuple[VisitFacts, Rulebook] | None:
    """The facts, read by the numbers of the version that judges their month.

    The month is that of the promise in force, which a version's own `notice_minutes` decides: so the version of the
    first promise's month reads first, and the version of the month found so has the last word. A closed month that
    keeps the visit has it at once.
    """
    heap = list(events)
    book = books.in_force(kept_in) if kept_in else books.versions[0]
    facts = read_facts(heap, book.parameters, zone, disputed=disputed)
    if facts is None:
        return None
    if kept_in:
        return facts, book
    for promise in (facts.ledger.first, None):
        wanted = books.in_force(month_of((promise or facts.ledger.in_force).start, zone))
        if wanted is not book:
            book = wanted
            facts = read_facts(heap, book.parameters, zone, disputed=disputed) or facts
    return facts, book


def _judge(facts: VisitFacts, book: Rulebook, zone: ZoneInfo, kept_in: Month | None) -> Judgement:
    case = Case(facts, book.parameters)
    promise, scheduled = facts.ledger.in_force, facts.first(VisitScheduled)
    cancelled_by = facts.cancellation.data.asked_by if facts.cancellation and facts.outcome == "cancelled" else None
    is_judged = facts.outcome in JUDGED
    doubt = punctual_doubt(case) if is_judged else None
    verdicts = _verdicts(case, book) if is_judged or cancelled_by == "company" else ()
    return Judgement(
        visit=facts.visit,
        technician=facts.technician,
        month=kept_in or month_of(promise.start, zone),
        rulebook=book.name,
        job_type=scheduled.data.job_type if scheduled else "",
        promised_start=promise.start.astimezone(UTC),
        promised_end=promise.end.astimezone(UTC),
        arrived_at=facts.arrival.when if facts.arrival else None,
        outcome=facts.outcome,
        counts_from=facts.counts_from,
        cancelled_by=cancelled_by,
        verdicts=verdicts,
        unjudged={"punctual": doubt} if doubt and not any(v.code == "punctual" for v in verdicts) else {},
    )


def _verdicts(case: Case, book: Rulebook) -> tuple[Verdict, ...]:
    found = (_verdict(item.code, case) for item in book.items if item.kind == "rate")
    return tuple(verdict for verdict in found if verdict is not None)


def _verdict(code: str, case: Case) -> Verdict | None:
    """Overturned on appeal > latest upheld finding > what the rule says: answer > system fact > own check."""
    only = _RULES_BY_OUTCOME.get(case.facts.outcome)
    rule = RULES.get(code) if only is None or code in only else None
    verdict = rule(case) if rule else None
    if case.facts.outcome in JUDGED:
        verdict = _by_finding(code, case.facts) or verdict
    appeal = case.facts.overturned_items.get(code)
    if appeal is not None and verdict is not None and not verdict.met:
        return replace(verdict, met=True, source="appeal", why="overturned", evidence=(appeal, *verdict.evidence))
    return verdict


def _by_finding(code: str, facts: VisitFacts) -> Verdict | None:
    upheld = [one for one in facts.findings if one.item == code and one.upheld and one.visit == facts.visit]
    if not upheld:
        return None
    last = upheld[-1]
    why = "found_met" if last.favourable else "found_breached"
    return Verdict(code, last.favourable, "finding", why, last.basis)
