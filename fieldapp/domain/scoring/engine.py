"""A month: from judgements and the effects of findings to each technician's score sheet (docs/scoring.md, section 6).

Owns the arithmetic, exactly: integers, fractions and decimals, never floats. `tally` on stored judgements and
`recount` from the bare events are the same functions; that is why the live score equals the recount.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Month, month_of_day
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.counts import Counts, by_technician
from fieldapp.domain.scoring.findings import FindingEffect, effect, read_findings
from fieldapp.domain.scoring.judging import Judgement, judge_with_findings
from fieldapp.domain.scoring.rulebook import Item, Kind, Rulebook, Rulebooks
from fieldapp.domain.visits.events import AppealDecided, AppealFiled, Event, FindingDecided, FindingRecorded

ItemStatus = Literal["achieved", "not_achieved", "not_assessed"]
SheetStatus = Literal["assessed", "not_assessed"]


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One line of the sheet; `findings` are those that count here by themselves (`counting_by_themselves`)."""

    code: str
    article: str
    kind: Kind
    points: int
    target: Fraction
    allow: int
    status: ItemStatus
    met: int
    breached: int
    adverse: int
    findings: tuple[EventId, ...]

    @property
    def sample(self) -> int:
        """How many verdicts the rate stands on."""
        return self.met + self.breached

    @property
    def earned(self) -> int:
        """All the points or none."""
        return self.points if self.status == "achieved" else 0

    @property
    def lost(self) -> int:
        return self.points if self.status == "not_achieved" else 0


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """One technician's month. `base` is the score before `bonus`, the capped points of commendations."""

    technician: str
    month: Month
    rulebook: str
    status: SheetStatus
    judged_visits: int
    pending_visits: int
    assessed: int
    earned: int
    commendations: int
    base: Decimal
    bonus: int
    score: Decimal
    veto: tuple[str, ...]
    award: Decimal
    items: tuple[ItemScore, ...]
    effects: tuple[FindingEffect, ...]


