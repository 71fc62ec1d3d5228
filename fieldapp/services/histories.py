"""Event histories from files (JSON lines): all good lines or none, idempotent by id.

Owns the file's envelope and what a bad line is called. What an event may say is the codec's, what it counts is the
score's; imported facts are never held, disputed or refused for state, order or overlap. They are the past of another
system, decisions included: what was recorded or appealed in this one is decided in it, by the people who may.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import msgspec

from fieldapp.domain.access import TOKEN_LOGIN, Actor, require
from fieldapp.domain.appeals import Subject, subject_of
from fieldapp.domain.errors import Invalid, NotFound
from fieldapp.domain.ids import (
    AccountId,
    BranchCode,
    EventId,
    StaffCode,
    TeamCode,
    VisitId,
    is_code,
    is_external_id,
    is_uuid,
    visit_id,
)  # fmt: skip
from fieldapp.domain.visits.codec import read_data
from fieldapp.domain.visits.events import TYPES, AppealDecided, Event, FindingDecided, is_plausible
from fieldapp.services import recording
from fieldapp.services.installation import MAIN_TEAM
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, appeals, audit, branches, events, quarantine, scoring
from fieldapp.storage.accounts import Account
from fieldapp.storage.events import Record
from fieldapp.storage.quarantine import Quarantined

#: Types that may be about no visit: findings, and what is said about them.
_VISITLESS = frozenset({"finding.recorded", "finding.decided", "appeal.filed", "appeal.decided"})
_FIELDS = frozenset({"id", "type", "visit", "at", "actor", "data"})
_NO_STAFF = frozenset({"customer", "office"})

#: Events recorded in one go; the cut is made between visits, so that each visit is judged once.
CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad line: where, what stood there, and why it cannot be (`reason` is a code, `detail` may say more)."""

    line: int
    column: str
    value: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A line whose id is taken by an event with other content; it is in quarantine."""

    line: int
    event_id: str


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What became of a file. With `faults`, nothing was imported."""

    lines: int
    new: int
    faults: tuple[Fault, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    created: tuple[str, ...] = ()
    waiting: int = 0

    @property
    def known(self) -> int:
        """Lines that were there already, in the store or earlier in the file."""
        return 0 if self.faults else self.lines - self.new - len(self.conflicts)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: bytes
    event: Event


class _Bad(Exception):
    def __init__(self, column: str, value: object, reason: str, detail: str = "") -> None:
        self.column, self.value, self.reason, self.detail = column, value, reason, detail
        super().__init__(reason)


def import_events(
    work: Work,
    actor: Actor,
    branch: str,
    raw: bytes,
    *,
    source: str,
    create_staff: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> HistoryReport:
    """Import a history into a branch. Raises `Forbidden`, `NotFound`.

    `source` names the file in the audit. Staff codes that nobody has are faults, or become technicians of the branch
    with `create_staff` (without a password: they cannot sign in until they are given one). `progress` is told how many
    more lines were stored.
    """
    require(actor, "events.import", branch=BranchCode(branch))
    lines, faults = _read(raw, branch)
    total = len(lines) + len(faults)
    with work.write(branch) as db:
        if branches.find(db, branch) is None:
            raise NotFound()
        unknown = _unknown_staff(db, lines)
        if not create_staff:
            faults += [
                Fault(line.number, column, code, "staff_unknown")
                for line in lines
                for column, code in _staff_of(line.event)
                if code in unknown
            ]
        faults += _decided_here(db, branch, lines)
        if faults:
            return HistoryReport(total, 0, tuple(sorted(faults, key=lambda fault: (fault.line, fault.column))))
        _create_staff(work, db, branch, unknown)
        report = _store(work, db, branch, lines, progress)
        facts = {"lines": report.lines, "new": report.new, "conflicts": len(report.conflicts)}
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="history.imported",
            subject=source, facts=facts,
        )  # fmt: skip
    return replace(report, created=tuple(sorted(unknown)))


# --- Reading ------------------------------------------------------------------------------------------------------


def _read(raw: bytes, branch: str) -> tuple[list[_Line], list[Fault]]:
    lines: list[_Line] = []
    faults: list[Fault] = []
    name = cache(lambda number: visit_id(BranchCode(branch), number))
    for number, text in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            lines.append(_Line(number, text.strip(), _event(text, name)))
        except _Bad as bad:
            faults.append(Fault(number, bad.column, _shown(bad.value), bad.reason, bad.detail))
    return lines, faults


def _event(text: bytes, name: Callable[[str], VisitId]) -> Event:
    entry = _object(text)
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise _Bad("type", kind, "type_unknown")
    event_id = entry.get("id")
    if not isinstance(event_id, str) or not is_uuid(event_id):
        raise _Bad("id", event_id, "not_a_uuid")
    actor = entry.get("actor")
    if not isinstance(actor, str) or not is_code(actor):
        raise _Bad("actor", actor, "not_a_staff_code")
    moment = _moment(entry.get("at"))
    visit = _visit(entry, kind)
    try:
        data = read_data(kind, entry.get("data"))
    except Invalid as error:
        path, problem = str(error.facts.get("path", "data")), str(error.facts.get("problem", error.code))
        column = path if path == "data" else f"data.{path}"
        raise _Bad(column, _at_path(entry.get("data"), path), "schema_invalid", problem) from None
    number = getattr(data, "external_id", visit)
    if number != visit:
        raise _Bad("data.external_id", number, "not_the_visit", str(visit))
    return Event(
        id=EventId(event_id),
        type=kind,
        visit=None if visit is None else name(visit),
        effective_at=moment,
        actor=StaffCode(actor),
        data=data,
    )


def _object(text: bytes) -> dict[str, object]:
    try:
        entry = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Bad("line", text.decode("utf-8", "replace"), "not_json", str(error)) from None
    if not isinstance(entry, dict):
        raise _Bad("line", entry, "not_an_object")
    for name in sorted(_FIELDS - entry.keys() - {"visit"}):
        raise _Bad(name, "", "missing")
    for name in sorted(entry.keys() - _FIELDS):
        raise _Bad(name, entry[name], "field_unknown")
    return entry


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None or moment.tzinfo is None:
            raise _Bad("at", value, "no_time_with_offset")
        if not is_plausible(moment):
            raise _Bad("at", value, "not_in_this_century")
        return moment.astimezone(UTC)
    except ValueError:
        raise _Bad("at", value, "no_time_with_offset") from None


def _visit(entry: dict[str, object], kind: str) -> str | None:
    visit = entry.get("visit")
    if visit is None and kind in _VISITLESS and not _is_item_appeal(entry.get("data")):
        return None
    if not isinstance(visit, str) or not is_external_id(visit):
        raise _Bad("visit", visit, "missing" if visit is None else "not_an_order_number")
    return visit


def _is_item_appeal(data: object) -> bool:
    """An appeal about an item is about that item of a visit; `item` of a finding needs none."""
    return isinstance(data, dict) and "outcome" in data and bool(data.get("item"))


def _at_path(data: object, path: str) -> object:
    value = data
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return data if path == "data" else value


def _shown(value: object) -> str:
    if isinstance(value, str):
        text = value
    else:
        try:
            text = msgspec.json.encode(value).decode()
        except (TypeError, ValueError, RecursionError):
            text = "?"
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- Storing ------------------------------------------------------------------------------------------------------


def _store(work: Work, db: Db, branch: str, lines: Sequence[_Line], progress: Callable[[int], None]) -> HistoryReport:
    now = work.now()
    new, conflicts = 0, []
    for part in _parts(lines):
        records = {line.number: Record(event=line.event, origin="import", received_at=now) for line in part}
        recorded = recording.record(db, branch, list(records.values()), now, is_news=False)
        new += len(recorded.new)
        taken = {id(record) for record in recorded.conflicts}
        conflicts += [line for line in part if id(records[line.number]) in taken]
        progress(len(part))
    quarantine.keep(
        db,
        work.vault,
        branch,
        [
            Quarantined(
                code="id_conflict", origin="import", raw=line.raw, received_at=now, event_id=line.event.id,
                visit_id=line.event.visit, actor=line.event.actor,
                problem="the id is taken by an event with other content",
            )
            for line in conflicts
        ],
    )  # fmt: skip
    return HistoryReport(
        lines=len(lines),
        new=new,
        conflicts=tuple(sorted((Conflict(line.number, line.event.id) for line in conflicts), key=lambda c: c.line)),
        waiting=_waiting(db, branch, lines),
    )


def _parts(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The lines by visit, in parts of about `CHUNK`, no visit cut in two; repeated ids after everything else, so that
    of lines that share an id the first in the file is the one that counts."""
    first = {line.event.id: line.number for line in reversed(lines)}
    yield from _by_visit([line for line in lines if first[line.event.id] == line.number])
    yield from _by_visit([line for line in lines if first[line.event.id] != line.number])


def _by_visit(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    part: list[_Line] = []
    for line in sorted(lines, key=lambda line: line.event.visit or ""):
        if len(part) >= CHUNK and line.event.visit != part[-1].event.visit:
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _waiting(db: Db, branch: str, lines: Iterable[_Line]) -> int:
    """How many lines are about visits not scheduled yet, or findings not recorded yet; they count once those are."""
    heap = list(lines)
    visits = {line.event.visit for line in heap if line.event.visit is not None}
    scheduled = scoring.external_ids(db, branch, visits).keys() | {None}
    findings = {about for line in heap if (about := _finding_of(line.event))}
    recorded = events.visits_of(db, branch, findings).keys() | {None}
    return sum(line.event.visit not in scheduled or _finding_of(line.event) not in recorded for line in heap)


def _finding_of(event: Event) -> str | None:
    """The finding that a decision or an appeal is about."""
    return getattr(event.data, "finding", None) or None


def _decided_here(db: Db, branch: str, lines: Iterable[_Line]) -> list[Fault]:
    """Decisions about findings that were recorded, or appeals that were filed, in this system; those that are in the
    store already change nothing and may come again."""
    decisions = [line for line in lines if isinstance(line.event.data, FindingDecided | AppealDecided)]
    if not decisions:
        return []
    known = events.hashes(db, branch, (line.event.id for line in decisions))
    fresh = [line for line in decisions if line.event.id not in known]
    filed = appeals.about(db, branch, (one for line in fresh if (one := subject_of(line.event))))
    filings = {subject: appeal.filing for subject, appeal in filed.items() if appeal.filing}
    findings = {about for line in fresh if (about := _finding_of(line.event))}
    own = events.recorded_here(db, branch, {*findings, *filings.values()})
    return [
        Fault(line.number, "data", finding or str(getattr(line.event.data, "item", "")), "decided_here")
        for line in fresh
        if (finding := _finding_of(line.event)) in own or filings.get(subject_of(line.event) or Subject()) in own
    ]


# --- Staff --------------------------------------------------------------------------------------------------------


def _staff_of(event: Event) -> Iterator[tuple[str, str]]:
    """The staff codes that an event names, with their columns."""
    if event.actor not in _NO_STAFF and not event.actor.startswith(TOKEN_LOGIN):
        yield "actor", event.actor
    technician = getattr(event.data, "technician", None)
    if technician is not None:
        yield "data.technician", technician


def _unknown_staff(db: Db, lines: Iterable[_Line]) -> set[str]:
    named = {code for line in lines for _, code in _staff_of(line.event)}
    return named - {account.login for account in accounts.accounts(db)}


def _create_staff(work: Work, db: Db, branch: str, codes: Iterable[str]) -> None:
    wanted = sorted(codes)
    if wanted and not branches.has_team(db, branch, MAIN_TEAM):
        branches.add_team(db, branch, MAIN_TEAM, name="Main")
    for code in wanted:
        account = Account(
            account_id=AccountId(work.new_id()), login=StaffCode(code), name=code, role="technician",
            branch=BranchCode(branch), team=TeamCode(MAIN_TEAM), locale=None, created_at=work.now(),
        )  # fmt: skip
        accounts.add(db, account, None)
