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
        """The id of the appeal about it. Derived: there is at most one, however many events speak of it."""
        return str(uuid5(_APPEALS, self.finding or f"{self.visit}/{self.item}"))


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal and where it stands. Imported histories may hold a decision without a filing."""

    subject: Subject
    filing: EventId | None
    technician: str | None
    filed_at: datetime
    state: State = "open"
    decision: EventId | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def id(self) -> str:
        return self.subject.appeal_id


def subject_of(event: Event) -> Subject | None:
    """What an appeal's event is about; None for any other event, and for one about an item of no visit."""
    data = event.data
    if not isinstance(data, AppealFiled | AppealDecided):
        return None
    if data.finding:
        return Subject(finding=EventId(data.finding))
    return Subject(visit=event.visit, item=data.item) if event.visit else None


def read_appeals(events: Iterable[Event]) -> tuple[Appeal, ...]:
    """Every appeal among `events`, by when it was filed. The first filing counts; overturned is for good, else the
    latest decision stands."""
    filings: dict[Subject, list[Event]] = {}
    decisions: dict[Subject, list[Event]] = {}
    for event in {one.id: one for one in events}.values():
        subject = subject_of(event)
        if subject is not None:
            kind = filings if isinstance(event.data, AppealFiled) else decisions
            kind.setdefault(subject, []).append(event)
    found = (_appeal(subject, filings.get(subject, []), decisions.get(subject, [])) for subject in filings | decisions)
    return tuple(sorted(found, key=lambda one: (one.filed_at, one.id)))


def _appeal(subject: Subject, filings: list[Event], decisions: list[Event]) -> Appeal:
    filing = min(filings, key=lambda one: one.order, default=None)
    decision = max(decisions, key=lambda one: (_is_overturning(one), *one.order), default=None)
    first = filing or decision
    assert first is not None  # noqa: S101 - a subject has one event at least
    appeal = Appeal(subject, filing.id if filing else None, filing.actor if filing else None, first.effective_at)
    if decision is None:
        return appeal
    return Appeal(
        subject, appeal.filing, appeal.technician, appeal.filed_at,
        "overturned" if _is_overturning(decision) else "confirmed", decision.id, decision.actor, decision.effective_at,
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


def may_file(known: Appeal | None, ends: datetime, now: datetime, *, by: str) -> None:
    """Raises `Conflict` appeal_filed when one was filed already, or answered in an imported history, which may not know
    the filing; appeal_of_other where another technician filed it, whose the visit was then; appeal_late when the time
    for it is over."""
    if known is not None and (known.filing is not None or known.state != "open"):
        raise Conflict("appeal_filed" if known.technician in (None, by) else "appeal_of_other")
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
