"""Importing appointment files: preview, then all good rows or none, in one transaction.

Owns what a row changes: a new order is scheduled; a known one is compared with what imports said of it before, so that
the same file again changes nothing, even where somebody moved the visit in between. Reading is `appointments_csv`'s.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from msgspec import structs

from fieldapp.domain import scheduling
from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.domain.ids import BranchCode, VisitId, visit_id
from fieldapp.domain.scheduling import Plan
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits import personal
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import DURATIONS, ENDED, VisitState, replay
from fieldapp.services.appointments_csv import Row, Sheet, parse_appointments, plain_row
from fieldapp.services.branches import zone_of
from fieldapp.services.csv_cells import Remark
from fieldapp.services.recording import record
from fieldapp.services.scheduling import amendment, be_movable_by, be_open, end_link, event
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, planning, visits
from fieldapp.storage.events import Record
from fieldapp.storage.visits import Visit

__all__ = ["Line", "Preview", "Remark", "import_appointments", "preview_appointments"]

Verdict = Literal["new", "changed", "same"]


@dataclass(frozen=True)
class Line:
    """What one row would do: `changes` are the events, by type, that a changed one records."""

    row: Row
    verdict: Verdict
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """A whole file: with `faults` nothing is imported. `digest` names exactly this outcome."""

    lines: tuple[Line, ...]
    faults: tuple[Remark, ...]
    warnings: tuple[Remark, ...]
    digest: str

    def count(self, verdict: Verdict) -> int:
        """How many rows have this verdict."""
        return sum(line.verdict == verdict for line in self.lines)


def preview_appointments(work: Work, actor: Actor, branch: BranchCode, raw: bytes) -> Preview:
    """What importing the file would do now; changes nothing. Raises `Forbidden`, `NotFound` (branch)."""
    require(actor, "visits.plan", branch=branch)
    with work.read() as db:
        return _look(work, db, actor, branch, raw).preview


def import_appointments(
    work: Work, actor: Actor, branch: BranchCode, raw: bytes, *, expected: str | None = None
) -> Preview:
    """Import the file: every row when none has a fault, else nothing (the answer then has `faults`).

    `expected` is the digest of the preview that a person confirmed; raises `Conflict` import_stale when this is not
    what would happen any more.
    """
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        found = _look(work, db, actor, branch, raw)
        if found.preview.faults:
            return found.preview
        if expected is not None and expected != found.preview.digest:
            raise Conflict("import_stale")
        records = [
            Record(event=event(work, actor.login, visit, data, now), origin="import", received_at=now)
            for visit, said in found.said.items()
            for data in said
        ]
        for visit, said in found.said.items():
            for change in said:
                if isinstance(change, ev.VisitAmended):
                    end_link(db, visits.get(db, branch, visit), change, now)
        if records:
            record(db, branch, records, now)
            audit.append(
                db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action="appointments.imported",
                subject=hashlib.sha256(raw).hexdigest(),
                facts={name: found.preview.count(name) for name in ("new", "changed", "same")},
            )  # fmt: skip
        return found.preview


@dataclass(frozen=True)
class _Look:
    preview: Preview
    said: Mapping[VisitId, Sequence[ev.Data]]


def _look(work: Work, db: Db, actor: Actor, branch: BranchCode, raw: bytes) -> _Look:
    """Read the file against the store: the preview, and what each visit would be told."""
    technicians = {str(one.code): one.is_active for one in planning.technicians(db, branch)}
    sheet = parse_appointments(raw, zone_of(db, branch), technicians, work.now())
    if sheet.faults:
        return _Look(Preview((), sheet.faults, sheet.warnings, ""), {})
    known = planning.by_external_ids(db, branch, (row.order.external_id for row in sheet.rows))
    earlier = planning.imported(db, branch, (visit.visit_id for visit in known.values()))
    said: dict[VisitId, Sequence[ev.Data]] = {}
    lines, faults = [], list[Remark]()
    for row in sheet.rows:
        visit = known.get(row.order.external_id)
        data = _changes(row, visit, earlier.get(visit.visit_id, ())) if visit else [row.order]
        if visit and not actor.is_head_office:
            faults += [one for change in data if (one := _refusal(db, actor, row, visit, change, work.now()))]
        if data:
            said[visit.visit_id if visit else visit_id(branch, row.order.external_id)] = data
        verdict: Verdict = "new" if visit is None else "changed" if data else "same"
        lines.append(Line(row, verdict, tuple(one.event_type for one in data) if visit else ()))
    if faults:
        return _Look(Preview((), tuple(faults), sheet.warnings, ""), {})
    warnings = _warnings(db, branch, sheet, lines, known)
    return _Look(Preview(tuple(lines), (), warnings, _digest(lines)), said)


def _changes(row: Row, visit: Visit, earlier: Sequence[Event]) -> list[ev.Data]:
    """What a known order's row says that no import said before and that does not stand already.

    A different window (or who told it when, and whether it was agreed: the promise as a whole) is a new promise; a
    different technician an assignment; everything else an amendment.
    """
    order, before = row.order, replay(earlier)
    changes: list[ev.Data] = []
    promise_stands = _stands(order.promise, visit) if before is None else order.promise == before.promise
    if not promise_stands:
        changes.append(
            ev.PromiseChanged(asked_by=row.asked_by, promise=order.promise, apology=row.apology, cause=row.cause)
        )
    if (before is None or order.technician != before.technician) and order.technician != visit.technician:
        changes.append(ev.VisitAssigned(technician=order.technician))
    wanted = _wanted(order, before)
    amended = amendment(visit, wanted) if wanted is not None else None
    if amended is not None:
        changes.append(amended)
    return changes


def _refusal(db: Db, actor: Actor, row: Row, visit: Visit, change: ev.Data, now: datetime) -> Remark | None:
    """Why this person may not change the promise of a visit: a file is no way around what a form would refuse. Only
    head office, whose list it is, says what was agreed elsewhere (scoring.md 4: imported changes count as approved)."""
    if not isinstance(change, ev.PromiseChanged):
        return None
    try:
        be_open(visit)
        be_movable_by(db, actor, visit, change, now)
    except DomainError as error:
        said = {"told_at": str(row.order.promise.told_at), "asked_by": row.asked_by}
        column = error.field if error.field in said else "external_id"
        return Remark(row.line, column, said.get(column, visit.external_id), error.code, error.facts)
    return None


def _stands(promise: ev.Promise, visit: Visit) -> bool:
    """Whether a visit that no import ever named has this window already."""
    return Window(promise.start, promise.end) == visit.window


def _wanted(order: ev.VisitScheduled, before: VisitState | None) -> ev.VisitAmended | None:
    """What the row wants of customer, charges, job and note, as far as it differs from what imports said before."""
    if before is None:
        return ev.VisitAmended(customer=order.customer, charges=order.charges, job_type=order.job_type, note=order.note)
    if before.customer.name == personal.ERASED:
        # The company's list still names whom we have erased: that is no news.
        order = structs.replace(order, customer=before.customer, note=before.note or None)
    said = ev.VisitAmended(
        customer=before.customer, charges=list(before.charges), job_type=before.job_type, note=before.note or None
    )
    values = {
        name: wanted
        for name in ("customer", "charges", "job_type", "note")
        if (wanted := getattr(order, name)) != getattr(said, name)
    }
    return ev.VisitAmended(**values) if values else None


def _warnings(
    db: Db, branch: BranchCode, sheet: Sheet, lines: Sequence[Line], known: Mapping[str, Visit]
) -> tuple[Remark, ...]:
    """The file's own warnings about rows that do something, and those that only the store can give."""
    quiet = {line.row.line for line in lines if line.verdict == "same"}
    found = [one for one in sheet.warnings if one.line not in quiet]
    for line in lines:
        visit = known.get(line.row.order.external_id)
        if visit is not None and visit.state in ENDED and line.verdict == "changed":
            found.append(Remark(line.row.line, "external_id", visit.external_id, "visit_over"))
    found.extend(_overlaps(db, branch, [line for line in lines if line.verdict != "same"], known))
    return tuple(sorted(found, key=lambda one: one.line))


