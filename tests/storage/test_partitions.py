"""The way from one table of events to parts by month, as docs/adr/0015 has it: nothing is lost, and nobody notices."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from fieldapp.services.doctor import examine
from fieldapp.services.work import Work
from fieldapp.storage import copying, grants
from fieldapp.storage.tables.events import EventRow
from tests import builders, cast
from tests.links import store

pytestmark = pytest.mark.postgres
PAGE = Path(__file__).parents[2] / "docs" / "adr" / "0015-one-table-of-events-until-it-hurts.md"


@pytest.fixture
def parted(postgres_work: Work) -> Work:
    """A company with a visit from before and one from after the switch."""
    store(postgres_work, builders.perfect_visit("WO-1", cast.NOW - timedelta(hours=3)))
    [block] = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    with postgres_work.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in block.split(";\n"):
            connection.exec_driver_sql(statement)
    return postgres_work


def counted(work: Work, table: str) -> int:
    with work.read() as db:
        return int(db.scalar(text(f"SELECT count(*) FROM {table} WHERE branch = 'main'")) or 0)


def test_facts_from_before_and_after_are_found_once(parted: Work) -> None:
    before = counted(parted, "events")
    lines = builders.perfect_visit("WO-2", cast.NOW - timedelta(hours=3))
    for _ in range(2):
        store(parted, lines)
    assert counted(parted, "events") == before + len(lines)
    assert counted(parted, "events_until_202801") == counted(parted, "events"), (
        "months that are over stay where they were"
    )
    assert [fault for check in examine(parted) for fault in check.faults] == []


def test_a_fact_of_a_later_month_lies_in_its_part(parted: Work) -> None:
    names = [column.name for column in EventRow.__table__.columns]
    values = ["202803" if name == "ym" else name for name in names]
    with parted.write() as db:
        rows = f"SELECT {', '.join(values)} FROM events WHERE branch = 'main' AND kind = 'visit.scheduled'"
        db.execute(text(f"INSERT INTO events ({', '.join(names)}) {rows}"))
    assert counted(parted, "events_2028") == 1


def test_each_fact_is_in_a_backup_once(parted: Work) -> None:
    with parted.read() as db:
        tables = copying.tables(db)
        assert not grants.partitions(db.connection()) & set(tables)
        assert len(list(copying.lines(db, "events", tables["events"]))) == counted(parted.within(db), "events")
