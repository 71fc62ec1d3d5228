"""What the installation knows of itself: a few named facts."""

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.tables.server import ServerFactRow

_FACTS = ServerFactRow.__table__.c
_FIND = select(_FACTS.value).where(_FACTS.name == bindparam("name"))


def find(db: Session, name: str) -> str | None:
    """The fact, None when it was never set."""
    return next((row.value for row in bulk.fetch(db, _FIND, {"name": name})), None)


def forget(db: Session, name: str) -> None:
    """Unset the fact."""
    db.execute(delete(ServerFactRow).where(ServerFactRow.name == name))


def save(db: Session, name: str, value: str) -> None:
    """Set the fact."""
    db.merge(ServerFactRow(name=name, value=value))
    db.flush()