def _overlaps(db: Db, branch: BranchCode, lines: Sequence[Line], known: Mapping[str, Visit]) -> list[Remark]:
    """Rows whose planned work runs into other work of the same technician, in the file or in the store."""
    plans = {plan.visit: (line, plan) for line in lines if (plan := _plan(branch, line.row, known)) is not None}
    if not plans:
        return []
    stored = planning.plans(
        db, branch, {plan.technician for _, plan in plans.values()},
        min(plan.work.start for _, plan in plans.values()), max(plan.work.end for _, plan in plans.values()),
    )  # fmt: skip
    others = [plan for plan in stored if plan.visit not in plans]
    remarks = []
    for late, early in scheduling.collisions([*others, *(plan for _, plan in plans.values())]):
        one, other = (late, early) if late.visit in plans else (early, late)
        if one.visit in plans:
            line = plans[one.visit][0]
            remarks.append(Remark(line.row.line, "technician", one.technician, "overlap", {"other": other.label}))
    return remarks


def _plan(branch: BranchCode, row: Row, known: Mapping[str, Visit]) -> Plan | None:
    order = row.order
    if order.technician is None:
        return None
    visit = known.get(order.external_id)
    length = visit.planned.end - visit.planned.start if visit else DURATIONS[order.job_type]
    start = order.promise.start
    return Plan(visit_id(branch, order.external_id), order.external_id, order.technician, Window(start, start + length))


def _digest(lines: Sequence[Line]) -> str:
    """Equal for two previews that would do the same."""
    said = [(plain_row(line.row), line.verdict, line.changes) for line in lines]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
