"""The score counted again from the bare event log, whatever is stored about it, and compared with what is stored. Only
that a closed month keeps a visit is no fact of the log: it stands under the month's seal.

Streams: memory for one visit, for the counts of every technician and month, and for all findings; never for the log.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.circumstances import circumstances
from fieldapp.domain.scoring.counts import Counts, difference
from fieldapp.domain.scoring.engine import effects_without_visit
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement, judge_with_findings
from fieldapp.domain.visits.events import Event, FindingRecorded
from fieldapp.services.branches import zone_of
from fieldapp.services.kept_visits import Keepers
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import circumstances as stored_circumstances
from fieldapp.storage import events, findings, scoring, visits

T = TypeVar("T")
#: Visits compared at a time.
CHUNK = 400


def _untold(more: int) -> None:
    """Told how far it is, and silent."""


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What a month's sheets are made from."""

    counts: Mapping[str, Counts]
    effects: Sequence[FindingEffect]
    unassigned: Sequence[Judgement]


def size(work: Work, branch: str) -> int:
    """How many visits a recount goes through, or nearly so many: of those that were scheduled."""
    with work.read() as db:
        return visits.count(db, branch)


def month_facts(
    db: Db, branch: str, month: Month, technician: str | None, now: datetime, progress: Callable[[int], None] = _untold
) -> MonthFacts:
    counts: dict[str, Counts] = {}
    effects: list[FindingEffect] = []
    nobodys: list[Judgement] = []
    for one in _judged_log(db, branch):
        progress(1)
        effects += (each for each in one.effects if each.month == month and technician in (None, each.technician))
        judgement = one.judgement
        if judgement is None or judgement.month != month or technician not in (None, judgement.technician):
            continue
        if judgement.technician is None:
            nobodys.append(judgement)
        else:
            counts.setdefault(judgement.technician, Counts()).add(judgement, now)
    return MonthFacts(counts, effects, nobodys)


class _Judged(NamedTuple):
    """A visit (None: facts about none) with its facts, judged again; `judgement` is None while it is not scheduled."""

    visit: VisitId | None
    judgement: Judgement | None
    effects: Sequence[FindingEffect]
    history: Sequence[Event]


def _judged_log(db: Db, branch: str) -> Iterator[_Judged]:
    """The whole event log judged again, visit by visit with its facts, whatever is stored about it."""
    disputed = {held.event.visit for held in events.held_of(db, branch)}
    books, zone = rulebooks(db), zone_of(db, branch)
    keepers = Keepers(db, branch, zone)
    for visit, history in events.by_visit(db, branch):
        if visit is None:
            yield _Judged(None, None, tuple(effects_without_visit(history, books)), history)
        else:
            kept_in = keepers.month_of(visit, history)
            judged = judge_with_findings(history, books, zone, disputed=visit in disputed, kept_in=kept_in)
            judgement, effects = judged or (None, ())
            yield _Judged(visit, judgement, effects, history)


def drift(db: Db, branch: str, progress: Callable[[int], None] = _untold) -> list[str]:
    """One line per judgement, circumstances, count or finding effect that differs from a recount of the event log;
    empty when none does."""
    kept: dict[tuple[Month, str], Counts] = {}
    effects: list[FindingEffect] = []
    named: dict[str, str] = {}
    faults: list[str] = []
    books, zone = rulebooks(db), zone_of(db, branch)
    for chunk in chunks(_judged_log(db, branch), CHUNK):
        asked = [one.visit for one in chunk if one.visit is not None]
        judgements = [one.judgement for one in chunk if one.judgement is not None]
        effects += [effect for one in chunk for effect in one.effects]
        for one in chunk:
            named |= named_in(one.history)
        around = {
            one.judgement.visit: circumstances(one.judgement, one.history, books.in_force(one.judgement.month), zone)
            for one in chunk
            if one.judgement
        }
        faults += _differences("circumstances of visit", stored_circumstances.of_visits(db, branch, asked), around)
        stored = scoring.judgements_of(db, branch, asked)
        faults += _differences("judgement of visit", stored, {one.visit: one for one in judgements})
        for key, change in difference((), judgements).items():
            kept.setdefault(key, Counts()).merge(change)
        progress(len(chunk))
    faults += [f"judgement of visit {visit}: left over" for visit in scoring.judged_without_facts(db, branch)]
    faults += _differences("count", _as_lines(scoring.every_kept_count(db, branch)), _as_lines(kept))
    left = {one.finding: named[one.finding] for one in effects if named[one.finding] != one.technician}
    faults += _differences("whom was recorded about in finding", findings.handed_over(db, branch), left)
    return faults + _differences(
        "effect of finding", _by_finding(scoring.every_effect(db, branch)), _by_finding(effects)
    )


def named_in(history: Iterable[Event]) -> dict[str, str]:
    """Whom each finding of a history was recorded about."""
    return {one.id: one.data.technician for one in history if isinstance(one.data, FindingRecorded)}


def _as_lines(kept: Mapping[tuple[Month, str], Counts]) -> dict[str, int]:
    """Every number by its name; a zero is none."""
    return {
        f"{month} {technician} {name} {code}": number
        for (month, technician), counts in kept.items()
        for name, numbers in (("visits", counts.outcomes), ("met", counts.met), ("breached", counts.breached))
        for code, number in numbers.items()
        if number
    }


def chunks(found: Iterable[T], size: int) -> Iterator[list[T]]:
    """What was found, so many at a time."""
    rest = iter(found)
    while chunk := list(islice(rest, size)):
        yield chunk


def _by_finding(effects: Iterable[FindingEffect]) -> dict[str, object]:
    return {one.finding: one for one in effects}


def _differences(what: str, stored: Mapping[Any, object], counted: Mapping[Any, object]) -> list[str]:
    return [
        f"{what} {key}: {'missing' if key not in stored else 'left over' if key not in counted else 'differs'}"
        for key in sorted(stored.keys() | counted.keys())
        if stored.get(key) != counted.get(key)
    ]
