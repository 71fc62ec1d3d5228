"""A month as tables for other programs: its visits, its verdicts, its scores. Owns which rows and columns there are.

Streams technician by technician. Scores and verdicts of a closed month are those that were sealed, with what was
adjusted since beside the scores; visits are facts and stand as they are now. No table names a customer.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.scoring.rules import Verdict
from fieldapp.services import adjusted, closed
from fieldapp.services import scoring as live
from fieldapp.services.adjusted import Standing
from fieldapp.services.closed import Sealed
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.scoring import Scored
from fieldapp.services.table_files import Put, Row
from fieldapp.services.work import Db, Work
from fieldapp.storage import branches, exports, scoring
from fieldapp.storage.branches import Branch

Kind = Literal["visits", "verdicts", "scores"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: The columns of an empty table. Scores have one more for each item of the month's norm.
COLUMNS: dict[Kind, tuple[str, ...]] = {
    "visits": (
        "month", "external_id", "visit_id", "job_type", "technician", "technician_name", "team", "promised_start",
        "promised_end", "told_start", "told_end", "arrived_at", "state", "outcome", "cancelled_by", "signed",
        "held_facts", "not_judged", "rulebook",
    ),
    "verdicts": (
        "month", "technician", "technician_name", "external_id", "visit_id", "promised_start", "promised_end",
        "arrived_at", "outcome", "item", "article", "verdict", "source", "why", "minutes", "times", "evidence",
        "rulebook", "figures",
    ),
    "scores": (
        "month", "branch", "technician", "name", "team", "status", "judged_visits", "assessed", "earned",
        "commendations", "score", "veto", "award", "currency", "rulebook", "figures", "fingerprint",
        "score_adjustment", "score_adjusted", "award_adjustment", "award_adjusted", "veto_adjusted", "adjustments",
    ),
}  # fmt: skip

_ADJUSTED = COLUMNS["scores"][-6:]


@dataclass(frozen=True, slots=True)
class _Sight:
    """The month that is looked at, and what every row needs of it."""

    db: Db
    place: Branch
    month: Month
    now: datetime
    sealed: Sealed | None
    book: Rulebook
    people: dict[str, tuple[str, str | None]]

    @property
    def figures(self) -> str:
        return "closed" if self.sealed else "provisional"

    def name(self, technician: str | None) -> str:
        return self.people.get(technician, (technician, None))[0] if technician else ""

    def told(self, moment: datetime | None) -> str | None:
        """A moment in the branch's zone, with its offset."""
        return moment.astimezone(ZoneInfo(self.place.timezone)).isoformat() if moment else None


def export(
    work: Work, actor: Actor, branch: BranchCode, month: Month, kind: Kind, put: Put, *, now: datetime | None = None
) -> None:  # fmt: skip
    """Give `put` every row of the table, one after the other. Raises `Forbidden`, `NotFound`."""
    require(actor, "scores.team", branch=branch)
    moment = now or work.now()
    with work.read_replica() as db:
        place = branches.find(db, branch)
        if place is None:
            raise NotFound()
        sealed = closed.find(db, branch, month)
        book = sealed.book if sealed else rulebooks(db).in_force(month)
        listed = {*scoring.outcomes(db, branch, month, moment)}
        people = scoring.people(db, branch, listed | {one.technician for one in scoring.effects(db, branch, month)})
        if sealed and kind != "visits":  # people are called what they were called when it was closed
            people |= {one.technician: (one.name, one.team) for one in closed.everybody(db, sealed)}
        sight = _Sight(db, place, month, moment, sealed, book, people)
        for row in _ROWS[kind](sight):
            put(row)


def payroll(work: Work, actor: Actor, branch: BranchCode, month: Month, put: Put) -> None:
    """The scores of a closed month: nobody is paid by figures that still move. Raises `Conflict("month_open")` too."""
    require(actor, "scores.team", branch=branch)
    with work.read_replica() as db:
        if closed.find(db, branch, month) is None:
            raise Conflict("month_open", month=month)
    export(work, actor, branch, month, "scores", put)


def _visits(sight: _Sight) -> Iterator[Row]:
    for one in exports.visits(sight.db, sight.place.code, sight.month):
        judged = one.judgement
        yield {
            "month": sight.month, "external_id": one.external_id, "visit_id": judged.visit,
            "job_type": judged.job_type, "technician": judged.technician,
            "technician_name": sight.name(judged.technician),
            "team": sight.people.get(judged.technician or "", ("", None))[1],
            "promised_start": sight.told(judged.promised_start), "promised_end": sight.told(judged.promised_end),
            "told_start": sight.told(one.window.start), "told_end": sight.told(one.window.end),
            "arrived_at": sight.told(judged.arrived_at), "state": one.state, "outcome": judged.outcome_at(sight.now),
            "cancelled_by": judged.cancelled_by, "signed": one.signed, "held_facts": one.held,
            "not_judged": dict(judged.unjudged), "rulebook": judged.rulebook,
        }  # fmt: skip


