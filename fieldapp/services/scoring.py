"""Month score sheets, and the judgements they are summed from: kept in step with the events, shown, recounted.

Owns who may see whose score and that a stored judgement changes in the transaction of its events. What counts, and
how, is `domain.scoring`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fieldapp.domain.access import Actor, may, require
from fieldapp.domain.calendar import Month, month_bounds
from fieldapp.domain.closing import sheet_of, sheet_with
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId, visit_id
from fieldapp.domain.scoring.circumstances import Circumstances, circumstances
from fieldapp.domain.scoring.counts import Counts
from fieldapp.domain.scoring.engine import ItemScore, ScoreSheet, effects_without_visit, score, score_month, tally
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement, judge_with_findings
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.visits.events import Event, FindingRecorded
from fieldapp.services import adjusted, closed, recounting
from fieldapp.services.adjusted import Standing
from fieldapp.services.branches import zone_of
from fieldapp.services.closed import Sealed
from fieldapp.services.kept_visits import Keepers
from fieldapp.services.recounting import MonthFacts
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import branches, events, scoring, visits
from fieldapp.storage import circumstances as stored_circumstances

__all__ = ["MonthScores", "Scored", "ScoredVisit", "Standing", "TechnicianMonth", "VisitScore"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One technician's sheet, with the name that people know; of a closed month, with what was adjusted since."""

    name: str
    team: str | None
    sheet: ScoreSheet
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class MonthScores:
    """A branch's month at `now`. `unassigned`: judged visits that are nobody's. `sealed`: the month is closed, and all
    of this is as it was then."""

    branch: str
    month: Month
    now: datetime
    timezone: str
    currency: str
    rulebook: Rulebook
    technicians: tuple[Scored, ...]
    unassigned: tuple[VisitId, ...]
    sealed: Sealed | None = None


@dataclass(frozen=True, slots=True)
class ScoredVisit:
    """One visit behind the numbers. `outcome` is that at the time asked for."""

    visit: VisitId
    external_id: str
    outcome: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class TechnicianMonth:
    """Everything behind one technician's month: the sheet, its visits by start of their promise, its findings; of a
    closed month (`sealed`) as it was then."""

    branch: str
    month: Month
    now: datetime
    timezone: str
    currency: str
    rulebook: Rulebook
    name: str
    sheet: ScoreSheet
    visits: tuple[ScoredVisit, ...]
    findings: Mapping[EventId, Event]
    sealed: Sealed | None = None
    standing: Standing | None = None

    @property
    def stands(self) -> ScoreSheet:
        """The sheet that counts: of an adjusted month, what stands by its last adjustment."""
        return adjusted.sheet_that_stands(self.sheet, self.standing, self.rulebook)


@dataclass(frozen=True, slots=True)
class VisitScore:
    """One visit's judgement, with its order number and its technician's name (None: nobody's visit).

    In a closed month (`sealed`) it is the one that counted, and `effects` are what findings about it did then; `later`
    is the judgement of now where either differs. A visit that came to the month later has none that counted:
    `judgement` is that of now.
    """

    external_id: str
    technician_name: str | None
    judgement: Judgement
    sealed: Sealed | None = None
    effects: tuple[FindingEffect, ...] | None = None
    later: Judgement | None = None
    is_counted: bool = True


# --- Kept in step with the events (in the caller's transaction) ---------------------------------------------------


def rejudge(db: Db, branch: str, histories: Mapping[VisitId, Sequence[Event]], held: Mapping[VisitId, int]) -> None:
    """Bring the stored judgements and finding effects of these visits in step with their histories.

    `histories` holds all counting events of each visit (decisions about its findings included), so that nothing is
    loaded twice; visits with `held` facts are disputed: pending, whatever else.
    """
    books, zone = rulebooks(db), zone_of(db, branch)
    keepers = Keepers(db, branch, zone)
    judgements: list[Judgement] = []
    effects: list[FindingEffect] = []
    around: list[Circumstances] = []
    named: dict[str, str] = {}
    for visit, history in histories.items():
        kept_in = keepers.month_of(visit, history)
        judged = judge_with_findings(history, books, zone, disputed=held.get(visit, 0) > 0, kept_in=kept_in)
        if judged is not None:
            judgements.append(judged[0])
            effects.extend(judged[1])
            around.append(circumstances(judged[0], history, books.in_force(judged[0].month), zone))
            named |= recounting.named_in(history)
    scoring.save_judgements(db, branch, judgements)
    stored_circumstances.save(db, branch, around)
    scoring.save_effects(db, branch, effects, named)


