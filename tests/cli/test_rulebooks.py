"""`fieldapp rulebooks`: head office looks at a proposed version of the norm and decides."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import rulebook_drafts
from tests import builders
from tests.cast import M001
from tests.closing import close, september
from tests.services.test_rulebook_drafts import books, draft, propose
from tests.services.test_scoring import store
from tests.services.test_simulations import late_visit


@pytest.fixture
def run(settings, work, clock, monkeypatch):
    """Run a command on the tests' database; commands live by the machine's clock, and so does the draft's author."""
    clock.run()
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    return lambda *words: CliRunner().invoke(main, ["rulebooks", *words])


def test_head_office_publishes_exactly_what_it_was_shown(run, work):
    one = propose(work, draft(work))
    month = rulebook_drafts.detail(work, M001.actor, one.draft_id).book.in_force_from
    assert run("list").stdout.split("\t") == [one.draft_id, "installer/2", month, "M001\n"]
    shown = run("show", one.draft_id).stdout.splitlines()
    assert "grace_minutes\t0\t10" in shown
    seen = shown[-1].split()[-1]
    wrong = run("publish", one.draft_id, "0" * 64)
    assert (wrong.exit_code, "not what you looked at" in wrong.stderr) == (2, True)
    done = run("publish", one.draft_id, seen)
    assert (done.exit_code, done.stdout) == (0, f"installer/2 is in force from {month}\n")
    assert (books(work).last.version, run("list").stdout) == (2, "")


def test_head_office_sends_back_with_a_reason(run, work):
    one = propose(work, draft(work))
    assert (
        run("send-back", one.draft_id, one.fingerprint, "--reason", " ").stderr == "fieldapp: Please give a reason.\n"
    )
    assert run("send-back", one.draft_id, one.fingerprint, "--reason", "Too generous.").stdout == "sent back\n"
    assert rulebook_drafts.detail(work, M001.actor, one.draft_id).draft.reason == "Too generous."


def test_head_office_sees_what_a_draft_would_have_meant(run, work):
    start = work.now().replace(day=1, hour=1, minute=0) - timedelta(days=20)
    store(work, builders.as_events(late_visit("WO-1", start, 8)))
    lines = run("simulate", draft(work).draft_id).stdout.splitlines()
    assert len(lines) == 8
    assert [line.split("\t")[-2:] for line in lines if line.startswith("  T001")] == [["-", "+punctual"]]
    assert run("simulate", draft(work).draft_id, "--branch", "nowhere").exit_code == 2


def test_beside_a_closed_month_stands_what_it_was_closed_with(run, work):
    september(work)
    close(work)
    lines = run("simulate", draft(work).draft_id).stdout.splitlines()
    closed = [line.split("\t") for line in lines if "closed with" in line]
    assert [(line[0], line[-1]) for line in closed] == [("2026-09", f"closed with {closed[0][2]}")]
