"""The score counted again from the bare event log, whatever is stored about it, and compared with what is stored.

Streams: memory for one visit, for the counts of every technician and month, and for all findings; never for the log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.circumstances import circumstances
from fieldapp.domain.scoring.counts import Counts, difference
from fieldapp.domain.scoring.engine import effects_without_visit
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement, judge_with_findings
from fieldapp.domain.visits.events import Event
from fieldapp.services.branches import zone_of
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db
from fieldapp.storage import circumstances as stored_circumstances
from fieldapp.storage import events, scoring

T = TypeVar("T")
#: Visits compared at a time.
CHUNK = 400


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What a month's sheets are made from."""

    counts: Mapping[str, Counts]
    effects: Sequence[FindingEffect]
    unassigned: Sequence[Judgement]


def month_facts(db: Db, branch: str, month: Month, technician: str | None, now: datetime) -> MonthFacts:
    counts: dict[str, Counts] = {}
    effects: list[FindingEffect] = []
    nobodys: list[Judgement] = []
    for judgement, own, _ in _judged_log(db, branch):
        effects += (one for one in own if one.month == month and technician in (None, one.technician))
        if judgement is None or judgement.month != month or technician not in (None, judgement.technician):
            continue
        if judgement.technician is None:
            nobodys.append(judgement)
        else:
            counts.setdefault(judgement.technician, Counts()).add(judgement, now)
    return MonthFacts(counts, effects, nobodys)


Judged = tuple[Judgement | None, Sequence[FindingEffect], Sequence[Event]]


def _judged_log(db: Db, branch: str) -> Iterator[Judged]:
    """The whole event log judged again, visit by visit with its facts, whatever is stored about it."""
    disputed = {held.event.visit for held in events.held_of(db, branch)}
    books, zone = rulebooks(db), zone_of(db, branch)
    for visit, history in events.by_visit(db, branch):
        if visit is None:
            yield None, tuple(effects_without_visit(history, books)), history
        elif (judged := judge_with_findings(history, books, zone, disputed=visit in disputed)) is not None:
            yield *judged, history


def drift(db: Db, branch: str) -> list[str]:
    """One line per judgement, circumstances, count or finding effect that differs from a recount of the event log;
    empty when none does."""
    kept: dict[tuple[Month, str], Counts] = {}
    effects: list[FindingEffect] = []
    faults: list[str] = []
    known: set[str] = set()
    zone = zone_of(db, branch)
    for chunk in _chunks(_judged_log(db, branch), CHUNK):
        judgements = [judgement for judgement, _, _ in chunk if judgement is not None]
        effects += [effect for _, own, _ in chunk for effect in own]
        around = {
            judgement.visit: circumstances(judgement, history, zone) for judgement, _, history in chunk if judgement
        }
        faults += _differences(
            "circumstances of visit", stored_circumstances.of_visits(db, branch, list(around)), around
        )
        stored = scoring.judgements_of(db, branch, [one.visit for one in judgements])
        faults += _differences("judgement of visit", stored, {one.visit: one for one in judgements})
        known.update(one.visit for one in judgements)
        for key, change in difference((), judgements).items():
            kept.setdefault(key, Counts()).merge(change)
    left = sorted(set(scoring.judged_visits(db, branch)) - known)
    faults += [f"judgement of visit {visit}: left over" for visit in left]
    faults += _differences("count", _as_lines(scoring.every_kept_count(db, branch)), _as_lines(kept))
    return faults + _differences(
        "effect of finding", _by_finding(scoring.every_effect(db, branch)), _by_finding(effects)
    )


def _as_lines(kept: Mapping[tuple[Month, str], Counts]) -> dict[str, int]:
    """Every number by its name; a zero is none."""
    return {
        f"{month} {technician} {name} {code}": number
        for (month, technician), counts in kept.items()
        for name, numbers in (("visits", counts.outcomes), ("met", counts.met), ("breached", counts.breached))
        for code, number in numbers.items()
        if number
    }


def _chunks(found: Iterable[T], size: int) -> Iterator[list[T]]:
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
