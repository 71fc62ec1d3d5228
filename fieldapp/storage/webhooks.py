"""Webhooks as kept, their secrets sealed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from fieldapp.storage.tables.webhooks import WebhookRow
from fieldapp.storage.vault import Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a program wants to be told of which types of events."""

    branch: str
    webhook_id: str
    url: str
    types: frozenset[str]
    created_at: datetime
    created_by: str
    sealed: Sealed

    @property
    def bound(self) -> str:
        """The row that the secret's seal belongs to."""
        return bound(self.branch, self.webhook_id)


def bound(branch: str, webhook_id: str) -> str:
    """What a secret is sealed for: it opens for its own webhook only."""
    return f"webhook\n{branch}\n{webhook_id}"


def add(db: Session, one: Webhook) -> None:
    """A new one."""
    db.execute(
        insert(WebhookRow).values(
            branch=one.branch, webhook_id=one.webhook_id, url=one.url, types=" ".join(sorted(one.types)),
            created_at=one.created_at, created_by=one.created_by, box=one.sealed.box, wrapped=one.sealed.wrapped,
        )
    )  # fmt: skip


def find(db: Session, branch: str, webhook_id: str) -> Webhook | None:
    """One of them."""
    row = db.get(WebhookRow, (branch, webhook_id))
    return _webhook(row) if row else None


def of_branch(db: Session, branch: str) -> list[Webhook]:
    """The branch's, in the order in which they were made."""
    query = select(WebhookRow).where(WebhookRow.branch == branch)
    return [_webhook(row) for row in db.scalars(query.order_by(WebhookRow.webhook_id))]


def every(db: Session) -> list[Webhook]:
    """All of the company, by branch."""
    query = select(WebhookRow).where(WebhookRow.branch.is_not(None))
    return [_webhook(row) for row in db.scalars(query.order_by(WebhookRow.branch, WebhookRow.webhook_id))]


def remove(db: Session, branch: str, webhook_id: str) -> bool:
    """Take it away; False when there is none."""
    gone = delete(WebhookRow).where(WebhookRow.branch == branch, WebhookRow.webhook_id == webhook_id)
    return db.scalar(gone.returning(WebhookRow.webhook_id)) is not None


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(
        branch=row.branch, webhook_id=row.webhook_id, url=row.url, types=frozenset(row.types.split()),
        created_at=row.created_at, created_by=row.created_by, sealed=Sealed(row.box, row.wrapped),
    )  # fmt: skip
