"""What quality staff of the demo found: complaints (some upheld), praise, spot checks. One case ends an award."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from fieldapp.domain import ids
from fieldapp.domain.ids import EventId, StaffCode, VisitId
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.demo.stories import new_id

#: Of 1000 completed visits: complaint dismissed or upheld, praise, spot check.
COMPLAINTS, PRAISE, SPOT_CHECKS = 18, 30, 25
ARTICLES = ("composure", "requests", "guidance", "decorum", "property", "grooming", "amends")
#: Who was once reported for taking a gift, in which branch.
VETOED = ("hk", "T105")


def invent(rng: Random, plan: BranchPlan, events: list[Event], moment: datetime) -> Iterator[Event]:
    """Findings about the completed visits among `events`, and what was decided."""
    zone = ZoneInfo(plan.timezone)
    quality = next(login for login, _, role in plan.office if role == "quality")
    manager = next(login for login, _, role in plan.office if role == "manager")
    vetoed = False
    for event in events:
        if not isinstance(event.data, ev.VisitCompleted) or event.visit is None:
            continue
        seen = event.effective_at + timedelta(hours=rng.randint(1, 20))
        decided = seen + timedelta(hours=rng.randint(2, 30))
        drawn = rng.randrange(1000)
        if decided > moment:
            continue

        def found(data: ev.Data, at: datetime, actor: str, visit: VisitId = event.visit) -> Event:
            return Event(
                id=EventId(new_id(rng, at)), type=data.event_type, visit=visit, effective_at=at,
                actor=ids.StaffCode(actor), data=data,
            )  # fmt: skip

        finding = _finding(rng, event, seen.astimezone(zone), drawn)
        if (plan.code, event.actor) == VETOED and not vetoed:
            vetoed = True
            finding = ev.FindingRecorded(
                source="complaint", technician=event.actor, favourable=False, discipline="gifts",
                occurred_on=event.effective_at.astimezone(zone).date(),
            )  # fmt: skip
        if finding is None:
            continue
        recorded = found(finding, seen, quality)
        yield recorded
        if finding.source != "spot_check":
            upheld = finding.discipline is not None or finding.favourable or rng.random() < 0.6
            outcome = ev.FindingDecided(finding=recorded.id, outcome="upheld" if upheld else "dismissed")
            yield found(outcome, decided, manager)


def _finding(rng: Random, event: Event, seen: datetime, drawn: int) -> ev.FindingRecorded | None:
    technician, day = StaffCode(event.actor), seen.date()
    if drawn < COMPLAINTS:
        item = rng.choice(ARTICLES)
        return ev.FindingRecorded(
            source="complaint", technician=technician, favourable=False, occurred_on=day, item=item
        )
    if drawn < COMPLAINTS + PRAISE:
        return ev.FindingRecorded(
            source="praise", technician=technician, favourable=True, occurred_on=day, commendation=True
        )
    if drawn < COMPLAINTS + PRAISE + SPOT_CHECKS:
        return ev.FindingRecorded(
            source="spot_check", technician=technician, favourable=True, occurred_on=day, item="shoe_covers"
        )
    return None
