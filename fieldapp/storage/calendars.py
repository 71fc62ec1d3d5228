"""Technicians' calendars and absences as rows: reading, replacing a calendar at its revision, adding an absence."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Absence, Calendar, read_shifts, write_shifts
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.storage.tables.calendars import AbsenceRow, CalendarRow


def of(db: Session, branch: str, technicians: Iterable[str]) -> dict[str, Calendar]:
    """Technician -> calendar; an empty one for whom nothing was entered."""
    wanted = sorted(set(technicians))
    query = select(CalendarRow).where(CalendarRow.branch == branch, CalendarRow.technician.in_(wanted))
    found = {row.technician: _calendar(row) for row in db.scalars(query)}
    return {code: found.get(code) or Calendar(code) for code in wanted}


def rev_of(db: Session, branch: str, technician: str) -> int:
    """How often the calendar was changed; 0 when nothing was entered yet."""
    query = select(CalendarRow.rev).where(CalendarRow.branch == branch, CalendarRow.technician == technician)
    return db.scalar(query) or 0


def replace(db: Session, branch: str, calendar: Calendar, rev: int, *, by: str, now: datetime) -> None:
    """Store the calendar in place of the one at `rev`; `Conflict` calendar_changed when that is another by now."""
    values = {
        "rev": rev + 1, "shifts": write_shifts(calendar.shifts), "skills": "\n".join(sorted(calendar.skills)),
        "districts": "\n".join(sorted(calendar.districts)), "lat": calendar.base[0] if calendar.base else None,
        "lon": calendar.base[1] if calendar.base else None, "changed_by": by, "changed_at": now,
    }  # fmt: skip
    if rev_of(db, branch, calendar.technician) != rev:
        raise Conflict("calendar_changed", technician=calendar.technician)
    if rev:
        mine = CalendarRow.branch == branch, CalendarRow.technician == calendar.technician
        db.execute(update(CalendarRow).where(*mine).values(**values))
    else:
        db.execute(insert(CalendarRow).values(branch=branch, technician=calendar.technician, **values))


def absences(db: Session, branch: str, technicians: Iterable[str] | None, span: Window) -> list[Absence]:
    """Absences that reach into the span and were not taken back, by their start; of all technicians with None."""
    query = _standing(branch).where(AbsenceRow.starts < span.end, AbsenceRow.ends > span.start)
    if technicians is not None:
        query = query.where(AbsenceRow.technician.in_(sorted(set(technicians))))
    return [_absence(row) for row in db.scalars(query.order_by(AbsenceRow.starts, AbsenceRow.absence_id))]


def ending_after(db: Session, branch: str, technician: str, moment: datetime) -> list[Absence]:
    """The technician's absences that are not over, by their start."""
    query = _standing(branch).where(AbsenceRow.technician == technician, AbsenceRow.ends > moment)
    return [_absence(row) for row in db.scalars(query.order_by(AbsenceRow.starts, AbsenceRow.absence_id))]


def get_absence(db: Session, branch: str, absence_id: str) -> Absence:
    """One that was not taken back; raises `NotFound`."""
    row = db.scalar(_standing(branch).where(AbsenceRow.absence_id == absence_id))
    if row is None:
        raise NotFound()
    return _absence(row)


def add_absences(db: Session, branch: str, found: Sequence[Absence], *, by: str, now: datetime) -> None:
    """Store new absences."""
    rows = [
        {
            "branch": branch, "absence_id": one.absence_id, "technician": one.technician, "starts": one.span.start,
            "ends": one.span.end, "kind": one.kind, "note": one.note, "recorded_by": by, "recorded_at": now,
            "withdrawn_by": None, "withdrawn_at": None,
        }
        for one in found
    ]  # fmt: skip
    if rows:
        db.execute(insert(AbsenceRow), rows)


def withdraw(db: Session, branch: str, absence_id: str, *, by: str, now: datetime) -> None:
    """Take an absence back; its row stays."""
    mine = AbsenceRow.branch == branch, AbsenceRow.absence_id == absence_id
    db.execute(update(AbsenceRow).where(*mine).values(withdrawn_by=by, withdrawn_at=now))


def _standing(branch: str) -> Select[AbsenceRow]:
    return select(AbsenceRow).where(AbsenceRow.branch == branch, AbsenceRow.withdrawn_at.is_(None))


def _calendar(row: CalendarRow) -> Calendar:
    return Calendar(
        technician=row.technician, shifts=read_shifts(row.shifts), skills=frozenset(row.skills.split()),
        districts=frozenset(filter(None, row.districts.split("\n"))),
        base=None if row.lat is None or row.lon is None else (row.lat, row.lon),
    )  # fmt: skip


def _absence(row: AbsenceRow) -> Absence:
    return Absence(row.absence_id, row.technician, Window(row.starts, row.ends), row.kind, row.note)  # type: ignore[arg-type]
