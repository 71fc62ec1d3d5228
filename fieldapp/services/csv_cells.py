"""CSV files that people make: rows with their line, and cells read by rules, every fault of every row in one answer.

Owns encoding, header and characters; which columns there are is whoever's who reads. Faults are codes with facts.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import localise
from fieldapp.domain.errors import Invalid
from fieldapp.domain.plausible import is_plausible

LINE, TEXT = 200, 4000
#: In a file of so few rows each broken one is named.
FEW = 3
_BROKEN = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0\ufffe\uffff]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


@dataclass(frozen=True)
class Remark:
    """A fault or a warning: the physical line on which the row starts, the column, what stands there, why."""

    line: int
    column: str
    value: str
    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


class Bad(Exception):
    """Why a cell cannot be read; for rules to raise and `take` to note."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code, self.facts = code, facts
        super().__init__(code)


def read_rows(
    raw: bytes, columns: Sequence[str], optional: Sequence[str], faults: list[Remark], warnings: list[Remark]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row that has as many cells as the header: its line, and column -> cell without spaces around it.

    Nothing is read of a file without a usable header. Unknown columns are warned of and left out.
    """
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        faults.append(Remark(1, "-", "", "utf16"))
        return
    # Bytes that are no UTF-8 become lone surrogates: the rest of the file is still read, and each is named; where most
    # rows have some, the file is of another encoding, and one sentence says more than a thousand.
    text = raw.decode("utf-8-sig", errors="surrogateescape")
    rows = text.splitlines()
    if len(rows) > FEW and 2 * sum(_BROKEN.search(one) is not None for one in rows) > len(rows):
        faults.append(Remark(1, "-", "", "other_encoding"))
        return
    lines = _lines(text, faults)
    header = next(lines, None)
    if header is None:
        faults.append(Remark(1, "-", "", "empty_file"))
        return
    names = _header(*header, columns, {*columns, *optional}, faults, warnings)
    for line, cells in lines if names else ():
        if len(cells) == len(names):
            known = zip(names, cells, strict=True)
            yield line, {name: cell.strip() for name, cell in known if name in {*columns, *optional}}
        else:
            facts = {"found": len(cells), "expected": len(names)}
            faults.append(Remark(line, "-", shown(",".join(cells)), "cells", facts))


def take(
    line: int, cells: Mapping[str, str], column: str, rule: Callable[[str], Any], default: Any, faults: list[Remark]
) -> Any:
    """The cell as `rule` reads it; where it cannot, a fault is noted and `default` returned."""
    cell = cells.get(column, "")
    try:
        check_characters(cell)
        return rule(cell)
    except Bad as bad:
        faults.append(Remark(line, column, shown(cell), bad.code, bad.facts))
        return default


def shown(cell: str) -> str:
    """A cell as it can be printed on one line: no control characters, no broken bytes, not endless."""
    flat = " ".join(_CONTROL.sub("�", re.sub("[\ud800-\udfff]", "�", cell)).split())
    return flat if len(flat) <= 80 else f"{flat[:79]}…"


def check_characters(cell: str) -> None:
    """Raises `Bad` not_utf8, control_character."""
    if any("\ud800" <= letter <= "\udfff" for letter in cell):
        raise Bad("not_utf8")
    if _CONTROL.search(cell):
        raise Bad("control_character")


# --- Rules that several files share -------------------------------------------------------------------------------


def filled(cell: str) -> str:
    """Something stands there."""
    if not cell:
        raise Bad("missing")
    return cell


def number(most: int) -> Callable[[str], float | None]:
    """A number from -most to most, or nothing."""

    def read(cell: str) -> float | None:
        if not cell:
            return None
        try:
            found = float(cell)
        except ValueError:
            raise Bad("number_malformed") from None
        if not math.isfinite(found):
            raise Bad("number_malformed")
        if abs(found) > most:
            raise Bad("out_of_range", least=-most, most=most)
        return found

    return read


def moment(zone: ZoneInfo) -> Callable[[str], datetime]:
    """An ISO 8601 time of this century; without an offset it is in `zone`."""

    def read(cell: str) -> datetime:
        if not filled(cell) or not _MOMENT.fullmatch(cell):
            raise Bad("time_malformed")
        try:
            typed = datetime.fromisoformat(cell)
            found = localise(typed, zone) if typed.tzinfo is None else typed.astimezone(UTC)
        except Invalid as error:
            raise Bad(error.code) from None
        except (ValueError, OverflowError):
            raise Bad("time_malformed") from None
        if not is_plausible(found):
            raise Bad("time_malformed")
        return found

    return read


def staff(technicians: Mapping[str, bool]) -> Callable[[str], str]:
    """The code of a technician who works here (`technicians`: code -> whether they still do)."""

    def read(cell: str) -> str:
        if filled(cell) not in technicians:
            raise Bad("technician_unknown")
        if not technicians[cell]:
            raise Bad("technician_left")
        return cell

    return read


# --- Inside -------------------------------------------------------------------------------------------------------


def _header(
    line: int, cells: list[str], columns: Sequence[str], known: set[str], faults: list[Remark], warnings: list[Remark]
) -> list[str]:
    """The names of the columns; none when one is missing."""
    names = [cell.strip().lower() for cell in cells]
    for place, name in enumerate(names):
        if name not in known:
            warnings.append(Remark(line, shown(cells[place]) or "-", "", "column_unknown"))
        elif name in names[:place]:
            faults.append(Remark(line, name, name, "column_twice"))
    missing = [name for name in columns if name not in names]
    faults.extend(Remark(line, name, "", "column_missing") for name in missing)
    return [] if missing else names


def _lines(text: str, faults: list[Remark]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the physical line on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                faults.append(Remark(line, "-", "", "too_long", {"most": TEXT}))
            else:
                faults.append(Remark(line, "-", "", "quotes"))
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells
