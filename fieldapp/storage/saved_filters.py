"""Saved filters as rows, each its owner's alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.saved_filters import SavedFilterRow


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """What somebody calls it, and what it narrows a search to."""

    filter_id: str
    name: str
    wish: Mapping[str, str]
    saved_at: datetime


def of(db: Session, branch: str, owner: str) -> list[SavedFilter]:
    """All of somebody's, by name."""
    query = select(SavedFilterRow).where(SavedFilterRow.branch == branch, SavedFilterRow.owner == owner)
    return [
        SavedFilter(row.filter_id, row.name, json.loads(row.wish), row.saved_at)
        for row in db.scalars(query.order_by(SavedFilterRow.name))
    ]


def add(db: Session, branch: str, owner: str, one: SavedFilter) -> bool:
    """Keep one; False where there is one of this name (or this id)."""
    row = {
        "branch": branch, "filter_id": one.filter_id, "owner": owner, "name": one.name,
        "wish": json.dumps(dict(one.wish), ensure_ascii=False, sort_keys=True), "saved_at": one.saved_at,
    }  # fmt: skip
    return bool(bulk.insert_new(db, SavedFilterRow, [row], "filter_id"))


def rename(db: Session, branch: str, owner: str, filter_id: str, name: str) -> bool:
    """Call it something else; False where there is none of theirs."""
    changed = update(SavedFilterRow).where(_one(branch, owner, filter_id)).values(name=name)
    return bool(db.execute(changed.returning(SavedFilterRow.filter_id)).all())


def remove(db: Session, branch: str, owner: str, filter_id: str) -> bool:
    """Forget it; False where there is none of theirs."""
    gone = delete(SavedFilterRow).where(_one(branch, owner, filter_id)).returning(SavedFilterRow.filter_id)
    return bool(db.execute(gone).all())


def _one(branch: str, owner: str, filter_id: str) -> ColumnElement[bool]:
    return (SavedFilterRow.branch == branch) & (SavedFilterRow.owner == owner) & (SavedFilterRow.filter_id == filter_id)
