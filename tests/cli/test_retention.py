"""`fieldapp retention`, as an operator looks at the timers."""

from datetime import timedelta

from click.testing import CliRunner

from fieldapp.cli import main
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


def test_a_wrong_time_is_named_with_an_example(settings):
    environment = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_KEEP": "photos=long"}
    done = CliRunner(env=environment).invoke(main, ["retention"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "FIELDAPP_KEEP holds 'photos=long'" in done.stderr
    assert "e.g. photos=90" in done.stderr
