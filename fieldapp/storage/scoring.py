"""Judgements and finding effects as stored: written with the events that change them, read by month.

Owns how they are kept, and that what is read is what was written. Counts nothing: that is `domain.scoring.engine`.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.storage import bulk
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.storage.tables.scoring import FindingEffectRow, JudgementRow
from fieldapp.storage.tables.visits import VisitRow

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Judgement)


def save_judgements(db: Session, branch: str, judgements: Iterable[Judgement]) -> None:
    """Write each visit's judgement over the one before."""
    rows = [
        {
            "branch": branch,
            "visit_id": one.visit,
            "month": one.month,
            "technician": one.technician,
            "outcome": one.outcome,
            "counts_from": one.counts_from,
            "body": _encoder.encode(one),
        }
        for one in judgements
    ]
    bulk.upsert(db, JudgementRow, rows)


def save_effects(db: Session, branch: str, effects: Iterable[FindingEffect]) -> None:
    """Write each finding's effect over the one before."""
    rows = [
        {
            "branch": branch,
            "finding_id": one.finding,
            "visit_id": one.visit,
            "month": one.month,
            "technician": one.technician,
            "does": one.does,
            "code": one.code,
            "upheld": one.upheld,
            "overturned": one.overturned,
        }
        for one in effects
    ]
    bulk.upsert(db, FindingEffectRow, rows)


def judgements(db: Session, branch: str, month: Month, technician: str | None = None) -> list[Judgement]:
    """Every visit of the month, or those of one technician."""
    query = select(JudgementRow.body).where(JudgementRow.branch == branch, JudgementRow.month == month)
    if technician is not None:
        query = query.where(JudgementRow.technician == technician)
    return [_decoder.decode(body) for body in db.scalars(query)]


def find_judgement(db: Session, branch: str, visit: str) -> Judgement | None:
    """The judgement of one visit; None for a visit that was never scheduled."""
    query = select(JudgementRow.body).where(JudgementRow.branch == branch, JudgementRow.visit_id == visit)
    body = db.scalar(query)
    return None if body is None else _decoder.decode(body)


def effects(db: Session, branch: str, month: Month, technician: str | None = None) -> list[FindingEffect]:
    """What findings do to the month, or to one technician's month."""
    query = _effects(branch).where(FindingEffectRow.month == month)
    if technician is not None:
        query = query.where(FindingEffectRow.technician == technician)
    return _read_effects(db, query)


def find_effect(db: Session, branch: str, finding: str) -> FindingEffect | None:
    """What one finding does; None for a finding that nobody knows, or whose visit was never scheduled."""
    return next(iter(_read_effects(db, _effects(branch).where(FindingEffectRow.finding_id == finding))), None)


def every_judgement(db: Session, branch: str) -> list[Judgement]:
    """All of a branch, for comparing with a recount."""
    return [
        _decoder.decode(body) for body in db.scalars(select(JudgementRow.body).where(JudgementRow.branch == branch))
    ]


def every_effect(db: Session, branch: str) -> list[FindingEffect]:
    """All of a branch, for comparing with a recount."""
    return _read_effects(db, _effects(branch))


def external_ids(db: Session, branch: str, visits: Iterable[str]) -> dict[VisitId, str]:
    """The order numbers of visits."""
    wanted = list(visits)
    found: dict[VisitId, str] = {}
    for start in range(0, len(wanted), bulk.CHUNK):
        part = wanted[start : start + bulk.CHUNK]
        query = select(VisitRow.visit_id, VisitRow.external_id).where(
            VisitRow.branch == branch, VisitRow.visit_id.in_(part)
        )
        found.update((VisitId(visit), external) for visit, external in db.execute(query))
    return found


def staff(db: Session, branch: str) -> dict[str, tuple[str, str | None]]:
    """Name and team of everybody in the branch, by staff code."""
    query = select(AccountRow.login, AccountRow.name, AccountRow.team).where(AccountRow.branch == branch)
    return {login: (name, team) for login, name, team in db.execute(query)}


def _effects(branch: str) -> Select[*tuple[Any, ...]]:
    return select(
        FindingEffectRow.finding_id,
        FindingEffectRow.technician,
        FindingEffectRow.month,
        FindingEffectRow.visit_id,
        FindingEffectRow.does,
        FindingEffectRow.code,
        FindingEffectRow.upheld,
        FindingEffectRow.overturned,
    ).where(FindingEffectRow.branch == branch)


def _read_effects(db: Session, query: Select[*tuple[Any, ...]]) -> list[FindingEffect]:
    return [
        FindingEffect(
            finding=EventId(row.finding_id),
            technician=row.technician,
            month=Month(row.month),
            visit=None if row.visit_id is None else VisitId(row.visit_id),
            does=row.does,
            code=row.code,
            upheld=row.upheld,
            overturned=row.overturned,
        )
        for row in db.execute(query)
    ]
