"""Tables as files: CSV, XLSX, JSON lines. Row by row, memory flat; owns cells, not what stands in them.

A cell of a spreadsheet is text and never a formula: what a program would take for one gets an apostrophe before it.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import IO, Any, Literal, get_args

import xlsxwriter

Form = Literal["csv", "xlsx", "jsonl"]
FORMS: tuple[Form, ...] = get_args(Form)
Value = str | int | bool | Decimal | None | Sequence[str] | Mapping[str, str]
Row = Mapping[str, Value]
Put = Callable[[Row], None]

MEDIA: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
}
#: What Excel, LibreOffice and their kin begin a formula with, in both widths, and what they skip before it.
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")
#: Rows of one sheet, its header included; what is more goes on a next one.
SHEET_ROWS = 1_048_576
#: Characters of one cell.
CELL = 32_767


@contextmanager
def table(
    form: Form, target: IO[bytes], name: str, columns: Sequence[str], *, bom: bool = False, sheet_rows: int = SHEET_ROWS
) -> Iterator[Put]:
    """Write a table into `target` while the block runs: each call adds a row. The first row names the columns, or
    `columns` do where there is none. `bom` marks CSV as UTF-8 for programs that would guess otherwise."""
    if form == "xlsx":
        with _xlsx(target, name, columns, sheet_rows) as put:
            yield put
    elif form == "csv":
        text = io.TextIOWrapper(target, "utf-8-sig" if bom else "utf-8", newline="", write_through=True)
        with _csv(text, columns) as put:
            yield put
        text.detach()
    else:
        yield lambda row: _write_line(target, row)


def cell(value: Value) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return str(value)  # a number that we counted, below zero too: nobody typed it
    if isinstance(value, Mapping):
        text = json.dumps(dict(value), ensure_ascii=False, sort_keys=True)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        text = " ".join(value)
    else:
        text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_line(target: IO[bytes], row: Row) -> None:
    target.write(json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n")


@contextmanager
def _csv(text: IO[str], columns: Sequence[str]) -> Iterator[Put]:
    writer = csv.writer(text, lineterminator="\r\n")
    is_begun = False

    def put(row: Row) -> None:
        nonlocal is_begun
        if not is_begun:
            writer.writerow(row)
            is_begun = True
        writer.writerow([cell(value) for value in row.values()])

    yield put
    if not is_begun:
        writer.writerow(columns)


@contextmanager
def _xlsx(target: IO[bytes], name: str, columns: Sequence[str], sheet_rows: int) -> Iterator[Put]:
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    # The same table gives the same file, whenever it is made.
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - the writer wants it so
    bold = book.add_format({"bold": True})
    sheet: Any = None
    filled = 0

    def begin(names: Sequence[str]) -> None:
        nonlocal sheet, filled
        number = len(book.worksheets()) + 1
        sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
        sheet.freeze_panes(1, 0)
        for place, label in enumerate(names):
            sheet.write_string(0, place, label, bold)
        filled = 1

    def put(row: Row) -> None:
        nonlocal filled
        if sheet is None or filled == sheet_rows:
            begin(list(row))
        for place, value in enumerate(row.values()):
            sheet.write_string(filled, place, cell(value)[:CELL])
        filled += 1

    yield put
    if sheet is None:
        begin(columns)
    book.close()
