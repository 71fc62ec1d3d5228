"""What stands under which data key, and bringing it under the newest: some rows at a time, whoever else is at work.

Owns the list of everything that is sealed. What is under the newest key already is passed over, so whatever broke off
is gone on with by beginning again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, func, literal, null, or_, select, tuple_, update
from sqlalchemy.orm import Session

from fieldapp.domain.visits.personal import ERASED, WORDLESS
from fieldapp.storage import (
    access_notes,
    approvals,
    call_backs,
    cases,
    causes,
    customers,
    devices,
    events,
    findings,
    kept_answers,
    links,
    quarantine,
    sealing,
    second_factors,
    visits,
    webhooks,
)  # fmt: skip
from fieldapp.storage.sealing import HEAD, TEXT_HEAD
from fieldapp.storage.tables.base import Base
from fieldapp.storage.vault import SEALED, Unreadable, Vault

#: Rows that one transaction seals.
STEP = 500
#: What is counted as standing under no key.
PLAIN = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A column by its name, `table.column`. `key`: the primary key after the branch."""

    name: str
    key: tuple[str, ...]

    @property
    def table(self) -> Table:
        return Base.metadata.tables[self.name.split(".")[0]]

    @property
    def value(self) -> Any:
        return self.table.c[self.name.split(".")[1]]


@dataclass(frozen=True, slots=True)
class Column(_Place):
    """A column of sealed values. `row`: what of the key says which row."""

    row: tuple[str, ...]

    @property
    def is_text(self) -> bool:
        return self.value.type.python_type is str

    def holds(self, branch: str) -> ColumnElement[bool]:
        """Rows of the branch with something to seal."""
        table = self.table.c
        found = table.branch == branch
        if self.name == events.BODY:
            return found & table.kind.not_in(WORDLESS)
        return found & self.value.not_in(("", ERASED)) if self.is_text else found

    def under(self) -> Any:
        """The name of the key of a value as it stands in it; NULL for one that is readable."""
        if self.is_text:
            sealed = func.substr(self.value, 1, 1) == SEALED.decode()
            return case((sealed, func.substr(self.value, 2, TEXT_HEAD - 1)), else_=null())
        return case((func.substr(self.value, 1, 1) == SEALED, func.substr(self.value, 2, HEAD - 1)), else_=null())

    def is_not_under(self, key: str) -> ColumnElement[bool]:
        mark = SEALED.decode() + key if self.is_text else SEALED + bytes.fromhex(key)
        return or_(self.value.is_(None), func.substr(self.value, 1, len(mark)) != literal(mark, self.value.type))


COLUMNS = (
    Column(customers.COLUMN, ("visit_id",), ("visit_id",)),
    Column(events.BODY, ("ym", "event_id"), ("event_id",)),
    Column(devices.PAYLOAD, ("ym", "event_id"), ("event_id",)),
    Column(approvals.BODY, ("approval_id",), ("approval_id",)),
    Column(approvals.OVERRIDE, ("approval_id",), ("approval_id",)),
    Column(approvals.REASON, ("approval_id",), ("approval_id",)),
    Column(visits.REASON, ("visit_id", "event_id"), ("visit_id", "event_id")),
    Column(call_backs.COMMENT, ("visit_id", "number"), ("visit_id", "number")),
    Column(cases.TEXT, ("case_id", "entry_id"), ("case_id", "entry_id")),
    Column(links.TEXT, ("visit_id", "act"), ("visit_id", "act")),
    Column(causes.NOTE, ("visit_id", "number"), ("visit_id", "number")),
    Column(findings.TEXT, ("statement_id",), ("statement_id",)),
)


@dataclass(frozen=True, slots=True)
class Thing(_Place):
    """A column of things' own keys, sealed with the data key. `bound` makes of a row what they are bound to."""

    bound: Callable[..., str]


#: Of a branch; its code comes first in what they are bound to.
THINGS = (
    Thing("quarantine.wrapped", ("digest",), quarantine.bound),
    Thing("quarantine.reason_wrapped", ("digest",), quarantine.why_bound),
    Thing("access_notes.wrapped", ("visit_id",), access_notes.bound),
    Thing("webhooks.wrapped", ("webhook_id",), webhooks.bound),
    Thing("kept_answers.wrapped", ("token_id", "key_hash"), kept_answers.bound),
)
#: Of an account.
FACTORS = Thing("second_factors.wrapped", ("account_id",), second_factors.bound)


