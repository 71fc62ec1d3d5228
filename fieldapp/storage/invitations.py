"""Links by which people choose their own password, as kept: hashes only. Owns no rule about how long they open."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from fieldapp.storage.engine import Db
from fieldapp.storage.tables.accounts import InvitationRow


@dataclass(frozen=True, slots=True)
class Invitation:
    """One that was not used yet, perhaps over."""

    account_id: str
    created_at: datetime
    expires_at: datetime


def replace(db: Db, token_hash: str, invitation: Invitation) -> None:
    """Store a new one; the account's one before ends."""
    remove(db, invitation.account_id)
    values = {
        "account_id": invitation.account_id, "token_hash": token_hash, "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }  # fmt: skip
    db.execute(insert(InvitationRow).values(values))


def find(db: Db, token_hash: str) -> Invitation | None:
    """The one with this secret."""
    row = db.scalar(select(InvitationRow).where(InvitationRow.token_hash == token_hash))
    return _invitation(row) if row else None


def of_account(db: Db, account_id: str) -> Invitation | None:
    """The account's one."""
    row = db.get(InvitationRow, account_id, populate_existing=True)
    return _invitation(row) if row else None


def remove(db: Db, account_id: str) -> bool:
    """The account's link opens nothing any more; False when there was none."""
    gone = delete(InvitationRow).where(InvitationRow.account_id == account_id).returning(InvitationRow.account_id)
    return db.scalars(gone).first() is not None


def use(db: Db, token_hash: str) -> bool:
    """Take this very link away; False when somebody was faster."""
    gone = delete(InvitationRow).where(InvitationRow.token_hash == token_hash).returning(InvitationRow.account_id)
    return db.scalars(gone).first() is not None


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(row.account_id, row.created_at, row.expires_at)
