"""What customers of the demo reported: one case that nobody took yet, one that is overdue, two that are answered."""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from fieldapp.domain import complaints
from fieldapp.domain.complaints import Kind
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services.cases import pin
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.demo.remarks import CASES
from fieldapp.services.demo.stories import new_id
from fieldapp.services.work import Db
from fieldapp.storage import cases
from fieldapp.storage.cases import Case, Entry

#: (how long ago, kind, its words, owner's role, later entries: after how many days, kind, words).
STORIES: tuple[tuple[float, Kind, str, str | None, tuple[tuple[float, str, str], ...]], ...] = (
    (12, "complaint", "late", "quality", ((1, "taken", ""), (2, "note", "note"))),
    (10, "complaint", "late", "quality", (
        (0.5, "taken", ""), (3, "outcome", "upheld"), (3, "reply", "reply"), (3, "apology", "apology"),
    )),
    (6, "commendation", "thanks", "manager", ((1, "outcome", "upheld"), (1, "reply", "thanks_reply"))),
    (2, "complaint", "loose", None, ()),
)  # fmt: skip


def report(db: Db, plan: BranchPlan, events: list[Event], moment: datetime, rng: Random) -> None:
    """Open the cases about completed visits that were over by then."""
    done = [one for one in events if isinstance(one.data, ev.VisitCompleted)]
    people: dict[str, str] = {role: login for login, _, role in plan.office}
    for ago, kind, words, role, later in STORIES:
        opened = moment - timedelta(days=ago)
        before = [one for one in done if one.effective_at < opened]
        if before:
            owner = people[role] if role else None
            _tell(db, plan, str(before[-1].visit), kind, words, opened, owner, later, rng)


def _tell(
    db: Db, plan: BranchPlan, visit: str, kind: Kind, words: str, opened: datetime, owner: str | None,
    later: tuple[tuple[float, str, str], ...], rng: Random,
) -> None:  # fmt: skip
    case_id, texts = new_id(rng, opened), CASES[plan.languages[0]]
    closed = max((opened + timedelta(days=days) for days, what, _ in later if what == "outcome"), default=None)
    due = complaints.due_from(opened, ZoneInfo(plan.timezone))
    cases.open_case(
        db, Case(plan.code, case_id, visit, kind, "closed" if closed else "open", opened, closed, owner, due)
    )
    entries = [Entry(new_id(rng, opened), opened, "customer", "opened", texts[words])]
    entries += [
        Entry(
            new_id(rng, opened + timedelta(days=days)),
            opened + timedelta(days=days),
            owner or "",
            what,
            texts.get(text, text),
        )
        for days, what, text in later
    ]
    for entry in entries:
        cases.add_entry(db, plan.code, case_id, entry)
        known = Random(entry.entry_id)  # noqa: S311 - an id that is the same each time
        pin(db, new_id(known, entry.recorded_at), plan.code, case_id, entry)
