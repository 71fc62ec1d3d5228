"""Second factors as kept: a sealed secret and hashes of recovery codes. Owns no rule about when a code is right."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from fieldapp.storage.engine import Db
from fieldapp.storage.tables.accounts import RecoveryCodeRow, SecondFactorRow
from fieldapp.storage.vault import Sealed


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """An account's secret, the step of the last code that was used, and since when it has it."""

    secret: Sealed
    last_step: int
    added_at: datetime


def bound(account_id: str) -> str:
    """What the sealed secret is bound to."""
    return f"second factor\n{account_id}"


def find(db: Db, account_id: str) -> SecondFactor | None:
    """What the account has, None for nothing."""
    row = db.get(SecondFactorRow, account_id, populate_existing=True)
    return SecondFactor(Sealed(row.box, row.wrapped), row.last_step, row.added_at) if row else None


def count_recovery(db: Db, account_id: str) -> int:
    """How many recovery codes the account has left."""
    query = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id)
    return db.scalar(query) or 0


def replace(db: Db, account_id: str, secret: Sealed, now: datetime, last_step: int) -> None:
    """Another secret; the old one is gone, and its recovery codes."""
    remove(db, account_id)
    values = {"box": secret.box, "wrapped": secret.wrapped, "last_step": last_step, "added_at": now}
    db.execute(insert(SecondFactorRow).values(account_id=account_id, **values))


def replace_recovery(db: Db, account_id: str, hashes: list[str]) -> None:
    """Other recovery codes, by their hashes."""
    db.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
    db.execute(insert(RecoveryCodeRow), [{"account_id": account_id, "code_hash": one} for one in hashes])


def remove(db: Db, account_id: str) -> bool:
    """No second factor any more; False when there was none."""
    db.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
    gone = delete(SecondFactorRow).where(SecondFactorRow.account_id == account_id)
    return db.scalars(gone.returning(SecondFactorRow.account_id)).first() is not None


def use_step(db: Db, account_id: str, step: int) -> bool:
    """Mark the code of this step used; False when it, or a later one, was."""
    change = update(SecondFactorRow).where(SecondFactorRow.account_id == account_id, SecondFactorRow.last_step < step)
    return db.scalars(change.values(last_step=step).returning(SecondFactorRow.account_id)).first() is not None


def use_recovery(db: Db, account_id: str, code_hash: str) -> bool:
    """Take a recovery code away; False when there is no such one."""
    gone = delete(RecoveryCodeRow).where(
        RecoveryCodeRow.account_id == account_id, RecoveryCodeRow.code_hash == code_hash
    )
    return db.scalars(gone.returning(RecoveryCodeRow.account_id)).first() is not None
