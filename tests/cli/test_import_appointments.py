"""`fieldapp import appointments`: what it prints, and how it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.services import planning
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from tests.cast import D001, MAIN

DATA = Path(__file__).parents[1] / "data"
BAD, GOOD = DATA / "appointments-bad.csv", DATA / "appointments-2026-12.csv"


@pytest.fixture
def run(settings: Settings, work: Work) -> Callable[..., Result]:
    """The command line on the test's database, with the twelve technicians of the sample."""
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}

    def act(*arguments: str | Path, text: str | None = None) -> Result:
        return CliRunner(env=env).invoke(main, [str(one) for one in arguments], input=text)

    for number in range(4, 13):
        answer = act(
            "user", "add", f"T{number:03}", "--role", "technician", "--name", f"Tech {number}", "--team", "a",
            "--password-stdin", text="a-rather-long-passphrase-7\n",
        )  # fmt: skip
        assert answer.exit_code == 0, answer.output
    return act


def test_the_sample_imports_whole_and_again_changes_nothing(run: Callable[..., Result], work: Work) -> None:
    dry = run("import", "appointments", GOOD, "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, "240 rows: 240 new, 0 changed, 0 same; dry run, nothing was changed\n")
    assert planning.list_visits(work, D001.actor, MAIN).total == 0
    assert run("import", "appointments", GOOD).stdout == "240 rows: 240 new, 0 changed, 0 same\n"
    again = run("import", "appointments", GOOD)
    assert (again.stdout, again.stderr) == ("240 rows: 0 new, 0 changed, 240 same\n", "")


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_the_bad_sample_names_all_nine_faults_and_imports_nothing(
    run: Callable[..., Result], work: Work, option: list[str]
) -> None:
    answer = run("import", "appointments", BAD, *option)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.splitlines() == [
        "fieldapp: nothing was imported; mend 9 lines of appointments-bad.csv and import it again",
        "line 3, window_end: 2026-12-10T14:00: must be after window_start",
        "line 4, phone: not a phone: is no phone number",
        "line 5, job_type: paint: must be one of: install, move, repair",
        "line 6, window_start: 2026-13-40T09:00: is no time; write it as 2026-12-01T08:30",
        "line 7, technician: T999: there is no such technician in this branch",
        "line 8, lat: 133.2: must be from -90 to 90",
        "line 9, customer_name: : must not be empty",
        "line 10, external_id: BAD000: stands on line 2 already, with other content",
        "line 12, language: xx: must be one of: en, zh-Hans, zh-Hant",
    ]
    assert planning.list_visits(work, D001.actor, MAIN).total == 0


def test_a_missing_file_or_branch_is_bad_input(run: Callable[..., Result]) -> None:
    assert run("import", "appointments", "nowhere.csv").exit_code == 2
    assert run("import", "appointments", GOOD, "--branch", "nowhere").exit_code == 2
