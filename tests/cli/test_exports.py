"""`fieldapp export`: files and streams, and how it ends."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.services.exports import COLUMNS
from fieldapp.services.work import Work
from tests import builders
from tests.closing import NINE, september, store


@pytest.fixture
def run(settings: Any, work: Work):
    """The command line on the test's database, with September in it."""
    september(work)
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}

    def act(*arguments: str | Path) -> Result:
        return CliRunner(env=env).invoke(main, ["export", *(str(one) for one in arguments)])

    return act


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_goes_to_stdout(run):
    answer = run("visits", "2026-09")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert sorted(one["external_id"] for one in read_csv(answer.stdout)) == ["WO-1", "WO-2", "WO-3", "WO-4"]


@pytest.mark.parametrize("kind", ["visits", "verdicts", "scores"])
def test_the_three_formats_hold_the_same_rows(run, kind, tmp_path: Path):
    table = read_csv(run(kind, "2026-09", "--format", "csv").stdout)
    lines = [json.loads(one) for one in run(kind, "2026-09", "--format", "jsonl").stdout.splitlines()]
    assert len(table) == len(lines) > 0
    assert [list(one) for one in table] == [list(one) for one in lines]
    book = tmp_path / "book.xlsx"
    assert run(kind, "2026-09", "--format", "xlsx", "--output", book).exit_code == 0
    rows = zipfile.ZipFile(book).read("xl/worksheets/sheet1.xml").count(b"<row ")
    assert rows == len(lines) + 1


def test_a_file_appears_whole_and_over_the_one_before(run, tmp_path: Path):
    file = tmp_path / "scores.csv"
    file.write_text("old")
    assert run("scores", "2026-09", "--output", file).exit_code == 0
    assert [one["technician"] for one in read_csv(file.read_text("utf-8"))] == ["T001", "T002"]
    assert [one.name for one in tmp_path.iterdir() if "scores" in one.name] == [file.name]


def test_what_is_typed_by_people_becomes_no_formula(run, work):
    store(work, builders.perfect_visit("=cmd|' /C calc'!A0", NINE))
    cells = [cell for row in csv.reader(io.StringIO(run("visits", "2026-09").stdout, newline="")) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_an_empty_month_is_a_table_without_rows(run):
    answer = run("verdicts", "2025-01")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [",".join(COLUMNS["verdicts"])]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("people", "2026-09"), "people"),
        (("visits", "2026-9"), "is no month"),
        (("visits", "2026-09", "--format", "ods"), "ods"),
        (("visits", "2026-09", "--branch", "nowhere"), "there is no branch nowhere"),
        (("visits", "2026-09", "--now", "soon"), "is no ISO 8601 time"),
        (("visits", "2026-09", "--output", "/nowhere/x.csv"), "No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_said_with_exit_2(run, arguments, words):
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert words in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
