"""Claims on technicians' time, which PostgreSQL itself keeps apart, whatever the program believes to have checked.

SQLite has one writer: what it has checked is so when it writes, and nothing is kept here. Imports and phones plan
without a claim, and nobody takes one back when they move its visit: whoever runs into such a rest puts it away.
"""

from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Window
from fieldapp.storage import driver
from fieldapp.storage.engine import Busy
from fieldapp.storage.planning import BUSY

#: As the constraint has it, so that its index is used.
_SPAN = "plan_span(ROW(branch, technician, starts)::plan_point, ROW(branch, technician, ends)::plan_point)"
_WANTED = "plan_span(ROW(%s, %s, %s)::plan_point, ROW(%s, %s, %s)::plan_point)"
_TAKE = """INSERT INTO claims (branch, visit_id, technician, starts, ends) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING visit_id"""
_RELEASE = "DELETE FROM claims WHERE branch = %s AND visit_id = %s"
_STANDS = """EXISTS (SELECT 1 FROM visits v WHERE v.branch = claims.branch AND v.visit_id = claims.visit_id
AND v.technician = claims.technician AND v.planned_start = claims.starts AND v.planned_end = claims.ends
AND v.state = ANY(%s))"""
_IN_THE_WAY = f"FROM claims WHERE branch = %s AND {_SPAN} && {_WANTED}"
#: Who was in the way a moment ago may be gone by now; not again and again.
_TRIES = 3


def are_kept(db: Session) -> bool:
    """Whether this database keeps them."""
    return not driver.is_sqlite(db)


def take(db: Session, branch: str, visit: str, technician: str, work: Window) -> str | None:
    """Claim the time for the visit in place of what it had; the other visit that has it where somebody was faster.

    Waits for whoever is about to claim it in another transaction.
    """
    release(db, branch, visit)
    row = branch, visit, technician, work.start, work.end
    wanted = branch, branch, technician, work.start, branch, technician, work.end
    for _ in range(_TRIES):
        if driver.ask(db, _TAKE, row):
            return None
        driver.run(db, f"DELETE {_IN_THE_WAY} AND NOT {_STANDS}", (*wanted, list(BUSY)))
        others = driver.ask(db, f"SELECT visit_id {_IN_THE_WAY} ORDER BY starts", wanted)
        if others:
            return str(others[0][0])
    raise Busy("a technician's time changes hands all the time")


def release(db: Session, branch: str, visit: str) -> None:
    """The visit claims nothing."""
    driver.run(db, _RELEASE, (branch, visit))
