"""Statements past SQLAlchemy: the same rows, the same errors, and nothing kept of what failed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import IntegrityError

from fieldapp.services.work import Work
from fieldapp.storage import bulk, driver
from fieldapp.storage.engine import Busy, Db, savepoint, take_turn
from fieldapp.storage.tables.events import DeviceEntryRow
from fieldapp.storage.tables.visits import VisitRow
from tests import cast

DEVICE = "01920000-0000-7000-8000-000000000001"


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def either(request: Any) -> Work:
    """The same company on each engine."""
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def entry(seq: int, status: str | None = "accepted") -> dict[str, Any]:
    return {
        "branch": cast.MAIN, "device_id": DEVICE, "seq": seq, "event_id": DEVICE, "hash": "0" * 64, "status": status,
        "code": None, "effective_at": cast.NOW + timedelta(seconds=seq, microseconds=7), "prev": None,
    }  # fmt: skip


_LEDGER = DeviceEntryRow.__table__.c
_SEVERAL = (
    select(_LEDGER.seq, _LEDGER.effective_at, _LEDGER.code)
    .where(
        _LEDGER.branch == bindparam("branch"), _LEDGER.status == "accepted",
        _LEDGER.seq.in_(bindparam("seqs", expanding=True)),
    )
    .order_by(_LEDGER.seq)
)  # fmt: skip


@pytest.mark.parametrize("seqs", [[], [2], [1, 2, 9], [5, 4, 3, 2, 1]])
def test_a_row_is_what_sqlalchemy_would_have_read(either: Work, seqs: list[int]) -> None:
    with either.write() as db:
        bulk.upsert(db, DeviceEntryRow, [entry(one) for one in range(1, 6)])
        values = {"branch": cast.MAIN, "seqs": seqs}
        found = bulk.fetch(db, _SEVERAL, values)
        assert [tuple(row) for row in found] == [tuple(row) for row in db.execute(_SEVERAL, values)]
        assert [row.seq for row in found] == sorted(set(seqs) & {1, 2, 3, 4, 5})


def test_what_is_streamed_is_what_is_fetched_at_once(either: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "STREAMED", 3)
    values = {"branch": cast.MAIN, "seqs": list(range(1, 9))}
    with either.write() as db:
        bulk.upsert(db, DeviceEntryRow, [entry(one) for one in range(1, 9)])
        assert list(bulk.stream(db, _SEVERAL, values)) == bulk.fetch(db, _SEVERAL, values)


def test_a_stream_holds_few_rows_and_may_be_left_early(either: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "STREAMED", 3)
    taken: list[int] = []
    values = {"branch": cast.MAIN, "seqs": list(range(1, 9))}
    with either.write() as db:
        bulk.upsert(db, DeviceEntryRow, [entry(one) for one in range(1, 9)])
        told = driver._told
        monkeypatch.setattr(driver, "_told", lambda *given: _counted(taken, told(*given)))
        rows = bulk.stream(db, _SEVERAL, values)
        assert [next(rows).seq, next(rows).seq] == [1, 2]
        assert taken == [3]
        del rows
        assert len(bulk.fetch(db, _SEVERAL, values)) == 8


def _counted(taken: list[int], found: Any) -> Any:
    taken += [len(found)] if isinstance(found, list) else []
    return found


@pytest.mark.postgres
def test_a_stream_whose_connection_is_lost_says_so_as_sqlalchemy_would(
    postgres_work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "STREAMED", 3)
    with postgres_work.write() as db:
        bulk.upsert(db, DeviceEntryRow, [entry(one) for one in range(1, 9)])
    with pytest.raises(Busy):
        _read_while_it_ends(postgres_work)


def _read_while_it_ends(work: Work) -> None:
    with work.read() as db, work.database.engine.connect() as other:
        rows = bulk.stream(db, _SEVERAL, {"branch": cast.MAIN, "seqs": list(range(1, 9))})
        assert next(rows).seq == 1
        ours: Any = driver.connection(db).connection.driver_connection
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ours.info.backend_pid})
        list(rows)


def test_what_was_written_is_seen_by_whoever_asks_the_session(either: Work) -> None:
    count = select(func.count()).select_from(DeviceEntryRow).where(DeviceEntryRow.branch == cast.MAIN)
    with either.write() as db:
        bulk.upsert(db, DeviceEntryRow, [entry(1), entry(2)])
        assert db.scalar(count) == 2
        bulk.upsert(db, DeviceEntryRow, [entry(3)])
    with either.read() as db:
        assert db.scalar(count) == 3


def test_whatever_a_row_holds_comes_back_as_it_was(either: Work) -> None:
    texts = [
        "",
        " ",
        "NULL",
        "{a,b}",
        'a "quoted" one',
        "back\\slash\\",
        "'",
        "line\nline",
        "张，三",
        "%s ? :x",
        "\u2028",
    ]
    visits = [
        {
            "branch": cast.MAIN, "visit_id": f"0192-{number:02}", "external_id": f"{text}{number}", "rev": 2**31 - 1,
            "state": "planned", "job_type": "repair", "technician": one, "window_start": cast.NOW,
            "window_end": cast.NOW + timedelta(microseconds=1), "planned_start": cast.NOW - timedelta(days=400),
            "planned_end": cast.NOW, "person": one and bytes(range(256)) + one.encode(), "phone_mark": None,
            "address_mark": one, "customer_name": text, "phone": text, "address": text, "district": one, "email": one,
            "lat": one and -1e-7, "lon": 121.47371234567891, "language": "en", "note": text, "charges": text, "held": 0,
            "signed": one is None, "updated_at": cast.NOW,
        }
        for number, (text, one) in enumerate([("", None), *((text, text or "x") for text in texts)])
    ]  # fmt: skip
    table = VisitRow.__table__
    with either.write() as db:
        bulk.upsert(db, VisitRow, visits)
    with either.read() as db:
        mine = select(table).where(table.c.branch == cast.MAIN).order_by(table.c.visit_id)
        assert [dict(row._mapping) for row in db.execute(mine)] == visits


def test_a_change_touches_its_row_only(either: Work) -> None:
    with either.write() as db:
        bulk.upsert(db, DeviceEntryRow, [entry(1), entry(2)])
        bulk.change(
            db, DeviceEntryRow, {"branch": cast.MAIN, "device_id": DEVICE, "seq": 2},
            {"code": "x", "effective_at": cast.NOW},
        )  # fmt: skip
    with either.read() as db:
        rows = bulk.fetch(db, _SEVERAL, {"branch": cast.MAIN, "seqs": [1, 2]})
    assert [row.code for row in rows] == [None, "x"]
    assert rows[1].effective_at == cast.NOW


def three_of_which_the_second_fails(db: Db) -> None:
    bulk.upsert(db, DeviceEntryRow, [entry(1)])
    bulk.add_new(db, DeviceEntryRow, [entry(2, status=None)])
    bulk.upsert(db, DeviceEntryRow, [entry(3)])


def write(work: Work, act: Callable[[Db], None]) -> None:
    with work.write() as db:
        act(db)


def test_one_statement_that_fails_leaves_nothing_of_those_around_it(either: Work) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError):
            write(either, three_of_which_the_second_fails)
    with either.write() as db:
        assert bulk.fetch(db, _SEVERAL, {"branch": cast.MAIN, "seqs": [1, 2, 3]}) == []
        bulk.upsert(db, DeviceEntryRow, [entry(4)])
    with either.read() as db:
        assert len(bulk.fetch(db, _SEVERAL, {"branch": cast.MAIN, "seqs": [4]})) == 1


def test_statements_past_sqlalchemy_are_watched_like_the_others(work: Work) -> None:
    with work.read() as db, pytest.raises(AssertionError, match="names no branch"):
        bulk.fetch(db, select(_LEDGER.seq), {})


@pytest.mark.postgres
def test_a_turn_is_asked_for_once(postgres_work: Work) -> None:
    seen: list[str] = []
    postgres_work.database.watchers.append(seen.append)
    with postgres_work.write(cast.MAIN) as db:
        take_turn(db, cast.MAIN)
        take_turn(db, cast.NORTH)
    assert sum("pg_advisory" in one for one in seen) == 2


@pytest.mark.postgres
@pytest.mark.parametrize("moment", ["before", "within", "after a mistake of ours"])
def test_a_connection_lost_around_a_part_is_no_mistake_of_the_part(postgres_work: Work, moment: str) -> None:
    """Or its facts would go into quarantine, one by one, and their phone would hear 500 and not 503."""

    def lose(db: Db) -> None:
        pid = db.scalar(text("SELECT pg_backend_pid()"))
        with postgres_work.database.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(LookupError), postgres_work.write() as db:  # noqa: PT012
        if moment == "before":
            lose(db)
        with pytest.raises(Busy), savepoint(db):  # noqa: PT012
            if moment != "before":
                lose(db)
            if moment == "after a mistake of ours":
                raise ZeroDivisionError
            driver.run(db, "SELECT 1", ())
        raise LookupError  # the transaction is not to be committed: nothing is left of it
