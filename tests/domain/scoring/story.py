"""Builders for visits told as stories: every method adds one event with sensible defaults and returns the story."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.engine import ScoreSheet, recount
from fieldapp.domain.scoring.judging import Judgement, Verdict, judge_visit
from fieldapp.domain.visits.codec import read_data
from fieldapp.domain.visits.events import Event
from fieldapp.services.rulebooks import shipped_rulebooks

ZONE = ZoneInfo("Asia/Shanghai")
OCTOBER = Month("2026-10")
BOOKS = shipped_rulebooks()
MUCH_LATER = datetime(2026, 11, 20, tzinfo=ZONE)
HASH = "0" * 64
_numbers = count(1)


def new_id() -> EventId:
    return EventId(str(UUID(int=next(_numbers))))


def at(clock: str, day: int = 5) -> datetime:
    """A local time of October 2026: `at("09:30")`, `at("09:30:01", day=6)`."""
    hour, minute, *second = (int(part) for part in clock.split(":"))
    return datetime(2026, 10, day, hour, minute, *second, tzinfo=ZONE)


def event(kind: str, when: datetime, actor: str, visit: VisitId | None, **data: Any) -> Event:
    return Event(
        id=new_id(), type=kind, visit=visit, effective_at=when, actor=actor, data=read_data(kind, _plain(data))
    )


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): _value(value) for name, value in data.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _value(inner) for name, inner in value.items()}
    return value


def promise(start: datetime, end: datetime, told_at: datetime | None = None, *, agreed: bool = True) -> dict[str, Any]:
    told_at = told_at or start - timedelta(days=1)
    return {"start": start, "end": end, "agreed": agreed, "told_at": told_at, "channel": "phone"}


class Story:
    """One visit, promised for 09:00 to 10:00 and agreed the day before, unless said otherwise."""

    def __init__(self, name: str = "V", technician: str | None = "T", day: int = 5, **first: Any) -> None:
        self.visit, self.technician, self.day = VisitId(name), technician or "T", day
        self.events: list[Event] = []
        window = first or promise(self.at("09:00"), self.at("10:00"))
        customer = {"name": "C", "phone": "1", "address": "A"}
        self.office(
            "visit.scheduled", window["told_at"], external_id=name, job_type="install", customer=customer,
            promise=window, technician=technician, charges=[],
        )  # fmt: skip

    def at(self, clock: str) -> datetime:
        return at(clock, self.day)

    def add(self, kind: str, when: str | datetime, actor: str | None = None, **data: Any) -> "Story":
        moment = self.at(when) if isinstance(when, str) else when
        self.events.append(event(kind, moment, actor or self.technician, self.visit, **data))
        return self

    def office(self, kind: str, when: str | datetime, **data: Any) -> "Story":
        return self.add(kind, when, "office", **data)

    # What happens on the phone -----------------------------------------------------------------------------------

    def kit(self, when: str = "08:00", **wrong: bool) -> "Story":
        return self.add(
            "kit.checked", when, **{"uniform": True, "badge": True, "shoe_covers": True, "kit": True} | wrong
        )

    def called(self, when: str, outcome: str = "agreed") -> "Story":
        return self.add("customer.called", when, outcome=outcome)

    def arrived(self, when: str = "09:05", actor: str | None = None) -> "Story":
        return self.add("visit.arrived", when, actor, gps={"status": "denied"})

    def door(self, when: str = "09:06", **wrong: bool) -> "Story":
        return self.add("door.checked", when, **{"introduced": True, "shoe_covers": True} | wrong)

    def consent(self, when: str = "09:07") -> "Story":
        return self.add("consent.given", when, by="customer", method="spoken")

    def photo(self, slot: str, when: str) -> "Story":
        return self.add("photo.added", when, slot=slot, blob=HASH, bytes=1, w=1, h=1)

    def site(self, when: str = "09:40", *, cleanup: bool = True) -> "Story":
        return self.add("site.checked", when, cleanup=cleanup, belongings=True)

    def answers(self, when: str = "09:45", **answers: str) -> "Story":
        return self.add("answers.given", when, "customer", **answers)

    def signed(self, when: str | datetime = "09:50") -> "Story":
        signer = {"name": "C", "relation": "customer"}
        return self.add("signature.captured", when, "customer", doc_hash=HASH, typed="C", signer=signer, shown_ms=9000)

    def completed(self, when: str = "09:51") -> "Story":
        return self.add("visit.completed", when, manifest=[])

    def left(self, when: str = "09:55") -> "Story":
        return self.add("visit.left", when)

    def not_completed(self, when: str = "09:30", **data: Any) -> "Story":
        back = {"start": self.at("13:00"), "end": self.at("15:00")}
        return self.add("visit.not_completed", when, **{"reason": "no line", "return_": back, "agreed": True} | data)

    def no_access(self, when: str = "09:30") -> "Story":
        return self.add("access.failed", when, reason="absent", call_attempts=2, waited_minutes=15)

    def begun(self, arrived: str = "09:05") -> "Story":
        """Prepared, arrived and let in."""
        return self.kit().arrived(arrived).door().consent()

    def done(self, arrived: str = "09:05", *, signed: bool = True, cleanup: bool = True) -> "Story":
        """A faultless completed visit, without answers."""
        self.begun(arrived).site(cleanup=cleanup)
        return (self.signed() if signed else self).completed().left()

    # What the office and quality say -----------------------------------------------------------------------------

    def moved(self, told: str | datetime, start: str | datetime, end: str | datetime, **data: Any) -> "Story":
        told_at, first, last = (self.at(one) if isinstance(one, str) else one for one in (told, start, end))
        told_and = {"asked_by": "company", "apology": True, "cause": "technician"} | data
        return self.office("promise.changed", told_at, promise=promise(first, last, told_at), **told_and)

    def cancelled(self, told: str | datetime, **data: Any) -> "Story":
        told_at = self.at(told) if isinstance(told, str) else told
        said = {"asked_by": "company", "apology": True, "cause": "technician"} | data
        return self.office("visit.cancelled", told_at, told_at=told_at, **said)

    def finding(self, when: str = "18:00", source: str = "spot_check", **what: Any) -> EventId:
        """Record a finding about this visit and return its id; adverse unless said otherwise."""
        data = {"technician": self.technician, "favourable": False, "occurred_on": "2026-10-05"} | what
        self.add("finding.recorded", when, "Q1", source=source, **data)
        return self.events[-1].id

    def decided(self, finding: str, outcome: str, when: str = "19:00", actor: str = "Q2") -> "Story":
        return self.add("finding.decided", when, actor, finding=finding, outcome=outcome)

    def appeal(self, outcome: str = "overturned", when: str = "20:00", **about: str) -> "Story":
        return self.add("appeal.decided", when, "Q3", outcome=outcome, **about)

    # What comes of it --------------------------------------------------------------------------------------------

    def judged(self, **options: Any) -> Judgement:
        judgement = judge_visit(self.events, BOOKS, ZONE, **options)
        assert judgement is not None
        return judgement

    def verdict(self, code: str) -> Verdict | None:
        return next((verdict for verdict in self.judged().verdicts if verdict.code == code), None)

    def met(self, code: str) -> bool | None:
        """The verdict on one item in three words: True met, False breached, None none."""
        verdict = self.verdict(code)
        return verdict and verdict.met


def finding_alone(technician: str = "T", source: str = "spot_check", day: int = 5, **what: Any) -> Event:
    """A finding about no visit."""
    data = {"technician": technician, "favourable": False, "occurred_on": f"2026-10-{day:02}"} | what
    return event("finding.recorded", at("18:00", day), "Q1", None, source=source, **data)


def decision(finding: Event | str, outcome: str = "upheld", actor: str = "Q2") -> Event:
    about = finding if isinstance(finding, str) else finding.id
    return event("finding.decided", at("19:00"), actor, None, finding=about, outcome=outcome)


def sheets(*stories: Story | Event, now: datetime = MUCH_LATER, month: Month = OCTOBER) -> dict[str, ScoreSheet]:
    """The month's sheets by technician, recounted from the stories."""
    return {sheet.technician: sheet for sheet in recount(heap(stories), BOOKS, ZONE, month, now)}


def heap(stories: Iterable[Story | Event]) -> list[Event]:
    return [one for story in stories for one in (story.events if isinstance(story, Story) else [story])]
