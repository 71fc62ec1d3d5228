"""Does the store say what its facts say? Replays and recounts everything, verifies chains and hashes; changes nothing.

Every check answers with one line per fault, which names the thing at fault. None of them mends anything: what is wrong
is for people to understand first.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import VisitId
from fieldapp.domain.scoring.engine import by_visit
from fieldapp.domain.visits.lifecycle import VisitState, replay
from fieldapp.services import adjusted, appeals, cases, closed, erasing, health, recounting, restoring, rulebooks
from fieldapp.services.work import Db, Unreadable, Work
from fieldapp.storage import audit, branches, devices, events, quarantine, visits
from fieldapp.storage.visits import Visit

_HEAD = re.compile(r"([^:]{1,64}):([0-9]{1,15}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Check:
    """One question and what was found wrong; no faults: all is well."""

    name: str
    faults: tuple[str, ...]
    #: What whoever reads the rest should know, and is no fault.
    notes: tuple[str, ...] = ()


def examine(work: Work) -> tuple[Check, ...]:
    """Every check in the order in which a fault explains those after it; later ones need the schema to be right."""
    schema = Check("migrations", tuple(_schema(work)))
    if schema.faults:
        return (schema,)
    with work.read() as db:
        codes = [branch.code for branch in branches.every(db)]
        flaws = {code: dict(events.flaws(db, code)) for code in codes}
        norm = Check("norm", tuple(rulebooks.flaws(db)))
        # What cannot be read cannot be replayed either, and nothing can be judged by a norm that was altered.
        whole = [code for code in codes if "unreadable" not in flaws[code].values()]
        judged = [] if norm.faults else whole
        return (
            schema,
            Check("audit", tuple(audit.verify(db)), tuple(restoring.told(db))),
            norm,
            *(_check("facts", code, lambda code: _facts(flaws[code])) for code in codes),
            *(_check("payloads", code, lambda code: _payloads(db, code)) for code in codes),
            *(_check("quarantine", code, lambda code: _quarantine(work, db, code)) for code in codes),
            *(_check("visits", code, lambda code: visits_drift(db, code)) for code in whole),
            *(_check("scores", code, lambda code: recounting.drift(db, code)) for code in judged),
            *(_check("appeals", code, lambda code: appeals.drift(db, code)) for code in whole),
            *(_check("cases", code, lambda code: cases.faults(db, code)) for code in codes),
            *(_check("months", code, lambda code: closed.faults(db, work.seal_key, code)) for code in codes),
            *(_check("adjustments", code, lambda code: adjusted.faults(db, work.seal_key, code)) for code in codes),
            *(_check("erasures", code, lambda code: erasing.faults(work, db, code)) for code in codes),
            *(_check("blobs", code, lambda code: _blobs(work, code)) for code in codes),
        )


def head_on_paper(work: Work, told: str) -> Check:
    """Whether the chain still holds the row that a slip was printed with: `branch:row:hash`. With the audit check
    passed, everything up to that row is as it was then. Raises `Invalid("head_malformed")`."""
    found = _HEAD.fullmatch(told.strip())
    if found is None:
        raise Invalid("head_malformed", value=told)
    branch, number, wanted = found[1], int(found[2]), found[3]
    with work.read() as db:
        kept = audit.hash_at(db, branch, number)
    fault = f"audit {branch} row {number} is not the one that the slip was printed with"
    return Check(f"slip {branch}:{number}", () if kept == wanted else (fault,))


def _check(name: str, branch: str, look: Callable[[str], list[str]]) -> Check:
    return Check(f"{name} {branch}", tuple(look(branch)))


def _schema(work: Work) -> Iterator[str]:
    report = health.readiness(work)
    if report["ready"] != "yes":
        yield f"the database has schema {report['schema']}, this program needs {report['program_schema']}"


def _facts(flaws: Mapping[str, str]) -> list[str]:
    words = {"unreadable": "cannot be read any more", "altered": "is not what was stored"}
    return [f"fact {event_id}: {words[flaw]}" for event_id, flaw in flaws.items()]


def _payloads(db: Db, branch: str) -> list[str]:
    return [f"fact {event_id}: its bytes are not what the phone hashed" for event_id in devices.altered(db, branch)]


def _quarantine(work: Work, db: Db, branch: str) -> list[str]:
    """Everything that was not erased must open: with another data key, nothing does."""
    faults = []
    for kept in quarantine.listed(db, branch):
        try:
            quarantine.content(work.vault, branch, kept)
            quarantine.reason(work.vault, branch, kept)
        except Unreadable:
            faults.append(f"{kept.digest[:16]}: sealed with another data key, or changed since")
    return faults


def visits_drift(db: Db, branch: str) -> list[str]:
    """Every visit replayed from its events against its read model; one line per difference."""
    held: dict[VisitId | None, int] = {}
    for fact in events.held_of(db, branch):
        held[fact.event.visit] = held.get(fact.event.visit, 0) + 1
    replayed = {
        visit: state
        for visit, history in by_visit(events.all_events(db, branch)).items()
        if visit is not None and (state := replay(history, held.get(visit, 0))) is not None
    }
    stored = {visit.visit_id: visit for visit in _every_visit(db, branch)}
    return [
        f"visit {visit}: {fault}"
        for visit in sorted(stored.keys() | replayed.keys())
        if (fault := _difference(stored.get(visit), replayed.get(visit)))
    ]


def _every_visit(db: Db, branch: str) -> list[Visit]:
    return visits.between(db, branch, datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def _difference(stored: Visit | None, replayed: VisitState | None) -> str | None:
    if stored is None or replayed is None:
        return "missing" if stored is None else "left over"
    pairs = {
        "state": (stored.state, replayed.name),
        "technician": (stored.technician, replayed.technician),
        "window": ((stored.window.start, stored.window.end), (replayed.promise.start, replayed.promise.end)),
        "planned work": ((stored.planned.start, stored.planned.end), (replayed.planned_start, replayed.planned_end)),
        "signature": (stored.signed, replayed.signed_at is not None),
        "held facts": (stored.held, replayed.held),
        "order number": (stored.external_id, replayed.external_id),
    }
    differing = [name for name, (left, right) in pairs.items() if left != right]
    return f"{', '.join(differing)} differ" if differing else None


def _blobs(work: Work, branch: str) -> list[str]:
    """Every photo on disk against its name."""
    faults = []
    for name in work.blobs.all(branch):
        content = work.blobs.read(branch, name)
        if content is None or hashlib.sha256(content).hexdigest() != name:
            faults.append(f"blob {name}: the file is not what its name says")
    return faults
