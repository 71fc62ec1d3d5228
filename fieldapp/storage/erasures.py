"""Taking a customer out of every row about their visit. Rows stay, words go; nothing here decides whether that may be.

Facts go on judging the same (`domain.visits.personal`) and carry the hash of what is left. `events.erased_at` says that
this is lawful: the doctor looks for what is left.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.visits.codec import dump_data, load_data
from fieldapp.domain.visits.events import Data
from fieldapp.domain.visits.personal import ERASED, PICTURED, erased, pictured
from fieldapp.storage import approvals, bulk, jobs, photos, quarantine
from fieldapp.storage.events import closed, content_hash, opened
from fieldapp.storage.tables.accounts import BranchRow
from fieldapp.storage.tables.approvals import ApprovalRow
from fieldapp.storage.tables.call_backs import CallBackRow
from fieldapp.storage.tables.cases import CaseEntryRow, CaseRow
from fieldapp.storage.tables.erasures import ErasureRow
from fieldapp.storage.tables.events import EventRow, PayloadRow
from fieldapp.storage.tables.findings import FindingPhotoRow
from fieldapp.storage.tables.links import AccessNoteRow, LinkActRow, LinkRow
from fieldapp.storage.tables.messages import MessageRow
from fieldapp.storage.tables.visits import PromiseRow

Why = Literal["asked", "expired"]
#: Entries of a case that are somebody's words; the others name states, days, findings and order numbers.
WORDS = ("opened", "caller", "note", "reply", "apology", "reopened")
_E = ErasureRow.__table__.c
_AMONG = select(_E.visit_id).where(
    _E.branch.in_(select(BranchRow.branch)), _E.visit_id.in_(bindparam("visits", expanding=True))
)
_BODIES = select(EventRow.event_id, EventRow.kind, EventRow.body)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A visit without its customer."""

    branch: BranchCode
    visit_id: VisitId
    erased_at: datetime
    why: Why


def among(db: Session, visits: Iterable[str]) -> set[str]:
    """Those of the visits that were emptied, in whichever branch (a phone may speak under another one than that of its
    visit): asked by everything that stores facts."""
    return {row.visit_id for row in bulk.fetch(db, _AMONG, {"visits": list(visits)})}


def every(db: Session, branch: str) -> list[Erasure]:
    """All of a branch, by visit."""
    query = select(ErasureRow).where(ErasureRow.branch == branch).order_by(ErasureRow.visit_id)
    return [Erasure(BranchCode(row.branch), VisitId(row.visit_id), row.erased_at, row.why) for row in db.scalars(query)]  # type: ignore[arg-type]


def note(db: Session, one: Erasure) -> bool:
    """Write down that the visit is emptied; False when it was."""
    row = {"branch": one.branch, "visit_id": one.visit_id, "erased_at": one.erased_at, "why": one.why}
    return bool(bulk.insert_new(db, ErasureRow, [row], "visit_id"))


def empty_facts(db: Session, branch: str, visit: str, now: datetime) -> dict[str, str]:
    """Take the person out of every fact of the visit, held ones included; returns the new hashes of those that were
    not emptied before, by id."""
    return rewrite(db, branch, (EventRow.visit_id == visit) & EventRow.erased_at.is_(None), erased, now)


def rewrite(
    db: Session, branch: str, condition: ColumnElement[bool], change: Callable[[Data], Data], now: datetime
) -> dict[str, str]:
    """Let `change` make other data of the facts that meet the condition; their payloads go. Returns the new hashes."""
    found: dict[str, str] = {}
    query = select(
        EventRow.ym, EventRow.event_id, EventRow.kind, EventRow.visit_id, EventRow.effective_at, EventRow.actor,
        EventRow.body,
    ).where(EventRow.branch == branch, condition)  # fmt: skip
    for row in db.execute(query.order_by(EventRow.event_id)).all():
        body = dump_data(change(load_data(row.kind, opened(db, branch, row.event_id, row.body))))
        found[row.event_id] = content_hash(row.kind, row.visit_id, row.effective_at, row.actor, body)
        whole = (EventRow.branch == branch) & (EventRow.ym == row.ym) & (EventRow.event_id == row.event_id)
        kept = closed(db, branch, row.event_id, row.kind, body)
        values = {"body": kept, "body_hash": found[row.event_id], "erased_at": now}
        db.execute(update(EventRow).where(whole).values(**values), execution_options={"synchronize_session": False})
        sent = (PayloadRow.branch == branch) & (PayloadRow.ym == row.ym) & (PayloadRow.event_id == row.event_id)
        db.execute(delete(PayloadRow).where(sent))
    return found


