"""What of a history cannot be taken for what this system knows: the lines that are well said, and wrong all the same.

Owns decisions about what is decided here, and findings about people and days that they cannot be about. What is in
the store already changes nothing and may come again, so only what is new is looked at.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from fieldapp.domain.appeals import Subject, subject_of
from fieldapp.domain.ids import VisitId
from fieldapp.domain.visits.events import Event
from fieldapp.services.work import Db
from fieldapp.storage import appeals, events
from fieldapp.storage.spool import Spool

#: Lines that are looked up in one go; of visits, whose facts are read, fewer.
CHUNK, VISITS = 5000, 200
#: What people judge says nothing of who was at a visit.
_JUDGED = ("finding.", "appeal.")


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad line: where, what stood there, and why it cannot be (`reason` is a code, `detail` may say more)."""

    line: int
    column: str
    value: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A finding that is to be looked at again: its technician is of another branch, or its day is still to come."""

    line: int
    event_id: str
    visit: VisitId | None
    technician: str
    occurred_on: date


def decided_here(db: Db, branch: str, spool: Spool, read: Callable[[bytes], Event]) -> list[Fault]:
    """Decisions about findings that were recorded, or appeals that were filed, in this system."""
    found = []
    for part in spool.decisions(CHUNK):
        known = events.hashes(db, branch, (line.event_id for line in part))
        fresh = [(line, read(line.raw)) for line in part if line.event_id not in known]
        filed = appeals.about(db, branch, (one for _, event in fresh if (one := subject_of(event))))
        filings = {subject: appeal.filing for subject, appeal in filed.items() if appeal.filing}
        findings = {line.about for line, _ in fresh if line.about}
        own = events.recorded_here(db, branch, {*findings, *filings.values()})
        found += [
            Fault(line.number, "data", line.about or str(getattr(event.data, "item", "")), "decided_here")
            for line, event in fresh
            if line.about in own or filings.get(subject_of(event) or Subject()) in own
        ]
    return found


def misplaced(
    db: Db, branch: str, spool: Spool, read: Callable[[bytes], Event], suspects: Sequence[Suspect], *,
    foreign: Collection[str], today: date,
) -> list[Fault]:  # fmt: skip
    """Findings of days after `today`, and those about people of other branches (`foreign`, by staff code) who have no
    fact of the finding's visit, here or in the file: a form refuses both, too.

    Who moved to another branch meanwhile did their visits here, and what was found about those stays theirs.
    """
    known = events.hashes(db, branch, (one.event_id for one in suspects))
    fresh = [one for one in suspects if one.event_id not in known]
    found = [
        Fault(one.line, "data.occurred_on", one.occurred_on.isoformat(), "finding_future")
        for one in fresh
        if one.occurred_on > today
    ]
    elsewhere = [one for one in fresh if one.technician in foreign]
    there = _people_at(db, branch, spool, read, {one.visit for one in elsewhere if one.visit})
    found += [
        Fault(one.line, "data.technician", one.technician, "technician_elsewhere")
        for one in elsewhere
        if (one.visit, one.technician) not in there
    ]
    return found


def _people_at(
    db: Db, branch: str, spool: Spool, read: Callable[[bytes], Event], visits: Iterable[VisitId]
) -> set[tuple[VisitId, str]]:  # fmt: skip
    """Each of the visits with each staff code that its facts name, in the store or in the file."""
    found, left = set[tuple[VisitId, str]](), iter(sorted(visits))
    while part := list(islice(left, VISITS)):
        stored, _ = events.histories(db, branch, part)
        for visit in part:
            told = (read(line.raw) for line in spool.of_visit(visit))
            found |= {(visit, code) for event in (*stored[visit], *told) for code in _there(event)}
    return found


def _there(event: Event) -> Iterator[str]:
    if not event.type.startswith(_JUDGED):
        yield event.actor
        yield getattr(event.data, "technician", None) or ""
