"""A job exists if and only if the fact that it follows from was committed, and costs nothing where nobody waits."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select

from fieldapp.domain.access import OPERATOR
from fieldapp.services import histories
from fieldapp.services.recording import record
from fieldapp.services.work import Work
from fieldapp.storage import branches
from fieldapp.storage.events import Record
from fieldapp.storage.tables.jobs import JobRow
from tests import builders, cast
from tests.sync.phone import Phone, plan

HISTORY = builders.perfect_visit("WO-1", cast.NOW)


def hear(work: Work, *types: str) -> None:
    with work.write(cast.MAIN) as db:
        branches.hear(db, cast.MAIN, types)


def notes(work: Work) -> list[str]:
    with work.read() as db:
        return [row.payload for row in db.scalars(select(JobRow).where(JobRow.branch == cast.MAIN))]


def records(work: Work, **more) -> list[Record]:
    made = builders.as_events(HISTORY)
    return [Record(event=one, origin="office", received_at=work.now(), **more) for one in made]


@contextmanager
def counted(work: Work) -> Iterator[list[str]]:
    """The statements that the block sends."""
    seen: list[str] = []

    def note(_, __, statement, *___) -> None:
        seen.append(statement)

    listening.listen(work.database.engine, "before_cursor_execute", note)
    work.database.watchers.append(seen.append)
    yield seen
    work.database.watchers.remove(seen.append)
    listening.remove(work.database.engine, "before_cursor_execute", note)


def test_facts_that_somebody_waits_for_are_noted_once(work: Work):
    hear(work, "visit.arrived", "visit.completed")
    for _ in range(2):
        with work.write(cast.MAIN) as db:
            record(db, cast.MAIN, records(work), work.now())
    wanted = [one.id for one in builders.as_events(HISTORY) if one.type in {"visit.arrived", "visit.completed"}]
    assert len(notes(work)) == 1
    assert all(one in notes(work)[0] for one in wanted)
    assert notes(work)[0].count("-") == len(wanted) * 4


def test_what_was_not_committed_is_not_told(work: Work):
    hear(work, "visit.arrived")

    def begin() -> None:
        with work.write(cast.MAIN) as db:
            record(db, cast.MAIN, records(work), work.now())
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        begin()
    assert notes(work) == []


def test_facts_that_wait_for_a_person_are_no_news_yet(work: Work):
    hear(work, "visit.arrived")
    with work.write(cast.MAIN) as db:
        record(db, cast.MAIN, records(work, held_code="cancelled"), work.now())
    assert notes(work) == []


def test_an_imported_history_is_no_news(work: Work, clock):
    hear(work, "visit.scheduled", "visit.arrived")
    clock.advance(hours=2)
    raw = "\n".join(json.dumps(one) for one in HISTORY).encode()
    assert histories.import_events(work, OPERATOR, cast.MAIN, BytesIO(raw), source="x").new == len(HISTORY)
    assert notes(work) == []


def push(work: Work, phone: Phone, visit: str) -> list[str]:
    with counted(work) as seen:
        answer = phone.push(phone.append("visit.arrived", visit, data={"gps": {"status": "denied"}}))
    assert answer["results"][0]["status"] == "accepted"
    return seen


def test_a_push_sends_no_statement_more_while_nobody_waits_and_one_where_somebody_does(work, clock, sign_in):
    phone = Phone(clock, sign_in("T001"), "T001")
    known, first, second, third = plan(work, *(builders.scheduled(f"WO-{n}", clock(), "T001") for n in range(4)))
    push(work, phone, known)
    usual = push(work, phone, first)
    hear(work, "visit.cancelled")
    others = push(work, phone, second)
    hear(work, "visit.arrived")
    heard = push(work, phone, third)
    assert not any("jobs" in statement for statement in usual + others)
    assert sum("jobs" in statement for statement in heard) == 1
    assert (len(others) - len(usual), len(heard) - len(usual)) == (0, 1)