def _verdicts(sight: _Sight) -> Iterator[Row]:
    """What the sheets of the month rest on: verdicts of visits, and the findings that count by themselves."""
    for technician in _listed(sight):
        visits, effects = _behind(sight, technician)
        numbers = {judged.visit: number for number, judged in visits}
        for number, judged in visits:
            yield from (_verdict(sight, number, judged, verdict) for verdict in judged.counted(sight.now))
        for effect in effects:
            if effect.does != "nothing" and not (effect.visit and effect.does in ("met", "breached")):
                yield _finding(sight, effect, numbers.get(effect.visit, "") if effect.visit else "")


def _listed(sight: _Sight) -> list[str]:
    if sight.sealed:
        return list(sight.sealed.sheets)
    return [one.technician for one in live.live_sheets(sight.db, sight.place.code, sight.month, sight.now)]


def _behind(sight: _Sight, technician: str) -> tuple[list[tuple[str, Judgement]], Iterable[FindingEffect]]:
    """Order numbers and judgements of a technician's visits, by start, and what findings do."""
    if sight.sealed:
        found = closed.of_technician(sight.db, sight.sealed, technician)
        visits, effects = (found[1].visits, found[1].effects) if found else ((), ())
        return [(one.external_id, one.judgement) for one in visits], effects
    code = sight.place.code
    judged = scoring.judgements(sight.db, code, sight.month, technician)
    numbers = scoring.external_ids(sight.db, code, (one.visit for one in judged))
    ordered = sorted(judged, key=lambda one: (one.promised_start, one.visit))
    found_now = scoring.effects(sight.db, code, sight.month, technician)
    return [(numbers[one.visit], one) for one in ordered], sorted(found_now, key=lambda one: one.finding)


def _verdict(sight: _Sight, number: str, judged: Judgement, verdict: Verdict) -> Row:
    item = sight.book.find_item(verdict.code)
    return {
        "month": sight.month, "technician": judged.technician, "technician_name": sight.name(judged.technician),
        "external_id": number, "visit_id": judged.visit, "promised_start": sight.told(judged.promised_start),
        "promised_end": sight.told(judged.promised_end), "arrived_at": sight.told(judged.arrived_at),
        "outcome": judged.outcome_at(sight.now), "item": verdict.code, "article": item.article if item else None,
        "verdict": "met" if verdict.met else "breached", "source": verdict.source, "why": verdict.why,
        "minutes": verdict.minutes,
        "times": {name: sight.told(moment) or "" for name, moment in verdict.times.items()},
        "evidence": list(verdict.evidence), "rulebook": judged.rulebook, "figures": sight.figures,
    }  # fmt: skip


def _finding(sight: _Sight, effect: FindingEffect, number: str) -> Row:
    item = sight.book.find_item(effect.code)
    row = dict.fromkeys(COLUMNS["verdicts"])
    return {
        **row, "month": sight.month, "technician": effect.technician, "technician_name": sight.name(effect.technician),
        "external_id": number, "visit_id": effect.visit, "item": effect.code, "article": item.article if item else None,
        "verdict": effect.does, "source": "finding", "why": effect.source, "evidence": [effect.finding],
        "rulebook": sight.book.name, "figures": sight.figures,
    }  # fmt: skip


def _scores(sight: _Sight) -> Iterator[Row]:
    for one in _sheets(sight):
        sheet = one.sheet
        yield {
            "month": sight.month, "branch": sight.place.code, "technician": sheet.technician,
            "name": one.name, "team": one.team, "status": sheet.status,
            "judged_visits": sheet.judged_visits, "assessed": sheet.assessed,
            "earned": sheet.earned, "commendations": sheet.commendations, "score": f"{sheet.score:.1f}",
            "veto": list(sheet.veto), "award": f"{sheet.award:.2f}", "currency": sight.place.currency,
            "rulebook": sheet.rulebook, "figures": sight.figures,
            "fingerprint": sight.sealed.row.fingerprint if sight.sealed else None,
            **_adjusted(one.standing),
            **{f"item_{item.code}": item.status for item in sheet.items},
        }  # fmt: skip


def _adjusted(standing: Standing | None) -> Row:
    """What later facts changed of a closed figure, and the sum; nothing while the month is open."""
    if standing is None:
        return dict.fromkeys(_ADJUSTED)
    figure = standing.figure
    return {
        "score_adjustment": standing.score, "score_adjusted": f"{figure.score:.1f}",
        "award_adjustment": standing.award, "award_adjusted": f"{figure.award:.2f}",
        "veto_adjusted": list(figure.veto), "adjustments": [one.row.adjustment_id for one in standing.adjustments],
    }  # fmt: skip


def _sheets(sight: _Sight) -> Iterator[Scored]:
    if sight.sealed:
        yield from (live.closed_score(sight.sealed, one) for one in adjusted.everybody(sight.db, sight.sealed))
        return
    for sheet in live.live_sheets(sight.db, sight.place.code, sight.month, sight.now):
        yield Scored(*sight.people.get(sheet.technician, (sheet.technician, None)), sheet)


_ROWS: dict[Kind, Callable[[_Sight], Iterator[Row]]] = {"visits": _visits, "verdicts": _verdicts, "scores": _scores}
