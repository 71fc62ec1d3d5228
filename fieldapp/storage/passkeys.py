"""Passkeys as kept: public keys alone. Owns no rule about when an answer is right."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from fieldapp.storage.engine import Db
from fieldapp.storage.tables.accounts import PasskeyRow


@dataclass(frozen=True, slots=True)
class Passkey:
    """One public key of an account; `used_at` is when it was added where it was not used since."""

    passkey_id: str
    name: str
    credential: bytes
    sign_count: int
    added_at: datetime
    used_at: datetime


def name_of(credential_id: bytes) -> str:
    """What the key with this id is called here."""
    return hashlib.sha256(credential_id).hexdigest()


def of_account(db: Db, account_id: str) -> list[Passkey]:
    """The account's, the oldest first."""
    rows = db.scalars(select(PasskeyRow).where(PasskeyRow.account_id == account_id).order_by(PasskeyRow.added_at))
    return [
        Passkey(row.passkey_id, row.name, row.credential, row.sign_count, row.added_at, row.used_at) for row in rows
    ]


def add(db: Db, account_id: str, passkey: Passkey) -> bool:
    """Store a new one; False when somebody has it already."""
    if db.get(PasskeyRow, passkey.passkey_id) is not None:
        return False
    values = {name: getattr(passkey, name) for name in Passkey.__dataclass_fields__}
    db.execute(insert(PasskeyRow).values(account_id=account_id, **values))
    return True


def use(db: Db, passkey_id: str, asked_at: datetime, sign_count: int, now: datetime) -> bool:
    """Note that it was used; False when it was used since `asked_at`: each question is answered once."""
    change = update(PasskeyRow).where(PasskeyRow.passkey_id == passkey_id, PasskeyRow.used_at < asked_at)
    change = change.values(used_at=now, sign_count=sign_count)
    return db.scalars(change.returning(PasskeyRow.passkey_id)).first() is not None


def remove(db: Db, account_id: str, passkey_id: str | None = None) -> bool:
    """Take one of the account's away, or all; False when there was none."""
    gone = delete(PasskeyRow).where(PasskeyRow.account_id == account_id)
    if passkey_id is not None:
        gone = gone.where(PasskeyRow.passkey_id == passkey_id)
    return db.scalars(gone.returning(PasskeyRow.passkey_id)).first() is not None
