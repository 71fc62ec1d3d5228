"""What customers wrote for whoever comes: how to get in, a dog, where to park. Sealed: a door code opens a home."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from fieldapp.storage.tables.links import AccessNoteRow
from fieldapp.storage.tables.visits import VisitRow
from fieldapp.storage.vault import Sealed, Unreadable, Vault


def save(db: Session, vault: Vault, branch: str, visit_id: str, text: str, now: datetime) -> None:
    """Keep `text` in place of what was there; nothing where it is empty."""
    here = (AccessNoteRow.branch == branch) & (AccessNoteRow.visit_id == visit_id)
    if not text:
        db.execute(delete(AccessNoteRow).where(here))
        return
    sealed = vault.seal(text.encode(), bound(branch, visit_id))
    values = {"box": sealed.box, "wrapped": sealed.wrapped, "written_at": now}
    changed = db.execute(update(AccessNoteRow).where(here).values(**values).returning(AccessNoteRow.visit_id)).all()
    if not changed:
        db.execute(insert(AccessNoteRow).values(branch=branch, visit_id=visit_id, **values))


def find(db: Session, vault: Vault, branch: str, visit_id: str) -> str:
    """The note of one visit; empty where there is none, or none that the data key opens."""
    return of_visits(db, vault, branch, [visit_id]).get(visit_id, "")


def of_visits(db: Session, vault: Vault, branch: str, visits: Iterable[str]) -> dict[str, str]:
    """Visit -> note, of those that have one."""
    query = select(AccessNoteRow).where(AccessNoteRow.branch == branch, AccessNoteRow.visit_id.in_(list(visits)))
    found = {}
    for row in db.scalars(query):
        try:
            text = vault.open(Sealed(row.box, row.wrapped), bound(branch, row.visit_id))
        except Unreadable:
            continue
        found[row.visit_id] = text.decode()
    return found


def forget(db: Session, branch: str, before: datetime) -> None:
    """Drop the notes of visits that were planned to end before then."""
    over = select(VisitRow.visit_id).where(VisitRow.branch == branch, VisitRow.planned_end < before)
    db.execute(
        delete(AccessNoteRow).where(AccessNoteRow.branch == branch, AccessNoteRow.visit_id.in_(over)),
        execution_options={"synchronize_session": False},
    )


def bound(branch: str, visit_id: str) -> str:
    """What a sealed note is bound to."""
    return f"access {branch} {visit_id}"
