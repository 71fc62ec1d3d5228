"""`fieldapp findings`: head office lists and decides."""

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import finding_views, findings
from fieldapp.services.findings import Draft
from tests.cast import MAIN, Q001


@pytest.fixture
def run(settings, work, monkeypatch):
    """Run a command on the tests' database."""
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    return lambda *words: CliRunner().invoke(main, ["findings", *words])


@pytest.fixture
def finding(work):
    draft = Draft(source="complaint", technician="T001", item="grooming", favourable=False, note="torn shirt")
    return findings.record(work, Q001.actor, draft, finding_id=work.new_id())


@pytest.mark.parametrize(("command", "state"), [("uphold", "upheld"), ("dismiss", "dismissed")])
def test_head_office_decides_what_waits(run, work, finding, command, state):
    fields = run("list").stdout.strip().split("\t")
    assert fields == ["main", finding, "T001", "grooming", "complaint", "Q001", "2026-10-21"]
    done = run(command, finding, "--reason", "the photo shows it")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{state}\n", "")
    assert run("list").stdout == ""
    view = finding_views.detail(work, Q001.actor, MAIN, finding)
    assert (view.finding.state, view.steps[0].event.actor) == (state, "office")


def test_what_is_nothing_or_has_no_reason_is_a_sentence(run, finding):
    assert run("uphold", finding, "--reason", " ").stderr == "fieldapp: Please give a reason.\n"
    assert run("uphold", "x", "--reason", "y").exit_code == 2
