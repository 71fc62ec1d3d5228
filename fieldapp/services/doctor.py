"""Does the store say what its facts say? Replays and recounts everything, verifies chains and hashes; changes nothing.

Every check answers with one line per fault, which names the thing at fault. None of them mends anything: what is wrong
is for people to understand first.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits.lifecycle import VisitState, replay
from fieldapp.services import (
    adjusted,
    appeals,
    cases,
    closed,
    data_keys,
    erasing,
    health,
    recounting,
    restoring,
    retention,
    rulebooks,
)
from fieldapp.services.work import Db, Unreadable, Work
from fieldapp.storage import audit, branches, devices, events, photos, quarantine, visits
from fieldapp.storage.visits import Visit

#: The first check; where it finds anything, it is the only one.
SCHEMA = "migrations"
_HEAD = re.compile(r"([^:]{1,64}):([0-9]{1,15}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Check:
    """One question and what was found wrong; no faults: all is well."""

    name: str
    faults: tuple[str, ...]
    #: What whoever reads the rest should know, and is no fault.
    notes: tuple[str, ...] = ()


#: Entered before something long, with its name and how many steps it has; yields what is told of steps that are done.
During = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@contextmanager
def _unwatched(name: str, steps: int) -> Iterator[Callable[[int], None]]:
    yield lambda more: None


def examine(work: Work) -> tuple[Check, ...]:
    """Every check in the order in which a fault explains those after it; later ones need the schema to be right."""
    return tuple(checks(work))


def checks(work: Work, during: During = _unwatched) -> Iterator[Check]:
    """The same, each as soon as it is done; in between the database is being read."""
    schema = Check(SCHEMA, tuple(_schema(work)))
    yield schema
    if schema.faults:
        return
    if not work.database.is_sqlite:
        yield Check("grants", (), tuple(health.too_mighty(work)))
    if work.replica is not None:
        yield Check("replica", (), (health.replica(work.replica.behind()),))
    yield Check("retention", (), tuple(filter(None, [retention.doubt(work)])))
    with work.read() as db:
        codes = [branch.code for branch in branches.every(db)]
        keys = _keys(work, db)
        yield keys
        if any("does not hold" in fault for fault in keys.faults):
            return
        yield Check("audit", tuple(audit.verify(db)), tuple(restoring.told(db)))
        norm = Check("norm", tuple(rulebooks.flaws(db)))
        yield norm
        flaws: dict[str, Mapping[str, str]] = {}
        for code in codes:
            with during(f"facts {code}", events.count(db, code)) as progress:
                flaws[code] = dict(events.flaws(db, code, progress))
            yield Check(f"facts {code}", tuple(_facts(flaws[code])))
        # What cannot be read cannot be replayed either, and nothing can be judged by a norm that was altered.
        whole = [code for code in codes if "unreadable" not in flaws[code].values()]
        judged = [] if norm.faults else whole
        yield from _each("payloads", codes, lambda code: _payloads(db, code))
        yield from _each("quarantine", codes, lambda code: _quarantine(work, db, code))
        for name, some, look in (("visits", whole, visits_drift), ("scores", judged, recounting.drift)):
            for code in some:
                with during(f"{name} {code}", visits.count(db, code)) as progress:
                    faults = tuple(look(db, code, progress))
                yield Check(f"{name} {code}", faults)
        yield from _each("appeals", whole, lambda code: appeals.drift(db, code))
        yield from _each("cases", codes, lambda code: cases.faults(db, code))
        yield from _each("months", codes, lambda code: closed.faults(db, work.seal_key, code))
        yield from _each("adjustments", codes, lambda code: adjusted.faults(db, work.seal_key, code))
        yield from _each("erasures", codes, lambda code: erasing.faults(work, db, code))
    yield from _each("blobs", codes, lambda code: _blobs(work, code))


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


def _each(name: str, codes: Sequence[str], look: Callable[[str], list[str]]) -> Iterator[Check]:
    return (Check(f"{name} {code}", tuple(look(code))) for code in codes)


def _keys(work: Work, db: Db) -> Check:
    """How much stands under which data key; under one that is missing, nothing else can be looked at."""
    found = data_keys.standings_in(work, db)
    faults = [f"{one.values} values stand under data key {one.name}, which FIELDAPP_DATA_KEY does not hold"
              for one in found.keys if one.state == "missing" and one.values]  # fmt: skip
    notes = [f"data key {one.name} ({one.state}): {one.values} values" for one in found.keys]
    if found.unopened:
        faults.append(f"{found.unopened} things stand under no data key that FIELDAPP_DATA_KEY holds, or were changed")
    if found.readable:
        notes.append(f"{found.readable} values can be read without any key; seal them: fieldapp keys seal")
    return Check("keys", tuple(faults), tuple(notes))


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


def visits_drift(db: Db, branch: str, progress: Callable[[int], None] = lambda more: None) -> list[str]:
    """Every visit replayed from its events against its read model, some at a time; one line per difference."""
    held = Counter(fact.event.visit for fact in events.held_of(db, branch))
    faults: list[str] = []
    for part in recounting.chunks(events.by_visit(db, branch), recounting.CHUNK):
        histories = {visit: history for visit, history in part if visit is not None}
        stored = visits.by_ids(db, branch, list(histories))
        faults += [
            f"visit {visit}: {fault}"
            for visit, history in histories.items()
            if (fault := _difference(stored.get(visit), replay(history, held[visit])))
        ]
        progress(len(part))
    return faults + [f"visit {visit}: left over" for visit in visits.without_facts(db, branch)]


def _difference(stored: Visit | None, replayed: VisitState | None) -> str | None:
    if stored is None:
        return None if replayed is None else "missing"
    if replayed is None:
        return "left over"
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
    """Every photo on disk against its name, and those that came against what is on disk."""
    faults = []
    for name in work.blobs.all(branch):
        content = work.blobs.read(branch, name)
        if content is None or hashlib.sha256(content).hexdigest() != name:
            faults.append(f"blob {name}: the file is not what its name says")
    with work.read() as db:
        missing = [name for name in photos.every(db, branch) if not work.blobs.has(branch, name)]
    with work.read() as db:  # not those that were erased while this looked
        erased = photos.gone(db, branch, missing)
    return faults + [f"blob {name}: the file is gone" for name in missing if name not in erased]
