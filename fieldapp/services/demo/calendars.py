"""Calendars of the demo: two people of each branch keep shifts, one of them is away on a day with visits."""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window, day_bounds
from fieldapp.domain.calendars import Absence, Calendar, read_shifts
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.demo.stories import new_id
from fieldapp.services.work import Db
from fieldapp.storage import calendars


def keep(db: Db, plan: BranchPlan, moment: datetime, rng: Random) -> None:
    """The last two of the branch; everybody else works at any hour: whoever tries the demo has a free hand."""
    dispatcher = next(login for login, _, role in plan.office if role == "dispatcher")
    _, lat, lon, _ = plan.streets[0]
    for worker, shifts, skills in zip(
        plan.workers[-2:], ("mon-fri 08:00-12:00; mon-fri 13:00-17:30", "tue-sat 10:00-19:00"),
        ({"install", "repair"}, {"repair"}), strict=True,
    ):  # fmt: skip
        calendar = Calendar(worker.login, read_shifts(shifts), frozenset(skills), frozenset(), (lat, lon))
        calendars.replace(db, plan.code, calendar, 0, by=dispatcher, now=moment)
    zone = ZoneInfo(plan.timezone)
    day = Window(*day_bounds((moment + timedelta(days=2)).astimezone(zone).date(), zone))
    absence = Absence(new_id(rng, moment), plan.workers[-2].login, day, "training")
    calendars.add_absences(db, plan.code, [absence], by=dispatcher, now=moment)
