"""Appointment files: from bytes to rows, with every fault of every row in one answer.

Owns the columns and what may stand in them (docs: interfaces). Knows nothing of what is stored; which rows are new is
`appointments_import`'s. Faults and warnings are codes with facts; their words belong to the edges.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from zoneinfo import ZoneInfo

from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import is_external_id
from fieldapp.domain.messages import is_email
from fieldapp.domain.numbers import is_phone
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.codec import plain, read_data
from fieldapp.services.csv_cells import (
    LINE,
    TEXT,
    Bad,
    Remark,
    check_characters,
    filled,
    moment,
    number,
    read_rows,
    shown,
    staff,
    take,
)

COLUMNS = (
    "external_id", "job_type", "customer_name", "phone", "address", "lat", "lon", "language", "window_start",
    "window_end", "agreed", "told_at", "channel", "technician", "charges", "note",
)  # fmt: skip
OPTIONAL = ("asked_by", "apology", "cause", "district", "email")

_CHARGE = re.compile(r"(.+?)\s+(-?\d{1,9}(?:\.\d{1,2})?)", re.DOTALL)
#: Stands where a time could not be read.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """One good row. The first three of the change's fields stand in optional columns."""

    line: int
    order: ev.VisitScheduled
    asked_by: ev.Party
    apology: bool
    cause: ev.Cause

    @property
    def content(self) -> tuple[object, ...]:
        """What makes two rows of one order the same."""
        return self.order, self.asked_by, self.apology, self.cause


@dataclass(frozen=True)
class Sheet:
    """What a file says. With any fault, its rows are not to be used."""

    rows: tuple[Row, ...]
    faults: tuple[Remark, ...]
    warnings: tuple[Remark, ...]


def parse_appointments(raw: bytes, zone: ZoneInfo, technicians: Mapping[str, bool], now: datetime) -> Sheet:
    """Read a file. `technicians`: code -> whether they still work here; times without an offset are in `zone`."""
    return _Reader(zone, technicians, now).read(raw)


class _Reader:
    """One pass over one file, collecting what is wrong with it."""

    def __init__(self, zone: ZoneInfo, technicians: Mapping[str, bool], now: datetime) -> None:
        self.zone, self.technicians, self.now = zone, technicians, now
        self.faults: list[Remark] = []
        self.warnings: list[Remark] = []
        self.rows: dict[str, Row] = {}
        self.first: dict[str, tuple[int, dict[str, str], Row | None]] = {}

    def read(self, raw: bytes) -> Sheet:
        for line, cells in read_rows(raw, COLUMNS, OPTIONAL, self.faults, self.warnings):
            self._row(line, cells)
        self.faults.sort(key=lambda one: one.line)
        return Sheet(tuple(self.rows.values()), tuple(self.faults), tuple(self.warnings))

    def _row(self, line: int, known: dict[str, str]) -> None:
        before = len(self.faults)
        row = _Cells(self, line, known).row()
        row = row if len(self.faults) == before else None
        number = known["external_id"]
        if number in self.first:
            self._again(line, number, known, row)
            return
        self.first[number] = (line, known, row)
        if row is not None:
            self.rows[number] = row

    def _again(self, line: int, number: str, known: dict[str, str], row: Row | None) -> None:
        first, cells, earlier = self.first[number]
        same = known == cells or (row is not None and earlier is not None and row.content == earlier.content)
        if same:
            self.warnings.append(Remark(line, "external_id", shown(number), "duplicate_same", {"first": first}))
        elif number:
            self.faults.append(Remark(line, "external_id", shown(number), "duplicate_other", {"first": first}))


