"""Where appeals stand: kept in step with the events that say so, read by visit, technician, month and state.

What was written and why it was decided stands in the events; nothing here decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Select, and_, delete, false, func, or_, select
from sqlalchemy.orm import Session

from fieldapp.domain.appeals import Appeal, State, Subject, read_appeals, subject_of
from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.visits.events import Event, FindingRecorded
from fieldapp.storage import bulk, events
from fieldapp.storage.tables.appeals import AppealRow
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.scoring import FindingEffectRow, JudgementRow

_KINDS = ("appeal.filed", "appeal.decided")


@dataclass(frozen=True, slots=True)
class Filed:
    """An appeal in its branch. `visit` is that of the item, or of the finding where it has one."""

    branch: str
    visit: VisitId | None
    appeal: Appeal


def follow(db: Session, branch: str, new: Iterable[Event]) -> None:
    """Bring the appeals that the new events speak of (filed, decided, their finding recorded) in step with the log."""
    fresh = list(new)
    subjects = [subject for event in fresh if (subject := subject_of(event))]
    findings = {one.finding for one in subjects if one.finding}
    findings |= {event.id for event in fresh if isinstance(event.data, FindingRecorded)}
    told = events.about(db, branch, findings) if findings else []
    told += _about_items(db, branch, {one.visit for one in subjects if one.visit})
    _save(db, branch, told)


def _about_items(db: Session, branch: str, visits: Iterable[str]) -> list[Event]:
    wanted, found = sorted(visits), []
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        found += events.where(db, branch, and_(EventRow.visit_id.in_(part), EventRow.kind.in_(_KINDS)))
    return [event for event in found if (subject := subject_of(event)) and subject.item]


def _save(db: Session, branch: str, told: Iterable[Event]) -> None:
    appeals = read_appeals(told)
    homes, ids = _homes(db, branch, appeals), {one.id for one in appeals}
    # An earlier filing that comes late may make a second appeal the first.
    stored = about(db, branch, {one.subject for one in appeals})
    gone = [one.id for known in stored.values() for one in known if one.id not in ids]
    if gone:
        db.execute(delete(AppealRow).where(AppealRow.branch == branch, AppealRow.appeal_id.in_(gone)))
    bulk.upsert(db, AppealRow, [_values(branch, one, homes) for one in appeals])
    db.expire_all()


def _homes(db: Session, branch: str, appeals: Iterable[Appeal]) -> dict[str, VisitId | None]:
    findings = [one.subject.finding for one in appeals if one.subject.finding]
    return {**events.visits_of(db, branch, findings)} if findings else {}


def _values(branch: str, one: Appeal, homes: dict[str, VisitId | None]) -> dict[str, Any]:
    subject = one.subject
    return {
        "branch": branch,
        "appeal_id": one.id,
        "visit_id": homes.get(subject.finding) if subject.finding else subject.visit,
        "finding_id": subject.finding,
        "item": subject.item,
        "technician": one.technician,
        "filing_id": one.filing,
        "filed_at": one.filed_at,
        "state": one.state,
        "decision_id": one.decision,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
    }


def rebuild(db: Session, branch: str) -> None:
    """Write every appeal of the branch anew."""
    _save(db, branch, events.where(db, branch, EventRow.kind.in_(_KINDS)))


def recount(db: Session, branch: str) -> list[Filed]:
    """Every appeal of the branch from the events alone, by id."""
    appeals = read_appeals(events.where(db, branch, EventRow.kind.in_(_KINDS)))
    homes = _homes(db, branch, appeals)
    found = [
        Filed(branch, homes.get(one.subject.finding) if one.subject.finding else one.subject.visit, one)
        for one in appeals
    ]
    return sorted(found, key=lambda one: one.appeal.id)


def every(db: Session, branch: str) -> list[Filed]:
    """Every appeal of the branch as stored, by id."""
    return _read(db, select(AppealRow).where(AppealRow.branch == branch).order_by(AppealRow.appeal_id))


def find(db: Session, branch: str, appeal_id: str) -> Filed | None:
    """One appeal."""
    row = db.get(AppealRow, (branch, appeal_id), populate_existing=True)
    return _filed(row) if row else None


def about(db: Session, branch: str, subjects: Iterable[Subject]) -> dict[Subject, list[Appeal]]:
    """Those of the subjects that were appealed, each with its appeals: whose the visit is by now may have followed."""
    wanted, found = {one.appeal_id: one for one in subjects}, dict[Subject, list[Appeal]]()
    ids = sorted(wanted)
    for start in range(0, len(ids), bulk.CHUNK):
        part = AppealRow.appeal_id.in_(ids[start : start + bulk.CHUNK])
        first = _read(db, select(AppealRow).where(AppealRow.branch == branch, part))
        found |= {one.appeal.subject: [one.appeal] for one in first}
        homes = {one.visit for one in first}
        there = or_(AppealRow.visit_id.in_(homes - {None}), AppealRow.visit_id.is_(None) if None in homes else false())
        more = select(AppealRow).where(AppealRow.branch == branch, there)
        for one in _read(db, more) if homes else ():
            if one.appeal.again and one.appeal.subject in found:
                found[one.appeal.subject].append(one.appeal)
    return found


def of_visit(db: Session, branch: str, visit: str) -> list[Filed]:
    """The appeals about a visit and its findings, by filing."""
    query = select(AppealRow).where(AppealRow.branch == branch, AppealRow.visit_id == visit)
    return _read(db, query.order_by(AppealRow.filed_at, AppealRow.appeal_id))


def of_technician(db: Session, branch: str, technician: str, limit: int | None = None) -> list[Filed]:
    """What a technician filed, the latest first: all of it, or so many."""
    query = select(AppealRow).where(AppealRow.branch == branch, AppealRow.technician == technician)
    return _read(db, query.order_by(AppealRow.filed_at.desc(), AppealRow.appeal_id).limit(limit))


def waiting(db: Session, branches: Sequence[str]) -> list[Filed]:
    """Open appeals of these branches. Answers are due in the order of filing, so the most urgent comes first."""
    query = select(AppealRow).where(AppealRow.branch.in_(branches), AppealRow.state == "open")
    return _read(db, query.order_by(AppealRow.filed_at, AppealRow.appeal_id))


def decided(db: Session, branches: Sequence[str], limit: int) -> list[Filed]:
    """The latest decisions of these branches, latest first."""
    query = select(AppealRow).where(AppealRow.branch.in_(branches), AppealRow.state != "open")
    return _read(db, query.order_by(AppealRow.decided_at.desc(), AppealRow.appeal_id).limit(limit))


def count_waiting(db: Session, branches: Sequence[str]) -> int:
    """How many appeals of these branches are open."""
    query = select(func.count()).where(AppealRow.branch.in_(branches), AppealRow.state == "open")
    return db.scalar(query) or 0


def open_in(db: Session, branch: str, month: Month) -> list[Filed]:
    """Open appeals about what counts in this month, by filing."""
    judged = and_(JudgementRow.branch == AppealRow.branch, JudgementRow.visit_id == AppealRow.visit_id)
    found = and_(FindingEffectRow.branch == AppealRow.branch, FindingEffectRow.finding_id == AppealRow.finding_id)
    query = (
        select(AppealRow)
        .outerjoin(JudgementRow, judged)
        .outerjoin(FindingEffectRow, found)
        .where(AppealRow.branch == branch, AppealRow.state == "open")
        .where(or_(JudgementRow.month == month, FindingEffectRow.month == month))
    )
    return _read(db, query.order_by(AppealRow.filed_at, AppealRow.appeal_id))


def _read(db: Session, query: Select[Any]) -> list[Filed]:
    return [_filed(row) for row in db.scalars(query)]


def _filed(row: AppealRow) -> Filed:
    visit = VisitId(row.visit_id) if row.visit_id else None
    finding = EventId(row.finding_id) if row.finding_id else None
    subject = Subject(finding=finding) if finding else Subject(visit=visit, item=row.item)
    filing = EventId(row.filing_id) if row.filing_id else None
    decision = EventId(row.decision_id) if row.decision_id else None
    appeal = Appeal(
        subject, filing, row.technician, row.filed_at, cast(State, row.state), decision, row.decided_by, row.decided_at,
        again=row.appeal_id != subject.appeal_id,
    )  # fmt: skip
    return Filed(row.branch, visit, appeal)
