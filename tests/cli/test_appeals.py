"""`fieldapp appeals`: head office lists, reads and decides."""

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from tests.services.test_appeals import LATE, TEXT, appeal, late_visit, lost


@pytest.fixture
def run(settings, work, monkeypatch):
    """Run a command on the tests' database."""
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    late_visit(work)
    appeal(work)
    return lambda *words: CliRunner().invoke(main, ["appeals", *words])


@pytest.mark.parametrize(("command", "left"), [("overturn", []), ("confirm", ["punctual"])])
def test_head_office_decides_what_waits(run, work, command, left):
    filed, due = "2026-10-14T09:30+08:00", "2026-10-22T00:00+08:00"
    assert run("list").stdout == "\t".join(("main", LATE.appeal_id, "T001", "WO-1", "punctual", filed, due)) + "\n"
    assert run("show", LATE.appeal_id).stdout == f"{TEXT}\n"
    done = run(command, LATE.appeal_id, "--reason", "the door log")
    assert (done.exit_code, done.stderr) == (0, "")
    assert run("list").stdout == ""
    assert lost(work) == left


def test_a_second_decision_and_an_empty_reason_are_sentences(run):
    assert run("confirm", LATE.appeal_id, "--reason", " ").stderr == "fieldapp: Please give a reason.\n"
    run("confirm", LATE.appeal_id, "--reason", "no")
    again = run("overturn", LATE.appeal_id, "--reason", "yes")
    assert (again.exit_code, again.stderr) == (2, "fieldapp: Somebody was faster: this appeal is decided already.\n")
