"""The acceptance list of security.md, items 36, 48 and 50: what is written down, and what nothing is served on."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from fieldapp.cli import main
from fieldapp.services import health
from fieldapp.settings import Settings, SettingsError
from fieldapp.storage.engine import Database
from tests import builders, cast, processes
from tests.sync.phone import plan

PHONE, TOKEN = "13800138000", "kZx9_0123456789abcdefghijklmnopqrstuvwxyzAB"


# --- 36: logs -----------------------------------------------------------------------------------------------------

#: A process that logs as the server does, about everything that can go wrong in it.
NOISE = f"""
import logging, threading, warnings
import structlog
from fieldapp import logs
logs.configure(); logs.take_over()
structlog.contextvars.bind_contextvars(request_id="0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44")
log = structlog.get_logger()
log.info("a call", to="+86 138-0013-8000", note="call {PHONE} or 138 0013 8000", took=12, at="2026-10-14T01:30:00Z")
logging.getLogger("waitress").error("Exception while serving %s", "/c/{TOKEN}?x=1")
logging.getLogger("x").warning("Authorization: Bearer {TOKEN}")
warnings.warn("a warning\\nof two lines about {PHONE}")
try:
    password = "winter-lantern-42"
    raise ValueError("Failing row contains (Wang, {PHONE})")
except ValueError as error:
    log.error("unexpected", exc_info=error)
    logging.getLogger("y").exception("went wrong")
def die(secret="winter-lantern-42"):
    raise RuntimeError("in a thread, with {PHONE}")
