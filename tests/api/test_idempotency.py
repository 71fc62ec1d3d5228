"""Idempotency keys: the same request twice is carried out once and answered alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from fieldapp.app import create_app
from fieldapp.domain.access import OPERATOR
from fieldapp.services import tokens
from fieldapp.storage.tables.events import EventRow
from fieldapp.storage.tables.tokens import KeptAnswerRow
from tests import cast
from tests.api.conftest import Program
from tests.api.orders import order


@pytest.fixture
def desk(program):
    return program("visits:write")


@pytest.fixture
def body(clock):
    return order(clock() + timedelta(days=1))


def post(program, body, key):
    return program.ask("POST", "/visits", json=body, headers={"Idempotency-Key": key})


def same(answers):
    first = answers[0]
    return all(
        (one.status_code, one.data, one.headers["ETag"], one.headers["Location"])
        == (first.status_code, first.data, first.headers["ETag"], first.headers["Location"])
        for one in answers
    )


def count(work, row):
    with work.read() as db:
        return db.scalar(select(func.count()).select_from(row))


def test_the_same_request_again_creates_nothing_and_gets_the_same_answer(desk, work, body):
    answers = [post(desk, body, "k1"), post(desk, body, "k1"), post(desk, dict(reversed(body.items())), "k1")]
    assert [one.status_code for one in answers] == [201] * 3
    assert same(answers)
    assert [one.headers.get("Idempotent-Replayed") for one in answers] == [None, "true", "true"]
    assert count(work, EventRow) == 1


def test_the_answer_stays_what_it_was_whatever_happened_to_the_visit_since(desk, body):
    first = post(desk, body, "k1")
    desk.ask("PATCH", "/visits/WO-1", json={"note": "changed"})
    assert post(desk, body, "k1").data == first.data


def test_an_order_without_a_number_is_created_once_too(desk, work, body):
    del body["external_id"]
    assert same([post(desk, body, "k1"), post(desk, body, "k1")])
    assert count(work, EventRow) == 1


def test_another_request_under_the_same_key_is_refused(desk, work, body):
    post(desk, body, "k1")
    answer = post(desk, {**body, "external_id": "WO-2"}, "k1")
    assert (answer.status_code, answer.json["code"]) == (422, "key_reused")
    assert count(work, EventRow) == 1


def test_a_refused_request_may_be_mended_under_its_key(desk, body):
    assert post(desk, {**body, "technician": "T404"}, "k1").status_code == 422
    assert post(desk, body, "k1").status_code == 201


def test_keys_are_each_program_s_own(desk, program, body):
    other = program("visits:write", name="portal")
    assert post(desk, body, "k1").status_code == 201
    assert post(other, body, "k1").json["code"] == "external_id_taken"


def test_a_key_holds_for_two_days_and_is_then_forgotten(desk, work, body, clock):
    post(desk, body, "k1")
    clock.advance(hours=47)
    assert post(desk, body, "k1").status_code == 201
    clock.advance(hours=2)
    assert post(desk, body, "k1").status_code in {409, 422}
    post(desk, order(clock() + timedelta(days=1), external_id="WO-9"), "k2")
    assert count(work, KeptAnswerRow) == 1


def test_kept_answers_are_sealed(desk, work, body):
    post(desk, body, "k1")
    with work.read() as db:
        row = db.scalars(select(KeptAnswerRow)).one()
    held = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in vars(row).values())
    assert b"Wang Fang" not in held
    assert b"k1" not in held.split()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "“k”"])
def test_a_key_that_is_none_is_refused(desk, work, body, key):
    answer = post(desk, body, key)
    assert (answer.status_code, answer.json["code"]) == (422, "key_malformed")
    assert count(work, EventRow) == 0


def at_once(program, body, number=8):
    """The same request under one key from many threads in the same moment."""
    barrier = Barrier(number)

    def send(_):
        barrier.wait()
        return post(program, body, "k1")

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(send, range(number)))


def test_of_many_at_once_one_is_carried_out(app, work, body):
    token = tokens.add_token(work, OPERATOR, branch=cast.MAIN, name="crm", scopes=["visits:write"])
    assert same(at_once(Program(app, token), body))
    assert count(work, EventRow) == 1


@pytest.mark.postgres
def test_of_many_at_once_one_is_carried_out_on_postgresql(settings, postgres_work, body):
    app = create_app(settings, work=postgres_work)
    token = tokens.add_token(postgres_work, OPERATOR, branch=cast.MAIN, name="crm", scopes=["visits:write"])
    assert same(at_once(Program(app, token), body))
    assert count(postgres_work, EventRow) == 1
