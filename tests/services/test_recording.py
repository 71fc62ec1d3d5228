"""The one way in: idempotent, order-free, with every read model in step."""

import random

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.services.recording import record, refresh
from fieldapp.services.work import Work
from fieldapp.storage import events, visits
from fieldapp.storage.events import Record
from tests import cast
from tests.builders import as_event, line, perfect_visit, promise

HISTORY = perfect_visit("WO-1", cast.NOW)
VISIT = visit_id(cast.MAIN, "WO-1")


def records(entries: list[dict], work: Work) -> list[Record]:
    return [Record(event=as_event(one), origin="import", received_at=work.now()) for one in entries]


def put(work: Work, entries: list[dict]):
    with work.write() as db:
        return record(db, cast.MAIN, records(entries, work), work.now())


def seen(work: Work):
    with work.read() as db:
        return visits.find(db, cast.MAIN, VISIT), visits.ledger(db, cast.MAIN, VISIT), events.count(db, cast.MAIN)


def test_the_same_batch_three_times_is_stored_once(work: Work):
    first = put(work, HISTORY)
    state = seen(work)
    assert len(first.new) == len(HISTORY)
    assert put(work, HISTORY).new == put(work, HISTORY).new == frozenset()
    assert seen(work) == state


@pytest.mark.parametrize("seed", range(5))
def test_any_order_in_any_pieces_gives_the_same_visit(work: Work, seed: int):
    mixed = HISTORY.copy()
    random.Random(seed).shuffle(mixed)
    cut = random.Random(seed).randrange(len(mixed))
    put(work, mixed[:cut])
    put(work, mixed[cut:])
    visit, promises, count = seen(work)
    assert visit is not None
    assert (visit.state, visit.technician, visit.rev, len(promises), count) == ("completed", "T001", 13, 1, 13)


def test_events_wait_until_their_visit_is_scheduled(work: Work):
    put(work, HISTORY[1:])
    assert seen(work)[0] is None
    put(work, HISTORY[:1])
    visit = seen(work)[0]
    assert visit is not None
    assert visit.state == "completed"


def test_one_id_with_other_content_is_a_conflict_and_changes_nothing(work: Work):
    put(work, HISTORY)
    before = seen(work)
    forged = {**HISTORY[4], "at": (cast.NOW).isoformat()}
    answer = put(work, [forged])
    assert [one.event.id for one in answer.conflicts] == [HISTORY[4]["id"]]
    assert seen(work) == before


def test_one_id_twice_in_one_batch_with_other_content_is_a_conflict_too(work: Work):
    forged = {**HISTORY[4], "actor": "T002"}
    answer = put(work, [*HISTORY, forged])
    assert [one.event.actor for one in answer.conflicts] == ["T002"]


def test_every_promise_is_a_line_of_the_ledger(work: Work):
    change = {"asked_by": "company", "apology": True, "cause": "plan", "reason": "traffic"}
    moved = line("promise.changed", "WO-1", cast.NOW, "office", promise=promise(cast.NOW, minutes=90), **change)
    put(work, [HISTORY[0], moved])
    ledger = seen(work)[1]
    assert {(one.asked_by, one.cause, one.reason) for one in ledger} == {
        ("company", None, ""),
        ("company", "plan", "traffic"),
    }


def test_held_facts_are_kept_but_do_not_count_until_released(work: Work):
    put(work, HISTORY[:4])
    arrival = Record(event=as_event(HISTORY[4]), origin="push", received_at=work.now(), held_code="not_assignee")
    with work.write() as db:
        record(db, cast.MAIN, [arrival], work.now())
    visit = seen(work)[0]
    assert visit is not None
    assert (visit.state, visit.held) == ("disputed", 1)
    with work.write() as db:
        assert events.release(db, cast.MAIN, VISIT) == 1
        refresh(db, cast.MAIN, [VISIT], work.now())
    visit = seen(work)[0]
    assert visit is not None
    assert (visit.state, visit.held) == ("arrived", 0)


def test_two_transactions_in_one_another_are_refused(work: Work):
    with work.write(), pytest.raises(RuntimeError, match="open already"), work.read():
        pass
