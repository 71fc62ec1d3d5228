"""The facts behind verdicts and findings, each with what the log knows about it. Reads only."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.visits.events import AppealDecided, FindingDecided, FindingRecorded
from fieldapp.storage import bulk, events, planning
from fieldapp.storage.planning import Entry
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.scoring import JudgementRow

#: With these the office says that what was recorded about a visit counts, and who gets there or is sent there says for
#: whom.
_ADMITTING = ("visit.scheduled", "visit.reinstated", "visit.assigned", "visit.arrived")


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


def admitted_at(db: Session, branch: str, visits: Iterable[str]) -> dict[VisitId, datetime]:
    """When it was last said of each visit that what was recorded about it counts, or for whom."""
    wanted, found = sorted(set(visits)), dict[VisitId, datetime]()
    for start in range(0, len(wanted), bulk.CHUNK):
        query = select(EventRow.visit_id, func.max(EventRow.received_at)).where(
            EventRow.branch == branch, EventRow.visit_id.in_(wanted[start : start + bulk.CHUNK]),
            EventRow.kind.in_(_ADMITTING), EventRow.held_code.is_(None),
        )  # fmt: skip
        for visit, moment in db.execute(query.group_by(EventRow.visit_id)):
            found[VisitId(str(visit))] = moment
    return found


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
