"""Tables as files: what is text stays text, in every format, row by row."""

import csv
import io
import json
import tracemalloc
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest

from fieldapp.services import table_files
from fieldapp.services.table_files import cell, table

HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x")


def made(form: Any, rows: list[dict[str, Any]], columns: tuple[str, ...] = ("a", "b"), **options: Any) -> bytes:
    target = io.BytesIO()
    with table(form, target, "scores", columns, **options) as put:
        for row in rows:
            put(row)
    return target.getvalue()


def sheets(content: bytes) -> dict[str, bytes]:
    book = zipfile.ZipFile(io.BytesIO(content))
    return {name: book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/")}


def texts(content: bytes) -> list[list[str]]:
    """The cells of a workbook's first sheet."""
    book = zipfile.ZipFile(io.BytesIO(content))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    root = ElementTree.fromstring(next(iter(sheets(content).values())))
    shared = []
    if "xl/sharedStrings.xml" in book.namelist():
        shared = ["".join(one.itertext()) for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
    rows = []
    for row in root.iter(f"{space}row"):
        cells = []
        for one in row.iter(f"{space}c"):
            value = "".join(one.itertext())
            cells.append(shared[int(value)] if one.get("t") == "s" else value)
        rows.append(cells)
    return rows


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_can_be_taken_for_a_formula(text: str):
    row = {"a": text, "b": "well"}
    (line,) = list(csv.reader(io.StringIO(made("csv", [row]).decode(), newline="")))[1:]
    assert line == [f"'{text}", "well"]
    content = made("xlsx", [row])
    assert all(b"<f>" not in one and b"<f " not in one for one in sheets(content).values())
    assert texts(content)[1][0].replace("\r", "\n").replace("_x000D_", "\n").startswith("'")


def test_values_are_told_as_text_and_in_json_as_what_they_are():
    row = {"a": None, "b": True, "c": 7, "d": ["x", "y"], "e": {"k": "中"}, "f": "79.9"}
    (line,) = list(csv.DictReader(io.StringIO(made("csv", [row]).decode(), newline="")))
    assert line == {"a": "", "b": "yes", "c": "7", "d": "x y", "e": '{"k": "中"}', "f": "79.9"}
    assert json.loads(made("jsonl", [row])) == row
    assert texts(made("xlsx", [row]))[1][1:] == ["yes", "7", "x y", '{"k": "中"}', "79.9"]


def test_numbers_are_text_in_a_workbook():
    (sheet,) = sheets(made("xlsx", [{"a": "001", "b": "1e5"}])).values()
    kinds = {one.get("t") for one in ElementTree.fromstring(sheet).iter() if one.tag.endswith("}c")}
    assert kinds <= {"s", "inlineStr", "str"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_empty_table_still_names_its_columns(form: Any):
    content = made(form, [])
    found = list(csv.reader(io.StringIO(content.decode()))) if form == "csv" else texts(content)
    assert found == [["a", "b"]]


def test_an_empty_list_is_no_line():
    assert made("jsonl", []) == b""


def test_commas_quotes_and_lines_survive():
    row = {"a": 'said "no", left\nand came back', "b": "张伟"}
    assert list(csv.DictReader(io.StringIO(made("csv", [row]).decode(), newline=""))) == [row]


def test_csv_can_say_that_it_is_utf_8():
    assert made("csv", [{"a": "张"}], bom=True).startswith(b"\xef\xbb\xbfa")


def test_the_same_table_gives_the_same_bytes():
    for form in table_files.FORMS:
        assert made(form, [{"a": "1"}]) == made(form, [{"a": "1"}])


def test_a_cell_holds_at_most_what_a_workbook_can_hold():
    assert len(texts(made("xlsx", [{"a": "x" * 40_000}]))[1][0]) == table_files.CELL


def test_more_rows_than_a_sheet_holds_go_on_the_next_one():
    assert len(sheets(made("xlsx", [{"a": str(number)} for number in range(5)], sheet_rows=3))) == 3


@pytest.mark.parametrize("form", table_files.FORMS)
def test_memory_stays_flat_however_many_rows_there_are(form: Any, tmp_path: Any):
    def peak(rows: int) -> int:
        tracemalloc.start()
        with (tmp_path / "table").open("wb") as target, table(form, target, "visits", ("a",)) as put:
            for number in range(rows):
                put({"a": f"row {number}", "b": "x" * 200})
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(8000) < peak(500) + 200_000


def test_a_cell_that_is_harmless_stays_as_it_is():
    assert [cell(one) for one in ("WO-1", "79.9", " =1", "a=b")] == ["WO-1", "79.9", " =1", "a=b"]
