"""Event histories from files (JSON lines): all good lines or none, idempotent by id.

Owns the file's envelope and what a bad line is called. What an event may say is the codec's, what it counts is the
score's, what cannot be for what the store knows is `history_faults`'; imported facts are never held, disputed or
refused for state, order or overlap. They are the past of another system, decisions included.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import BinaryIO

import msgspec

from fieldapp.domain.access import TOKEN_LOGIN, Actor, require
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
from fieldapp.domain.plausible import is_plausible
from fieldapp.domain.visits.codec import read_data
from fieldapp.domain.visits.events import TYPES, AppealDecided, AppealFiled, Event, FindingDecided, FindingRecorded
from fieldapp.services import history_faults, recording
from fieldapp.services.branches import zone_of
from fieldapp.services.history_faults import CHUNK, Fault, Suspect
from fieldapp.services.installation import MAIN_TEAM
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, branches, events, quarantine, scoring
from fieldapp.storage.accounts import Account
from fieldapp.storage.events import Record
from fieldapp.storage.quarantine import Quarantined
from fieldapp.storage.spool import Line, Spool

__all__ = ["Fault"]

#: Types that may be about no visit: findings, and what is said about them.
_VISITLESS = frozenset({"finding.recorded", "finding.decided", "appeal.filed", "appeal.decided"})
_FIELDS = frozenset({"id", "type", "visit", "at", "actor", "data"})
_NO_STAFF = frozenset({"customer", "office"})

#: By how much the clock that wrote a history may be ahead of this one.
AHEAD = timedelta(minutes=5)
#: The longest line; no event comes near it.
LONGEST = 1 << 24
#: Bytes of lines that are recorded in one go; the cut is made between visits, so that each visit is judged once.
PART = 1 << 20
#: Bytes after which somebody is told how far the reading is.
STEP = 1 << 16
#: Order numbers whose visits are kept in mind.
NAMED = 10_000


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


class _Bad(Exception):
    def __init__(self, column: str, value: object, reason: str, detail: str = "") -> None:
        self.column, self.value, self.reason, self.detail = column, value, reason, detail
        super().__init__(reason)


def import_events(
    work: Work,
    actor: Actor,
    branch: str,
    file: BinaryIO,
    *,
    source: str,
    create_staff: bool = False,
    progress: Callable[[int], None] = lambda more: None,
) -> HistoryReport:
    """Import a history into a branch. Raises `Forbidden`, `NotFound`.

    The file is read once, from its start to its end; memory is for a part of it, for one visit, and for what is told of
    bad lines. `source` names the file in the audit. Staff codes that nobody has are faults, or become technicians of
    the branch with `create_staff` (without a password: they cannot sign in until they are given one). `progress` is
    told of every byte twice: how many more were read, then how many more were stored.
    """
    require(actor, "events.import", branch=BranchCode(branch))
    with work.read() as db:
        known = _known_staff(db, branch)
        read = _File(branch, known, work.now().astimezone(zone_of(db, branch)))
    with Spool() as spool:
        spool.add(_good_lines(file, read, None if create_staff else known, progress))
        with work.write(branch) as db:
            faults = read.faults + history_faults.decided_here(db, branch, spool, read.event)
            faults += history_faults.misplaced(db, branch, spool, read.event, read.suspects)
            if faults:
                faults.sort(key=lambda fault: (fault.line, fault.column))
                return HistoryReport(read.lines, 0, tuple(faults))
            unknown = read.staff - _known_staff(db, branch).keys()
            _create_staff(work, db, branch, unknown)
            report = _store(work, db, branch, spool, read, progress)
            facts = {"lines": report.lines, "new": report.new, "conflicts": len(report.conflicts)}
            audit.append(
                db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="history.imported",
                subject=source, facts=facts,
            )  # fmt: skip
    return replace(report, created=tuple(sorted(unknown)))


# --- Reading ------------------------------------------------------------------------------------------------------


class _File:
    """What is known of the file once it was read, but for its lines: those are in the spool.

    Suspects are what happens, or was told, after `now`, findings of days after it (in its zone), and those about one of
    the known `staff` who is no technician, or one of another branch.
    """

    def __init__(self, branch: str, staff: Mapping[str, Account], now: datetime) -> None:
        self.lines = 0
        self.staff = set[str]()
        self.faults: list[Fault] = []
        self.suspects: list[Suspect] = []
        self._latest, self._today = (now + AHEAD).astimezone(UTC), now.date()
        self._officials = {code for code, one in staff.items() if one.role != "technician"}
        self._foreign = {code for code, one in staff.items() if one.branch != branch}
        self._name = lru_cache(NAMED)(lambda number: visit_id(BranchCode(branch), number))

    def event(self, raw: bytes) -> Event:
        """What a line says. Raises `_Bad`."""
        return _event(raw, self._name)

    def look_at(self, number: int, event: Event, raw: bytes) -> None:
        """Keep a line in mind, where there is reason to."""
        if event.effective_at > self._latest:
            self._suspect(event, Fault(number, "at", _shown(_object(raw)["at"]), "at_future"))
        said = event.data
        for path, part in (("data", said), ("data.promise", getattr(said, "promise", None))):
            told_at = getattr(part, "told_at", None)
            if told_at and told_at > self._latest:
                self._suspect(event, Fault(number, f"{path}.told_at", told_at.isoformat(), "at_future"))
        if not isinstance(said, FindingRecorded):
            return
        if said.occurred_on > self._today:
            self._suspect(event, Fault(number, "data.occurred_on", said.occurred_on.isoformat(), "finding_future"))
        if said.technician in self._officials:
            self._suspect(event, Fault(number, "data.technician", said.technician, "never_technician"))
        if said.technician in self._foreign:
            self._suspect(event, Fault(number, "data.technician", said.technician, "technician_elsewhere"))

    def _suspect(self, event: Event, fault: Fault) -> None:
        self.suspects.append(Suspect(event.id, fault, event.visit))


def _good_lines(
    file: BinaryIO, read: _File, staff: Collection[str] | None, progress: Callable[[int], None]
) -> Iterator[Line]:  # fmt: skip
    passed = 0
    for number, text in enumerate(_texts(file), start=1):
        passed += len(text)
        if passed > STEP:
            progress(passed)
            passed = 0
        if not text.strip():
            continue
        read.lines += 1
        try:
            event = read.event(text)
        except _Bad as bad:
            read.faults.append(Fault(number, bad.column, _shown(bad.value), bad.reason, bad.detail))
            continue
        for column, code in _staff_of(event):
            read.staff.add(code)
            if staff is not None and code not in staff:
                read.faults.append(Fault(number, column, code, "staff_unknown"))
        read.look_at(number, event, text)
        is_step = isinstance(event.data, FindingDecided | AppealDecided | AppealFiled)
        yield Line(number, event.id, event.visit, _finding_of(event), is_step, text.strip())
    progress(passed)


def _texts(file: BinaryIO) -> Iterator[bytes]:
    """The lines; of one that is too long to be an event the start, made to be no JSON."""
    mark = b"\xef\xbb\xbf"
    while text := file.readline(LONGEST):
        is_cut = len(text) == LONGEST and not text.endswith(b"\n")
        while is_cut and (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
            pass
        yield text.removeprefix(mark) + (b"..." if is_cut else b"")
        mark = b""


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


def _store(
    work: Work, db: Db, branch: str, spool: Spool, read: _File, progress: Callable[[int], None]
) -> HistoryReport:  # fmt: skip
    now = work.now()
    new, conflicts = 0, list[Conflict]()
    for place, part in enumerate(spool.parts(PART)):
        if place & (place - 1) == 0:  # each time that there is twice as much
            events.take_stock(db)
        records = [Record(event=read.event(line.raw), origin="import", received_at=now) for line in part]
        recorded = recording.record(db, branch, records, now, is_news=False)
        new += len(recorded.new)
        taken = {id(record) for record in recorded.conflicts}
        apart = [(line, record.event) for line, record in zip(part, records, strict=True) if id(record) in taken]
        _keep_apart(work, db, branch, apart, now)
        conflicts += [Conflict(line.number, line.event_id) for line, _ in apart]
        progress(sum(len(line.raw) + 1 for line in part))
    return HistoryReport(
        lines=read.lines,
        new=new,
        conflicts=tuple(sorted(conflicts, key=lambda one: one.line)),
        waiting=sum(_waiting(db, branch, part) for part in spool.subjects(CHUNK)),
    )


def _keep_apart(work: Work, db: Db, branch: str, lines: Sequence[tuple[Line, Event]], now: datetime) -> None:
    things = [
        Quarantined(
            code="id_conflict", origin="import", raw=line.raw, received_at=now, event_id=event.id,
            visit_id=event.visit, actor=event.actor,
            problem="the id is taken by an event with other content",
        )
        for line, event in lines
    ]  # fmt: skip
    quarantine.keep(db, work.vault, branch, things)


def _waiting(db: Db, branch: str, subjects: Sequence[tuple[str | None, str | None, int]]) -> int:
    """How many lines are about visits not scheduled yet, or findings not recorded yet; they count once those are."""
    scheduled = scoring.external_ids(db, branch, {visit for visit, _, _ in subjects if visit}).keys() | {None}
    recorded = events.visits_of(db, branch, {about for _, about, _ in subjects if about}).keys() | {None}
    return sum(count for visit, about, count in subjects if visit not in scheduled or about not in recorded)


def _finding_of(event: Event) -> str | None:
    """The finding that a decision or an appeal is about."""
    return getattr(event.data, "finding", None) or None


# --- Staff --------------------------------------------------------------------------------------------------------


def _staff_of(event: Event) -> Iterator[tuple[str, str]]:
    """The staff codes that an event names, with their columns."""
    if event.actor not in _NO_STAFF and not event.actor.startswith(TOKEN_LOGIN):
        yield "actor", event.actor
    technician = getattr(event.data, "technician", None)
    if technician is not None:
        yield "data.technician", technician


def _known_staff(db: Db, branch: str) -> dict[str, Account]:
    """Everybody, by staff code. Raises `NotFound`: there is no such branch."""
    if branches.find(db, branch) is None:
        raise NotFound()
    return {str(account.login): account for account in accounts.accounts(db)}


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
