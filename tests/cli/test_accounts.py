"""`fieldapp user` and `fieldapp branch`: what they print, where, and with which exit code."""

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, sign_ins
from fieldapp.services.passwords import Argon2
from fieldapp.storage import accounts as stored
from tests import cast

GOOD = "a quiet river bend"


@pytest.fixture
def run(settings, work, monkeypatch):
    """Run a command on the tests' database."""
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))

    def act(*words, given=None):
        return CliRunner().invoke(main, [*words], input=given)

    return act


def real(work, login, password):
    """The command line hashes with the real passwords, not the tests' cheap ones."""
    with work.read() as db:
        found = stored.find_like(db, login)
    return Argon2().matches(password, found[1])


@pytest.mark.parametrize("login", ["office", "customer", "Office", "CUSTOMER"])
def test_nobody_can_be_called_as_those_who_speak_beside_staff(run, login):
    done = run("user", "add", login, "--role", "technician", "--name", "Spoof")
    assert done.exit_code == 2
    assert "is taken" in done.stderr


def test_an_account_is_added_with_an_invented_password(run, work):
    done = run("user", "add", "M100", "--role", "manager", "--name", "Ming Na")
    assert (done.exit_code, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "added M100 as manager of main"
    assert second.startswith("password ")
    assert real(work, "M100", second.removeprefix("password "))


def test_a_password_is_read_from_standard_input_and_not_told_again(run, work):
    done = run("user", "add", "T100", "--role", "technician", "--name", "Ma", "--password-stdin", given=f"{GOOD}\n")
    assert done.exit_code == 0
    assert GOOD not in done.output
    assert real(work, "T100", GOOD)
    assert accounts.get_account(work, OPERATOR, "T100").team == "a"


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (["user", "add", "T001", "--role", "technician", "--name", "X"], None, "T001 is taken"),
        (["user", "add", "T100", "--role", "technician", "--name", "X", "--password-stdin"], "short\n", "at least 8"),
        (["user", "add", "T100", "--role", "technician", "--name", "X", "--password-stdin"], "", "at least 8"),
        (["user", "add", "T100", "--role", "technician", "--name", "X", "--branch", "nope"], None, "no branch nope"),
        (["user", "add", "T100", "--role", "technician", "--name", "X", "--team", "nope"], None, "no team nope"),
        (["user", "add", "T 1", "--role", "admin", "--name", "X"], None, "letters, digits"),
        (["user", "disable", "T777"], None, "no account T777"),
        (["user", "disable", "A001"], None, "last administrator"),
        (["user", "reset-password", "T777"], None, "no account T777"),
        (["branch", "add", "main", "--name", "X"], None, "branch main already"),
        (["branch", "add", "s", "--name", "X", "--timezone", "Mars/Base"], None, "no time zone"),
        (["branch", "add", "s", "--name", "X", "--currency", "yuan"], None, "no currency"),
    ],
)
def test_a_refusal_is_one_line_on_stderr_and_exit_code_two(run, words, given, told):
    done = run(*words, given=given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("fieldapp: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_role_is_a_usage_error(run):
    done = run("user", "add", "X1", "--role", "boss", "--name", "X")
    assert done.exit_code == 2
    assert "'technician', 'dispatcher', 'quality', 'manager', 'admin'" in done.stderr


def test_the_list_names_everybody_with_their_state(run):
    lines = run("user", "list").stdout.splitlines()
    assert len(lines) == len(cast.EVERYBODY)
    assert "T002\ttechnician\tmain\ta\tactive\t李静" in lines
    assert "T099\ttechnician\tmain\ta\tdisabled\tLeft Us" in lines
    assert "A001\tadmin\t-\t-\tactive\tAi Xin" in lines


def test_disabling_and_resetting_end_sessions_at_once(run, work):
    opened = [
        sign_ins.sign_in(work, login=login, password=cast.PASSWORD, agent="", browser=None, old=None)
        for login in ("T001", "T002")
    ]
    assert run("user", "disable", "T001").exit_code == 0
    assert run("user", "reset-password", "T002", "--password-stdin", given=GOOD).exit_code == 0
    assert [sign_ins.resume(work, each.secret) for each in opened] == [None, None]
    assert real(work, "T002", GOOD)


def test_a_branch_is_added_in_the_zone_of_the_installation(run, monkeypatch):
    monkeypatch.setenv("FIELDAPP_TIMEZONE", "Asia/Taipei")
    done = run("branch", "add", "south", "--name", "南区", "--currency", "TWD")
    assert done.stdout == "added branch south, Asia/Taipei, TWD\n"
    assert "south\tAsia/Taipei\tTWD\tmain\t南区" in run("branch", "list").stdout.splitlines()


@pytest.mark.parametrize("words", [["user"], ["branch"], ["user", "add"], ["branch", "add"]])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_everywhere(run, words, flag):
    done = run(*words, flag)
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


def test_a_database_without_schema_names_the_command_that_helps(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path / "empty"))
    done = CliRunner().invoke(main, ["user", "list"])
    assert done.exit_code == 1
    assert "fieldapp db upgrade" in done.stderr
