"""What could not become an event: kept with its raw bytes for quality staff to look at, and never counted.

Owns that nothing is kept twice (a mark of the bytes is the key), that bytes and problem are sealed, and that a row ends
replayed, settled or erased but is never deleted. Judges nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fieldapp.storage import bulk
from fieldapp.storage.events import Origin
from fieldapp.storage.tables.events import QuarantineRow
from fieldapp.storage.vault import Sealed, Unreadable, Vault

#: Sealing tells problem, clocks and bytes apart by the first two NULs; neither of the former has one.
_PARTED = b"\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One thing that was sent and is no event: why (`code`), in detail (`problem`), and the bytes themselves.

    `clock`: the phone's clocks as it was sent, JSON; they are evidence of its time, should it be read one day.
    """

    code: str
    origin: Origin
    raw: bytes
    problem: str
    received_at: datetime
    event_id: str | None = None
    device_id: str | None = None
    seq: str | None = None
    actor: str | None = None
    visit_id: str | None = None
    clock: bytes = b""


@dataclass(frozen=True, slots=True)
class Content:
    """What a row holds sealed."""

    problem: str
    clock: bytes
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A row. `sealed` is None once its key was destroyed (`erased_at`), and so is `reason`, why it was settled.
    `outcome`: what it became when replayed."""

    digest: str
    code: str
    origin: str
    event_id: str | None
    device_id: str | None
    seq: str | None
    actor: str | None
    visit_id: str | None
    received_at: datetime
    sealed: Sealed | None
    erased_at: datetime | None
    replayed_at: datetime | None
    replayed_by: str | None
    outcome: str | None
    settled_at: datetime | None
    settled_by: str | None
    reason: Sealed | None

    @property
    def is_open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.settled_at is None and self.can_be_read

    @property
    def can_be_read(self) -> bool:
        """Whether it may become something yet: what was only settled may."""
        return self.replayed_at is None and self.erased_at is None


def keep(db: Session, vault: Vault, branch: str, things: list[Quarantined]) -> int:
    """Keep what is not kept already; returns how many were new."""
    rows = [
        {
            "branch": branch, "code": one.code, "origin": one.origin, "event_id": one.event_id,
            "device_id": one.device_id, "seq": one.seq, "actor": one.actor, "visit_id": one.visit_id,
            "received_at": one.received_at,
            **_closed(vault, branch, one.device_id, one.seq, Content(one.problem, one.clock, one.raw)),
        }
        for one in things
    ]  # fmt: skip
    return len(bulk.insert_new(db, QuarantineRow, rows, "digest"))


def content(vault: Vault, branch: str, kept: Kept) -> Content | None:
    """What a row holds; None when it was erased. Raises `Unreadable`, also when it is not what its mark says."""
    if kept.sealed is None:
        return None
    problem, clock, raw = vault.open(kept.sealed, bound(branch, kept.digest)).split(_PARTED, 2)
    if _mark(vault, branch, kept.device_id, kept.seq, raw) != kept.digest:
        raise Unreadable()
    return Content(problem.decode(), clock, raw)


def reason(vault: Vault, branch: str, kept: Kept) -> str | None:
    """Why it was settled; None when it was not, or is erased. Raises `Unreadable`."""
    return None if kept.reason is None else vault.open(kept.reason, why_bound(branch, kept.digest)).decode()


def find(db: Session, branch: str, digest: str) -> Kept | None:
    """One row."""
    row = db.execute(_QUERY.where(_ROWS.branch == branch, _ROWS.digest == digest)).first()
    return _kept(row) if row else None


def listed(db: Session, branch: str) -> list[Kept]:
    """Everything of the branch, the latest first."""
    query = _QUERY.where(_ROWS.branch == branch).order_by(_ROWS.received_at.desc(), _ROWS.digest)
    return [_kept(row) for row in db.execute(query)]


def count(db: Session, branch: str | None) -> int:
    """How many things of the branch (None: of all) wait in quarantine."""
    query = select(func.count()).where(
        _ROWS.replayed_at.is_(None), _ROWS.erased_at.is_(None), _ROWS.settled_at.is_(None)
    )
    return db.scalar(query.where(_ROWS.branch == branch if branch else _ROWS.branch.is_not(None))) or 0


def unreadable(db: Session, branch: str, device_id: str, seqs: Iterable[int]) -> set[int]:
    """Those of the numbers under which the device sent what nobody could read."""
    query = select(QuarantineRow.seq).where(
        QuarantineRow.branch == branch, QuarantineRow.device_id == device_id, QuarantineRow.code == "schema_invalid",
        QuarantineRow.seq.in_([str(seq) for seq in seqs]),
    )  # fmt: skip
    return {int(seq) for seq in db.scalars(query) if seq}


def of_visit(db: Session, branch: str, visit_id: str) -> list[Kept]:
    """What names this visit, oldest first."""
    query = _QUERY.where(_ROWS.branch == branch, _ROWS.visit_id == visit_id)
    return [_kept(row) for row in db.execute(query.order_by(_ROWS.received_at, _ROWS.digest))]


def replayed(db: Session, branch: str, digest: str, *, now: datetime, by: str, outcome: str) -> None:
    """Note that the thing became something after all."""
    change = update(QuarantineRow).where(QuarantineRow.branch == branch, QuarantineRow.digest == digest)
    db.execute(change.values(replayed_at=now, replayed_by=by, outcome=outcome))


def settled(db: Session, vault: Vault, branch: str, digest: str, *, now: datetime, by: str, reason: str) -> None:
    """Note that somebody dealt with the thing, and why; what was sent stays as it is."""
    sealed = vault.seal(reason.encode(), why_bound(branch, digest))
    change = update(QuarantineRow).where(QuarantineRow.branch == branch, QuarantineRow.digest == digest)
    db.execute(
        change.values(settled_at=now, settled_by=by, reason_box=sealed.box, reason_wrapped=sealed.wrapped)
    )  # fmt: skip


def emptied(now: datetime) -> dict[str, Any]:
    """What an erased row keeps nothing of: neither what was sent nor what was said of it."""
    return {"wrapped": None, "reason_wrapped": None, "erased_at": now, "visit_id": None}


def erase(db: Session, branch: str, visits: Iterable[str], now: datetime) -> list[str]:
    """Destroy the keys of what names these visits: nobody reads it again. Returns the rows readable until now."""
    change = update(QuarantineRow).where(
        QuarantineRow.branch == branch, QuarantineRow.visit_id.in_(list(visits)), QuarantineRow.erased_at.is_(None)
    )
    values = change.values(**emptied(now)).returning(QuarantineRow.digest)
    return sorted(db.scalars(values))


def seal_leftovers(db: Session, vault: Vault, branch: str) -> int:
    """Seal the rows of a database that is older than sealing; returns how many there were."""
    query = select(_ROWS.digest, _ROWS.device_id, _ROWS.seq, _ROWS.problem, _ROWS.raw)
    rows = db.execute(query.where(_ROWS.branch == branch, _ROWS.raw.is_not(None))).all()
    for row in rows:
        closed = _closed(vault, branch, row.device_id, row.seq, Content(row.problem or "", b"", row.raw))
        change = update(QuarantineRow).where(QuarantineRow.branch == branch, QuarantineRow.digest == row.digest)
        db.execute(change.values(raw=None, problem=None, **closed))
    return len(rows)


_ROWS = QuarantineRow.__table__.c
_QUERY = select(
    _ROWS.digest, _ROWS.code, _ROWS.origin, _ROWS.event_id, _ROWS.device_id, _ROWS.seq, _ROWS.actor, _ROWS.visit_id,
    _ROWS.received_at, _ROWS.box, _ROWS.wrapped, _ROWS.erased_at, _ROWS.replayed_at, _ROWS.replayed_by, _ROWS.outcome,
    _ROWS.settled_at, _ROWS.settled_by, _ROWS.reason_box, _ROWS.reason_wrapped,
)  # fmt: skip


def _closed(vault: Vault, branch: str, device_id: str | None, seq: str | None, found: Content) -> Mapping[str, Any]:
    digest = _mark(vault, branch, device_id, seq, found.raw)
    whole = _PARTED.join((found.problem.encode(), found.clock, found.raw))
    sealed = vault.seal(whole, bound(branch, digest))
    return {"digest": digest, "box": sealed.box, "wrapped": sealed.wrapped}


def _mark(vault: Vault, branch: str, device_id: str | None, seq: str | None, raw: bytes) -> str:
    return vault.mark(f"{branch}\n{device_id or ''}\n{seq or ''}\n".encode() + raw)


def bound(branch: str, digest: str) -> str:
    """What a sealed thing is bound to."""
    return f"quarantine\n{branch}\n{digest}"


def why_bound(branch: str, digest: str) -> str:
    """What the reason for which it was settled is bound to."""
    return f"quarantine reason\n{branch}\n{digest}"


def _sealed(box: bytes | None, wrapped: bytes | None) -> Sealed | None:
    return Sealed(box, wrapped) if box is not None and wrapped is not None else None


def _kept(row: Any) -> Kept:
    return Kept(
        digest=row.digest, code=row.code, origin=row.origin, event_id=row.event_id, device_id=row.device_id,
        seq=row.seq, actor=row.actor, visit_id=row.visit_id, received_at=row.received_at,
        sealed=_sealed(row.box, row.wrapped), erased_at=row.erased_at, replayed_at=row.replayed_at,
        replayed_by=row.replayed_by, outcome=row.outcome, settled_at=row.settled_at, settled_by=row.settled_by,
        reason=_sealed(row.reason_box, row.reason_wrapped),
    )  # fmt: skip
