"""What of a history cannot be taken for what this system knows: the lines that are well said, and wrong all the same.

Owns decisions about what is heard and decided here, times that are still to come, and findings about people and days
that they cannot be about. What is in the store already changes nothing and may come again, so only what is new is
looked at.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from fieldapp.domain.appeals import Subject, subject_of
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.facts import whose
from fieldapp.domain.visits.events import AppealFiled, Event, FindingDecided
from fieldapp.services.work import Db
from fieldapp.storage import appeals, audit, events, findings
from fieldapp.storage.spool import Line, Spool

#: Lines that are looked up in one go; of visits, whose facts are read, fewer.
CHUNK, VISITS = 5000, 200


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
    """A line that is to be looked at again: it is `fault` unless it is here already. One about a person, who is named
    by its value, may turn out to be about somebody whose `visit` it was, or who was a technician once."""

    event_id: str
    fault: Fault
    visit: VisitId | None = None


def decided_here(db: Db, branch: str, spool: Spool, read: Callable[[bytes], Event]) -> list[Fault]:
    """Decisions about findings and visits that were recorded, or appeals that were filed, in this system; and about
    those of an earlier import that somebody here has answered or decided since. Appeals of what was appealed or
    answered here: an earlier one would take its place. What nobody here has touched counts as its history says, in
    whatever file that came."""
    found = []
    for part in spool.steps(CHUNK):
        known = events.visits_of(db, branch, (line.event_id for line in part))
        fresh = [(line, read(line.raw)) for line in part if line.event_id not in known]
        filed = appeals.about(db, branch, (one for _, event in fresh if (one := _subject(event))))
        named = {line.about for line, _ in fresh if line.about}
        steps = {
            step for known in filed.values() for appeal in known for step in (appeal.filing, appeal.decision) if step
        }
        own = events.recorded_here(db, branch, named | steps)
        begun = _begun(db, branch, named - own)
        visited = events.visits_recorded_here(
            db, branch, (one.visit for _, event in fresh if (one := _subject(event)) and one.visit)
        )
        for line, event in fresh:
            subject = _subject(event) or Subject()
            appealed = filed.get(subject, ())
            if isinstance(event.data, AppealFiled):
                if any({one.filing, one.decision} & own for one in appealed):
                    found.append(_undecidable(line, event, "appealed_here"))
            elif line.about in own or subject.visit in visited or any(one.filing in own for one in appealed):
                found.append(_undecidable(line, event, "decided_here"))
            elif line.about in begun or any(one.decision in own for one in appealed):
                found.append(_undecidable(line, event, "heard_here"))
    return found


def _undecidable(line: Line, event: Event, reason: str) -> Fault:
    return Fault(line.number, "data", line.about or str(getattr(event.data, "item", "")), reason)


def _subject(event: Event) -> Subject | None:
    """What might have been appealed of what a decision or an appeal is about."""
    if isinstance(event.data, FindingDecided):
        return Subject(finding=EventId(event.data.finding))
    return subject_of(event)


def _begun(db: Db, branch: str, wanted: Collection[str]) -> set[str]:
    """Those of the imported findings that anybody here has answered or decided."""
    recorded = events.by_ids(db, branch, wanted)
    if not recorded:
        return set()
    told = events.about(db, branch, (one.id for one in recorded))
    own = events.recorded_here(db, branch, (one.id for one in told))
    touched = {str(getattr(one.data, "finding", "")) for one in told if one.id in own}
    return touched | findings.answered(db, branch, (one.id for one in recorded))


def misplaced(
    db: Db, branch: str, spool: Spool, read: Callable[[bytes], Event], suspects: Sequence[Suspect]
) -> list[Fault]:
    """The faults of those suspects that are one: what is not here yet, and about people neither somebody who was a
    technician once (`never_technician`) nor who was the technician of the finding's visit (`technician_elsewhere`),
    here or in the file. A form refuses all of it, too.

    Who moved to another branch meanwhile did their visits here, and what was found about those stays theirs.
    """
    known = events.visits_of(db, branch, (one.event_id for one in suspects))
    fresh = [one for one in suspects if one.event_id not in known]
    officials = {one.fault.value for one in fresh if one.fault.reason == "never_technician"}
    once = _once_technicians(db) if officials else frozenset()
    elsewhere = {one.visit for one in fresh if one.visit and one.fault.reason == "technician_elsewhere"}
    there = _technicians_of(db, branch, spool, read, elsewhere)
    return [
        one.fault
        for one in fresh
        if not (one.fault.reason == "never_technician" and one.fault.value in once)
        and not (one.fault.reason == "technician_elsewhere" and (one.visit, one.fault.value) in there)
    ]


def _once_technicians(db: Db) -> frozenset[str]:
    """Everybody who was a technician before they were given the role that they had next."""
    changes = audit.everywhere(db, "account.changed")
    return frozenset(one.subject for one in changes if one.facts.get("before") == "technician")


def _technicians_of(
    db: Db, branch: str, spool: Spool, read: Callable[[bytes], Event], visits: Iterable[VisitId]
) -> set[tuple[VisitId, str]]:  # fmt: skip
    """Each of the visits with everybody who was its technician at some time, in the store or in the file."""
    found, left = set[tuple[VisitId, str]](), iter(sorted(visits))
    while part := list(islice(left, VISITS)):
        stored, _ = events.histories(db, branch, part)
        for visit in part:
            told = (read(line.raw) for line in spool.of_visit(visit))
            found |= {(visit, code) for event in (*stored[visit], *told) if (code := whose(event))}
    return found
