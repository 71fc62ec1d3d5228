"""The audit for people: who did what, when, to what. Reading changes nothing; taking a copy away is noted.

Owns what is shown of a row's facts: codes, numbers and times. What people wrote stays where it belongs, with the thing
that the row is about, and so do whole telephone numbers. Whether the chains are whole is the doctor's.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import NotFound
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, branches
from fieldapp.storage.audit import COMPANY, Entry, Wanted

__all__ = ["COMPANY", "Line", "Page", "Wanted"]
PAGE = 50
#: Rows read at a time for a file.
PIECE = 1000
COLUMNS = ("number", "time", "who", "what", "about", "facts", "hash")
_CODE = re.compile(r"[\w.:+/=-]{1,100}", re.ASCII)
_NUMBER = re.compile(r"(?<![\w.:-])\+?\d{7,15}(?![\w.:-])")
WRITTEN = "…"


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is shown. `facts`: name and value, those that people wrote as `WRITTEN`."""

    number: int
    when: datetime
    by: str
    action: str
    subject: str
    facts: Sequence[tuple[str, str]]
    hash: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the latest first; `older`: what the next page begins before, where there is one. `head` is that of the
    whole chain, as the doctor takes it (`branch:row:hash`)."""

    lines: Sequence[Line]
    older: int | None
    head: str
    chains: Sequence[str]


def look(work: Work, actor: Actor, chain: str, wanted: Wanted, before: int | None = None) -> Page:
    """A page of a branch's chain, or of the company's (`COMPANY`). Raises `Forbidden`, `NotFound`."""
    require(actor, "audit.read")
    with work.read() as db:
        chains = _known(db, chain)
        found = audit.entries(db, chain, wanted, before=before, limit=PAGE + 1)
        head = ":".join(map(str, (chain, *audit.head(db, chain))))
    lines = [_line(one) for one in found[:PAGE]]
    return Page(lines, lines[-1].number if len(found) > PAGE else None, head, chains)


def export(work: Work, actor: Actor, chain: str, wanted: Wanted) -> Iterator[dict[str, str | int]]:
    """All wanted rows, the latest first, read a few at a time; the chain says at once who took them."""
    require(actor, "audit.read")
    with work.write() as db:
        _known(db, chain)
        about = {name: str(value) for name in ("by", "action", "since", "until") if (value := getattr(wanted, name))}
        audit.append(
            db, chain, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="audit.exported",
            subject=chain, facts=about,
        )  # fmt: skip
    return _rows(work, chain, wanted)


def _rows(work: Work, chain: str, wanted: Wanted) -> Iterator[dict[str, str | int]]:
    before = None
    while True:
        with work.read() as db:
            found = audit.entries(db, chain, wanted, before=before, limit=PIECE)
        for line in map(_line, found):
            facts = "; ".join(f"{name} {value}" for name, value in line.facts)
            when = line.when.astimezone(UTC).isoformat(timespec="seconds")
            values = (line.number, when, line.by, line.action, line.subject, facts, line.hash)
            yield dict(zip(COLUMNS, values, strict=True))
        if len(found) < PIECE:
            return
        before = found[-1].number


def _known(db: Db, chain: str) -> list[str]:
    chains = [COMPANY, *branches.codes(db)]
    if chain not in chains:
        raise NotFound()
    return chains


def _line(entry: Entry) -> Line:
    facts = [(name, _shown(value)) for name, value in json.loads(entry.facts).items()]
    return Line(entry.number, entry.when, entry.by, entry.action, _masked(entry.subject), facts, entry.hash)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return _masked(str(value)) if _CODE.fullmatch(str(value)) else WRITTEN


def _masked(text: str) -> str:
    return _NUMBER.sub(lambda found: f"…{found[0][-2:]}", text)
