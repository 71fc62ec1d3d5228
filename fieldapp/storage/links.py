"""Customers' links, by hash only, and the acts done through them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.storage import bulk, sealing
from fieldapp.storage.tables.links import LinkActRow, LinkRow
from fieldapp.storage.tables.visits import VisitRow

TEXT = "link_acts.text"
Kind = Literal["receipt", "own"]
#: How long a link opens: from its making, or from the visit where that is later, whenever that is now.
LIFETIME = timedelta(days=30)
_READ = select(LinkRow, VisitRow.window_end).outerjoin(
    VisitRow, (VisitRow.branch == LinkRow.branch) & (VisitRow.visit_id == LinkRow.visit_id)
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as stored: where it leads, never its secret."""

    branch: BranchCode
    secret_hash: str
    visit_id: VisitId
    kind: Kind
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    salt: str | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Act:
    """Something the customer did through their own link, once."""

    act: str
    done_at: datetime
    text: str


def add(db: Session, link: Link) -> None:
    """Store a new link and end every older one of its kind for the visit."""
    end(db, link.branch, link.visit_id, link.kind, link.created_at)
    values = {name: getattr(link, name) for name in Link.__slots__}
    db.execute(insert(LinkRow).values(**values))


def end(db: Session, branch: str, visit_id: str, kind: Kind, now: datetime) -> None:
    """Let no link of this kind for the visit open anything any more."""
    open_ones = update(LinkRow).where(
        LinkRow.branch == branch, LinkRow.visit_id == visit_id, LinkRow.kind == kind, LinkRow.revoked_at.is_(None)
    )
    db.execute(open_ones.values(revoked_at=now))


def find(db: Session, branch: str, secret_hash: str) -> Link | None:
    """The link with this hash, whether or not it still opens anything."""
    found = db.execute(_READ.where(LinkRow.branch == branch, LinkRow.secret_hash == secret_hash)).first()
    return _link(*found) if found else None


def current(db: Session, branch: str, visit_id: str, kind: Kind, now: datetime) -> Link | None:
    """The visit's link of this kind that opens something at `now`."""
    query = _READ.where(
        LinkRow.branch == branch, LinkRow.visit_id == visit_id, LinkRow.kind == kind, LinkRow.revoked_at.is_(None)
    )
    found = db.execute(query.order_by(LinkRow.created_at.desc()).limit(1)).first()
    link = _link(*found) if found else None
    return link if link and link.is_good(now) else None


def of_visit(db: Session, branch: str, visit_id: str) -> list[Link]:
    """Every link that was made for a visit, oldest first."""
    query = _READ.where(LinkRow.branch == branch, LinkRow.visit_id == visit_id)
    return [_link(*found) for found in db.execute(query.order_by(LinkRow.created_at, LinkRow.secret_hash))]


def add_act(db: Session, branch: str, visit_id: str, act: Act) -> bool:
    """Note the act; False when it was done before (whatever happens at the same moment)."""
    text = sealing.close_text(db, TEXT, branch, f"{visit_id} {act.act}", act.text)
    row = {"branch": branch, "visit_id": visit_id, "act": act.act, "done_at": act.done_at, "text": text}
    return bool(bulk.insert_new(db, LinkActRow, [row], "act"))


def acts(db: Session, branch: str, visit_id: str) -> list[Act]:
    """The acts of a visit's customer, oldest first."""
    query = select(LinkActRow).where(LinkActRow.branch == branch, LinkActRow.visit_id == visit_id)
    return _acts(db, db.scalars(query.order_by(LinkActRow.done_at, LinkActRow.act)))


def _acts(db: Session, rows: Iterable[LinkActRow]) -> list[Act]:
    return [
        Act(row.act, row.done_at, sealing.reveal_text(db, TEXT, row.branch, f"{row.visit_id} {row.act}", row.text))
        for row in rows
    ]


def _link(row: LinkRow, visit_ends: datetime | None) -> Link:
    expires = max(row.expires_at, visit_ends + LIFETIME) if visit_ends else row.expires_at
    return Link(
        BranchCode(row.branch), row.secret_hash, VisitId(row.visit_id), row.kind,  # type: ignore[arg-type]
        row.created_at, expires, row.revoked_at, row.salt,
    )  # fmt: skip
