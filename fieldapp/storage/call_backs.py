"""Calls to customers, and the visits that can be called about. Calls are added and never changed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.call_backs import Attempt
from fieldapp.domain.visits.events import Answer
from fieldapp.storage import bulk, sealing
from fieldapp.storage.columns import as_bytes
from fieldapp.storage.tables.call_backs import CallBackFindingRow, CallBackRow
from fieldapp.storage.tables.scoring import CircumstancesRow, JudgementRow
from fieldapp.storage.tables.visits import VisitRow

COMMENT = "call_backs.comment"
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(dict[str, Answer])


@dataclass(frozen=True, slots=True)
class Done:
    """A completed visit in short: a month has thousands. Whose it is in the score, and what makes it worth a second
    look."""

    visit_id: str
    number: str
    starts_at: datetime
    signed: bool
    technician: str
    signals: tuple[str, ...]


def completed(db: Session, branch: str, month: Month, technician: str | None = None) -> list[Done]:
    """The completed visits of a month that are somebody's (this technician's, where one is named), by window."""
    query = _completed(branch).where(JudgementRow.month == month)
    if technician is not None:
        query = query.where(JudgementRow.technician == technician)
    rows = db.execute(query.order_by(VisitRow.window_start, VisitRow.external_id))
    return [_done(row) for row in rows]


def find_completed(db: Session, branch: str, visit: str) -> tuple[Done, Month] | None:
    """One of them, with its month; None for what is no completed visit."""
    found = db.execute(_completed(branch).add_columns(JudgementRow.month).where(VisitRow.visit_id == visit)).first()
    return None if found is None else (_done(found), Month(found.month))


def add(db: Session, branch: str, visit: str, attempt: Attempt) -> bool:
    """Store a call; False when there is one of this number."""
    row = {name: getattr(attempt, name) for name in Attempt.__slots__} | {"branch": branch, "visit_id": visit}
    row["comment"] = sealing.close_text(db, COMMENT, branch, f"{visit} {attempt.number}", attempt.comment)
    row["answers"] = _encoder.encode(dict(attempt.answers))
    return bool(bulk.insert_new(db, CallBackRow, [row], "number"))


def attempts(db: Session, branch: str, visits: Iterable[str]) -> dict[str, list[Attempt]]:
    """The calls about each of the visits, in their order."""
    wanted, found = list(visits), defaultdict[str, list[Attempt]](list)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = CallBackRow.visit_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(CallBackRow).where(CallBackRow.branch == branch, part)
        for row in db.scalars(query.order_by(CallBackRow.number)):
            values = {name: getattr(row, name) for name in Attempt.__slots__}
            values["answers"] = _decoder.decode(as_bytes(row.answers))
            key = f"{row.visit_id} {row.number}"
            values["comment"] = sealing.reveal_text(db, COMMENT, branch, key, row.comment)
            found[row.visit_id].append(Attempt(**values))
    return found


def of_month(db: Session, branch: str, month: Month) -> dict[str, list[Attempt]]:
    """All calls about visits of a month, by visit."""
    query = select(CallBackRow.visit_id).join(
        JudgementRow,
        (JudgementRow.branch == CallBackRow.branch) & (JudgementRow.visit_id == CallBackRow.visit_id),
    )
    called = query.where(CallBackRow.branch == branch, JudgementRow.month == month).distinct()
    return attempts(db, branch, db.scalars(called))


def add_finding(db: Session, branch: str, finding: str, visit: str) -> bool:
    """A finding came from the call about this visit; False when that was known."""
    row = {"branch": branch, "finding_id": finding, "visit_id": visit}
    return bool(bulk.insert_new(db, CallBackFindingRow, [row], "finding_id"))


def findings_of(db: Session, branch: str, visit: str) -> list[str]:
    """The findings that came from the call about a visit."""
    query = select(CallBackFindingRow.finding_id).where(
        CallBackFindingRow.branch == branch, CallBackFindingRow.visit_id == visit
    )
    return list(db.scalars(query.order_by(CallBackFindingRow.finding_id)))


def of_findings(db: Session, branch: str, findings: Iterable[str]) -> dict[str, str]:
    """The visit whose call each of the findings came from, of those that came from one."""
    wanted, found = list(findings), dict[str, str]()
    for start in range(0, len(wanted), bulk.CHUNK):
        part = CallBackFindingRow.finding_id.in_(wanted[start : start + bulk.CHUNK])
        query = select(CallBackFindingRow.finding_id, CallBackFindingRow.visit_id)
        found.update((one, visit) for one, visit in db.execute(query.where(CallBackFindingRow.branch == branch, part)))
    return found


def _completed(branch: str) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            VisitRow.visit_id,
            VisitRow.external_id,
            VisitRow.window_start,
            VisitRow.signed,
            JudgementRow.technician,
            CircumstancesRow.signals,
        )
        .join(JudgementRow, (JudgementRow.branch == VisitRow.branch) & (JudgementRow.visit_id == VisitRow.visit_id))
        .join(
            CircumstancesRow,
            (CircumstancesRow.branch == VisitRow.branch) & (CircumstancesRow.visit_id == VisitRow.visit_id),
        )
    )
    return query.where(
        VisitRow.branch == branch, JudgementRow.branch == branch, JudgementRow.outcome == "completed",
        JudgementRow.technician.is_not(None),
    )  # fmt: skip


def _done(row: Any) -> Done:
    signals = tuple(row.signals.split())
    return Done(row.visit_id, row.external_id, row.window_start, row.signed, row.technician, signals)
