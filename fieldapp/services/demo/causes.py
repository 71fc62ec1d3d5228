"""Why the demo's late visits were late: most are said by the technician, half of these are confirmed."""

from datetime import datetime, timedelta
from random import Random

from fieldapp.domain.calendar import Month
from fieldapp.domain.causes import Saying
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.work import Db
from fieldapp.storage import causes

_OFTEN = ("plan", "plan", "earlier_visit", "earlier_visit", "technician", "access", "customer", "force_majeure")


def say(db: Db, plan: BranchPlan, month: Month, now: datetime, rng: Random) -> None:
    """Sayings about the late visits of a month, of before `now`."""
    quality = next(login for login, _, role in plan.office if role == "quality")
    late, _ = causes.late(db, plan.code, month, now, "missing", offset=0, limit=1000)
    for one in late:
        said_at, cause = one.window.end + timedelta(hours=6), rng.choice(_OFTEN)
        if rng.random() > 0.7 or said_at > now:
            continue
        causes.add(db, plan.code, one.visit, Saying(1, cause, "", one.technician, said_at, confirms=False))
        settled = said_at + timedelta(hours=18)
        if rng.random() < 0.5 and settled < now:
            causes.add(db, plan.code, one.visit, Saying(2, cause, "", quality, settled, confirms=True))
