"""What webhooks are sent, over a real connection to a real server."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.messages import Rules
from fieldapp.services import jobs, news, posting, tokens, webhook_sending, webhooks
from fieldapp.services.outbox import NEWS
from fieldapp.services.work import UnknownKey, Vault, Work
from fieldapp.storage import audit, branches
from fieldapp.storage import jobs as store
from tests import builders, cast
from tests.fakes import Clock
from tests.receivers import Receiver, receiving
from tests.sync.phone import plan

HANDLERS = {NEWS: news.spreader(None), "webhook": webhook_sending.sender(loopback=True)}


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def work(request: pytest.FixtureRequest) -> Work:
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def program(work: Work, *scopes: str, name: str = "crm", branch: str = cast.MAIN):
    shown = tokens.add_token(work, OPERATOR, branch=branch, name=name, scopes=scopes or ["webhooks:write"])
    found = tokens.recognise(work, shown)
    assert found is not None
    return found.actor


def make(work: Work, receiver: Receiver, *types: str) -> webhooks.Made:
    return webhooks.add_webhook(work, program(work), f"{receiver.address}/hook?of=crm", types, loopback=True)


def schedule(work: Work, clock: Clock, *numbers: str) -> None:
    plan(work, *(builders.scheduled(number, clock() + timedelta(days=1)) for number in numbers))


def do_all(work: Work) -> None:
    while jobs.do_next(work, HANDLERS):
        pass


def states(work: Work, made: webhooks.Made) -> list[tuple[str, list[str]]]:
    with work.read() as db:
        found = store.of_target(db, cast.MAIN, made.webhook.webhook_id)
    return [(one.job.state, [each.detail for each in one.attempts]) for one in found]


def test_what_happened_is_told_signed_and_without_anybody_s_name(work, clock, receiver):
    made = make(work, receiver)
    schedule(work, clock, "WO 1/ä")
    do_all(work)
    [(path, headers, body)] = receiver.requests
    told = msgspec.json.decode(body)
    assert path == "/hook?of=crm"
    assert headers["Fieldapp-Signature"] == webhook_sending.signature(made.secret, body, clock())
    assert headers["Fieldapp-Event"] == told["id"]
    assert {**told, "id": "-", "at": "-", "received_at": "-"} == {
        "id": "-", "type": "visit.scheduled", "branch": "main", "visit": "WO 1/ä", "at": "-", "received_at": "-",
        "resource": "/api/v1/visits/WO%201%2F%C3%A4",
    }  # fmt: skip
    assert states(work, made) == [("done", ["http_204"])]


def test_only_what_was_asked_for_is_told_and_nothing_that_was_before(work, clock, receiver):
    schedule(work, clock, "WO-0")
    clock.advance(seconds=1)
    make(work, receiver, "visit.cancelled", "visit.scheduled")
    schedule(work, clock, "WO-1")
    plan(work, builders.line("visit.assigned", "WO-1", clock(), "office", technician="T002"))
    do_all(work)
    assert [msgspec.json.decode(body)["visit"] for _, _, body in receiver.requests] == ["WO-1"]


def test_the_same_bytes_come_again_until_they_are_taken(work, clock, receiver):
    made = make(work, receiver, "visit.scheduled")
    receiver.answer(500, 302, 200)
    schedule(work, clock, "WO-1")
    for _ in range(3):
        do_all(work)
        clock.advance(minutes=1)
    assert len({body for _, _, body in receiver.requests}) == 1
    assert len({headers["Fieldapp-Delivery"] for _, headers, _ in receiver.requests}) == 1
    assert len({headers["Fieldapp-Signature"] for _, headers, _ in receiver.requests}) == 3
    assert states(work, made) == [("done", ["http_200", "http_302", "http_500"])]


def test_while_one_receiver_is_away_its_events_wait_together_and_others_go_on(work, clock, receiver):
    with receiving() as other:
        away = make(work, receiver, "visit.scheduled")
        webhooks.add_webhook(work, program(work, name="erp"), f"{other.address}/", (), loopback=True)
        receiver.answer(503)
        schedule(work, clock, "WO-1", "WO-2", "WO-3")
        do_all(work)
        assert (len(receiver.requests), len(other.requests)) == (1, 3)
        receiver.answer(204)
        clock.advance(minutes=1)
        do_all(work)
    assert [state for state, _ in states(work, away)] == ["done"] * 3


def test_who_is_gone_for_good_is_given_up_at_once(work, clock, receiver):
    made = make(work, receiver, "visit.scheduled")
    receiver.answer(410)
    schedule(work, clock, "WO-1")
    do_all(work)
    assert states(work, made) == [("dead", ["http_410"])]


def test_a_test_says_nothing_is_signed_and_comes_once_whatever_the_answer(work, clock, receiver):
    made = make(work, receiver, "visit.cancelled")
    receiver.answer(204, 500)
    for _ in range(2):
        webhooks.send_test(work, cast.A001.actor, cast.MAIN, made.webhook.webhook_id)
        do_all(work)
        clock.advance(hours=1)
        do_all(work)
    assert len(receiver.requests) == 2
    told = msgspec.json.decode(receiver.requests[0][2])
    assert (told["type"], told["visit"], told["resource"]) == ("ping", None, None)
    _, headers, body = receiver.requests[1]
    sent = clock() - timedelta(hours=1)
    assert headers["Fieldapp-Signature"] == webhook_sending.signature(made.secret, body, sent)
    assert states(work, made) == [("dead", ["http_500"]), ("done", ["http_204"])]


def test_only_who_runs_this_sends_tests_and_only_to_what_is_there(work, receiver):
    made = make(work, receiver)
    with pytest.raises(Forbidden):
        webhooks.send_test(work, cast.M001.actor, cast.MAIN, made.webhook.webhook_id)
    with pytest.raises(NotFound):
        webhooks.send_test(work, cast.A001.actor, cast.NORTH, made.webhook.webhook_id)


def test_nobody_there_and_nobody_who_answers(work, clock, receiver):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(posting.Unreached, match="not_reached"):
        posting.post(f"http://127.0.0.1:{port}/", b"", {}, loopback=True)
    with socket.create_server(("127.0.0.1", 0)) as rude:
        hang_up = threading.Thread(target=lambda: rude.accept()[0].close())
        hang_up.start()
        with pytest.raises(posting.Unreached, match="no_answer"):
            posting.post(f"http://127.0.0.1:{rude.getsockname()[1]}/", b"x", {}, loopback=True)
        hang_up.join()
    with pytest.raises(posting.Unreached, match="no_answer"):
        posting.post(f"{receiver.address.replace('http', 'https')}/", b"", {}, loopback=True)


def test_taken_away_it_is_told_nothing_more_and_nothing_is_noted(work, clock, receiver):
    made, actor = make(work, receiver, "visit.scheduled"), program(work, name="erp")
    receiver.answer(500)
    schedule(work, clock, "WO-1")
    do_all(work)
    webhooks.remove_webhook(work, actor, made.webhook.webhook_id)
    clock.advance(minutes=5)
    do_all(work)
    assert len(receiver.requests) == 1
    assert states(work, made) == []
    with work.read() as db:
        found = branches.find(db, cast.MAIN)
        said = [audit.with_action(db, cast.MAIN, action) for action in ("webhook.added", "webhook.removed")]
    assert found is not None
    assert found.hears == Rules().types
    assert [len(one) for one in said] == [1, 1]
    assert made.secret not in str(said)


def test_secrets_are_sealed_and_a_lost_data_key_sends_nothing_unsigned(work, clock, receiver):
    made = make(work, receiver, "visit.scheduled")
    assert made.secret.encode() not in made.webhook.sealed.box
    schedule(work, clock, "WO-1")
    stranger = replace(work, vault=Vault("another key that is long enough for all of it"))
    with pytest.raises(UnknownKey):
        jobs.do_next(stranger, HANDLERS)
    assert receiver.requests == []


def test_who_may_and_whose_they_are(work, receiver):
    made = make(work, receiver)
    name = made.webhook.webhook_id
    reader, other = program(work, "webhooks:read", name="r"), program(work, name="n", branch=cast.NORTH)
    assert [one.webhook_id for one in webhooks.list_webhooks(work, reader)] == [name]
    with pytest.raises(Forbidden):
        webhooks.add_webhook(work, reader, "https://example.org/", ())
    with pytest.raises(Forbidden):
        webhooks.list_webhooks(work, program(work, "visits:write", name="v"))
    for act in (webhooks.get_webhook, webhooks.remove_webhook):
        with pytest.raises(NotFound):
            act(work, other, name)
    with pytest.raises(NotFound):
        webhooks.list_deliveries(work, other, name, after=None, limit=1)


def test_a_branch_has_so_many_at_most(work):
    actor = program(work)
    for _ in range(20):
        webhooks.add_webhook(work, actor, "https://example.org/", ())
    with pytest.raises(Conflict, match="webhooks_full"):
        webhooks.add_webhook(work, actor, "https://example.org/", ())
