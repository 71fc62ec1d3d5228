"""Adjustments of closed months: what a month's facts say by now, beside what was closed (docs/scoring.md, section 13).

Owns the difference between the two, the form in which one that two people agreed to is signed, and who these people may
be. A closed figure never changes: an adjustment stands beside it, and its "after" is always what the facts say.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, structs

from fieldapp.domain import closing
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import Evidence, Figure, figure_of
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.counts import Counts
from fieldapp.domain.scoring.engine import score
from fieldapp.domain.scoring.facts import Outcome
from fieldapp.domain.scoring.findings import Does, FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.scoring.rules import Source

FORMAT = "fieldapp-adjustment/1"
REASON_LIMIT = 1000
State = Literal["open", "confirmed", "refused", "withdrawn", "overtaken"]
Decision = Literal["confirmed", "refused"]


class VerdictChange(Struct, frozen=True):
    """What one item of a visit counted as, and what it counts as now: met, breached, or None for no verdict. `source`
    and `why` are those of the verdict of now; of the one that counted, where there is none any more."""

    code: str
    before: bool | None
    after: bool | None
    source: Source
    why: str


class VisitChange(Struct, frozen=True):
    """A visit that counts otherwise. No outcome: it was, or is, none of this technician's month."""

    visit: VisitId
    external_id: str
    before: Outcome | None
    after: Outcome | None
    verdicts: tuple[VerdictChange, ...]


#: Stands for what customers answered, before who may have to ask them anew.
UNTOLD = VerdictChange("answers", None, None, "answer", "")


class FindingChange(Struct, frozen=True):
    """A finding that counts otherwise by itself, not through the verdict of a visit. None: it counts nothing."""

    finding: EventId
    code: str
    source: str
    before: Does | None
    after: Does | None


class Difference(Struct, frozen=True):
    """A technician's month as it stands (closed, with the adjustments so far) and as its facts are by now. It would be
    adjustment `number` (from 1) of that month. Equal differences give equal bytes: both people see the same."""

    branch: str
    month: Month
    technician: str
    number: int
    before: Figure
    after: Figure
    visits: tuple[VisitChange, ...]
    findings: tuple[FindingChange, ...]


def veiled(found: Difference, hidden: Collection[str]) -> Difference:
    """The same for somebody who may still have to ask the customers of `hidden` visits: without what was answered
    there, and without the figures of the items that it moved."""
    visits, moved = [], set[str]()
    for change in found.visits:
        untold = {one.code for one in change.verdicts if one.source == "answer"} if change.visit in hidden else ()
        if untold:
            told = (one for one in change.verdicts if one.source != "answer")
            change = structs.replace(change, verdicts=(*told, UNTOLD))
            moved |= untold
        visits.append(change)
    before, after = (
        structs.replace(side, items=tuple(one for one in side.items if one.code not in moved))
        for side in (found.before, found.after)
    )
    return structs.replace(found, before=before, after=after, visits=tuple(visits)) if moved else found


class Adjustment(Struct, frozen=True):
    """What is signed. `previous` is the SHA-256 of what it follows: the adjustment before it, else the closed sheet,
    else (who was not listed then) the snapshot. `evidence` is the SHA-256 of what `after` rests on."""

    format: str
    adjustment_id: str
    difference: Difference
    name: str
    previous: str
    evidence: str
    author: str
    proposed_at: datetime
    reason: str
    approver: str
    confirmed_at: datetime
    answer: str
    key: str


# --- The difference -----------------------------------------------------------------------------------------------


def no_figure(technician: str, month: Month, book: Rulebook) -> Figure:
    """The figures of whoever nothing was counted for."""
    return figure_of(score(technician, month, Counts(), (), book))


def difference(
    branch: str, month: Month, technician: str, number: int, *, before: tuple[Figure, Evidence],
    after: tuple[Figure, Evidence], now: datetime,
) -> Difference:  # fmt: skip
    """What the facts of `now` would change. Findings that changed nothing, and verdicts that only have another source,
    are no part of it."""
    return Difference(
        branch, month, technician, number, before[0], after[0],
        tuple(_visit_changes(before[1], after[1], now)), tuple(_finding_changes(before[1].effects, after[1].effects)),
    )  # fmt: skip


def _visit_changes(before: Evidence, after: Evidence, now: datetime) -> Iterator[VisitChange]:
    then = {one.judgement.visit: one for one in before.visits}
    latest = {one.judgement.visit: one for one in after.visits}
    everything = {**then, **latest}
    for visit in sorted(everything, key=lambda one: (everything[one].judgement.promised_start, one)):
        old, new = (side[visit].judgement if visit in side else None for side in (then, latest))
        was, is_now = (one.outcome_at(now) if one else None for one in (old, new))
        verdicts = tuple(_verdict_changes(old, new, now))
        if verdicts or was != is_now:
            yield VisitChange(visit, everything[visit].external_id, was, is_now, verdicts)


def _verdict_changes(old: Judgement | None, new: Judgement | None, now: datetime) -> Iterator[VerdictChange]:
    then, latest = ({one.code: one for one in side.counted(now)} if side else {} for side in (old, new))
    for code, verdict in {**then, **latest}.items():
        was, is_now = (side[code].met if code in side else None for side in (then, latest))
        if was != is_now:
            yield VerdictChange(code, was, is_now, verdict.source, verdict.why)


def _finding_changes(before: Iterable[FindingEffect], after: Iterable[FindingEffect]) -> Iterator[FindingChange]:
    then, latest = ({one.finding: one for one in side if _counts(one)} for side in (before, after))
    for finding, effect in sorted({**then, **latest}.items()):
        was, is_now = (_does(side, finding) for side in (then, latest))
        if was != is_now:
            yield FindingChange(finding, effect.code, effect.source, was, is_now)


def _counts(effect: FindingEffect) -> bool:
    """Whether a finding counts by itself; on a rate item of a visit it speaks through the visit's verdict."""
    return effect.does != "nothing" and not (effect.visit and effect.does in ("met", "breached"))


def _does(effects: Mapping[EventId, FindingEffect], finding: EventId) -> Does | None:
    found = effects.get(finding)
    return found.does if found else None


def fingerprint(seen: Difference) -> str:
    """What a person saw when they proposed or confirmed it."""
    return closing.fingerprint(closing.canonical(seen))


# --- Rules --------------------------------------------------------------------------------------------------------


def be_disinterested(login: str, technician: str) -> None:
    """Nobody proposes to adjust their own month; raises `Forbidden("adjust_benefit")`."""
    if login == technician:
        raise Forbidden("adjust_benefit")


def be_adjustable(found: Difference, pending: int) -> None:
    """Raises `Conflict`: adjust_pending (with how many visits of the month have no outcome), adjust_nothing."""
    if pending:
        raise Conflict("adjust_pending", technician=found.technician, month=found.month, visits=pending)
    if found.before == found.after:
        raise Conflict("adjust_nothing", technician=found.technician, month=found.month)


def be_unchanged(seen: str, found: str) -> None:
    """Raises `Conflict("adjust_changed")` when it is not any more what was looked at."""
    if seen != found:
        raise Conflict("adjust_changed")


def why(text: str, field: str) -> str:
    """A reason as it is kept; raises `Invalid` reason_missing, text_too_long."""
    if not text.strip():
        raise Invalid("reason_missing", field=field)
    if len(text.strip()) > REASON_LIMIT:
        raise Invalid("text_too_long", field=field, limit=REASON_LIMIT)
    return text.strip()
