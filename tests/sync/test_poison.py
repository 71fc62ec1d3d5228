"""A fact at which the program itself fails takes no other with it, blocks nobody, and counts once that is mended."""

import json

import pytest
from sqlalchemy import text

from fieldapp.services import quarantine, scoring, sync_day, sync_push
from fieldapp.services.sync_push import push
from fieldapp.services.work import Busy
from fieldapp.storage import devices, events, strays
from tests import builders, cast
from tests.sync.phone import Phone, new_id, plan


@pytest.fixture(params=["work", "postgres_work"])
def place(request, clock):
    """A company on either engine, with two visits of T001, and their phone."""
    work = request.getfixturevalue(request.param)
    start = clock()
    visits = plan(work, *(builders.scheduled(f"WO-{one}", start) for one in range(2)))
    return work, visits, Phone(clock, None, "T001")


def send(work, phone, *entries):
    return push(work, cast.T001.actor, json.dumps(phone.batch(list(entries))).encode())


@pytest.fixture
def faulty(monkeypatch):
    """`faulty(visit)`: judging this visit fails, after its facts were written."""
    real = scoring.rejudge

    def act(visit):
        def rejudge(db, branch, histories, held):
            real(db, branch, histories, held)
            if any(event.type == "note.added" for event in histories.get(visit, ())):
                db.execute(text("SELECT no_such_thing FROM visits WHERE branch = 'main'"))

        monkeypatch.setattr(scoring, "rejudge", rejudge)

    return act


@pytest.fixture
def parts(monkeypatch):
    """The parts of pushes' transactions that could fail alone."""
    begun, real = [], sync_push.savepoint

    def savepoint(db):
        begun.append(db)
        return real(db)

    monkeypatch.setattr(sync_push, "savepoint", savepoint)
    return begun


def types(work, visit):
    with work.read() as db:
        return [event.type for event in events.histories(db, cast.MAIN, [visit])[0][visit]]


def test_facts_go_in_parts_only_where_the_program_fails_at_one_and_then_at_once(place, parts, faulty):
    """Parts cost time in which no other phone of the branch is served."""
    work, (visit, other), phone = place
    send(work, phone, phone.append("visit.departed", other), phone.append("note.added", other, data={"text": "x"}))
    assert parts == []
    faulty(visit)
    send(work, phone, phone.append("visit.departed", visit), phone.append("note.added", visit, data={"text": "x"}))
    assert len(parts) == 2


def test_the_others_of_its_batch_are_stored_and_it_is_tried_again_when_the_program_is_mended(
    place, faulty, monkeypatch
):
    work, (visit, other), phone = place
    faulty(visit)
    batch = [
        phone.append("visit.departed", visit), phone.append("note.added", visit, data={"text": "x"}),
        phone.append("visit.departed", other),
    ]  # fmt: skip
    answer = send(work, phone, *batch)
    assert [(one.status, one.code) for one in answer.results] == [
        ("accepted", None), ("quarantined", "schema_invalid"), ("accepted", None),
    ]  # fmt: skip
    assert answer.device.next_seq == 4
    assert types(work, visit) == ["visit.scheduled", "visit.departed"]
    assert types(work, other) == ["visit.scheduled", "visit.departed"]
    assert [one.status for one in send(work, phone, *batch).results] == ["duplicate"] * 3
    [kept] = quarantine.list_kept(work, cast.Q001.actor)
    assert "failed at it" in quarantine.reveal(work, cast.Q001.actor, kept.digest).problem
    monkeypatch.undo()
    assert quarantine.replay_all(work, cast.Q001.actor) == {"accepted": 1}
    assert types(work, visit) == ["visit.scheduled", "visit.departed", "note.added"]
    with work.read() as db:
        assert devices.payloads(db, cast.MAIN, [batch[1]["id"]])


@pytest.mark.parametrize("error", [KeyError, Busy])
@pytest.mark.parametrize(("module", "name"), [(sync_day, "etag"), (strays, "waiting")])
def test_what_fails_after_the_facts_are_stored_does_not_keep_the_phone_from_hearing_so(
    work, phone, monkeypatch, module, name, error
):
    def broken(*_):
        raise error("broken")

    monkeypatch.setattr(module, name, broken)
    answer = phone.push(phone.append("note.added", new_id(), data={"text": "x"}))
    assert [one["code"] for one in answer["results"]] == ["unknown_visit"]