def standing(db: Session, vault: Vault, branch: str) -> Counter[str]:
    """How much of the branch stands under which key, by its name; readable values under `PLAIN`, things that no key
    opens under `?`."""
    found: Counter[str] = Counter()
    for column in COLUMNS:
        under = column.under()
        for key, number in db.execute(select(under, func.count()).where(column.holds(branch)).group_by(under)):
            name = key if isinstance(key, str) else PLAIN if key is None else bytes(key).hex()
            found[name] += number
    for thing in THINGS:
        found.update(_names(vault, thing, _of_branch(db, thing, branch), branch))
    return found


def factors_standing(db: Session, vault: Vault) -> Counter[str]:
    """The same of what belongs to accounts."""
    return Counter(_names(vault, FACTORS, db.execute(select(FACTORS.table.c.account_id, FACTORS.value)), None))


def _names(vault: Vault, thing: Thing, rows: Any, branch: str | None) -> Iterator[str]:
    for *key, wrapped in rows:
        try:
            yield vault.under(wrapped, _bound(thing, branch, key))
        except Unreadable:
            yield "?"


def waiting(db: Session, vault: Vault, branch: str) -> int:
    """How many values of the branch's columns are not under the newest key."""
    queries = (
        select(func.count()).where(one.holds(branch), one.is_not_under(vault.newest)) for one in COLUMNS
    )  # fmt: skip
    return sum(db.scalar(query) or 0 for query in queries)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a column: how many were sealed, which could not be opened, and where to go on (None: at its end)."""

    sealed: int
    unreadable: Sequence[str]
    last: tuple[Any, ...] | None


def seal(db: Session, vault: Vault, column: Column, branch: str, after: tuple[Any, ...] | None) -> Part:
    """Bring the next rows of a column under the newest key, in a transaction in which sealing has begun."""
    table = column.table.c
    key = [table[name] for name in column.key]
    where = and_(column.holds(branch), column.is_not_under(vault.newest))
    if after is not None:
        where &= tuple_(*key) > tuple_(*(literal(value, one.type) for value, one in zip(after, key, strict=True)))
    columns = customers.COLUMNS if column.name == customers.COLUMN else (column.value,)
    rows = db.execute(select(*key, *columns).where(where).order_by(*key).limit(STEP)).all()
    unreadable: list[str] = []
    for row in rows:
        found = tuple(getattr(row, name) for name in column.key)
        name = " ".join(str(getattr(row, one)) for one in column.row)
        try:
            values = _values(db, column, branch, name, row)
        except Unreadable:
            unreadable.append(f"{column.name} {name}")
            continue
        same = [one == value for one, value in zip(key, found, strict=True)]
        db.execute(update(column.table).where(table.branch == branch, *same).values(values))
    last = tuple(getattr(rows[-1], name) for name in column.key) if len(rows) == STEP else None
    return Part(len(rows) - len(unreadable), unreadable, last)


def _values(db: Session, column: Column, branch: str, name: str, row: Any) -> Mapping[str, Any]:
    if column.name == customers.COLUMN:
        return customers.columns(db, branch, name, customers.of_row(db, branch, row))
    held = row[len(column.key)]
    if column.is_text:
        text = sealing.reveal_text(db, column.name, branch, name, held)
        return {column.value.name: sealing.close_text(db, column.name, branch, name, text)}
    content = sealing.reveal(db, column.name, branch, name, held)
    return {column.value.name: sealing.close(db, column.name, branch, name, content)}


def rewrap(db: Session, vault: Vault, thing: Thing, branch: str | None) -> Part:
    """Bring the keys of all things of a kind under the newest one: there are few of each."""
    if branch is None:
        rows = db.execute(select(*(thing.table.c[name] for name in thing.key), thing.value)).all()
    else:
        rows = _of_branch(db, thing, branch)
    done, unreadable = 0, []
    for *key, wrapped in rows:
        bound = _bound(thing, branch, key)
        try:
            if vault.under(wrapped, bound) == vault.newest:
                continue
            fresh = vault.rewrapped(wrapped, bound)
        except Unreadable:
            unreadable.append(f"{thing.name} {' '.join(map(str, key))}")
            continue
        same = [thing.table.c[name] == value for name, value in zip(thing.key, key, strict=True)]
        if branch is not None:
            same.append(thing.table.c.branch == branch)
        db.execute(update(thing.table).where(*same).values({thing.value.name: fresh}))
        done += 1
    return Part(done, unreadable, None)


def _of_branch(db: Session, thing: Thing, branch: str) -> Sequence[Any]:
    key = [thing.table.c[name] for name in thing.key]
    query = select(*key, thing.value).where(thing.table.c.branch == branch, thing.value.is_not(None))
    return db.execute(query).all()


def _bound(thing: Thing, branch: str | None, key: Sequence[Any]) -> str:
    return thing.bound(*key) if branch is None else thing.bound(branch, *key)