def round_half_up(number: Fraction, places: int) -> Decimal:
    """`number` (not negative) with exactly `places` decimals, halves upwards."""
    shifted = number * 10**places + Fraction(1, 2)
    return Decimal(shifted.numerator // shifted.denominator).scaleb(-places)


# --- One technician's month --------------------------------------------------------------------------------------


def score(
    technician: str, month: Month, counts: Counts, effects: Iterable[FindingEffect], book: Rulebook
) -> ScoreSheet:  # fmt: skip
    """The sheet of one technician from the counts of their visits of `month`, and from what is theirs of `effects`."""
    mine = sorted(
        (one for one in effects if one.technician == technician and one.month == month), key=lambda one: one.finding
    )
    items = tuple(_score_item(item, counts, mine) for item in book.items)
    assessed, earned, base = add_up(items)
    parameters = book.parameters
    commendations = sum(one.does == "commendation" for one in mine)
    bonus = min(parameters.commendation_cap, parameters.commendation_points * commendations)
    veto = tuple(sorted({one.code for one in mine if one.does == "veto"}))
    status: SheetStatus = "assessed" if counts.judged >= parameters.min_visits else "not_assessed"
    total = base + bonus
    return ScoreSheet(
        technician=technician,
        month=month,
        rulebook=book.name,
        status=status,
        judged_visits=counts.judged,
        pending_visits=counts.pending,
        assessed=assessed,
        earned=earned,
        commendations=commendations,
        base=base,
        bonus=bonus,
        score=total,
        veto=veto,
        award=_award(total, book, barred=bool(veto) or status == "not_assessed"),
        items=items,
        effects=tuple(mine),
    )


def add_up(items: Sequence[ItemScore]) -> tuple[int, int, Decimal]:
    """Points assessed, points earned, and the score before commendations."""
    assessed = sum(item.points for item in items if item.status != "not_assessed")
    earned = sum(item.earned for item in items)
    return assessed, earned, round_half_up(Fraction(100 * earned, assessed) if assessed else Fraction(0), 1)


def tally(
    technician: str,
    month: Month,
    judgements: Iterable[Judgement],
    effects: Iterable[FindingEffect],
    book: Rulebook,
    now: datetime,
) -> ScoreSheet:
    """The sheet of one technician from what is theirs in `month` (of `judgements` and `effects`, anything else is
    left out), as it stands at `now`."""
    counts = by_technician(judgements, month, now).get(technician, Counts())
    return score(technician, month, counts, effects, book)


def _score_item(item: Item, counts: Counts, effects: list[FindingEffect]) -> ItemScore:
    counting = counting_by_themselves(item.code, effects)
    does = [one.does for one in counting]
    met = counts.met.get(item.code, 0) + does.count("met")
    breached = counts.breached.get(item.code, 0) + does.count("breached")
    adverse = does.count("adverse")
    return ItemScore(
        code=item.code,
        article=item.article,
        kind=item.kind,
        points=item.points,
        target=item.rate,
        allow=item.allow,
        status=status_of(item, met, breached, adverse),
        met=met,
        breached=breached,
        adverse=adverse,
        findings=tuple(one.finding for one in counting),
    )


def counting_by_themselves(code: str, effects: Iterable[FindingEffect]) -> list[FindingEffect]:
    """Findings that count for an item beside the verdicts of visits: adverse ones, and verdicts without a visit."""
    return [
        one
        for one in effects
        if one.code == code and (one.does == "adverse" or (one.does in ("met", "breached") and one.visit is None))
    ]


def status_of(item: Item, met: int, breached: int, adverse: int) -> ItemStatus:
    """What so many verdicts and upheld adverse findings make of an item."""
    if item.kind == "exception":
        return "not_achieved" if adverse > item.allow else "achieved"
    if met + breached < item.min_sample:
        return "not_assessed"
    target = item.rate
    is_enough = met * target.denominator >= target.numerator * (met + breached)
    return "achieved" if is_enough else "not_achieved"


def _award(score: Decimal, book: Rulebook, *, barred: bool) -> Decimal:
    parameters = book.parameters
    if barred or score < parameters.award_floor:
        return Decimal("0.00")
    paid = min(score, Decimal(parameters.award_cap))
    return round_half_up(Fraction(parameters.award) * Fraction(paid) / 100, 2)


# --- Everybody's month -------------------------------------------------------------------------------------------


def listed(counts: Mapping[str, Counts], effects: Iterable[FindingEffect], month: Month) -> list[str]:
    """Who is on the list of `month`, by staff code: whoever has a judged or company-cancelled visit, or an upheld
    finding. `counts` by staff code; how visits ended is all that is asked of them."""
    found = {technician for technician, one in counts.items() if one.is_listed}
    found.update(one.technician for one in effects if one.month == month and one.upheld)
    return sorted(found)


def score_month(
    counts: Mapping[str, Counts],
    effects: Sequence[FindingEffect],
    books: Rulebooks,
    month: Month,
    technicians: Iterable[str] | None = None,
) -> tuple[ScoreSheet, ...]:
    """The sheets of everyone `listed` in `month`, or of these technicians, in their order."""
    book = books.in_force(month)
    theirs: dict[str, list[FindingEffect]] = {}
    for one in effects:
        theirs.setdefault(one.technician, []).append(one)
    return tuple(
        score(technician, month, counts.get(technician, Counts()), theirs.get(technician, ()), book)
        for technician in (listed(counts, effects, month) if technicians is None else technicians)
    )


def tally_month(
    judgements: Iterable[Judgement],
    effects: Iterable[FindingEffect],
    books: Rulebooks,
    month: Month,
    now: datetime,
) -> tuple[ScoreSheet, ...]:
    """The sheets of everyone listed in `month` as it stands at `now`, by staff code."""
    return score_month(by_technician(judgements, month, now), list(effects), books, month)


# --- From the bare events ----------------------------------------------------------------------------------------


def by_visit(events: Iterable[Event]) -> dict[VisitId | None, list[Event]]:
    """A mixed heap of events sorted by the visit they are about; under None what is about no visit.

    Decisions and appeals go with their finding, whatever visit they name themselves; those about findings that are
    not among `events` go under None and wait.
    """
    unique = {event.id: event for event in events}
    about = {event.id: event.visit for event in unique.values() if isinstance(event.data, FindingRecorded)}
    groups: dict[VisitId | None, list[Event]] = {}
    for event in unique.values():
        groups.setdefault(_about(event, about), []).append(event)
    return groups


def _about(event: Event, findings: Mapping[EventId, VisitId | None]) -> VisitId | None:
    if isinstance(event.data, FindingDecided):
        return findings.get(EventId(event.data.finding))
    if isinstance(event.data, AppealDecided | AppealFiled) and event.data.finding:
        return findings.get(EventId(event.data.finding))
    return event.visit


def effects_without_visit(events: Iterable[Event], books: Rulebooks) -> Iterator[FindingEffect]:
    """What findings without a visit do: they count in the month in which they occurred."""
    for finding in read_findings(events):
        if finding.visit is None:
            month = month_of_day(finding.occurred_on)
            yield effect(finding, month, books.in_force(month))


def judge_all(
    events: Iterable[Event], books: Rulebooks, zone: ZoneInfo, disputed: frozenset[VisitId] = frozenset()
) -> tuple[list[Judgement], list[FindingEffect]]:
    """Every visit of a branch judged, and every finding's effect, from the bare events in any order."""
    judgements: list[Judgement] = []
    effects: list[FindingEffect] = []
    for visit, group in by_visit(events).items():
        if visit is None:
            effects.extend(effects_without_visit(group, books))
            continue
        judged = judge_with_findings(group, books, zone, disputed=visit in disputed)
        if judged is not None:
            judgements.append(judged[0])
            effects.extend(judged[1])
    return judgements, effects


def recount(
    events: Iterable[Event],
    books: Rulebooks,
    zone: ZoneInfo,
    month: Month,
    now: datetime,
    disputed: frozenset[VisitId] = frozenset(),
) -> tuple[ScoreSheet, ...]:
    """The month's sheets from the bare events, ignoring everything that was ever stored about them."""
    judgements, effects = judge_all(events, books, zone, disputed)
    return tally_month(judgements, effects, books, month, now)