def rejudge_findings(db: Db, branch: str, new: Sequence[Event]) -> None:
    """Bring the effects of findings without a visit in step, given new events (findings, decisions, appeals)."""
    named = {finding for event in new if (finding := getattr(event.data, "finding", None))}
    recorded = {event.id for event in new if isinstance(event.data, FindingRecorded) and event.visit is None}
    findings = [event for event in events.by_ids(db, branch, named | recorded) if event.visit is None]
    if findings:
        decided = events.about(db, branch, (event.id for event in findings))
        scoring.save_effects(db, branch, effects_without_visit([*findings, *decided], rulebooks(db)))


def rejudge_from(db: Db, branch: str, month: Month) -> int:
    """Judge anew what a version of the norm that was just published may judge: every visit with a promise of `month`
    or later, and findings without a visit of those months. Returns how many visits that were."""
    start, after, count = month_bounds(month, zone_of(db, branch))[0], "", 0
    while found := visits.promised_between(db, branch, start, after=after):
        rejudge(db, branch, *events.histories(db, branch, found))
        after, count = found[-1], count + len(found)
    loose = [one.finding for one in scoring.loose_effects(db, branch) if one.month >= month]
    rejudge_findings(db, branch, events.by_ids(db, branch, loose))
    return count


# --- Asked for ----------------------------------------------------------------------------------------------------


def month_scores(
    work: Work,
    actor: Actor,
    branch: str,
    month: Month,
    *,
    technician: str | None = None,
    now: datetime | None = None,
    recount: bool = False,
    progress: Callable[[int], None] = lambda more: None,
) -> MonthScores:
    """Everybody's sheets of a month, or one technician's; technicians see their own only.

    A closed month is shown as it was closed, whatever `now`. `recount` ignores that and everything stored about
    judgements, and counts from the event log, telling `progress` of every visit. Raises `Forbidden`, `NotFound` (a
    branch or technician that is not this actor's to see).
    """
    technician = scope(actor, branch, technician)
    moment = now or work.now()
    with work.read() as db:
        found = branches.find(db, branch)
        if found is None:
            raise NotFound()
        sealed = None if recount else closed.find(db, branch, month)
        if sealed is not None:
            return _closed_scores(db, sealed, technician, moment)
        books = rulebooks(db)
        month_facts = (
            recounting.month_facts(db, branch, month, technician, moment, progress)
            if recount
            else _stored(db, branch, month, technician, moment)
        )
        counts, effects = month_facts.counts, month_facts.effects
        people = scoring.people(db, branch, {*counts, *(one.technician for one in effects)})
    sheets = score_month(counts, effects, books, month)
    if technician is not None and not sheets:
        if technician not in people:
            raise NotFound()
        sheets = (score(technician, month, counts.get(technician, Counts()), effects, books.in_force(month)),)
    return MonthScores(
        branch=branch,
        month=month,
        now=moment,
        timezone=found.timezone,
        currency=found.currency,
        rulebook=books.in_force(month),
        technicians=tuple(Scored(*people.get(one.technician, (one.technician, None)), one) for one in sheets),
        unassigned=tuple(one.visit for one in month_facts.unassigned if one.is_judged(moment)),
    )


