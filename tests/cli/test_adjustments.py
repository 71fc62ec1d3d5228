"""`fieldapp adjust`: what it lists, who proposes, and head office's yes or no."""

from typing import Any

import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.services.work import Work
from tests.closing import adjust, close, finding, look, propose_adjustment, september, store
from tests.services.test_approvals import become


@pytest.fixture
def run(settings: Any, work: Work):
    """The command line on the test's database: September 2026 is closed, and something was found later."""
    september(work)
    close(work)
    store(work, [finding("WO-1", item="decorum")])
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}

    def act(*arguments: str) -> Result:
        return CliRunner(env=env).invoke(main, list(arguments))

    return act


def test_what_differs_is_listed_and_shown(run, work):
    seen = look(work)
    before, after = seen.difference.before, seen.difference.after
    listed = run("adjust", "list", "2026-09")
    assert listed.stdout.splitlines() == [
        f"T001\t{before.score} {before.award}\t{before.score} {before.award}\t{after.score} {after.award}"
    ]
    shown = run("adjust", "show", "2026-09", "T001").stdout.splitlines()
    assert shown[0] == f"2026-09 T001: {before.score} {before.award} -> {after.score} {after.award}"
    assert shown[1].endswith("\tdecorum\t- -> adverse")
    assert shown[-1] == f"fingerprint {seen.seen}"


def test_a_manager_proposes_and_head_office_confirms_where_few_could(run, work):
    for login in ("M002", "Q900", "Q001"):
        become(work, login, "dispatcher")
    made = run("adjust", "propose", "2026-09", "T001", "--as", "M001", "--reason", "Found out later.")
    assert made.exit_code == 0
    asked, seen = made.stdout.splitlines()[-1], look(work).seen
    [line] = run("adjust", "waiting").stdout.splitlines()
    assert line.split("\t")[:4] == ["main", asked, "2026-09", "T001"]
    assert line.split("\t")[-2:] == ["M001", "Found out later."]
    done = run("adjust", "confirm", asked, seen, "--reason", "Looked at by head office.")
    assert (done.exit_code, done.stdout) == (0, "confirmed\n")
    made_of = look(work).standing.adjustments[0].content
    assert (made_of.author, made_of.approver, made_of.answer) == ("M001", "office", "Looked at by head office.")
    assert run("doctor").exit_code == 0


def test_head_office_refuses(run, work):
    asked = propose_adjustment(work)
    done = run("adjust", "refuse", asked.proposal_id, "--reason", "The finding is being appealed.")
    assert (done.exit_code, done.stdout) == (0, "refused\n")
    assert look(work).earlier[0].answer == "The finding is being appealed."


def test_what_was_adjusted_stands_beside_the_closed_scores(run, work):
    adjust(work)
    standing = look(work).standing
    told = run("score", "2026-09").stdout
    assert f"adjusted since: T001 Chen Wei: score {standing.figure.score}, award {standing.figure.award} (" in told
    assert '"adjusted": {' in run("score", "2026-09", "--format", "json").stdout
    rows = run("export", "scores", "2026-09").stdout.splitlines()
    assert f",{standing.award},{standing.figure.award}," in rows[1]
    assert "'" not in rows[1], "what was counted is a number, below zero too"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("list", "2026-13"), 2, "is no month"),
        (("list", "2026-08"), 2, "2026-08 is not closed yet"),
        (("list", "2026-09", "--branch", "nowhere"), 2, "There is nothing here"),
        (("show", "2026-09", "T404"), 2, "There is nothing here"),
        (("propose", "2026-09", "T001", "--as", "M001"), 2, "Missing option '--reason'"),
        (("propose", "2026-09", "T001", "--as", "M404", "--reason", "x"), 2, "There is no account M404."),
        (("propose", "2026-09", "T001", "--as", "D001", "--reason", "x"), 2, "Your role does not include this."),
        (("propose", "2026-09", "T002", "--as", "M001", "--reason", "x"), 2, "nothing to adjust"),
        (("propose", "2026-09", "T001", "--as", "M001", "--reason", " "), 2, "reason"),
        (("confirm", "nothing", "x", "--reason", "x"), 2, "There is nothing here"),
        (("refuse", "nothing", "--reason", "x"), 2, "There is nothing here"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, code, words):
    answer = run("adjust", *arguments)
    assert answer.exit_code == code
    assert words in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_proposal_that_changed_is_not_confirmed(run, work):
    asked = propose_adjustment(work)
    store(work, [finding("WO-2", item="composure")])
    answer = run("adjust", "confirm", asked.proposal_id, asked.fingerprint, "--reason", "x")
    assert answer.exit_code == 2
    assert "The figures have changed since. Nothing was adjusted" in answer.stderr


def test_a_schema_with_adjustments_does_not_go_down(run, work):
    adjust(work)
    answer = run("db", "downgrade", "0014", "--yes")
    assert answer.exit_code == 1
    assert "adjustment_proposals, adjustments" in answer.stderr