def empty_rest(db: Session, branch: str, visit: str, now: datetime) -> None:
    """Take the person out of what is kept beside the visit's facts."""
    for row in db.execute(select(ApprovalRow.approval_id, ApprovalRow.body).where(*_of(ApprovalRow, branch, visit))):
        body = dump_data(erased(approvals.change(db, branch, row.approval_id, row.body)))
        one = (ApprovalRow.branch == branch) & (ApprovalRow.approval_id == row.approval_id)
        db.execute(update(ApprovalRow).where(one).values(body=approvals.closed(db, branch, row.approval_id, body)))
    for column in (
        ApprovalRow.override, ApprovalRow.reason, PromiseRow.reason, CallBackRow.comment, LinkActRow.text,
        MessageRow.address,
    ):  # fmt: skip
        kind = column.class_
        filled = (*_of(kind, branch, visit), column != "")
        db.execute(update(kind).where(*filled).values({column.key: ERASED}))
    cases = select(CaseRow.case_id).where(*_of(CaseRow, branch, visit))
    said = CaseEntryRow.case_id.in_(cases) & CaseEntryRow.kind.in_(WORDS) & (CaseEntryRow.text != ERASED)
    db.execute(update(CaseEntryRow).where(CaseEntryRow.branch == branch, said).values(text=ERASED))
    ended = func.coalesce(LinkRow.revoked_at, now)
    db.execute(update(LinkRow).where(*_of(LinkRow, branch, visit)).values(revoked_at=ended, salt=None))
    waiting = select(MessageRow.message_id).where(*_of(MessageRow, branch, visit), MessageRow.state == "waiting")
    for message in db.scalars(waiting).all():
        jobs.drop(db, branch, message)
        one = (MessageRow.branch == branch) & (MessageRow.message_id == message)
        db.execute(update(MessageRow).where(one).values(state="dropped", code="erased", ended_at=now))
    db.execute(delete(AccessNoteRow).where(*_of(AccessNoteRow, branch, visit)))
    quarantine.erase(db, branch, [visit], now)
    db.expire_all()


def traces(db: Session, branch: str, visits: Collection[str]) -> Iterator[str]:
    """The ids of facts of emptied visits that still hold somebody."""
    wanted = sorted(visits)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = EventRow.visit_id.in_(wanted[start : start + bulk.CHUNK])
        query = _BODIES.where(EventRow.branch == branch, part)
        for event_id, kind, body in db.execute(query):
            data = load_data(kind, opened(db, branch, event_id, body))
            if erased(data) != data:
                yield event_id


def emptied_at(db: Session, visits: Collection[str], moment: datetime) -> dict[str, str]:
    """The hashes of the facts of these visits, in whichever branch, that were emptied at that moment, by id."""
    query = select(EventRow.event_id, EventRow.body_hash).where(
        EventRow.branch.is_not(None), EventRow.visit_id.in_(visits), EventRow.erased_at == moment
    )
    return dict(db.execute(query).all())


def photos_of(db: Session, branch: str, visit: str) -> set[str]:
    """The photos that facts about the visit, and about its findings, name, and those attached to the findings."""
    findings = _findings(branch, [visit])
    whole = or_(EventRow.visit_id == visit, EventRow.about.in_(findings))
    query = _BODIES.where(EventRow.branch == branch, whole, EventRow.kind.in_(PICTURED))
    found = _pictured(db, branch, db.execute(query))
    attached = select(FindingPhotoRow.sha256).where(
        FindingPhotoRow.branch == branch, FindingPhotoRow.finding_id.in_(findings)
    )
    return found | set(db.scalars(attached))


def pictured_elsewhere(db: Session, branch: str, visits: Collection[str]) -> set[str]:
    """The photos of everything in the branch but these visits and their findings: of other visits, of findings and
    appeals that name no visit, and those attached to other findings."""
    findings = _findings(branch, visits)
    loose = EventRow.visit_id.is_(None) & or_(EventRow.about.is_(None), EventRow.about.not_in(findings))
    query = _BODIES.where(
        EventRow.branch == branch, EventRow.kind.in_(PICTURED), or_(EventRow.visit_id.not_in(visits), loose)
    )
    found = _pictured(db, branch, db.execute(query.execution_options(yield_per=2000)))
    attached = select(FindingPhotoRow.sha256).where(
        FindingPhotoRow.branch == branch, FindingPhotoRow.finding_id.not_in(findings)
    )
    return found | set(db.scalars(attached))


def only_theirs(db: Session, branch: str, visits: Collection[str], hashes: Collection[str]) -> set[str]:
    """Those of the photos that are not gone yet and are of nothing but these visits."""
    named = set(hashes) - photos.gone(db, branch, hashes)
    return named - pictured_elsewhere(db, branch, visits) if named else named


def _pictured(db: Session, branch: str, rows: Iterable[Any]) -> set[str]:
    return {
        sha256
        for event_id, kind, body in rows
        for sha256 in pictured(load_data(kind, opened(db, branch, event_id, body)))
    }


def _findings(branch: str, visits: Collection[str]) -> Select[str]:
    return select(EventRow.event_id).where(
        EventRow.branch == branch, EventRow.visit_id.in_(visits), EventRow.kind == "finding.recorded"
    )


def _of(kind: Any, branch: str, visit: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return kind.branch == branch, kind.visit_id == visit
