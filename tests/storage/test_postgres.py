"""What differs on PostgreSQL: many writers at once, and the time zone of the session."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, InternalError

from fieldapp.domain.errors import TooMany
from fieldapp.domain.ids import visit_id
from fieldapp.services import planning, recording, scheduling, sign_ins, sync_day, sync_push
from fieldapp.services.doctor import examine
from fieldapp.services.scheduling import Slot
from fieldapp.services.sign_ins import WrongPassword
from fieldapp.services.work import Work
from fieldapp.storage import audit, bulk, engine
from fieldapp.storage.engine import Database
from fieldapp.storage.events import Record
from fieldapp.storage.tables.events import QuarantineRow
from tests import builders, cast
from tests.sync.phone import Phone, plan

pytestmark = pytest.mark.postgres
WRITERS = 8
VISIT = visit_id(cast.MAIN, "WO-1")


def all_at_once(act: Callable[[int], Any]) -> list[Any]:
    """`act(0)`, `act(1)` ... begun by as many threads in the same moment."""
    barrier = Barrier(WRITERS)

    def begin(number: int) -> Any:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(begin, range(WRITERS)))


def faults(work: Work) -> list[str]:
    return [fault for check in examine(work) for fault in check.faults]


def test_an_audit_chain_that_many_begin_at_once_does_not_fork(postgres_work: Work) -> None:
    def append(number: int) -> None:
        with postgres_work.write() as db:
            audit.append(
                db, cast.NORTH, entry_id=postgres_work.new_id(), now=cast.NOW, actor="D900", action="x",
                subject=str(number),
            )  # fmt: skip

    all_at_once(append)
    assert faults(postgres_work) == []


def test_facts_about_one_visit_from_many_at_once_all_count(postgres_work: Work) -> None:
    plan(postgres_work, builders.scheduled("WO-1", cast.NOW))

    def note(number: int) -> None:
        event = builders.as_event(builders.line("note.added", "WO-1", cast.NOW, text=f"note {number}"))
        with postgres_work.write() as db:
            recording.record(db, cast.MAIN, [Record(event=event, origin="office", received_at=cast.NOW)], cast.NOW)

    all_at_once(note)
    details = planning.get_visit(postgres_work, cast.D001.actor, cast.MAIN, VISIT)
    assert details.visit.rev == len(details.timeline) == 1 + WRITERS
    assert faults(postgres_work) == []


def test_an_office_and_a_phone_agree_on_a_visit_in_any_session_time_zone(
    postgres_work: Work, postgres_url: str
) -> None:
    database = Database(f"{postgres_url}&options=-c%20timezone%3DAsia/Kolkata")
    work = replace(postgres_work, database=database)
    start = cast.NOW + timedelta(hours=1)
    plan(work, builders.scheduled("WO-1", start))
    seen = planning.get_visit(work, cast.D001.actor, cast.MAIN, VISIT).visit
    assert (seen.window.start, seen.window.start.tzinfo) == (start, UTC)
    scheduling.assign_visit(work, cast.D001.actor, cast.MAIN, VISIT, seen.rev, Slot(technician="T002"))
    phone = Phone(work.clock, actor="T002")
    batch = json.dumps(
        phone.batch([phone.append("visit.departed", VISIT), phone.append("visit.arrived", VISIT)])
    ).encode()
    for status in ("accepted", "duplicate"):
        answer = sync_push.push(work, cast.T002.actor, batch)
        assert [one.status for one in answer.results] == [status, status]
    day = sync_day.look(work, cast.T002.actor, device_id=phone.device_id, known_etag=None)
    assert [(one["state"], one["rev"]) for one in day.visits or ()] == [("arrived", 4)]
    assert day.etag == answer.day_etag
    assert faults(work) == []
    database.dispose()


def test_guesses_made_at_once_are_all_counted(postgres_work: Work) -> None:
    def guess(number: int) -> type[Exception]:
        with pytest.raises((WrongPassword, TooMany)) as refusal:
            sign_ins.sign_in(postgres_work, login="T001", password=f"wrong {number}", agent="", browser=None, old=None)
        return refusal.type

    answers = all_at_once(guess) + all_at_once(guess)
    assert answers.count(WrongPassword) == sign_ins.MOST_WRONG


def test_text_that_is_too_long_for_its_column_is_refused_and_not_cut(postgres_work: Work) -> None:
    row = {"branch": cast.MAIN, "digest": "x" * 65, "code": "x", "origin": "push", "received_at": cast.NOW}
    with pytest.raises(DataError, match="too long"), postgres_work.write(cast.MAIN) as db:
        bulk.insert_new(db, QuarantineRow, [row], "digest")


def test_of_rows_with_one_key_the_first_is_kept(postgres_work: Work) -> None:
    rows = [
        {
            "branch": cast.MAIN,
            "digest": str(number // 2),
            "code": f"{number}",
            "origin": "push",
            "received_at": cast.NOW,
        }
        for number in range(900)
    ]
    with postgres_work.write(cast.MAIN) as db:
        assert len(bulk.insert_new(db, QuarantineRow, rows, "digest")) == 450
        kept = db.execute(select(QuarantineRow.digest, QuarantineRow.code)).all()
    assert dict(map(tuple, kept)) == {str(number): f"{2 * number}" for number in range(450)}


def test_a_connection_that_died_while_it_rested_is_replaced_unnoticed(
    postgres_work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Database(postgres_work.database.url)
    with other.read() as db:
        [(mine,)] = db.execute(text("SELECT pg_backend_pid()")).all()
    with postgres_work.database.read() as db:
        db.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    monkeypatch.setattr(engine, "TRUSTED", 0)
    with other.read() as db:
        assert db.execute(text("SELECT 1")).scalar() == 1
    other.dispose()


def test_what_the_server_has_prepared_stays_over_a_look(postgres_work: Work) -> None:
    def look() -> int:
        with postgres_work.read() as db:
            db.execute(text("SELECT count(*) FROM visits"))
            return db.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar() or 0

    assert [look() > 0 for _ in range(8)][-1]


def test_nobody_writes_in_a_look(postgres_work: Work) -> None:
    with pytest.raises(InternalError, match="read-only"), postgres_work.read() as db:
        db.execute(text("DELETE FROM visits"))


def test_a_statement_that_was_prepared_before_a_migration_is_asked_again_and_no_fact_is_put_aside(
    postgres_work: Work, clock: Any
) -> None:
    """`fieldapp db upgrade` while the server goes on: its connections know statements by what they gave before."""
    [visit] = plan(postgres_work, builders.scheduled("WO-1", clock()))
    phone = Phone(clock, None, "T001")

    def send(fact: Any) -> list[str]:
        body = json.dumps(phone.batch([fact])).encode()
        return [one.status for one in sync_push.push(postgres_work, cast.T001.actor, body).results]

    facts = [phone.append("note.added", visit, data={"text": "x"}) for _ in range(9)]
    for fact in facts[:-1]:  # psycopg has prepared what it is asked the sixth time
        assert send(fact) == ["accepted"]
    other = Database(postgres_work.database.url)
    with other.write() as db:
        db.execute(text("ALTER TABLE visits ALTER COLUMN state TYPE text"))
    other.dispose()
    with pytest.raises(engine.Busy):
        send(facts[-1])
    assert send(facts[-1]) == ["accepted"]
