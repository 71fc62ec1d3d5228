"""The facts behind verdicts and findings, each with what the log knows about it. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.facts import turned_to
from fieldapp.domain.visits.events import AppealDecided, FindingDecided, FindingRecorded
from fieldapp.storage import bulk, events, planning
from fieldapp.storage.planning import Entry
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.scoring import JudgementRow

#: With these the office says that what was recorded about a visit counts, and who gets there or is sent there says for
#: whom.
_ADMITTING = ("visit.scheduled", "visit.reinstated", "visit.assigned", "visit.arrived")


@dataclass(frozen=True, slots=True)
class Admitted:
    """Since when what was recorded about a visit counts. `planned_at`: it is in the plan; `counts_at`: the office last
    let count what had waited, or the visit turned out to be whose it is; `arrived_at`: an arrival was known."""

    planned_at: datetime
    counts_at: datetime
    arrived_at: datetime | None = None


def by_ids(db: Session, branch: str, ids: Iterable[str]) -> dict[EventId, Entry]:
    """Those of the facts that are known, by id."""
    wanted, found = sorted(set(ids)), dict[EventId, Entry]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = planning.entries(db, branch, events.with_ids(branch, wanted[start : start + bulk.CHUNK]))
        found.update((entry.event.id, entry) for entry in part)
    return found


def about(db: Session, branch: str, findings: Iterable[str]) -> list[Entry]:
    """Decisions and appeals about the findings."""
    wanted, found = sorted(set(findings)), list[Entry]()
    for start in range(0, len(wanted), bulk.CHUNK):
        found += planning.entries(db, branch, EventRow.about.in_(wanted[start : start + bulk.CHUNK]))
    return found


def arrivals(db: Session, branch: str, visits: Iterable[str]) -> list[Entry]:
    """Everything that was recorded as an arrival at these visits, held facts excepted."""
    wanted, found = sorted(set(visits)), list[Entry]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = EventRow.visit_id.in_(wanted[start : start + bulk.CHUNK])
        condition = and_(part, EventRow.kind == "visit.arrived", EventRow.held_code.is_(None))
        found += planning.entries(db, branch, condition)
    return found


def doubtful_arrivals(db: Session, branch: str, month: Month) -> list[Entry]:
    """What was recorded as an arrival at visits of the month with a time that nobody can rely on, held facts excepted.

    By the index of such times: they are few among many.
    """
    of_month = select(JudgementRow.visit_id).where(
        JudgementRow.branch == branch, JudgementRow.month == month, JudgementRow.visit_id == EventRow.visit_id
    )
    condition = and_(EventRow.grade == "C", EventRow.kind == "visit.arrived", EventRow.held_code.is_(None))
    return planning.entries(db, branch, and_(condition, of_month.exists()))


def admitted(db: Session, branch: str, whose: Mapping[VisitId, str | None]) -> dict[VisitId, Admitted]:
    """Of each visit that is planned, and by now this technician's."""
    wanted, told = sorted(whose), dict[VisitId, list[Entry]]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = EventRow.visit_id.in_(wanted[start : start + bulk.CHUNK])
        for entry in planning.entries(
            db, branch, and_(part, EventRow.kind.in_(_ADMITTING), EventRow.held_code.is_(None))
        ):
            if entry.event.visit:
                told.setdefault(entry.event.visit, []).append(entry)
    return {visit: found for visit, heap in told.items() if (found := _admitted(heap, whose[visit]))}


def _admitted(heap: Sequence[Entry], technician: str | None) -> Admitted | None:
    planned = [entry.received_at for entry in heap if entry.event.type == "visit.scheduled"]
    if not planned:
        return None
    let = [entry.received_at for entry in heap if entry.event.type == "visit.reinstated"]
    turned = turned_to(technician, ((entry.received_at, entry.event) for entry in heap))
    # The first that was received: who comes again, or claims to have come a second earlier, begins no time anew.
    arrived = min((entry.received_at for entry in heap if entry.event.type == "visit.arrived"), default=None)
    return Admitted(planned[0], max([planned[0], *let, *([turned] if turned else [])]), arrived)


def turned_at(db: Session, branch: str, visits: Iterable[str]) -> dict[tuple[VisitId, str], datetime]:
    """When something was last decided about findings on an item of each visit: what speaks there may be another source
    since."""
    wanted, recorded = sorted(set(visits)), dict[str, tuple[VisitId, str]]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = EventRow.visit_id.in_(wanted[start : start + bulk.CHUNK])
        for entry in planning.entries(db, branch, and_(part, EventRow.kind == "finding.recorded")):
            data = entry.event.data
            if isinstance(data, FindingRecorded) and data.item and entry.event.visit:
                recorded[entry.event.id] = entry.event.visit, data.item
    found = dict[tuple[VisitId, str], datetime]()
    for entry in about(db, branch, recorded) if recorded else ():
        if isinstance(entry.event.data, FindingDecided | AppealDecided):
            item = recorded[str(entry.event.data.finding)]
            found[item] = max(entry.received_at, found.get(item, entry.received_at))
    return found
