"""`fieldapp retention`, as an operator looks at the timers."""

from datetime import timedelta

from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import clocks
from fieldapp.storage import visits
from tests import builders, cast
from tests.links import store


def test_an_operator_sees_what_is_due_and_lets_it_go(work, settings):
    # The command has the machine's own clock, which is later than the tests'.
    store(work, builders.perfect_visit("WO-1", cast.NOW - timedelta(days=60)))
    environment = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_KEEP": "customers=1, photos=never"}
    due = CliRunner(env=environment).invoke(main, ["retention", "--dry-run"])
    assert due.exit_code == 0
    assert {"photos\tkept for ever", "customers\tkept 1 days", "main\tcustomers\t1\tdue"} <= set(
        due.stdout.splitlines()
    )
    gone = CliRunner(env=environment).invoke(main, ["retention", "--branch", "main"])
    assert "main\tcustomers\t1\tgone" in gone.stdout.splitlines()
    again = CliRunner(env=environment).invoke(main, ["retention", "--dry-run"])
    assert "main\tcustomers\t0\tdue" in again.stdout.splitlines()
    assert CliRunner(env=environment).invoke(main, ["doctor"]).exit_code == 0


def test_while_the_clock_is_doubted_nothing_goes_before_somebody_looked_at_it(work, settings):
    visit = store(work, builders.perfect_visit("WO-1", cast.NOW - timedelta(days=60)))
    with work.write() as db:
        clocks.believe(db, cast.NOW - timedelta(days=60))
    runner = CliRunner(env={"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_KEEP": "customers=1"})
    refused = runner.invoke(main, ["retention"])
    assert (refused.exit_code, "fieldapp retention --clock-is-right" in refused.stderr) == (1, True)
    with work.read() as db:
        assert visits.get(db, cast.MAIN, visit).customer_name == "Wang Fang"
    assert "main\tcustomers\t1\tdue" in runner.invoke(main, ["retention", "--dry-run"]).stdout.splitlines()
    told = runner.invoke(main, ["doctor"])
    assert (told.exit_code, "nothing is let go" in told.stdout) == (0, True)
    gone = runner.invoke(main, ["retention", "--clock-is-right"])
    assert "main\tcustomers\t1\tgone" in gone.stdout.splitlines()
    assert "nothing is let go" not in runner.invoke(main, ["doctor"]).stdout


def test_a_clock_that_is_behind_what_was_believed_is_not_taken_for_looked_at(work, settings):
    later = cast.NOW + timedelta(days=3650)
    with work.write() as db:
        clocks.believe(db, later)
    done = CliRunner(env={"FIELDAPP_INSTANCE": str(settings.instance)}).invoke(main, ["retention"])
    assert done.exit_code == 0
    with work.read() as db:
        assert clocks.doubted(db, later) is None


def test_a_wrong_time_is_named_with_an_example(settings):
    environment = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_KEEP": "photos=long"}
    done = CliRunner(env=environment).invoke(main, ["retention"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "FIELDAPP_KEEP holds 'photos=long'" in done.stderr
    assert "e.g. photos=90" in done.stderr
