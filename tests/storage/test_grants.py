"""The role that serves on PostgreSQL: it does all that the program does, and changes nothing that is to stay."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, demo, erasing, health, installation, leavers
from fieldapp.services.demo import Wish
from fieldapp.services.doctor import examine
from fieldapp.services.work import Refused, Work
from fieldapp.storage import grants
from fieldapp.storage.engine import Database
from fieldapp.storage.erase_list import EraseList
from fieldapp.storage.tables import Base
from tests import cast, processes
from tests.conftest import make_test_work
from tests.fakes import Clock

pytestmark = pytest.mark.postgres


@pytest.fixture
def role(_postgres: str) -> Iterator[str]:
    """A name that no role has, and that has to be quoted; what was made under it is gone afterwards."""
    name = f"fieldapp-{uuid4().hex[:8]}"
    yield name
    with psycopg.connect(host=_postgres, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'DROP ROLE IF EXISTS "{name}"')


@pytest.fixture
def serving(role: str, postgres_work: Work, postgres_url: str) -> Iterator[Work]:
    """The company as the server sees it. The role is asked for first: it can go once the database has gone."""
    assert installation.grant(postgres_work, role)
    database = Database(as_role(postgres_url, role))
    yield replace(postgres_work, database=database)
    database.dispose()


def as_role(url: str, role: str) -> str:
    return url.replace("postgres@", f"{role}@", 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET subject = 'x' WHERE branch = 'main'",
        "DELETE FROM audit WHERE branch = 'main'",
        "TRUNCATE audit",
        "UPDATE events SET actor = 'T002' WHERE branch = 'main'",
        "DELETE FROM events WHERE branch = 'main'",
        "UPDATE promises SET window_end = window_start WHERE branch = 'main'",
        "UPDATE closed_months SET body = '' WHERE branch = 'main'",
        "DELETE FROM rulebooks",
        "UPDATE alembic_version SET version_num = '0001'",
        "ALTER TABLE closed_months DISABLE TRIGGER USER",
        "DROP TABLE events",
        "CREATE TABLE mine (id int)",
        "CREATE OR REPLACE FUNCTION forbid_sealed_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET ROLE postgres",
    ],
)
def test_what_is_to_stay_cannot_be_changed_by_who_serves(serving: Work, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), serving.write() as db:
        db.execute(text(statement))


def test_a_whole_company_lives_under_that_role(role: str, postgres_url: str, tmp_path: Path) -> None:
    """Two months: planned, worked offline, judged, appealed, closed, adjusted. Then some of its people are erased."""
    owner = make_test_work(tmp_path, Clock(cast.NOW), postgres_url)
    installation.upgrade(owner, timezone=cast.ZONE)
    installation.grant(owner, role)
    work = make_test_work(tmp_path, Clock(cast.NOW), as_role(postgres_url, role))
    demo.load_demo(work, Wish("a seed", cast.NOW, 60, (date(2026, 9, 1), date(2026, 10, 1))))
    with work.read() as db:
        some = db.execute(text("SELECT branch, visit_id FROM visits WHERE branch = 'main' LIMIT 20")).all()
        login = db.scalar(text("SELECT login FROM accounts WHERE role = 'technician' LIMIT 1"))
    assert login is not None
    erase_list = EraseList(tmp_path / "erasures.jsonl")
    erasing.erase(work, OPERATOR, erase_list, [(branch, visit) for branch, visit in some])
    accounts.disable_account(work, OPERATOR, login)
    leavers.erase(work, OPERATOR, erase_list, login, timedelta(0))
    assert [fault for check in examine(work) for fault in check.faults] == []
    for one in (owner, work):
        one.database.dispose()


def test_every_table_that_stays_is_one_of_ours_and_so_are_its_columns() -> None:
    for name, columns in grants.STAYS.items():
        table = Base.metadata.tables[name]
        key = {column.name for column in table.primary_key}
        assert set(columns) <= {column.name for column in table.columns} - key, name


def test_only_who_could_change_them_is_warned_of(serving: Work, postgres_work: Work) -> None:
    assert health.too_mighty(serving) == []
    [line] = health.too_mighty(postgres_work)
    assert f"({len(grants.STAYS)} tables, adjustment_proposals first)" in line
    assert [check.notes for check in examine(postgres_work) if check.name == "grants"] == [(line,)]


def test_a_right_too_many_is_found(serving: Work, postgres_work: Work, role: str) -> None:
    with postgres_work.write() as db:
        db.execute(text(f'GRANT DELETE ON audit TO "{role}"'))
    assert "(1 tables, audit first)" in health.too_mighty(serving)[0]


def test_an_upgrade_gives_the_role_what_new_tables_want(serving: Work, postgres_work: Work, role: str) -> None:
    with postgres_work.write() as db:
        db.execute(text(f'REVOKE ALL ON visits FROM "{role}"'))
        db.execute(text(f'GRANT DELETE ON audit TO "{role}"'))
    installation.upgrade(postgres_work, timezone=cast.ZONE)
    with serving.write() as db:
        db.execute(text("DELETE FROM visits WHERE branch = 'main'"))
    assert health.too_mighty(serving) == []


def test_who_serves_neither_migrates_nor_grants_nor_restores(serving: Work, role: str) -> None:
    installation.upgrade(serving, timezone=cast.ZONE)  # there is nothing to do
    with pytest.raises(Refused, match="give the address of their owner"):
        installation.downgrade(serving, "0046")
    with pytest.raises(Refused, match="give the address of their owner"):
        installation.grant(serving, role)


def test_the_owner_is_not_made_the_one_that_serves(postgres_work: Work) -> None:
    with pytest.raises(Refused, match="postgres owns the tables"):
        installation.grant(postgres_work, "postgres")


def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    done = command(tmp_path, f"sqlite:///{tmp_path}/x.db", "grant", "somebody")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "SQLite has no roles" in done.stderr


def test_an_operator_gives_the_server_its_role(role: str, postgres_url: str, tmp_path: Path) -> None:
    assert "run: fieldapp db upgrade" in command(tmp_path, postgres_url, "grant", role).stderr
    assert command(tmp_path, postgres_url, "upgrade").exit_code == 0
    done = command(tmp_path, postgres_url, "grant", role)
    assert (done.exit_code, done.stdout) == (0, f"{role} may serve\n")
    assert f"psql: \\password {role}" in done.stderr
    assert command(tmp_path, postgres_url, "grant", role).stderr == ""
    for url, said in ((as_role(postgres_url, role), ""), (postgres_url, "could change what is to stay")):
        with (tmp_path / "said").open("w+") as log:
            with processes.serving(tmp_path, stderr=log, FIELDAPP_DATABASE_URL=url):
                pass
            log.seek(0)
            told = log.read()
            assert (said in told) if said else not told, told


def command(instance: Path, url: str, *words: str) -> Result:
    """`fieldapp db ...`"""
    env = {"FIELDAPP_INSTANCE": str(instance), "FIELDAPP_DATABASE_URL": url}
    return CliRunner(env=env).invoke(main, ["db", *words])
