"""What quality staff of the demo found: complaints, praise, spot checks, decided or still waiting.

One ends an award, one could: its technician is being heard.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from fieldapp.domain.ids import EventId, StaffCode, VisitId
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.demo.remarks import ANSWERS, NOTES, REASONS
from fieldapp.services.demo.stories import new_id
from fieldapp.storage.findings import Statement

#: Of 1000 completed visits: complaint dismissed or upheld, praise, spot check.
COMPLAINTS, PRAISE, SPOT_CHECKS = 18, 30, 25
ARTICLES = ("composure", "requests", "guidance", "decorum", "property", "grooming", "amends")
#: Who was once reported for taking a gift, in which branch; the others follow the technician's answer by so much.
VETOED, HEARD = ("hk", "T105"), timedelta(days=2)
#: Who was reported for something at their last visit and has not answered yet.
PROPOSED = ("main", "T001", "overcharging")


def invent(
    rng: Random, plan: BranchPlan, events: list[Event], moment: datetime
) -> Iterator[tuple[Event, Statement | None]]:
    """Findings about the completed visits among `events`, what was decided, and what the technician had said before.

    What was recorded in the last two days still waits.
    """
    zone = ZoneInfo(plan.timezone)
    quality = next(login for login, _, role in plan.office if role == "quality")
    manager = next(login for login, _, role in plan.office if role == "manager")
    done = [event for event in events if isinstance(event.data, ev.VisitCompleted) and event.visit is not None]
    proposed = _last_of(done, plan, moment)
    vetoed = False
    for event in done:
        seen = event.effective_at + timedelta(hours=rng.randint(1, 20))
        decided = seen + timedelta(hours=rng.randint(2, 30))
        finding = _finding(rng, plan, event, seen.astimezone(zone), rng.randrange(1000))
        if (plan.code, event.actor) == VETOED and not vetoed:
            vetoed, decided = True, seen + HEARD
            finding = _breach(plan, event, "gifts", zone)
        if event is proposed:
            finding, decided = _breach(plan, event, PROPOSED[2], zone), moment
            seen = min(seen, moment - timedelta(hours=2))
        if finding is None or seen > moment:
            continue
        recorded = _said(rng, finding, seen, quality, event.visit)
        yield recorded, None
        waits = finding.source != "spot_check" and (event is proposed or seen > moment - timedelta(days=2))
        if finding.source != "spot_check" and not waits and decided <= moment:
            yield from _decide(rng, plan, recorded, finding, decided, manager)


def _decide(
    rng: Random, plan: BranchPlan, recorded: Event, finding: ev.FindingRecorded, decided: datetime, manager: str
) -> Iterator[tuple[Event, Statement | None]]:
    upheld = finding.discipline is not None or finding.favourable or rng.random() < 0.6
    reason = REASONS[plan.languages[0]]["upheld" if upheld else "dismissed"]
    outcome = ev.FindingDecided(
        finding=recorded.id, outcome="upheld" if upheld else "dismissed", reason=None if finding.favourable else reason
    )
    answer = None
    if finding.discipline:
        answered = recorded.effective_at + timedelta(days=1)
        answer = Statement(new_id(rng, answered), finding.technician, answered, ANSWERS[plan.languages[0]])
    yield _said(rng, outcome, decided, manager, recorded.visit), answer


def _said(rng: Random, data: ev.Data, at: datetime, actor: str, visit: VisitId | None) -> Event:
    return Event(
        id=EventId(new_id(rng, at)), type=data.event_type, visit=visit, effective_at=at, actor=StaffCode(actor),
        data=data,
    )  # fmt: skip


def _last_of(done: list[Event], plan: BranchPlan, moment: datetime) -> Event | None:
    """The last completed visit of whoever was reported, if this is their branch."""
    branch, technician, _ = PROPOSED
    theirs = [one for one in done if one.actor == technician and one.effective_at < moment - timedelta(hours=12)]
    return theirs[-1] if branch == plan.code and theirs else None


def _breach(plan: BranchPlan, event: Event, article: str, zone: ZoneInfo) -> ev.FindingRecorded:
    return ev.FindingRecorded(
        source="complaint", technician=StaffCode(event.actor), favourable=False, discipline=article,
        occurred_on=event.effective_at.astimezone(zone).date(), note=NOTES[plan.languages[0]][article],
    )  # fmt: skip


def _finding(rng: Random, plan: BranchPlan, event: Event, seen: datetime, drawn: int) -> ev.FindingRecorded | None:
    technician, day, notes = StaffCode(event.actor), seen.date(), NOTES[plan.languages[0]]
    if drawn < COMPLAINTS:
        item = rng.choice(ARTICLES)
        return ev.FindingRecorded(
            source="complaint", technician=technician, favourable=False, occurred_on=day, item=item, note=notes[item]
        )
    if drawn < COMPLAINTS + PRAISE:
        return ev.FindingRecorded(
            source="praise", technician=technician, favourable=True, occurred_on=day, commendation=True,
            note=notes["commendation"],
        )  # fmt: skip
    if drawn < COMPLAINTS + PRAISE + SPOT_CHECKS:
        return ev.FindingRecorded(
            source="spot_check", technician=technician, favourable=True, occurred_on=day, item="shoe_covers",
            note=notes["+shoe_covers"],
        )  # fmt: skip
    return None
