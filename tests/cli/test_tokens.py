"""`fieldapp token`: what it prints, where, and with which exit code."""

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import tokens


@pytest.fixture
def run(settings, work, monkeypatch):
    """Run a command on the tests' database."""
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    return lambda *words: CliRunner().invoke(main, ["token", *words])


def test_a_token_alone_is_printed_and_opens_the_api(run, client):
    done = run("add", "crm", "--scope", "visits:read, visits:write")
    assert (done.exit_code, len(done.stdout.split())) == (0, 1)
    assert "not shown again" in done.stderr
    assert client.get("/api/v1/visits", headers={"Authorization": f"Bearer {done.stdout.strip()}"}).status_code == 200


def test_it_is_listed_without_its_secret_and_revoked_by_name(run, work):
    token = run("add", "crm", "--scope", "visits:write,scores:read", "--branch", "north", "--rate", "60").stdout.strip()
    listed = run("list")
    fields = listed.stdout.strip().split("\t")
    assert fields[:5] == ["north", "crm", "active", "scores:read,visits:write", "60"]
    assert token.partition(".")[2] not in listed.output
    assert run("revoke", "crm", "--branch", "north").stdout == "revoked crm\n"
    assert run("list").stdout.split("\t")[2] == "revoked"
    assert tokens.recognise(work, token) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "crm", "--scope", "visits:all"), "“visits:all” is no scope"),
        (("add", "crm", "--scope", " , "), "is no scope"),
        (("add", "crm"), "Missing option '--scope'"),
        (("add", "c m", "--scope", "visits:read"), "letters, digits"),
        (("add", "crm", "--scope", "visits:read", "--branch", "nowhere"), "no branch nowhere"),
        (("add", "crm", "--scope", "visits:read", "--expires", "2001-01-01"), "expire before"),
        (("add", "crm", "--scope", "visits:read", "--expires", "soon"), "soon"),
        (("add", "crm", "--scope", "visits:read", "--rate", "0"), "from 1 to"),
        (("revoke", "crm"), "Branch main has no token crm"),
    ],
)
def test_a_refusal_is_one_line_on_stderr_and_exit_code_two(run, words, told):
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
