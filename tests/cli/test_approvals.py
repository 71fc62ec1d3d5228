"""`fieldapp approvals`: head office lists and decides."""

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from tests.services.test_approvals import ask, soon
from tests.services.test_scheduling import details


@pytest.fixture
def run(settings, work, monkeypatch):
    """Run a command on the tests' database."""
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    return lambda *words: CliRunner().invoke(main, ["approvals", *words])


@pytest.mark.parametrize(("command", "promises"), [("approve", 2), ("decline", 1)])
def test_head_office_decides_what_waits(run, work, command, promises):
    visit = soon(work)
    asked = ask(work, visit)
    fields = run("list").stdout.strip().split("\t")
    assert fields[:3] == ["main", asked.approval_id, "WO-1"]
    assert fields[-1] == "D001"
    done = run(command, asked.approval_id, "--reason", "spoke to the customer")
    assert (done.exit_code, done.stderr) == (0, "")
    assert run("list").stdout == ""
    seen = details(work, visit)
    assert len(seen.ledger) == promises
    assert seen.asked[0][0].decided_by == "office"


def test_a_second_decision_and_an_empty_reason_are_sentences(run, work):
    asked = ask(work, soon(work))
    assert run("approve", asked.approval_id, "--reason", " ").stderr == "fieldapp: Please give a reason.\n"
    run("decline", asked.approval_id, "--reason", "no")
    again = run("approve", asked.approval_id, "--reason", "yes")
    assert (again.exit_code, again.stderr) == (2, "fieldapp: Somebody was faster: this request is decided already.\n")
