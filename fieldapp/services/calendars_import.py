"""Calendars and absences from files: all good rows or none, every fault named; the same file again changes nothing.

Two kinds of file, told apart by their columns. A calendar's row replaces what was entered for that technician; an
absence's row adds one, unless that very time is known. Reading cells is `csv_cells`'s.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Absence, Calendar, checked_absence, checked_calendar, read_shifts
from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.services import calendars as desk
from fieldapp.services.branches import zone_of
from fieldapp.services.csv_cells import LINE, Bad, Remark, filled, moment, number, read_rows, shown, staff, take
from fieldapp.services.work import Db, Work
from fieldapp.storage import calendars, planning

__all__ = ["ABSENCES", "CALENDARS", "Remark", "Report", "import_file"]

CALENDARS = ("technician", "shifts", "skills", "districts", "lat", "lon")
ABSENCES = ("technician", "start", "end", "kind", "note")


@dataclass(frozen=True)
class Report:
    """What came of a file: with `faults` nothing was stored."""

    stored: int
    same: int
    faults: tuple[Remark, ...]
    warnings: tuple[Remark, ...]


def import_file(work: Work, actor: Actor, branch: BranchCode, raw: bytes) -> Report:
    """Read and store a file of either kind. Raises `Forbidden`, `NotFound` (branch)."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    faults: list[Remark] = []
    warnings: list[Remark] = []
    with work.write(branch) as db:
        reader = _Reader(db, branch, now, faults, warnings)
        rows = list(reader.absences(raw) if _is_of_absences(raw) else reader.calendars(raw))
        if faults:
            return Report(0, 0, tuple(sorted(faults, key=lambda one: one.line)), tuple(warnings))
        return _store(work, db, actor, branch, rows, now, tuple(warnings))


class _Reader:
    """One pass over one file."""

    def __init__(self, db: Db, branch: BranchCode, now: datetime, faults: list[Remark], warnings: list[Remark]) -> None:
        self.zone, self.now, self.faults, self.warnings = zone_of(db, branch), now, faults, warnings
        self.staff = staff({one.code: one.is_active for one in planning.technicians(db, branch)})

    def calendars(self, raw: bytes) -> Iterator[Calendar]:
        """The calendars of the good rows; a technician twice is a fault."""
        lines: dict[str, int] = {}
        for line, cells in read_rows(raw, CALENDARS, (), self.faults, self.warnings):
            code = self._take(line, cells, "technician", self.staff)
            if code and lines.setdefault(code, line) != line:
                facts = {"first": lines[code]}
                self.faults.append(Remark(line, "technician", code, "duplicate_other", facts))
            lat, lon = (self._take(line, cells, name, number(most)) for name, most in (("lat", 90), ("lon", 180)))
            if (lat is None) != (lon is None):
                self.faults.append(Remark(line, "lon" if lon is None else "lat", "", "missing"))
                continue
            shifts = self._take(line, cells, "shifts", _told(read_shifts))
            skills, districts = (self._take(line, cells, name, _listed) for name in ("skills", "districts"))
            if None in {code, shifts, skills, districts}:
                continue
            base = None if lat is None else (lat, lon)
            yield from self._checked(line, cells, checked_calendar, Calendar(code, shifts, skills, districts, base))

    def absences(self, raw: bytes) -> Iterator[Absence]:
        """The absences of the good rows; what is over already is warned of, and kept all the same."""
        for line, cells in read_rows(raw, ABSENCES, (), self.faults, self.warnings):
            code = self._take(line, cells, "technician", self.staff)
            start, end = (self._take(line, cells, name, moment(self.zone)) for name in ("start", "end"))
            if code is None or start is None or end is None:
                continue
            if end <= start:
                self.faults.append(Remark(line, "end", shown(cells["end"]), "absence_malformed"))
                continue
            if end <= self.now:
                self.warnings.append(Remark(line, "end", shown(cells["end"]), "window_past"))
            kind, note, span = cells["kind"] or "other", cells["note"], Window(start, end)
            yield from self._checked(line, cells, checked_absence, "", code, span, kind, note)

    def _take(self, line: int, cells: Mapping[str, str], column: str, rule: Callable[[str], Any]) -> Any:
        return take(line, cells, column, rule, None, self.faults)

    def _checked(self, line: int, cells: Mapping[str, str], make: Callable[..., Any], *parts: Any) -> Iterator[Any]:
        """What can be one, or a fault at the column that the refusal names."""
        try:
            yield make(*parts)
        except Invalid as error:
            column = error.field or "-"
            self.faults.append(Remark(line, column, shown(cells.get(column, "")), error.code, error.facts))


def _store(
    work: Work, db: Db, actor: Actor, branch: BranchCode, rows: list[Any], now: datetime, warnings: tuple[Remark, ...]
) -> Report:
    stored = 0
    for row in rows:
        if isinstance(row, Calendar):
            if calendars.of(db, branch, [row.technician])[row.technician] != row:
                rev = calendars.rev_of(db, branch, row.technician)
                desk.keep(work, db, actor, branch, row, rev, now)
                stored += 1
        elif all(one.span != row.span for one in calendars.absences(db, branch, [row.technician], row.span)):
            new = Absence(work.new_id(), row.technician, row.span, row.kind, row.note)
            desk.add(work, db, actor, branch, [new], now)
            stored += 1
    return Report(stored, len(rows) - stored, (), warnings)


def _is_of_absences(raw: bytes) -> bool:
    """Whether the header has the columns that only absences have."""
    header = raw.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").lower()
    return "start" in header and "shifts" not in header


def _told(rule: Callable[[str], Any]) -> Callable[[str], Any]:
    """A rule of the domain as one for cells."""

    def read(cell: str) -> Any:
        try:
            return rule(cell)
        except Invalid as error:
            raise Bad(error.code, **error.facts) from None

    return read


def _listed(cell: str) -> frozenset[str]:
    """`one; two`, or nothing."""
    parts = [filled(part.strip()) for part in cell.replace("；", ";").split(";") if part.strip()]
    if any(len(part) > LINE for part in parts):
        raise Bad("too_long", most=LINE)
    return frozenset(parts)
