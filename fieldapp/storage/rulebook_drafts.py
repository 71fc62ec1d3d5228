"""Drafts of the norm sheet's next version. A change names the revision that it was made from, or changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.errors import NotFound
from fieldapp.storage.tables.rulebooks import RulebookDraftRow

State = Literal["open", "proposed", "published", "discarded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version in the making; `fingerprint` is that of what was proposed."""

    draft_id: str
    rev: int
    author: str
    body: bytes
    why: str
    state: State
    changed_at: datetime
    fingerprint: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""


def add(db: Session, draft: Draft) -> None:
    """Store a new draft."""
    db.execute(insert(RulebookDraftRow).values(**{name: getattr(draft, name) for name in Draft.__slots__}))


def change(db: Session, draft: Draft, *, now: datetime, **values: Any) -> bool:
    """Change a draft that still is as `draft` says; False when somebody was faster."""
    unchanged = (RulebookDraftRow.draft_id == draft.draft_id) & (RulebookDraftRow.rev == draft.rev)
    query = update(RulebookDraftRow).where(unchanged).values(rev=draft.rev + 1, changed_at=now, **values)
    return db.scalar(query.returning(RulebookDraftRow.draft_id)) is not None


def get(db: Session, draft_id: str) -> Draft:
    """One draft; raises `NotFound`."""
    row = db.get(RulebookDraftRow, draft_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return _draft(row)


def living(db: Session) -> list[Draft]:
    """Drafts that can still become a version: what is proposed first, the latest first."""
    query = select(RulebookDraftRow).where(RulebookDraftRow.state.in_(["open", "proposed"]))
    rows = db.scalars(query.order_by(RulebookDraftRow.state.desc(), RulebookDraftRow.changed_at.desc()))
    return [_draft(row) for row in rows]


def count_proposed(db: Session, not_by: str) -> int:
    """How many wait for a second person who is not `not_by`."""
    query = select(RulebookDraftRow.draft_id).where(
        RulebookDraftRow.state == "proposed", RulebookDraftRow.author != not_by
    )
    return len(db.scalars(query).all())


def _draft(row: RulebookDraftRow) -> Draft:
    values = {name: getattr(row, name) for name in Draft.__slots__}
    return Draft(**{**values, "state": cast(State, row.state)})
