"""The norm sheet in all its versions: those that the program ships, and those that the company published since.

Owns which versions there are and reading them; judging is the domain's, making a new one `rulebook_drafts`'.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Month, month_of, shifted
from fieldapp.domain.errors import NotFound
from fieldapp.domain.scoring.drafting import Change, differences
from fieldapp.domain.scoring.rulebook import Rulebook, Rulebooks, parse_rulebook
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit
from fieldapp.storage import rulebooks as store
from fieldapp.storage.rulebooks import Published

__all__ = ["Published", "Version"]

Standing = Literal["now", "coming", "past", "replaced"]

INSTALLER = "installer"
#: What the company's audit chain calls the second person's yes.
PUBLISHED = "rulebook.published"

#: The versions of a sheet by what identifies them: read once, and again only after one was published.
_read: dict[tuple[str, tuple[tuple[int, str], ...]], Rulebooks] = {}


@dataclass(frozen=True, slots=True)
class Version:
    """One version with what it changed of the one before; `published` is None for those that came with the program.
    `until` is the last month that it judges, None while no later version is known."""

    book: Rulebook
    until: Month | None
    published: Published | None
    changes: tuple[Change, ...]
    names: Mapping[str, str]

    def state(self, month: Month) -> Standing:
        """How the version stands in `month`; one that another took the place of before it began never was in force."""
        first = self.book.in_force_from or ""
        if self.until is not None and self.until < first:
            return "replaced"
        if first > month:
            return "coming"
        return "now" if self.until is None or month <= self.until else "past"


@cache
def shipped_rulebooks(sheet: str = INSTALLER) -> Rulebooks:
    """What the program ships of `sheet` (files `<sheet>-<version>.toml`); raises `Unsound`. No month may be judged by
    it alone: that is `rulebooks`."""
    files = (resources.files("fieldapp") / "rulebooks").iterdir()
    own = (file for file in files if file.name.startswith(f"{sheet}-") and file.name.endswith(".toml"))
    texts = (file.read_text("utf-8") for file in sorted(own, key=lambda file: file.name))
    return Rulebooks.of(parse_rulebook(tomllib.loads(text)) for text in texts)


def rulebooks(db: Db, sheet: str = INSTALLER) -> Rulebooks:
    """Every version that judges. From the first one that the company published, its own count: what a later program
    ships then changes nothing."""
    keys = store.keys(db, sheet)
    if not keys:
        return shipped_rulebooks(sheet)
    found = _read.get((sheet, keys))
    if found is None:
        shipped = [book for book in shipped_rulebooks(sheet).versions if book.version < keys[0][0]]
        found = Rulebooks.of([*shipped, *(read_sheet(body) for body in store.bodies(db, sheet))])
        _read.clear()
        _read[sheet, keys] = found
    return found


def read_sheet(body: bytes) -> Rulebook:
    """A stored sheet."""
    return parse_rulebook(msgspec.json.decode(body))


def missed_after(books: Rulebooks, start: datetime, zone: ZoneInfo) -> timedelta:
    """How long after its end a promise that starts then counts as missed, by the norm of its month."""
    return books.in_force(month_of(start, zone)).parameters.missed_after


def in_force(work: Work, actor: Actor, month: Month) -> Rulebook:
    """The version that judges `month`."""
    require(actor, "norm.read")
    with work.read() as db:
        return rulebooks(db).in_force(month)


def history(work: Work, actor: Actor) -> tuple[Version, ...]:
    """Every version, the newest first, each with what it changed and who made it."""
    require(actor, "norm.read")
    with work.read() as db:
        books = rulebooks(db).versions
        published = {one.version: one for one in store.every(db, INSTALLER)}
        logins = {login for one in published.values() for login in (one.author, one.approver)}
        names = {login: account.name for login in logins if (account := accounts.find_by_login(db, login))}
    known = zip((None, *books[:-1]), books, (*books[1:], None), strict=True)
    return tuple(
        Version(
            book=book,
            until=shifted(Month(later.in_force_from), -1) if later and later.in_force_from else None,
            published=published.get(book.version),
            changes=differences(before, book) if before else (),
            names=names,
        )
        for before, book, later in reversed(list(known))
    )


def flaws(db: Db) -> list[str]:
    """One line per published version that is not what two people confirmed; empty when all are."""
    told = {one.subject: one for one in audit.with_action(db, audit.COMPANY, PUBLISHED)}
    found: list[str] = []
    for one in store.every(db, INSTALLER):
        name = f"{one.sheet}/{one.version}"
        found += [f"rulebook {name}: {flaw}" for flaw in _flaws(one, told.pop(name, None))]
    return found + [f"rulebook {name}: was published, and is gone" for name in sorted(told)]


def _flaws(one: Published, told: audit.Told | None) -> Iterator[str]:
    if hashlib.sha256(one.body).hexdigest() != one.fingerprint or not _is_filed_right(one):
        yield "is not what two people confirmed"
    if told is None or told.facts.get("fingerprint") != one.fingerprint:
        yield "the audit chain knows no publication with its fingerprint"
    elif (told.facts.get("author"), told.actor) != (one.author, one.approver):
        yield "who proposed or confirmed it is not what the audit chain says"


def _is_filed_right(one: Published) -> bool:
    book = read_sheet(one.body)
    return (book.sheet, book.version, book.in_force_from) == (one.sheet, one.version, one.in_force_from)


def pick(versions: Iterable[Version], number: str) -> Version:
    """The version with this number; raises `NotFound`."""
    for one in versions:
        if str(one.book.version) == number:
            return one
    raise NotFound()