class _Cells:
    """One row's cells, each read by its own rule."""

    def __init__(self, reader: _Reader, line: int, cells: Mapping[str, str]) -> None:
        self.reader, self.line, self.cells = reader, line, cells

    def take(self, column: str, rule: Callable[[str], Any], default: Any) -> Any:
        """The cell as `rule` reads it; a fault is noted and `default` returned."""
        return take(self.line, self.cells, column, rule, default, self.reader.faults)

    def row(self) -> Row | None:
        """The whole row; None (and faults) when it cannot be one."""
        before = len(self.reader.faults)
        start, end, told = (
            self.take(name, moment(self.reader.zone), _NEVER) for name in ("window_start", "window_end", "told_at")
        )
        if _NEVER not in {start, end} and end <= start:
            self._fault("window_end", "window_reversed")
        asked_by = self.take("asked_by", _one_of(ev.Party, "asked_by_unknown", "company"), "company")
        usual = "customer" if asked_by == "customer" else "plan"
        values: dict[str, Any] = {
            "external_id": self.take("external_id", _external_id, ""),
            "job_type": self.take("job_type", _one_of(ev.JobType, "job_type_unknown"), ""),
            "customer": self._customer(),
            "promise": {
                "start": start.isoformat(),
                "end": end.isoformat(),
                "agreed": self.take("agreed", _yes_no, False),
                "told_at": told.isoformat(),
                "channel": self.take("channel", _words, ""),
            },
            "technician": self.take("technician", _or_none(staff(self.reader.technicians)), None),
            "charges": self.take("charges", _charges, None),
            "note": self.take("note", _text, None),
        }
        apology = self.take("apology", lambda cell: bool(cell) and _yes_no(cell), False)
        cause = self.take("cause", _one_of(ev.Cause, "cause_unknown", usual), usual)
        if len(self.reader.faults) > before:
            return None
        self._warn(start, end, told)
        return self._strictly(values, asked_by, apology, cause)

    def _customer(self) -> dict[str, Any]:
        return {
            "name": self.take("customer_name", _words, ""),
            "phone": self.take("phone", _phone, ""),
            "address": self.take("address", _words, ""),
            "lat": self.take("lat", number(90), None),
            "lon": self.take("lon", number(180), None),
            "language": self.take("language", _one_of(ev.Language, "language_unknown"), ""),
            **({"district": district} if (district := self.take("district", _district, "")) else {}),
            **({"email": email} if (email := self.take("email", _email, "")) else {}),
        }

    def _strictly(self, values: dict[str, Any], asked_by: ev.Party, apology: bool, cause: ev.Cause) -> Row | None:
        try:
            order = read_data("visit.scheduled", values)
        except Invalid as error:
            self._fault(str(error.facts.get("path", "-")), error.code)
            return None
        assert isinstance(order, ev.VisitScheduled)  # noqa: S101 - the type asked for
        return Row(self.line, order, asked_by, apology, cause)

    def _fault(self, column: str, code: str, **facts: object) -> None:
        value = shown(self.cells.get(column, ""))
        self.reader.faults.append(Remark(self.line, column, value, code, facts))

    def _warn(self, start: datetime, end: datetime, told: datetime) -> None:
        for column, code, applies in (
            ("window_start", "window_past", end <= self.reader.now),
            ("told_at", "told_future", told > self.reader.now),
        ):
            if applies:
                self.reader.warnings.append(Remark(self.line, column, shown(self.cells[column]), code))


def _words(cell: str) -> str:
    if len(filled(cell)) > LINE:
        raise Bad("too_long", most=LINE)
    return cell


def _text(cell: str) -> str | None:
    if len(cell) > TEXT:
        raise Bad("too_long", most=TEXT)
    return cell or None


def _external_id(cell: str) -> str:
    if not is_external_id(filled(cell)):
        raise Bad("external_id_malformed")
    return cell


def _phone(cell: str) -> str:
    if not is_phone(filled(cell)):
        raise Bad("phone_malformed")
    return cell


def _or_none(rule: Callable[[str], str]) -> Callable[[str], str | None]:
    return lambda cell: rule(cell) if cell else None


def _district(cell: str) -> str:
    return _words(cell) if cell else ""


def _email(cell: str) -> str:
    if cell and not is_email(cell):
        raise Bad("email_malformed")
    return cell


def _yes_no(cell: str) -> bool:
    if filled(cell).lower() not in {"yes", "no"}:
        raise Bad("not_yes_no")
    return cell.lower() == "yes"


def _one_of(kind: Any, code: str, empty: str | None = None) -> Callable[[str], Any]:
    known = get_args(kind)

    def read(cell: str) -> Any:
        if not cell and empty is not None:
            return empty
        if filled(cell) not in known:
            raise Bad(code, known=", ".join(known))
        return cell

    return read


def _charges(cell: str) -> list[dict[str, str]]:
    found = []
    for part in filter(None, (part.strip() for part in re.split("[;；]", cell))):
        match = _CHARGE.fullmatch(part)
        if match is None or len(match[1]) > LINE:
            raise Bad("charge_malformed")
        found.append({"label": match[1], "amount": f"{Decimal(match[2]):.2f}"})
    return found


def read_charges(text: str) -> list[ev.Charge]:
    """`label amount; label amount` as typed in a form; raises `Invalid("charge_malformed", field="charges")`."""
    try:
        check_characters(text)
        return [ev.Charge(**one) for one in _charges(text.strip())]
    except Bad:
        raise Invalid("charge_malformed", field="charges") from None


def plain_row(row: Row) -> dict[str, Any]:
    """The row as plain values, for a digest of a preview."""
    return {**plain(row.order), "asked_by": row.asked_by, "apology": row.apology, "cause": row.cause}
