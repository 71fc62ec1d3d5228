"""The schema goes up, down and up again, on SQLite and on a real PostgreSQL, and ends where the tables say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

from fieldapp.services import doctor, health
from fieldapp.services.work import Work
from fieldapp.storage import migrate
from fieldapp.storage.blobs import BlobStore
from fieldapp.storage.seals import SealKey
from fieldapp.storage.tables import Base
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.storage.tables.cases import CaseRow
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.vault import Vault
from tests import builders, cast
from tests.closing import NINE, store
from tests.conftest import make_test_work
from tests.fakes import Clock, Ids, PlainPasswords

MOMENT = datetime(2026, 10, 14, 1, 30, 0, 123456, tzinfo=UTC)


def tables(database):
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_up_makes_the_tables_that_the_program_knows(database):
    migrate.upgrade(database)
    assert migrate.current(database) == migrate.head()
    assert tables(database) == set(Base.metadata.tables)


def test_the_tables_equal_the_classes(database):
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_down_takes_everything_away_again(database):
    migrate.upgrade(database)
    migrate.downgrade(database, "base")
    assert tables(database) == set()
    assert migrate.current(database) is None


def test_each_step_goes_down_and_up_again(database):
    before = "base"
    for revision in migrate.known_revisions():
        migrate.upgrade(database, revision)
        migrate.downgrade(database, before)
        before = revision
        migrate.upgrade(database, revision)
        assert migrate.current(database) == revision


def test_up_again_changes_nothing(database):
    migrate.upgrade(database)
    migrate.upgrade(database)
    assert migrate.current(database) == migrate.head()


def test_facts_survive_every_later_migration(database, tmp_path):
    """What was written under the first schema is still there, byte for byte, under today's."""
    migrate.upgrade(database, migrate.known_revisions()[0])
    with database.engine.begin() as connection:
        connection.execute(EventRow.__table__.insert(), [_first_schema_event(EventRow.__table__.columns.keys())])
    clock = Clock(cast.NOW)
    work = Work(
        database=database,
        blobs=BlobStore(tmp_path),
        passwords=PlainPasswords(),
        vault=Vault(cast.DATA_KEY),
        seal_key=SealKey(tmp_path / "seal-key.pem"),
        clock=clock,
        new_id=Ids(clock),
    )
    cast.move_in(work)
    migrate.upgrade(database)
    with database.read() as db:
        event = db.scalars(select(EventRow)).one()
        assert (event.body, event.effective_at) == ('{"text":"门口有狗"}'.encode(), MOMENT)
        assert {row.login for row in db.scalars(select(AccountRow))} == set(cast.BY_LOGIN)


def _first_schema_event(columns):
    values = {
        "branch": "main", "ym": 202610, "event_id": "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44", "visit_id": None,
        "about": None, "kind": "note.added", "actor": "T001", "origin": "import", "grade": "A", "effective_at": MOMENT,
        "received_at": MOMENT, "held_code": None, "device_id": None, "seq": None,
        "body": '{"text":"门口有狗"}'.encode(), "body_hash": "0" * 64,
    }  # fmt: skip
    return {name: value for name, value in values.items() if name in columns}


def test_a_case_from_before_is_due_a_week_after_it_was_opened(database):
    migrate.upgrade(database, "0010")
    row = {"branch": "main", "case_id": "c", "visit_id": None, "kind": "complaint", "state": "open",
           "opened_at": MOMENT, "closed_at": None}  # fmt: skip
    with database.engine.begin() as connection:
        connection.execute(CaseRow.__table__.insert().inline(), [row])
    migrate.upgrade(database)
    with database.read() as db:
        assert [(one.due_at, one.owner) for one in db.scalars(select(CaseRow))] == [(MOMENT + timedelta(days=7), None)]


#: A schema, and what people wrote that it has no place for.
NEWER = [
    ("0009", "rulebooks", {"sheet": "installer", "version": 2, "in_force_from": "2026-11", "body": b"{}", "why": "",
                           "fingerprint": "0" * 64, "author": "M001", "approver": "M002", "published_at": MOMENT}),
    ("0010", "cases.due_at", {"branch": "main", "case_id": "c", "visit_id": None, "kind": "complaint", "state": "open",
                              "opened_at": MOMENT, "due_at": MOMENT}),
    ("0004", "events.flags", _first_schema_event({column.name for column in EventRow.__table__.columns})
     | {"flags": "clock_moved"}),
]  # fmt: skip


