"""Reports are read from a real standby that follows a real primary, and from the primary where that is no good."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from fieldapp.domain.calendar import Month
from fieldapp.services import fairness, health, installation
from fieldapp.services.doctor import examine
from fieldapp.services.work import Busy, Db, Work, real_work
from fieldapp.settings import Settings, SettingsError
from tests import cast, postgres
from tests.faults import standby
from tests.faults.standby import Node

pytestmark = pytest.mark.postgres
ON_DISK = {"FIELDAPP_SECRET_KEY": cast.SECRET, "FIELDAPP_DATA_KEY": cast.DATA_KEY}


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Node, Node]]:
    if postgres.programs() is None:
        pytest.skip("PostgreSQL's server programs are missing: NO STANDBY IS TESTED (apt-get install postgresql)")
    with standby.pair() as (primary, follower):
        yield primary, follower


def url(node: Node) -> str:
    return f"postgresql+psycopg://postgres@127.0.0.1:{node.port}/postgres"


@pytest.fixture
def work(nodes: tuple[Node, Node], tmp_path: Path) -> Iterator[Work]:
    """An installation that reads its reports from the standby while that is less than an hour behind."""
    work = company(nodes, tmp_path, lag=3600)
    installation.upgrade(work, timezone=cast.ZONE)
    yield work
    end(work)


def company(nodes: tuple[Node, Node], folder: Path, *, lag: float) -> Work:
    primary, follower = map(url, nodes)
    return real_work(
        primary, folder / "blobs", cast.DATA_KEY, folder / "seal-key.pem", read_url=follower, read_lag=lag
    )  # fmt: skip


def end(work: Work) -> None:
    assert work.replica is not None
    work.replica.dispose()
    work.database.dispose()


def is_standby(db: Db) -> bool:
    return bool(db.scalar(text("SELECT pg_is_in_recovery()")))


def name_it(work: Work, name: str) -> None:
    with work.write() as db:
        db.execute(text("UPDATE branches SET name = :name WHERE branch = 'main'"), {"name": name})


def read(work: Work) -> tuple[bool, str]:
    """Whether the standby was asked, and what the branch is called there."""
    with work.read_replica() as db:
        return is_standby(db), str(db.scalar(text("SELECT name FROM branches WHERE branch = 'main'")))


def test_reports_come_from_the_standby_and_all_else_from_the_primary(work: Work) -> None:
    with work.read() as db:
        assert not is_standby(db)
    with work.read_replica() as db:
        assert is_standby(db)
    assert fairness.month_of_branch(work, cast.D001.actor, Month("2026-10")).people == 0
    assert [check.notes for check in examine(work) if check.name == "replica"] == [
        ("reports are read from a standby that is 0 seconds behind at most",)
    ]


def test_a_standby_that_is_too_far_behind_is_not_asked(work: Work, nodes: tuple[Node, Node], tmp_path: Path) -> None:
    strict = company(nodes, tmp_path, lag=0)
    name_it(work, "Before")
    nodes[1].ask("SELECT pg_wal_replay_pause()")
    try:
        name_it(work, "After")
        assert read(strict) == (False, "After")
        assert read(work) == (True, "Before")
    finally:
        nodes[1].ask("SELECT pg_wal_replay_resume()")
        end(strict)


def test_what_a_transaction_wrote_is_read_within_it(work: Work) -> None:
    with work.write() as db:
        db.execute(text("UPDATE branches SET name = 'Within' WHERE branch = 'main'"))
        assert read(work.within(db)) == (False, "Within")


def test_a_standby_that_is_away_is_not_missed_nor_asked_again_at_once(work: Work, nodes: tuple[Node, Node]) -> None:
    nodes[1].stop_at_once()
    try:
        assert read(work)[0] is False
        assert health.replica(work.replica and work.replica.behind()).startswith("FIELDAPP_DATABASE_READ_URL is away")
    finally:
        nodes[1].start()
    assert read(work)[0] is False


def test_what_stopped_in_the_middle_of_a_report_is_the_primary_s_next_time(
    work: Work, nodes: tuple[Node, Node]
) -> None:  # fmt: skip
    def broken_off() -> None:
        with work.read_replica() as db:
            assert is_standby(db)
            nodes[1].ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
            db.execute(text("SELECT 1"))

    with pytest.raises(Busy):
        broken_off()
    assert read(work)[0] is False


def test_a_server_that_follows_nobody_any_more_is_not_believed(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """The last one: the standby is none afterwards."""
    nodes[1].promote()
    nodes[0].ask("ALTER SYSTEM RESET synchronous_standby_names")
    nodes[0].ask("SELECT pg_reload_conf()")
    work = company(nodes, tmp_path, lag=3600)
    assert read(work)[0] is False
    assert work.replica is not None
    assert work.replica.behind() is None
    end(work)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"FIELDAPP_DATABASE_READ_URL": "postgresql+psycopg://b/x"},
            "FIELDAPP_DATABASE_URL is no PostgreSQL: unset it",
        ),
        ({"FIELDAPP_DATABASE_READ_URL": "mysql://user:secret@b/x"}, "it begins with postgresql+psycopg://"),
        ({"FIELDAPP_DATABASE_READ_LAG": "0.5"}, "give whole seconds from 1 to 3600, e.g. 10"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"FIELDAPP_INSTANCE": str(tmp_path), **ON_DISK, **environ})
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
