"""`fieldapp close`: two people, one after the other; what it prints and how it ends."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.services import closing
from fieldapp.services.work import Work
from fieldapp.storage import audit
from tests import builders
from tests.cast import M001, MAIN
from tests.closing import NINE, SEPTEMBER, finding, september, store, upheld
from tests.services.test_approvals import become


@pytest.fixture
def run(settings: Any, work: Work):
    """The command line on the test's database, at the real time: September 2026 is over."""
    september(work)
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}

    def act(*arguments: str) -> Result:
        return CliRunner(env=env).invoke(main, list(arguments))

    return act


def close(run: Any, login: str, month: str = "2026-09") -> Result:
    return run("close", month, "--as", login)


def test_the_first_waits_for_the_second_and_the_second_closes(run):
    first = close(run, "M001")
    assert first.exit_code == 1
    assert "T001" in first.stdout
    assert first.stderr == (
        "fieldapp: waiting for the second: somebody else of management or quality runs: "
        "fieldapp close 2026-09 --as LOGIN\n"
    )
    second = close(run, "M002")
    assert (second.exit_code, second.stderr) == (0, "")
    assert second.stdout.splitlines()[-1] == "2026-09 is closed"
    assert "closed by M001 and M002, fingerprint " in run("score", "2026-09").stdout
    assert run("doctor").exit_code == 0


def test_the_audit_tells_a_command_from_somebody_who_signed_in(run, work):
    seen = closing.preview(work, M001.actor, MAIN, SEPTEMBER).fingerprint
    closing.propose(work, M001.actor, MAIN, SEPTEMBER, seen)
    assert close(run, "M002").exit_code == 0
    with work.read() as db:
        told = {action: row.facts.get("way") for action in ("month.proposed", "month.closed")
                for row in audit.with_action(db, MAIN, action)}  # fmt: skip
    assert told == {"month.proposed": None, "month.closed": "command line"}


def test_the_first_again_still_waits_for_the_second(run):
    close(run, "M001")
    again = close(run, "M001")
    assert again.exit_code == 1
    assert "waiting for the second" in again.stderr


def test_figures_that_changed_are_refused_and_shown_anew(run, work):
    close(run, "M001")
    store(work, [finding("WO-1", item="decorum")])
    second = close(run, "Q001")
    assert second.exit_code == 1
    assert "the figures are no longer those that were proposed" in second.stderr.splitlines()[0]
    assert "waiting for the second" in second.stderr.splitlines()[1]
    assert close(run, "M001").exit_code == 0


def test_two_managers_are_enough_on_the_command_line(run, work):
    for login in ("Q001", "Q900"):
        become(work, login, "dispatcher")
    assert close(run, "M001").exit_code == 1
    assert close(run, "M002").exit_code == 0


def test_pending_visits_are_named_one_by_one(run, work):
    arrived = builders.line("visit.arrived", "WO-5", NINE, "T001", gps={"status": "denied"})
    store(work, [builders.scheduled("WO-5", NINE), arrived])
    answer = close(run, "M001")
    assert answer.exit_code == 1
    assert answer.stderr.splitlines() == [
        "fieldapp: 2026-09 cannot be closed yet. Visits without an outcome: 1. Complete, cancel or decide them first.",
        "WO-5: pending, technician T001",
    ]


def test_a_closed_month_is_not_closed_again(run):
    close(run, "M001")
    close(run, "M002")
    answer = close(run, "Q001")
    assert answer.exit_code == 1
    assert "2026-09 is closed already, by M001 and M002" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("2026-13", "--as", "M001"), 2, "is no month"),
        (("2026-09",), 2, "Missing option '--as'"),
        (("2026-09", "--as", "M404"), 2, "There is no account M404."),
        (("2026-09", "--as", "T099"), 2, "The account T099 is disabled."),
        (("2026-09", "--as", "M001", "--branch", "nowhere"), 2, "there is no branch nowhere"),
        (("2026-09", "--as", "T001"), 1, "Your role does not include this."),
        (("2026-09", "--as", "D001"), 1, "Your role does not include this."),
        (("2999-01", "--as", "M001"), 1, "2999-01 has not ended yet."),
    ],
)
def test_what_cannot_be_closed_is_said(run, arguments, code, words):
    answer = run("close", *arguments)
    assert answer.exit_code == code
    assert words in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_scores_of_a_closed_month_stay_as_they_were_whatever_comes(run, work):
    close(run, "M001")
    close(run, "M002")
    for form in ("json", "csv"):
        before = run("score", "2026-09", "--format", form).stdout
        store(work, [finding("WO-1", item="composure"), finding("WO-2", item="decorum")])
        assert run("score", "2026-09", "--format", form).stdout == before
    live = json.loads(run("score", "2026-09", "--format", "json", "--recount").stdout)
    assert live["technicians"] != json.loads(run("score", "2026-09", "--format", "json").stdout)["technicians"]


def test_a_recount_of_a_closed_month_says_that_it_is_closed_and_with_what(run, work):
    assert "closed" not in run("score", "2026-09", "--recount").stderr
    close(run, "M001")
    close(run, "M002")
    [seal] = [one for one in run("score", "2026-09").stdout.splitlines() if one.startswith("closed by ")]
    same = ["2026-09 is closed; this is what the facts say today", seal]
    assert run("score", "2026-09", "--recount").stderr.splitlines() == same
    [before] = json.loads(run("score", "2026-09", "--technician", "T001", "--format", "json").stdout)["technicians"]
    found, other = finding("WO-1", item="composure"), finding(technician="T003", item="decorum")
    store(work, [found, upheld(found), *builders.perfect_visit("WO-9", NINE, "T003"), other, upheld(other)])
    for form in ("table", "json", "csv"):
        answer = run("score", "2026-09", "--recount", "--format", form)
        figures = f"{before['status']}, score {before['score']}, award {before['award']}"
        assert answer.stderr.splitlines() == [
            *same, f"closed with: T001 {before['name']}: {figures}", "closed without T003"
        ]  # fmt: skip
        assert "is closed" not in answer.stdout


def test_a_schema_with_closed_months_does_not_go_down(run):
    close(run, "M001")
    close(run, "M002")
    answer = run("db", "downgrade", "0001", "--yes")
    assert answer.exit_code == 1
    assert answer.stderr.startswith(
        "fieldapp: schema 0001 has no place for what is stored in sealed columns, closed_mo"
    )
    assert answer.stderr.endswith("give the older program the copy of the database that was made before the upgrade\n")
    assert len(answer.stderr.splitlines()) == 1
    assert run("doctor").exit_code == 0
