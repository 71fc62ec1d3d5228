"""`fieldapp score` and `fieldapp import events`: what they print, and how they end."""

import csv
import io
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from tests.domain.scoring.history import DATA, expected

NOW = "2026-11-20T00:00:00+08:00"
HISTORY = DATA / "history-2026-10.jsonl"


@pytest.fixture
def run(settings: Settings, work: Work):
    """The command line on the test's database."""
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}

    def act(*arguments: str | Path) -> Result:
        return CliRunner(env=env).invoke(main, [str(one) for one in arguments])

    return act


@pytest.fixture
def scored(run, tmp_path: Path):
    """The sample month, its lines shuffled, imported twice."""
    lines = HISTORY.read_bytes().splitlines()
    random.Random(11).shuffle(lines)
    (tmp_path / "history.jsonl").write_bytes(b"\n".join(lines))
    assert run("import", "events", tmp_path / "history.jsonl", "--create-staff").exit_code == 0
    assert run("import", "events", HISTORY).exit_code == 0
    return run


def test_the_sample_scores_exactly_as_expected(scored):
    for recount in ([], ["--recount"]):
        answer = scored("score", "2026-10", "--now", NOW, "--format", "json", *recount)
        found = json.loads(answer.output)
        assert (found["month"], found["timezone"], found["rulebook"]) == ("2026-10", "Asia/Shanghai", "installer/1")
        for technician in found["technicians"]:
            assert technician.pop("currency") == "CNY"
            assert technician.pop("name") == technician["technician"]
        assert found["technicians"] == expected()


def test_one_technician_and_the_other_formats(scored):
    table = scored("score", "2026-10", "--technician", "T0006", "--now", NOW).output
    assert "267.00" in table
    assert "T0005" not in table
    rows = list(csv.DictReader(io.StringIO(scored("score", "2026-10", "--now", NOW, "--format", "csv").output)))
    assert [(row["technician"], row["score"]) for row in rows][-1] == ("T0006", "89.0")


def test_a_time_without_offset_is_the_branchs(scored):
    assert scored("score", "2026-10", "--now", "2026-11-20").output == scored("score", "2026-10", "--now", NOW).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2026-13",), "is no month"),
        (("October",), "is no month"),
        (("2026-10", "--now", "soon"), "is no ISO 8601 time"),
        (("2026-10", "--now", "9999-12-31T23:59:59-23:00"), "does not lie in this century"),
        (("2026-10", "--now", "0001-01-01T00:00:00+23:00"), "does not lie in this century"),
        (("2026-10", "--branch", "nowhere"), "there is no branch nowhere"),
        (("2026-10", "--technician", "T404"), "nobody in branch main has the staff code T404"),
        (("2026-10", "--format", "xml"), "xml"),
    ],
)
def test_what_cannot_be_scored_is_said_with_exit_2(run, arguments, words):
    answer = run("score", *arguments)
    assert answer.exit_code == 2
    assert words in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_month_without_anything_says_so(run):
    answer = run("score", "2025-01")
    assert (answer.exit_code, "no technician" in answer.output) == (0, True)


def test_an_import_tells_what_it_did(run, tmp_path: Path):
    answer = run("import", "events", HISTORY, "--create-staff")
    assert answer.output.splitlines() == [
        "5199 new events of 5302 lines; 103 known already",
        "technicians created: Q002, Q003, T0001, T0002, T0003, T0004, T0005, T0006",
        "4 lines wait for a visit or a finding that is not there yet",
    ]


def test_bad_lines_are_named_and_nothing_is_imported(run, tmp_path: Path):
    file = tmp_path / "bad.jsonl"
    first = HISTORY.read_text("utf-8").splitlines()[0]
    file.write_text(f"{first}\n{{\n" + json.dumps({"id": "7", "type": "visit.left"}) + "\n", "utf-8")
    answer = run("import", "events", file)
    assert answer.exit_code == 2
    head, *faults = answer.stderr.splitlines()
    assert head == "fieldapp: nothing was imported; mend 3 of 3 lines in bad.jsonl and import it again"
    assert faults == [
        "line 1, actor: T0001: is nobody's staff code; add --create-staff to make them technicians",
        "line 2, line: {: is not JSON (Input data was truncated)",
        "line 3, actor: : is missing",
    ]
    assert "0 new" not in run("import", "events", HISTORY, "--create-staff").output


def test_findings_about_other_branches_and_days_to_come_are_named(run, tmp_path: Path):
    said = {"source": "spot_check", "technician": "T900", "favourable": False, "occurred_on": "2097-10-20",
            "item": "grooming"}  # fmt: skip
    entry = {"id": "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44", "type": "finding.recorded", "actor": "Q001",
             "at": "2026-10-05T09:00:00+08:00", "data": said}  # fmt: skip
    (tmp_path / "findings.jsonl").write_text(json.dumps(entry), "utf-8")
    answer = run("import", "events", tmp_path / "findings.jsonl")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.splitlines()[1:] == [
        "line 1, data.occurred_on: 2097-10-20: is still to come; a finding is about what has happened",
        "line 1, data.technician: T900: is not of this branch, and was never the technician of the finding's visit; "
        "import it with that visit, or with --branch into their own",
    ]


def test_a_time_to_come_and_an_official_are_named_with_what_stood_there(run, tmp_path: Path):
    said = {"source": "spot_check", "technician": "M001", "favourable": False, "occurred_on": "2026-10-05",
            "item": "grooming"}  # fmt: skip
    entry = {"id": "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44", "type": "finding.recorded", "actor": "Q001",
             "at": "2097-10-05T09:00:00+08:00", "data": said}  # fmt: skip
    (tmp_path / "findings.jsonl").write_text(json.dumps(entry), "utf-8")
    answer = run("import", "events", tmp_path / "findings.jsonl", "--create-staff")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.splitlines()[1:] == [
        "line 1, at: 2097-10-05T09:00:00+08:00: is still to come; an event has happened (a clock may be 5 minutes "
        "ahead)",
        "line 1, data.technician: M001: is no technician here and never was; a finding is about a technician's work",
    ]


def test_the_same_id_with_other_content_is_reported_with_exit_0(run, tmp_path: Path):
    run("import", "events", HISTORY, "--create-staff")
    entry = json.loads(HISTORY.read_text("utf-8").splitlines()[1])
    (tmp_path / "other.jsonl").write_text(json.dumps(entry | {"actor": "T0001"}), "utf-8")
    answer = run("import", "events", tmp_path / "other.jsonl")
    assert answer.exit_code == 0
    assert answer.stderr == f"line 1, id: {entry['id']}: taken by an event with other content; quarantined\n"


def test_a_file_that_is_not_there_is_bad_usage(run):
    assert run("import", "events", "nowhere.jsonl").exit_code == 2
