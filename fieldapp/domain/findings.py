"""Findings by people: what a complete one says, when its technician is heard, when it is decided (docs/findings.md).

Owns these rules. What an upheld finding does to a month is `scoring`'s, who may be the second person `approvals`'.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import day_bounds
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.plausible import is_plausible
from fieldapp.domain.visits.events import FindingRecorded
from fieldapp.domain.words import needed

Source = Literal["spot_check", "call_back", "complaint", "praise"]
SOURCES: tuple[Source, ...] = get_args(Source)
Outcome = Literal["upheld", "dismissed"]
State = Literal["waiting", "upheld", "dismissed", "overturned"]

NOTE_LIMIT = 2000
#: What a person saw or asked themselves is upheld when recorded, if it is on an item; all else waits for a second one.
_BY_INSPECTION = frozenset({"spot_check", "call_back"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A finding as somebody would record it. What a visit says (whose it was, its day) need not be said again; nor
    `favourable` of what is always one or the other."""

    source: str
    technician: str = ""
    occurred_on: date | None = None
    item: str = ""
    discipline: str = ""
    commendation: bool = False
    favourable: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a finding stands. The technician can answer on `last_day` yet; at `until`, its end, no more."""

    state: State
    decisions: int
    hears_first: bool
    last_day: date
    until: datetime
    is_answered: bool

    def may_answer(self, now: datetime) -> bool:
        """Whether what the technician says now is heard."""
        return self.state == "waiting" and now < self.until

    def is_unheard(self, now: datetime) -> bool:
        """Whether a decision would come before the technician was heard."""
        return self.state == "waiting" and self.hears_first and not self.is_answered and now < self.until


def counts_at_once(data: FindingRecorded) -> bool:
    """Whether the finding is upheld when recorded; every other waits for a second person."""
    return bool(data.item) and data.source in _BY_INSPECTION


def hears_first(data: FindingRecorded) -> bool:
    """Whether nobody decides before the technician has answered or let the time to answer pass: it costs an award."""
    return bool(data.discipline) and not data.favourable


def heard_until(known_at: datetime, days: int, zone: ZoneInfo) -> tuple[date, datetime]:
    """The last of the `days` whole days that follow the day from which the technician could read it, and its end."""
    last = known_at.astimezone(zone).date() + timedelta(days=days)
    return last, day_bounds(last, zone)[1]


def complete(
    draft: Draft, *, recorder: str, technician: str, occurred_on: date, today: date, items: Collection[str],
    disciplines: Collection[str],
) -> FindingRecorded:  # fmt: skip
    """The finding as a fact; `items` and `disciplines` are the codes of the rulebook in force for its month.

    Raises `Forbidden` finding_own; `Invalid` finding_source, finding_kind, finding_item, finding_discipline,
    finding_side, finding_side_odd, finding_praise, finding_future, finding_day, finding_note, text_too_long.
    """
    if recorder == technician:
        raise Forbidden("finding_own")
    if draft.source not in SOURCES:
        raise Invalid("finding_source", field="source")
    _check_about(draft, items, disciplines)
    favourable = _side(draft)
    if occurred_on > today:
        raise Invalid("finding_future", field="occurred_on")
    if not is_plausible(occurred_on):
        raise Invalid("finding_day", field="occurred_on")
    if not favourable and not draft.note.strip():
        raise Invalid("finding_note", field="note")
    note = checked_words(draft.note, "note") if draft.note.strip() else None
    return FindingRecorded(
        source=draft.source,
        technician=technician,
        favourable=favourable,
        occurred_on=occurred_on,
        item=draft.item or None,
        discipline=draft.discipline or None,
        commendation=draft.commendation or None,
        note=note,
    )


def _check_about(draft: Draft, items: Collection[str], disciplines: Collection[str]) -> None:
    if sum(map(bool, (draft.item, draft.discipline, draft.commendation))) != 1:
        raise Invalid("finding_kind", field="about")
    if draft.item and draft.item not in items:
        raise Invalid("finding_item", field="about", value=draft.item[:40])
    if draft.discipline and draft.discipline not in disciplines:
        raise Invalid("finding_discipline", field="about", value=draft.discipline[:40])


def _side(draft: Draft) -> bool:
    """A commendation is favourable and a breach of discipline is not; of an item it has to be said."""
    implied = None if draft.item else draft.commendation
    if draft.favourable is None and implied is None:
        raise Invalid("finding_side", field="favourable")
    if implied is not None and draft.favourable not in (None, implied):
        raise Invalid("finding_side_odd", field="favourable")
    favourable = bool(draft.favourable if implied is None else implied)
    if draft.source == "praise" and not favourable:
        raise Invalid("finding_praise", field="favourable")
    return favourable


def check_answer(standing: Standing, now: datetime) -> None:
    """Let the technician answer; raises `Conflict` finding_settled, finding_late."""
    if standing.state != "waiting":
        raise Conflict("finding_settled")
    if now >= standing.until:
        raise Conflict("finding_late")


def settle(standing: Standing, outcome: str, reason: str, *, seen: int, now: datetime) -> str:
    """The reason of a decision that may be made now by whoever saw `seen` earlier ones.

    Raises `Conflict` finding_overturned, finding_decided (somebody was faster), finding_unheard (with the last day to
    answer), finding_same; `Invalid` finding_outcome, reason_missing, text_too_long.
    """
    if standing.state == "overturned":
        raise Conflict("finding_overturned")
    if seen != standing.decisions:
        raise Conflict("finding_decided")
    if standing.is_unheard(now):
        raise Conflict("finding_unheard", until=standing.last_day.isoformat())
    if outcome not in get_args(Outcome):
        raise Invalid("finding_outcome", field="outcome")
    if outcome == standing.state:
        raise Conflict("finding_same")
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    return checked_words(reason, "reason")


def checked_words(text: str, field: str) -> str:
    """What somebody wrote, as it is kept; raises `Invalid` text_missing, text_too_long naming the field."""
    return needed(text, field, NOTE_LIMIT)
