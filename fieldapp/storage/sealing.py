"""Personal values of columns: sealed on their way into the database, opened on their way out.

Owns when that begins (never again to end, in a database), under which key, and what a sealed value is bound to: its
column, its branch and its row. Which values are personal is for the modules of `storage` that own the columns.

The register is a few facts of the server, one for each key that something may stand under. Without any, nothing is
sealed yet: programs that cannot open it still work on the database. Every transaction that writes looks at it.
"""

import base64
from collections.abc import Mapping
from typing import Literal

from sqlalchemy.orm import Session

from fieldapp.domain.visits.personal import ERASED
from fieldapp.storage import driver
from fieldapp.storage.columns import as_bytes
from fieldapp.storage.turns import Busy
from fieldapp.storage.vault import SEALED, Unreadable, Vault

VAULT, BEGUN = "fieldapp_vault", "fieldapp_sealing"
_FACT = "data_key:"
_REGISTER = "SELECT name, value FROM server_facts WHERE name >= 'data_key:' AND name < 'data_key;'"
#: How a sealed text begins; the key's name and base64 follow. Nobody types it; what programs send loses it.
_MARK = SEALED.decode()
#: How many of the first bytes of a sealed value, and signs of a sealed text, say under which key it stands.
HEAD, TEXT_HEAD = 5, 9

#: `current`: what is new is sealed with it, by every program. `retired`: what stands under it is to be sealed anew.
State = Literal["current", "retired"]


class UnknownKey(Busy):
    """Something here stands under a data key that this program was not given."""


def register(db: Session) -> Mapping[str, str]:
    """The keys by name that something may stand under, each with its state; none: nothing is sealed yet."""
    return {name.removeprefix(_FACT): state for name, state in driver.ask(db, _REGISTER, ())}


def look(db: Session) -> None:
    """At the beginning of a transaction that writes: whether to seal, and with which key. Raises `UnknownKey`."""
    vault = db.info.get(VAULT)
    if vault is None:
        return
    found = register(db)
    db.info[BEGUN] = bool(found)
    if fault := unknown(vault, found):
        raise UnknownKey(fault)
    for name, state in found.items():
        if state == "current":
            vault.turn_to(name)


def unknown(vault: Vault, found: Mapping[str, str]) -> str | None:
    """What is wrong with the keys of `vault` for a database with this register, in one line."""
    for name in found:
        if name not in vault.known:
            return (
                f"something in this database is sealed with data key {name}, and FIELDAPP_DATA_KEY (or data-key in the "
                f"instance) holds {', '.join(vault.known)}; put it there, too"
            )
    return None


def enter(db: Session, name: str, state: State) -> None:
    """Let the register say so of a key; from the first on, everything personal is sealed."""
    mark = "?" if driver.is_sqlite(db) else "%s"
    driver.run(
        db, f"INSERT INTO server_facts (name, value) VALUES ({mark}, {mark}) "  # noqa: S608 - marks for values
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value", (_FACT + name, state),
    )  # fmt: skip
    db.info[BEGUN] = True
    if state == "current":
        _vault(db).turn_to(name)


def leave(db: Session, name: str) -> None:
    """Take a key from the register: nothing stands under it any more."""
    mark = "?" if driver.is_sqlite(db) else "%s"
    driver.run(db, f"DELETE FROM server_facts WHERE name = {mark}", (_FACT + name,))  # noqa: S608


def has_begun(db: Session) -> bool:
    """Whether what is written in this transaction is sealed."""
    return bool(db.info.get(BEGUN))


def close(db: Session, column: str, branch: str, row: str, content: bytes) -> bytes:
    """A value as it is to be stored; as it is while sealing has not begun."""
    return _vault(db).close(content, branch, f"{column}\n{branch}\n{row}") if has_begun(db) else content


def reveal(db: Session, column: str, branch: str, row: str, stored: bytes | str) -> bytes:
    """What a stored value says, sealed or not. Raises `Unreadable`."""
    content = stored if stored.__class__ is bytes else as_bytes(stored)
    if content[:1] != SEALED:
        return content
    return _vault(db).reveal(content, branch, f"{column}\n{branch}\n{row}")


def close_text(db: Session, column: str, branch: str, row: str, text: str) -> str:
    """The same for a column of texts; nothing is nothing, and what was erased stays so for everybody to see."""
    text = text.lstrip(_MARK)
    if text in {"", ERASED} or not has_begun(db):
        return text
    value = close(db, column, branch, row, text.encode())
    return _MARK + value[1:HEAD].hex() + base64.b64encode(value[HEAD:]).decode()


def reveal_text(db: Session, column: str, branch: str, row: str, stored: str) -> str:
    """What a stored text says, sealed or not. Raises `Unreadable`."""
    if stored[:1] != _MARK:
        return stored
    try:
        content = SEALED + bytes.fromhex(stored[1:TEXT_HEAD]) + base64.b64decode(stored[TEXT_HEAD:], validate=True)
    except ValueError:
        raise Unreadable(f"{column} {branch} {row}: no sealed text") from None
    return reveal(db, column, branch, row, content).decode()


def mark(db: Session, column: str, branch: str, text: str) -> str | None:
    """By which equal texts of a column are found without being readable; none where there is no key."""
    return _vault(db).mark(f"{column}\n{branch}\n{text}".encode()) if VAULT in db.info else None


def _vault(db: Session) -> Vault:
    found: Vault | None = db.info.get(VAULT)
    if found is None:
        raise Unreadable("no data key")
    return found