thread = threading.Thread(target=die); thread.start(); thread.join()
raise KeyError("{PHONE}")
"""


def test_36_every_line_is_one_json_object_without_secrets_or_full_numbers():
    done = subprocess.run([sys.executable, "-c", NOISE], capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 8
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(line) for line in lines))
    assert all(line["request_id"].startswith("0199a1c2") for line in lines if "Thread" not in line["event"])
    assert (lines[0]["took"], lines[0]["at"], lines[0]["to"]) == (12, "2026-10-14T01:30:00Z", "…00")
    for secret in (PHONE, "138 0013 8000", "138-0013-8000", TOKEN, "winter-lantern-42"):
        assert secret not in done.stderr
    assert "Traceback" not in done.stderr


def test_36_the_server_writes_nothing_else(tmp_path):
    """Through the real program: odd requests, a database that is taken away under it."""
    processes.run(tmp_path, "db", "upgrade")
    log = tmp_path / "stderr"
    with log.open("w") as target, processes.serving(tmp_path, stderr=target) as port:
        base = f"http://127.0.0.1:{port}"

        def ask(path: str, **headers: str) -> str:
            try:
                with urllib.request.urlopen(urllib.request.Request(base + path, headers=headers), timeout=30) as answer:
                    return answer.headers["X-Request-Id"]
            except HTTPError as error:
                return error.headers["X-Request-Id"]

        ask(f"/c/{TOKEN}")
        ask("/login", Host="evil.example")
        ask("/api/v1/visits", Authorization=f"Bearer main.{TOKEN}")
        database = tmp_path / "fieldapp.db"
        connection = Database(f"sqlite:///{database}")
        with connection.write() as db:
            db.connection().exec_driver_sql("ALTER TABLE accounts RENAME TO gone")
        failed = ask("/login")
        with connection.write() as db:
            db.connection().exec_driver_sql("ALTER TABLE gone RENAME TO accounts")
        connection.dispose()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines if line.get("request_id") == failed] == ["unexpected"]
    assert TOKEN not in log.read_text()


@pytest.mark.sqlite
def test_36_what_a_database_refused_is_not_quoted(work):
    statement = "INSERT INTO visits (branch, visit_id, customer_name, phone) VALUES (?, ?, ?, ?)"
    with pytest.raises(Exception) as refusal, work.write() as db:  # noqa: PT011 - any of the driver's
        db.connection().exec_driver_sql(statement, ("main", "x", "Wang Fang", PHONE))
    assert PHONE not in str(refusal.value)
    assert "Wang Fang" not in str(refusal.value)


def test_36_who_tries_what_is_guarded_leaves_a_line_and_nothing_of_what_was_typed(app, sign_in):
    client, other = app.test_client(), sign_in("T001")
    with capture_logs() as lines:
        client.post("/login", data={"login": "D001", "password": "my-other-secret"})
        client.post("/login", data={"login": "my-password-in-the-wrong-field", "password": "x"})
        other.get("/admin/")
    found = [(one["code"], one["endpoint"], one["account"]) for one in lines]
    assert found == [
        ("sign_in_wrong", "auth.sign_in", "D001"), ("sign_in_wrong", "auth.sign_in", None),
        ("forbidden", "admin.index", "T001"),
    ]  # fmt: skip
    assert "my-" not in str(lines)


# --- 48: the chain ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE audit SET facts = '{\"x\": 1}' WHERE branch = 'main' AND number = 3", "row 3"),
        ("UPDATE audit SET actor = 'D002' WHERE branch = 'main' AND number = 1", "row 1"),
        ("DELETE FROM audit WHERE branch = 'main' AND number = 2", "row 3"),
        ("UPDATE audit SET number = number + 100 WHERE branch = 'main' AND number = 2", "row 3"),
        ("DELETE FROM audit WHERE branch = 'main' AND number > 3", "ends at row 3"),
        ("DELETE FROM audit WHERE branch = 'main'", "ends at row 0"),
    ],
)
def test_48_the_doctor_names_what_was_edited_deleted_reordered_or_cut_off(work, settings, sign_in, change, said):
    for login in ("T001", "D001", "Q001", "M001", "M002"):
        sign_in(login)
    with work.write() as db:
        db.connection().exec_driver_sql(change)
    done = CliRunner(env={"FIELDAPP_INSTANCE": str(settings.instance)}).invoke(main, ["doctor"])
    assert done.exit_code == 1
    assert re.search(rf"audit main {said}\b|audit main .*{said}", done.output), done.output


# --- 50: starting -------------------------------------------------------------------------------------------------


def serve(instance: Path, **environment: str):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"FIELDAPP_INSTANCE": str(instance), **environment}.items():
            patch.setenv(name, value)
        return CliRunner().invoke(main, ["serve", "--port", "0"])


def refused(done, code: int, *words: str) -> None:
    assert (done.exit_code, done.stderr.count("\n")) == (code, 1), done.output
    assert all(word in done.stderr for word in words), done.stderr


def test_50_nothing_is_served_with_debugging_on(work, settings):
    refused(serve(settings.instance, FLASK_DEBUG="1"), 2, "FLASK_DEBUG")


@pytest.mark.parametrize("name", ["FIELDAPP_SECRET_KEY", "FIELDAPP_DATA_KEY"])
@pytest.mark.parametrize(
    "value",
    ["sh0rt!", "x" * 64, "1234" * 16, "please-change-me-0123456789-abcdefghij", "default secret key of the example"],
)
def test_50_nothing_is_served_with_a_short_or_default_secret(work, settings, name, value):
    refused(serve(settings.instance, **{name: value}), 2, name, "secrets.token_urlsafe")
    assert value not in serve(settings.instance, **{name: value}).stderr


def test_50_a_secret_of_our_own_making_is_never_taken_for_a_placeholder(tmp_path):
    for number in range(50):
        settings = Settings.from_environment({"FIELDAPP_INSTANCE": str(tmp_path / str(number))})
        assert len(settings.secret_key) >= 64
    with pytest.raises(SettingsError):
        Settings.from_environment({"FIELDAPP_INSTANCE": str(tmp_path), "FIELDAPP_SECRET_KEY": "abc" * 20})


def test_50_nothing_is_served_while_migrations_are_pending(tmp_path):
    refused(serve(tmp_path), 1, "fieldapp db upgrade")


def test_50_nothing_is_served_on_a_broken_audit_chain(work, settings, sign_in):
    sign_in("T001")
    with work.write() as db:
        db.connection().exec_driver_sql("UPDATE audit SET actor = 'D001' WHERE branch = 'main'")
    refused(serve(settings.instance), 1, "audit main row 1", "fieldapp doctor")


def test_50_a_chain_is_verified_from_where_it_is_looked_at(work, clock, sign_in):
    for _ in range(4):
        sign_in("T001")
    plan(work, builders.scheduled("WO-1", clock()))
    with work.read() as db:
        from fieldapp.storage import audit

        assert audit.verify(db, last=2) == audit.verify(db) == []
    with work.write() as db:
        db.connection().exec_driver_sql("UPDATE audit SET hash = 'x' WHERE branch = 'main' AND number = 2")
        assert len(audit.verify(db, last=2)) == 1, "the row before those looked at is the one they hang on"
        assert len(audit.verify(db)) == 1


@pytest.mark.sqlite
def test_50_sqlite_under_full_is_named(work):
    assert health.refusals(work) == []
    with work.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        connection.exec_driver_sql("BEGIN")
    assert health.refusals(work) == ["SQLite's synchronous is NORMAL, not FULL"]


@pytest.mark.postgres
def test_50_nothing_is_served_on_a_postgresql_that_answers_before_it_has_written(postgres_work, postgres_url, tmp_path):
    assert health.refusals(postgres_work) == []
    (tmp_path / "data-key").write_text(cast.DATA_KEY)
    url = f"{postgres_url}&options=-c%20synchronous_commit%3Doff"
    done = processes.run(tmp_path, "serve", "--port", "0", FIELDAPP_DATABASE_URL=url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "synchronous_commit" in done.stderr