@pytest.mark.parametrize(("revision", "lost", "row"), NEWER, ids=[lost for _, lost, _ in NEWER])
def test_a_schema_with_facts_does_not_go_down_where_they_have_no_place(database, revision, lost, row):
    migrate.upgrade(database)
    name = lost.split(".")[0]
    with database.engine.begin() as connection:
        connection.execute(Base.metadata.tables[name].insert(), [row])
    with pytest.raises(migrate.WouldLose, match=rf"^schema {revision} has no place for what is stored in {lost}\."):
        migrate.downgrade(database, revision)
    assert migrate.current(database) == migrate.head()
    assert tables(database) == set(Base.metadata.tables)


def newer(database, oldest):
    """A schema of a program to come, which has added something, with room for programs from `oldest` on."""
    migrate.upgrade(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE to_come (branch VARCHAR(64) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql("ALTER TABLE visits ADD COLUMN to_come VARCHAR(64)")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql(f"UPDATE server_facts SET value = '{oldest}' WHERE name = 'schema_floor'")


def test_a_program_goes_on_working_on_a_newer_schema_that_has_room_for_it(database, tmp_path):
    newer(database, migrate.head())
    work = replace(make_test_work(tmp_path, Clock(cast.NOW)), database=database)
    assert health.readiness(work)["ready"] == "yes"
    cast.move_in(work)
    store(work, builders.perfect_visit("WO-1", NINE))
    assert [check.faults for check in doctor.examine(work) if check.faults] == []


def test_a_schema_without_room_for_this_program_is_left_alone(database, tmp_path):
    newer(database, "9998")
    work = replace(make_test_work(tmp_path, Clock(cast.NOW)), database=database)
    assert health.readiness(work)["ready"] == "no"
    assert "start that program" in health.way_on(work)
    with pytest.raises(migrate.Beyond, match=r"^the database has schema 9999, and this program knows"):
        migrate.upgrade(database)
    assert migrate.current(database) == "9999"


def test_an_older_schema_is_upgraded_before_anything_is_served(database, tmp_path):
    migrate.upgrade(database, "0001")
    work = replace(make_test_work(tmp_path, Clock(cast.NOW)), database=database)
    assert (health.readiness(work)["ready"], health.way_on(work)) == ("no", "run: fieldapp db upgrade")


def test_every_table_that_may_go_is_one_that_the_program_knows():
    assert migrate.COUNTED - {"alembic_version"} <= set(Base.metadata.tables)


def test_the_head_file_names_the_last_migration():
    assert migrate.known_revisions()[-1] == migrate.head()


def test_each_migration_has_a_number_of_its_own():
    """Numbers are names: which comes after which the migrations say themselves."""
    files = (migrate.FOLDER / "versions").glob("0*.py")
    assert sorted(file.name[:4] for file in files) == sorted(migrate.known_revisions())


@pytest.mark.parametrize("table", sorted(Base.metadata.tables.values(), key=lambda table: table.name), ids=str)
def test_keys_of_a_branchs_table_begin_with_the_branch(table):
    """Sharding by branch has to stay possible: primary key, unique and foreign keys all lead with it."""
    primary = [column.name for column in table.primary_key]
    if primary[0] != "branch":
        assert table.name in REFERENCE_TABLES
        return
    for constraint in table.constraints:
        columns = [column.name for column in getattr(constraint, "columns", [])]
        if type(constraint).__name__ == "UniqueConstraint":
            assert columns[0] == "branch"
        if (
            type(constraint).__name__ == "ForeignKeyConstraint"
            and constraint.referred_table.name not in REFERENCE_TABLES
        ):
            assert columns[0] == "branch"


#: Small tables of the whole company, the same on every shard.
REFERENCE_TABLES = {
    "accounts", "sign_ins", "known_browsers", "sign_in_failures", "server_facts", "alembic_version", "rulebooks",
    "rulebook_drafts", "second_factors", "recovery_codes", "passkeys", "invitations",
}  # fmt: skip
