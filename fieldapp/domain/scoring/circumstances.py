"""What a judged visit is looked at by when planning is to be judged, not people: where, when, what, planned by whom.

Owns which circumstances there are and how they are read from a visit's events. They change no score; how much was lost
under which of them is summed in storage, and what may be shown of few people is `domain.fairness`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.judging import Judgement, excused_by
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.signals import Kind, read_signals
from fieldapp.domain.visits.events import (
    Event,
    PromiseChanged,
    SignatureCaptured,
    VisitAmended,
    VisitArrived,
    VisitScheduled,
)

Shift = Literal["morning", "afternoon", "evening"]
#: From these hours on, local time of the promised start.
_AFTERNOON, _EVENING = 12, 18


@dataclass(frozen=True, slots=True)
class Circumstances:
    """One visit that is judged, or was to be.

    `minutes`: the arrival beside the promised window; negative before its start (whole minutes), 0 within, positive
    after its end (begun minutes); None without an arrival. `grade` is the arrival's evidence. `cause` is what the
    company's last change of the promise named, None where it changed nothing. `planner` is who told the promise in
    force. `breached`: item codes in the order of the norm. `signals`:
    what makes the visit worth a second look, each kind once.
    """

    visit: VisitId
    month: Month
    technician: str | None
    outcome: str
    counts_from: datetime | None
    job_type: str
    shift: Shift
    district: str
    planner: str
    minutes: int | None
    grade: str | None
    unsigned: bool
    cause: str | None
    breached: tuple[str, ...]
    signals: tuple[Kind, ...]


def circumstances(judgement: Judgement, history: Iterable[Event], book: Rulebook, zone: ZoneInfo) -> Circumstances:
    """The circumstances of a visit judged by `book`; `history` is what it was judged from, in any order."""
    events = sorted(history, key=lambda one: one.order)
    told = [one for one in events if isinstance(one.data, VisitScheduled | PromiseChanged)]
    changes = [one.data for one in told if isinstance(one.data, PromiseChanged) and one.data.asked_by == "company"]
    return Circumstances(
        visit=judgement.visit,
        month=judgement.month,
        technician=judgement.technician,
        outcome=judgement.outcome,
        counts_from=judgement.counts_from,
        job_type=judgement.job_type,
        shift=shift_of(judgement.promised_start, zone),
        district=_district(events),
        planner=_planner(told, judgement),
        minutes=beside(judgement),
        grade=_grade(events, judgement.arrived_at),
        unsigned=judgement.outcome == "completed" and not any(isinstance(o.data, SignatureCaptured) for o in events),
        cause=changes[-1].cause if changes else None,
        breached=tuple(one.code for one in judgement.verdicts if not one.met),
        signals=tuple(sorted({one.kind for one in read_signals(events, excused_by(judgement, events, book, zone))})),
    )


def shift_of(moment: datetime, zone: ZoneInfo) -> Shift:
    """Morning until noon, evening from six; by the clock of `zone`."""
    hour = moment.astimezone(zone).hour
    return "morning" if hour < _AFTERNOON else "afternoon" if hour < _EVENING else "evening"


def beside(judgement: Judgement) -> int | None:
    """The arrival's minutes beside the promised window (`Circumstances.minutes`)."""
    arrived, minute = judgement.arrived_at, timedelta(minutes=1)
    if arrived is None:
        return None
    late = -(-(arrived - judgement.promised_end) // minute)
    early = (judgement.promised_start - arrived) // minute
    return late if late > 0 else -early if early > 0 else 0


def _district(events: Iterable[Event]) -> str:
    """That of the customer as last said."""
    found = ""
    for one in events:
        customer = one.data.customer if isinstance(one.data, VisitScheduled | VisitAmended) else None
        if customer:
            found = customer.district or ""
    return found


def _planner(told: Iterable[Event], judgement: Judgement) -> str:
    """Who last told the window that the visit was held to."""
    found = ""
    for one in told:
        promise = one.data.promise if isinstance(one.data, VisitScheduled | PromiseChanged) else None
        window = (promise.start, promise.end) if promise else None
        if not found or window == (judgement.promised_start, judgement.promised_end):
            found = one.actor
    return found


def _grade(events: Iterable[Event], arrived: datetime | None) -> str | None:
    """The evidence of the arrival that counts."""
    grades = [one.grade for one in events if isinstance(one.data, VisitArrived) and one.effective_at == arrived]
    return grades[-1] if grades else None