def technician_month(
    work: Work, actor: Actor, branch: str, technician: str, month: Month, *, now: datetime | None = None
) -> TechnicianMonth:
    """One technician's month with the visits and findings behind every number. Raises `Forbidden`, `NotFound`."""
    scope(actor, branch, technician)
    moment = now or work.now()
    with work.read() as db:
        found, people = branches.find(db, branch), scoring.staff(db, branch, technician)
        sealed = closed.find(db, branch, month)
        is_known = actor.is_oneself or technician in people or adjusted.is_named(db, branch, month, technician, sealed)
        if found is None or not is_known:
            raise NotFound()
        name, _ = (people or scoring.named(db, [technician])).get(technician, (technician, None))
        if sealed is not None:
            return _closed_technician(db, sealed, technician, name, moment)
        judgements = scoring.judgements(db, branch, month, technician)
        effects = scoring.effects(db, branch, month, technician)
        book = rulebooks(db).in_force(month)
        numbers = scoring.external_ids(db, branch, (one.visit for one in judgements))
        findings = events.by_ids(db, branch, (one.finding for one in effects))
    judgements.sort(key=lambda one: (one.promised_start, one.visit))
    return TechnicianMonth(
        branch=branch,
        month=month,
        now=moment,
        timezone=found.timezone,
        currency=found.currency,
        rulebook=book,
        name=name,
        sheet=tally(technician, month, judgements, effects, book, moment),
        visits=tuple(ScoredVisit(one.visit, numbers[one.visit], one.outcome_at(moment), one) for one in judgements),
        findings={event.id: event for event in findings},
    )


def visit_score(
    work: Work, actor: Actor, branch: str, visit: str, *, counted_in: tuple[Month, str] | None = None
) -> VisitScore:
    """How one visit was judged and why. `counted_in` names the month and technician in whose closed sheet it is looked
    for; without, its own of now. Raises `Forbidden`, `NotFound` (also for a visit of somebody else)."""
    with work.read() as db:
        now = scoring.find_judgement(db, branch, visit)
        if now is None:
            raise NotFound()
        month, technician = counted_in or (now.month, now.technician or "")
        code = scope(actor, branch, technician)
        number = scoring.external_ids(db, branch, [visit])[now.visit]
        name, _ = scoring.named(db, [code]).get(code, (code, None)) if code else (None, None)
        sealed = closed.find(db, branch, month)
        found = closed.of_technician(db, sealed, technician) if sealed else None
        then = next((one.judgement for one in found[1].visits if one.judgement.visit == visit), None) if found else None
        if found is None or then is None:
            if counted_in and (now.month, now.technician) != counted_in:
                raise NotFound()
            return VisitScore(number, name, now, sealed, is_counted=sealed is None)
        counted = tuple(one for one in found[1].effects if one.visit == visit)
        effects = scoring.effects_of_visit(db, branch, month, visit, technician)
        effects.sort(key=lambda one: one.finding)
    is_same = then == now and counted == tuple(effects)
    later = None if is_same or now.technician != then.technician else now
    return VisitScore(number, name, then, sealed, counted, later)


def live_sheets(db: Db, branch: str, month: Month, now: datetime) -> tuple[ScoreSheet, ...]:
    """Everybody's sheets by what the facts say at `now`, whether or not the month is closed."""
    known = _stored(db, branch, month, None, now)
    return score_month(known.counts, known.effects, rulebooks(db), month)


def sheets_that_count(
    db: Db, branch: str, month: Month, now: datetime
) -> tuple[Sequence[ScoreSheet], Sealed | None]:  # fmt: skip
    """Everybody's sheets: of a closed month, which comes with them, as it was closed; else by what the facts say."""
    sealed = closed.find(db, branch, month)
    if sealed is None:
        return live_sheets(db, branch, month, now), None
    return [sheet_of(one, sealed.book, month) for one in closed.everybody(db, sealed)], sealed


def closed_score(sealed: Sealed, standing: Standing) -> Scored:
    """The closed sheet in the form of a live one; an empty one for who was not listed."""
    found = sheet_with(standing.closed, standing.technician, sealed.book, sealed.month)
    return Scored(standing.name, standing.team, found, standing)


def as_data(scores: MonthScores) -> dict[str, Any]:
    """The month in the form of data files and the API (docs/scoring.md): scores and money as strings with fixed
    decimals, technicians by code, items in the order of the rulebook."""
    return {
        "month": scores.month,
        "timezone": scores.timezone,
        "rulebook": scores.rulebook.name,
        **({"closed": _seal_as_data(scores.sealed)} if scores.sealed else {}),
        "technicians": [_sheet_as_data(scored, scores.currency) for scored in scores.technicians],
    }


