"""When the technician will probably be at the door, as their customer is told on the day. Looks only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fieldapp.domain.calendar import Window, day_bounds
from fieldapp.domain.ids import BranchCode
from fieldapp.services import risks
from fieldapp.services.receipts import LinkView
from fieldapp.services.work import Work

#: Earlier than so long before the window a guess is worth less than the promise.
NEAR = timedelta(hours=2)
#: The page says no day: a time further ahead than this, and not of today, would be taken for an earlier one.
_SAME_CLOCK = timedelta(hours=12)
#: Nobody comes to the minute.
_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Expected:
    """The probable arrival, to five minutes; `is_late`: after the window that was promised."""

    arrival: datetime
    is_late: bool


def expected(work: Work, view: LinkView) -> Expected | None:
    """For the appointment of a link; None while it is too early to say, and once the technician is there."""
    now, technician = work.now(), view.receipt.state.technician
    is_near = view.window.start - NEAR <= now
    if technician is None or view.state not in {"planned", "en_route"} or not (is_near or view.state == "en_route"):
        return None
    day = Window(*day_bounds(now.astimezone(view.zone).date(), view.zone))
    with work.read() as db:
        found = risks.forecast(work, db, BranchCode(view.branch), day, technician, view.visit_id, view.zone)
    if found is None:
        return None
    arrival = _stepped(found.arrival)
    if arrival - now > _SAME_CLOCK and arrival.astimezone(view.zone).date() != now.astimezone(view.zone).date():
        return None
    return Expected(arrival, arrival > view.window.end)


def _stepped(moment: datetime) -> datetime:
    over = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment - over + _STEP if over else moment
