"""What a planner's search finds, all of it, as rows of a table: numbers masked, for whole ones are seen one by one.
Whoever takes customers' data along is audited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.services.branches import zone_of
from fieldapp.services.contacts import masked
from fieldapp.services.planning import Wish, narrowed, states_at
from fieldapp.services.table_files import Row
from fieldapp.services.work import Work
from fieldapp.storage import audit, planning
from fieldapp.storage.visits import Visit

COLUMNS = (
    "external_id", "state", "job_type", "technician", "technician_name", "window_start", "window_end", "planned_start",
    "planned_end", "customer", "phone", "address", "district", "note",
)  # fmt: skip
#: More than this is no search any more; figures of whole months are `services.exports`'s.
MOST = 10_000


def export(work: Work, actor: Actor, branch: BranchCode, **wish: Unpack[Wish]) -> Sequence[Row]:
    """The visits that `planning.list_visits` shows page by page, by their windows; times are the branch's, with their
    offset. Raises `Invalid` export_too_big."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read_replica() as db:
        zone = zone_of(db, branch)
        filters = narrowed(db, zone, now, **wish)
        found, total = planning.search(db, branch, filters, sort="window", descending=False, offset=0, limit=MOST)
        if total > MOST:
            raise Invalid("export_too_big", most=MOST, found=total)
        seen_as, names = states_at(db, found, now, zone), planning.names(db, branch)
    # What was searched for may be somebody's name or number: that stays out of what can never be erased.
    about = {**wish, "text": "", "state": " ".join(wish.get("states", ())), "states": None}
    with work.write(branch) as db:
        audit.append(
            db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action="visits.exported", subject=branch,
            facts={"rows": total, **{name: str(value) for name, value in about.items() if value}},
        )  # fmt: skip
    return [_row(one, seen_as[one.visit_id], names, zone) for one in found]


def _row(visit: Visit, state: str, names: dict[str, str], zone: ZoneInfo) -> Row:
    def told(moment: datetime) -> str:
        return moment.astimezone(zone).isoformat(timespec="minutes")

    code = visit.technician or ""
    values = (
        visit.external_id, state, visit.job_type, code, names.get(code, ""), told(visit.window.start),
        told(visit.window.end), told(visit.planned.start), told(visit.planned.end), visit.customer_name,
        masked(visit.phone), visit.address, visit.district, visit.note,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))