def _seal_as_data(sealed: Sealed) -> dict[str, str]:
    row = sealed.row
    return {
        "closed_at": row.closed_at.isoformat(), "proposed_by": row.proposed_by, "confirmed_by": row.confirmed_by,
        "fingerprint": row.fingerprint, "key": sealed.snapshot.key,
    }  # fmt: skip


def _sheet_as_data(scored: Scored, currency: str) -> dict[str, Any]:
    sheet = scored.sheet
    return {
        "technician": sheet.technician,
        "name": scored.name,
        "status": sheet.status,
        "judged_visits": sheet.judged_visits,
        "assessed": sheet.assessed,
        "earned": sheet.earned,
        "commendations": sheet.commendations,
        "score": f"{sheet.score:.1f}",
        "veto": list(sheet.veto),
        "award": f"{sheet.award:.2f}",
        "currency": currency,
        "items": [_item_as_data(item) for item in sheet.items],
        **(adjusted.as_data(scored.standing) if scored.standing else {}),
    }


def _item_as_data(item: ItemScore) -> dict[str, Any]:
    is_rate = item.kind == "rate"
    counts = {"met": item.met, "breached": item.breached} if is_rate else {"adverse": item.adverse}
    return {"code": item.code, "kind": item.kind, "points": item.points, **counts, "status": item.status}


# --- Inside -------------------------------------------------------------------------------------------------------


def scope(actor: Actor, branch: str, technician: str | None) -> str | None:
    """Whose scores `actor` gets: who they asked for, or their own; raises what `access.require` raises."""
    if may(actor, "scores.team"):
        require(actor, "scores.team", branch=BranchCode(branch))
        return technician
    own = technician if technician is not None else actor.login
    require(actor, "scores.own", branch=BranchCode(branch), technician=StaffCode(own))
    return own


def _closed_scores(db: Db, sealed: Sealed, technician: str | None, moment: datetime) -> MonthScores:
    content = sealed.snapshot
    listed = tuple(closed_score(sealed, one) for one in adjusted.everybody(db, sealed))
    if technician is not None:
        people = scoring.staff(db, content.branch)
        listed = tuple(one for one in listed if one.sheet.technician == technician)
        is_known = listed or technician in people
        if not is_known and not adjusted.is_named(db, content.branch, sealed.month, technician, sealed):
            raise NotFound()
        listed = listed or (closed_score(sealed, adjusted.of_one(db, sealed, technician)),)
    return MonthScores(
        branch=content.branch, month=sealed.month, now=moment, timezone=content.timezone, currency=content.currency,
        rulebook=sealed.book, technicians=listed, sealed=sealed,
        unassigned=tuple(visit_id(BranchCode(content.branch), order) for order in content.unassigned),
    )  # fmt: skip


def _closed_technician(db: Db, sealed: Sealed, technician: str, name: str, moment: datetime) -> TechnicianMonth:
    content, found = sealed.snapshot, closed.of_technician(db, sealed, technician)
    sheet = closed.score_sheet(db, sealed, technician)
    then = sealed.row.closed_at
    findings = events.by_ids(db, content.branch, (one.finding for one in sheet.effects))
    return TechnicianMonth(
        branch=content.branch, month=sealed.month, now=moment, timezone=content.timezone, currency=content.currency,
        rulebook=sealed.book, name=found[0].name if found else name, sheet=sheet, sealed=sealed,
        standing=adjusted.of_one(db, sealed, technician),
        visits=tuple(
            ScoredVisit(one.judgement.visit, one.external_id, one.judgement.outcome_at(then), one.judgement)
            for one in (found[1].visits if found else ())
        ),
        findings={event.id: event for event in findings},
    )  # fmt: skip


def _stored(db: Db, branch: str, month: Month, technician: str | None, now: datetime) -> MonthFacts:
    nobodys = scoring.unassigned(db, branch, month) if technician is None else []
    counts = scoring.counts(db, branch, month, now, technician)
    return MonthFacts(counts, scoring.effects(db, branch, month, technician), nobodys)
