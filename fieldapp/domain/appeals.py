"""Appeals: what a technician says against one finding or one item of one visit, and the answer (docs/scoring.md, 9).

Owns deadlines, who may answer, and where an appeal stands by its events. What an overturned one does to a score is
`scoring`'s; whether something is a breach at all is, too.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from fieldapp.domain.approvals import FEWEST
from fieldapp.domain.calendar import Month, day_bounds
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.visits.events import AppealDecided, AppealFiled, Event

Outcome = Literal["overturned", "confirmed"]
State = Literal["open", "overturned", "confirmed"]

_APPEALS = UUID("3f0a7c52-8d0e-5b8e-9a41-6c6f0f1d2e73")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is appealed: a finding, or else an item of a visit."""

    finding: EventId | None = None
    visit: VisitId | None = None
    item: str | None = None

    @property
    def appeal_id(self) -> str:
        """The id of the first appeal about it. Derived: there is at most one, however many events speak of it."""
        return str(uuid5(_APPEALS, self.finding or f"{self.visit}/{self.item}"))

    def again_by(self, technician: str | None) -> str:
        """The id of that which follows another's."""
        return str(uuid5(_APPEALS, f"{self.appeal_id}/{technician}"))


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal and where it stands. Imported histories may hold a decision without a filing.

    `again`: somebody else had appealed the same before, whose the visit was then.
    """

    subject: Subject
    filing: EventId | None
    technician: str | None
    filed_at: datetime
    state: State = "open"
    decision: EventId | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    again: bool = False

    @property
    def id(self) -> str:
        return self.subject.again_by(self.technician) if self.again else self.subject.appeal_id


def subject_of(event: Event) -> Subject | None:
    """What an appeal's event is about; None for any other event, and for one about an item of no visit."""
    data = event.data
    if not isinstance(data, AppealFiled | AppealDecided):
        return None
    if data.finding:
        return Subject(finding=EventId(data.finding))
    return Subject(visit=event.visit, item=data.item) if event.visit else None


def read_appeals(events: Iterable[Event]) -> tuple[Appeal, ...]:
    """Every appeal among `events`, by when it was filed. The first filing counts, and each that follows another's; of
    one person the first. Overturned is for good, else the latest decision stands; one about a filing that does not
    count is the first's."""
    said: dict[Subject, list[Event]] = {}
    for event in sorted({one.id: one for one in events}.values(), key=lambda one: one.order):
        if subject := subject_of(event):
            said.setdefault(subject, []).append(event)
    found = (
        _appeal(subject, filing, decisions, again=bool(place))
        for subject, told in said.items()
        for place, (filing, decisions) in enumerate(_rounds(told))
    )
    return tuple(sorted(found, key=lambda one: (one.filed_at, one.id)))


def _rounds(told: list[Event]) -> list[tuple[Event | None, list[Event]]]:
    """The filings that count, each with what was decided about it, or the decisions alone; `told` is in order."""
    filings = [one for one in told if isinstance(one.data, AppealFiled)]
    known = {one.id for one in filings}
    first = min(filings, key=lambda one: bool(_after(one)), default=None)
    rounds: dict[str | None, tuple[Event | None, list[Event]]] = {first.id if first else None: (first, [])}
    for one in filings:
        if _after(one) in known and one.actor not in {filing.actor for filing, _ in rounds.values() if filing}:
            rounds[one.id] = (one, [])
    for event in told:
        if isinstance(event.data, AppealDecided):
            # The score asks for no filing: what it takes as overturned is somebody's overturned appeal.
            _, decisions = rounds.get(event.data.filing) or next(iter(rounds.values()))
            decisions.append(event)
    return list(rounds.values())


def _after(event: Event) -> str | None:
    return event.data.after if isinstance(event.data, AppealFiled) else None


def _appeal(subject: Subject, filing: Event | None, decisions: list[Event], *, again: bool) -> Appeal:
    decision = max(decisions, key=lambda one: (_is_overturning(one), *one.order), default=None)
    first = filing or decision
    assert first is not None  # noqa: S101 - a subject has one event at least
    filed = filing.id if filing else None, filing.actor if filing else None, first.effective_at
    if decision is None:
        return Appeal(subject, *filed, again=again)
    return Appeal(
        subject, *filed, "overturned" if _is_overturning(decision) else "confirmed", decision.id, decision.actor,
        decision.effective_at, again,
    )  # fmt: skip


def _is_overturning(event: Event) -> bool:
    return isinstance(event.data, AppealDecided) and event.data.outcome == "overturned"


# --- Deadlines ----------------------------------------------------------------------------------------------------


def filing_ends(month: Month, known_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The first moment that is too late: `days` whole days after the end of the month, or after the day on which the
    breach was on the technician's page where that came later."""
    return _ends(max(_last_day(month), known_at.astimezone(zone).date()), days, zone)


def answer_ends(filed_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The first moment at which an answer is overdue: `days` whole days after the day of filing."""
    return _ends(filed_at.astimezone(zone).date(), days, zone)


def _ends(day: date, days: int, zone: ZoneInfo) -> datetime:
    return day_bounds(day + timedelta(days=days), zone)[1]


def _last_day(month: Month) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


# --- Filing and deciding ------------------------------------------------------------------------------------------


def heard_of(known: Iterable[Appeal], technician: str | None) -> Appeal | None:
    """Which of the appeals about one subject concerns the technician: their own, else the latest."""
    return max(known, key=lambda one: (one.technician == technician, one.filed_at, one.id), default=None)


def is_by_another(known: Appeal | None, technician: str | None) -> bool:
    """Whether somebody else said it, whose the visit was then."""
    return known is not None and known.technician not in (None, technician)


def said_before(known: Appeal | None, technician: str) -> str | None:
    """Why nothing more can be filed, however early: appeal_filed when the technician did already, or it was answered in
    an imported history, which may not know the filing; appeal_of_other where what somebody else filed is not answered
    or was overturned. None: it can."""
    if known is None:
        return None
    if is_by_another(known, technician):
        return None if known.state == "confirmed" else "appeal_of_other"
    return "appeal_filed"


def may_file(known: Appeal | None, ends: datetime, now: datetime, *, by: str) -> None:
    """Raises `Conflict`: what `said_before` tells, or appeal_late when the time for it is over."""
    if before := said_before(known, by):
        raise Conflict(before)
    if now >= ends:
        raise Conflict("appeal_late")


def be_judge(
    login: str, *, technicians: Collection[str], handled: Collection[str], eligible: int, head_office: bool
) -> None:
    """Let `login` decide; raises `Forbidden`: appeal_own, appeal_handled, appeal_head_office (with how few).

    `technicians` are those whose score it is, `handled` those who recorded or decided what is appealed; `eligible`
    counts who else might decide.
    """
    if login in technicians:
        raise Forbidden("appeal_own")
    if login in handled:
        raise Forbidden("appeal_handled")
    if eligible < FEWEST and not head_office:
        raise Forbidden("appeal_head_office", fewest=FEWEST)


def settle(appeal: Appeal, outcome: str, reason: str) -> str:
    """The reason of a decision that may be made now; raises `Conflict` appeal_decided, `Invalid` appeal_outcome,
    reason_missing."""
    if appeal.state != "open":
        raise Conflict("appeal_decided", by=appeal.decided_by or "")
    if outcome not in ("overturned", "confirmed"):
        raise Invalid("appeal_outcome", field="outcome")
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    return reason.strip()
