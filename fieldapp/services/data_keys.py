"""The keys that personal data is sealed with: what stands under which, bringing it under the newest, letting one go.

Owns the order of these steps. A key is let go only when nothing stands under it and nobody can write with it any more.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from fieldapp.domain.access import OPERATOR
from fieldapp.services import installation
from fieldapp.services.work import Db, Refused, Vault, Work
from fieldapp.storage import audit, branches, resealing, sealing
from fieldapp.storage.resealing import PLAIN, Part
from fieldapp.storage.vault import BadKeys, read_keys, write_keys

__all__ = ["BadKeys"]

#: Under this name are things that no known key opens.
UNOPENED = "?"
#: Entered before a branch, with its name and how many values of it wait; yields what is told of those that are done.
During = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True)
class Standing:
    """A key by its name, and how much stands under it. `state`: newest, old, or missing where it was not given."""

    name: str
    state: str
    values: int


@dataclass(frozen=True, slots=True)
class Standings:
    """All keys, how many values anybody can read, and how many things no key opens."""

    keys: Sequence[Standing]
    readable: int
    unopened: int
    has_begun: bool


@dataclass(frozen=True, slots=True)
class Done:
    """How many values were sealed, and which could not be opened."""

    sealed: int
    unreadable: Sequence[str]


def with_new(text: str, key: str) -> str:
    """The setting with one more key, which is the newest from then on. Raises `BadKeys`."""
    return write_keys((key, *read_keys(text)[0]), text)


def without(text: str, name: str) -> str:
    """The setting without the key of this name; the marks stay. Raises `BadKeys`."""
    return write_keys(tuple(one for one in read_keys(text)[0] if Vault(one).newest != name), text)


def names(text: str) -> tuple[str, ...]:
    """The names of a setting's keys, the newest first."""
    return Vault(text).known


def standings(work: Work) -> Standings:
    """What stands under which key. Reads everything."""
    with work.read() as db:
        return standings_in(work, db)


def standings_in(work: Work, db: Db) -> Standings:
    """The same inside an open transaction."""
    found: Counter[str] = resealing.factors_standing(db, work.vault)
    for code in branches.codes(db):
        found += resealing.standing(db, work.vault, code)
    entered, known = sealing.register(db), work.vault.known
    names = dict.fromkeys((*known, *entered, *(one for one in found if one not in {PLAIN, UNOPENED})))
    states = {name: "old" if name in known else "missing" for name in names} | {work.vault.newest: "newest"}
    keys = [Standing(name, states[name], found[name]) for name in names]
    return Standings(keys, found[PLAIN], found[UNOPENED], bool(entered))


def fault(work: Work) -> str | None:
    """Why these keys will not do for the database, in one line."""
    with work.read() as db:
        return sealing.unknown(work.vault, sealing.register(db))


def has_begun(work: Work) -> bool:
    """Whether personal values are sealed as they are written."""
    with work.read() as db:
        return bool(sealing.register(db))


def seal(work: Work, during: During) -> Done:
    """Bring everything under the newest key: what is readable, and what stands under an older one. Broken off, it is
    gone on with by calling it again. From the first moment on every program writes with that key, or not at all."""
    vault = work.vault
    with work.write() as db:
        installation.begin_sealing(work, db)
        for name in vault.known[1:]:
            sealing.enter(db, name, "retired")
        codes = branches.codes(db)
    parts: list[Part] = []
    for code in codes:
        with work.read() as db:
            waiting = resealing.waiting(db, vault, code)
        with during(f"sealing {code}", waiting) as progress:
            for part in _branch(work, code):
                progress(part.sealed)
                parts.append(part)
    with work.write() as db:
        parts.append(resealing.rewrap(db, vault, resealing.FACTORS, None))
        done = Done(sum(one.sealed for one in parts), [name for one in parts for name in one.unreadable])
        _audit(work, db, "data_keys.sealed", vault.newest, {"values": done.sealed, "unreadable": len(done.unreadable)})
    work.database.scrub()
    return done


def drop(work: Work, name: str) -> None:
    """Take a key from the database's register: it is not needed any more. Raises `Refused`."""
    if name == work.vault.newest:
        raise Refused(f"data key {name} is the newest: what is written now stands under it")
    with work.write() as db:
        found = standings_in(work, db)
        one = next((key for key in found.keys if key.name == name), None)
        if one is None:
            raise Refused(f"there is no data key {name}; see: fieldapp keys list")
        if sealing.register(db).get(name) == "current":
            raise Refused(f"what is written now stands under data key {name}; run: fieldapp keys seal")
        if one.values or found.unopened or not found.has_begun:
            raise Refused(
                f"{one.values} values stand under data key {name}, {found.unopened} under none that is known; "
                "run: fieldapp keys seal"
            )
        sealing.leave(db, name)
        _audit(work, db, "data_keys.dropped", name, {})


def _branch(work: Work, code: str) -> Iterator[Part]:
    for column in resealing.COLUMNS:
        after: tuple[Any, ...] | None = None
        while True:
            with work.write(code) as db:
                part = resealing.seal(db, work.vault, column, code, after)
            yield part
            if part.last is None:
                break
            after = part.last
    for thing in resealing.THINGS:
        with work.write(code) as db:
            yield resealing.rewrap(db, work.vault, thing, code)


def _audit(work: Work, db: Db, action: str, name: str, facts: dict[str, Any]) -> None:
    audit.append(
        db, None, entry_id=work.new_id(), now=work.now(), actor=OPERATOR.login, action=action, subject=name,
        facts=facts,
    )  # fmt: skip
