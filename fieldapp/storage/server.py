"""What the installation knows of itself: a few named facts."""

from sqlalchemy.orm import Session

from fieldapp.storage.tables.server import ServerFactRow


def find(db: Session, name: str) -> str | None:
    """The fact, None when it was never set."""
    row = db.get(ServerFactRow, name)
    return row.value if row else None


def save(db: Session, name: str, value: str) -> None:
    """Set the fact."""
    db.merge(ServerFactRow(name=name, value=value))
    db.flush()
