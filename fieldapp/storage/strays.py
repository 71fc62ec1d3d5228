"""Facts that wait in a branch that does not know their visit: another branch may."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.events import Record, from_row, with_ids
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.visits import VisitRow

#: Why it waits where it was sent to; what it waits for in the branch of its visit; what is left where it was sent to.
UNKNOWN, ARRIVED, GONE = "unknown_visit", "other_branch", "handed_over"
#: Why a fact waits before anybody has looked whether the branch knows its visit (`services.sync_holding`), and that it
#: does not.
UNSEEN = frozenset({UNKNOWN, "device_revoked", "actor_mismatch", "chain_fork"})


def waiting(db: Session, branch: str) -> list[Record]:
    """What phones said here about visits that the branch does not know, in the order in which it came: as it is to
    wait in the branch that does."""
    is_ours = exists().where(VisitRow.branch == branch, VisitRow.visit_id == EventRow.visit_id)
    query = select(EventRow).where(
        EventRow.branch == branch, EventRow.held_code.in_(UNSEEN), EventRow.origin == "push", ~is_ours
    )
    return [_record(db, branch, row) for row in db.scalars(query.order_by(EventRow.received_at, EventRow.event_id))]


def _record(db: Session, branch: str, row: Any) -> Record:
    return Record(
        event=from_row(db, branch, row), origin="push", received_at=row.received_at, source_hash=row.body_hash,
        device_id=row.device_id, seq=row.seq, proven_at=row.proven_at,
        held_code=ARRIVED if row.held_code == UNKNOWN else row.held_code,
        flags=tuple(row.flags.split(",")) if row.flags else (),
    )  # fmt: skip


def mark_gone(db: Session, branch: str, ids: Iterable[str]) -> None:
    """They lie in the branch of their visit now, and wait here no more; what was sent here stays."""
    wanted = list(ids)
    for start in range(0, len(wanted), bulk.CHUNK):
        part = with_ids(branch, wanted[start : start + bulk.CHUNK])
        db.execute(
            update(EventRow).where(part, EventRow.held_code.in_(UNSEEN)).values(held_code=GONE),
            execution_options={"synchronize_session": False},
        )
