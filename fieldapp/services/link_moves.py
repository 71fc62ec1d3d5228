"""What a customer changes of their appointment through their own link: another window, or none at all.

Only windows that somebody can keep are offered, and one is taken only while that still holds: of two customers who wish
for the same, one gets it and the other is told. Owns how near and how often; moving itself is `scheduling`'s.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits import events as ev
from fieldapp.domain.words import checked
from fieldapp.services import free_windows, link_acts, pins, scheduling
from fieldapp.services.claims import Slot, hold
from fieldapp.services.work import Work
from fieldapp.storage import visits
from fieldapp.storage.links import Link

#: Nobody's next hours are planned anew by a stranger's tap.
LEAD = timedelta(hours=2)
#: How far ahead a customer may look.
FARTHEST = timedelta(days=60)
REASON_LIMIT = 500


def offered(work: Work, link: Link, after: datetime | None = None) -> Sequence[Window]:
    """The next windows that somebody can keep, from `after` on where it lies ahead; without the one that they have."""
    now = work.now()
    start = min(max(after or now, now + LEAD), now + FARTHEST)
    with work.read() as db:
        seen = visits.get(db, link.branch, link.visit_id)
        return [one.window for one in free_windows.for_customer(db, seen, start) if one.window != seen.window]


def move(work: Work, link: Link, start: datetime) -> None:
    """Move the appointment to the window that opens at `start`, at once, as a change that the customer asked for.

    Raises `Conflict` window_taken when nobody can keep it (any more), window_same, and what `link_acts.begin` does.
    """
    now = work.now()
    with work.write(link.branch) as db:
        link_acts.begin(db, work, link, "move")
        seen = visits.get(db, link.branch, link.visit_id)
        if start == seen.window.start:
            raise Conflict("window_same")
        is_offered = now + LEAD <= start <= now + FARTHEST + free_windows.AHEAD
        who = free_windows.keeper(db, seen, start) if is_offered else None
        if who is None:
            raise Conflict("window_taken")
        window = Window(start, start + (seen.window.end - seen.window.start))
        promise = ev.Promise(start=window.start, end=window.end, agreed=True, told_at=now, channel="link")
        change = ev.PromiseChanged(asked_by="customer", promise=promise, apology=False, cause="customer")
        scheduling.movable(db, link.branch, seen.visit_id, seen.rev, change, now)
        pins.let_go(work, db, "customer", seen)
        said = scheduling.plan_move(work, db, None, seen, change, Slot(technician=who), now)
        link_acts.say(db, work, link, "move", said)
        hold(db, BranchCode(link.branch), seen.visit_id)


def cancel(work: Work, link: Link, reason: str) -> None:
    """Call the appointment off, as the customer's own wish. Raises `Invalid` text_too_long, and what `begin` does."""
    words = checked(reason, "reason", REASON_LIMIT)
    with work.write(link.branch) as db:
        link_acts.begin(db, work, link, "cancel")
        said = ev.VisitCancelled(
            asked_by="customer", told_at=work.now(), apology=False, cause="customer", reason=words or None
        )
        link_acts.say(db, work, link, "cancel", [said])
