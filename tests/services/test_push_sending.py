"""Technicians' phones are told that the day changed, through a real push service that opens what it gets."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, jobs, leavers, news, push_sending, sync_devices, web_push
from fieldapp.services.push_sending import GATHER, PUSH
from fieldapp.services.web_push import PushKey
from fieldapp.services.work import Work
from fieldapp.storage import jobs as store
from fieldapp.storage import push_subscriptions
from fieldapp.storage.erase_list import EraseList
from fieldapp.storage.push_subscriptions import Address
from tests import builders, cast
from tests.fakes import Clock
from tests.push_services import Browser, admitted
from tests.receivers import Receiver, receiving
from tests.sync.phone import Phone, plan

SAID = push_sending.said("en")


@pytest.fixture
def service() -> Iterator[Receiver]:
    with receiving() as found:
        found.answer(201)
        yield found


@pytest.fixture
def key(tmp_path) -> PushKey:
    return PushKey.open_or_make(tmp_path / "push-key.pem")


@pytest.fixture
def settings(settings):
    return replace(settings, outgoing_loopback=True)


@pytest.fixture
def do_all(work, clock, key):
    """Do what is due, and what is due when everything has been gathered."""
    handlers = {
        "news": news.spreader(None),
        PUSH: push_sending.sender(lambda: key, "mailto:visits@example.org", loopback=True),
    }

    def do() -> None:
        while jobs.do_next(work, handlers):
            pass
        clock.advance(seconds=GATHER.total_seconds())
        while jobs.do_next(work, handlers):
            pass

    return do


@pytest.fixture
def phone_of(clock, sign_in):
    return lambda login: Phone(clock, sign_in(login), login)


@pytest.fixture
def told(service, phone_of):
    """T001's phone, which asked to be told: its owner's phone and its browser."""
    phone, browser = phone_of("T001"), Browser(service)
    assert browser.subscribe(phone).status_code == 200
    return phone, browser


def schedule(work: Work, clock: Clock, number: str = "WO-1", technician: str | None = "T001", hours: float = 5) -> str:
    return plan(work, builders.scheduled(number, clock() + timedelta(hours=hours), technician))[0]


def say(work: Work, clock: Clock, kind: str, number: str = "WO-1", **data: Any) -> None:
    plan(work, builders.line(kind, number, clock(), "office", **data))


def log(work: Work, phone: Phone) -> list[tuple[str, list[str]]]:
    with work.read() as db:
        found = store.of_target(db, cast.MAIN, phone.device_id)
    return [(one.job.state, [each.detail for each in one.attempts]) for one in found]


def subscribed(work: Work, login: str = "T001") -> int:
    with work.read() as db:
        return len(push_subscriptions.created_at(db, cast.MAIN, cast.BY_LOGIN[login].account_id))


def test_a_new_visit_is_told_without_a_word_of_whose_and_opens_there(work, clock, told, service, do_all, key):
    phone, browser = told
    visit = schedule(work, clock)
    do_all()
    assert browser.told() == [{"visit": visit, **SAID}]
    [(path, headers, body)] = service.requests
    claims, public = admitted(headers)
    assert (path, public, claims["sub"]) == (browser.path, key.public, "mailto:visits@example.org")
    assert (claims["aud"], claims["exp"]) == (service.address, int((clock() + web_push.PROVEN_FOR).timestamp()))
    assert (headers["Content-Encoding"], int(headers["TTL"]) > 3600) == ("aes128gcm", True)
    assert (phone.device_id in headers["Topic"], len(headers["Topic"])) == (False, 32)
    assert b"Wang Fang" not in body
    assert log(work, phone) == [("done", ["http_201"])]


def test_moved_cancelled_and_given_away_are_told_to_whom_they_concern(work, clock, told, phone_of, service, do_all):
    other = Browser(service, "/push/other")
    other.subscribe(phone_of("T002"))
    mine, visit = told[1], schedule(work, clock)
    do_all()
    start = clock() + timedelta(hours=8)
    moved = {"asked_by": "customer", "apology": False, "cause": "customer", "promise": builders.promise(start)}
    say(work, clock, "promise.changed", **moved)
    do_all()
    say(work, clock, "visit.assigned", technician="T002")
    do_all()
    told_at = clock().isoformat()
    say(work, clock, "visit.cancelled", asked_by="customer", told_at=told_at, apology=False, cause="customer")
    do_all()
    assert [one["visit"] for one in mine.told()] == [visit, visit, None]
    assert [one["visit"] for one in other.told()] == [visit, visit]


def test_a_fact_that_waits_for_the_office_is_told_and_so_is_the_decision(work, clock, told, do_all):
    phone, browser = told
    visit = schedule(work, clock, technician="T002")
    do_all()
    assert phone.fates(phone.append("note.added", visit)) == [("held", "not_assignee")]
    do_all()
    assert browser.told() == [{"visit": None, **SAID}]
    say(work, clock, "visit.assigned", technician="T001")
    say(work, clock, "visit.reinstated", reason="it was theirs")
    do_all()
    assert [one["visit"] for one in browser.told()] == [None, visit]


def test_what_comes_together_is_one_message_that_opens_the_day(work, clock, told, do_all):
    for number in range(3):
        schedule(work, clock, f"WO-{number}")
        clock.advance(seconds=1)
    do_all()
    assert told[1].told() == [{"visit": None, **SAID}]


def test_what_was_before_they_asked_is_not_told(work, clock, told, phone_of, service, do_all):
    schedule(work, clock, "WO-1", "T002")
    clock.advance(seconds=1)
    late = Browser(service, "/push/late")
    late.subscribe(phone_of("T002"))
    do_all()
    assert late.told() == []


def test_in_the_person_s_language_else_in_the_phone_s(work, clock, told, phone_of, do_all, service):
    other = Browser(service, "/push/other")
    other.subscribe(phone_of("T002"), language="zh-Hant")
    accounts.choose_language(work, cast.T001.actor, "zh-Hans")
    schedule(work, clock)
    schedule(work, clock, "WO-2", "T002")
    do_all()
    assert (told[1].told()[0]["title"], told[1].told()[0]["lang"]) == ("您的日程有变动", "zh-Hans")
    assert (other.told()[0]["title"], other.told()[0]["lang"]) == ("您的行程有變動", "zh-Hant")


def test_at_night_it_waits_for_the_morning_but_not_longer_than_the_visit(work, clock, told, do_all):
    clock.advance(hours=14)  # 23:30
    schedule(work, clock, "WO-1", hours=12)
    do_all()
    assert told[1].told() == []
    schedule(work, clock, "WO-2", hours=7)
    do_all()
    assert told[1].told() == [{"visit": None, **SAID}]
    clock.advance(hours=8, minutes=30)
    do_all()
    assert len(told[1].told()) == 1


def test_while_the_push_service_is_away_it_is_tried_again_and_said_once(work, clock, told, service, do_all):
    service.answer(503, 429, 201)
    schedule(work, clock)
    for _ in range(4):
        do_all()
        clock.advance(minutes=2)
    assert len(told[1].told()) == 3
    assert log(work, told[0]) == [("done", ["http_201", "http_429", "http_503"])]


@pytest.mark.parametrize("status", [404, 410])
def test_a_phone_that_its_push_service_forgot_is_told_nothing_more(work, clock, told, service, do_all, status):
    service.answer(status)
    schedule(work, clock)
    do_all()
    assert log(work, told[0]) == [("done", [f"http_{status}"])]
    assert subscribed(work) == 0
    schedule(work, clock, "WO-2")
    do_all()
    assert len(service.requests) == 1


def test_refused_for_good_it_is_given_up_for_the_admin_to_see(work, clock, told, service, do_all):
    service.answer(403)
    schedule(work, clock)
    do_all()
    assert log(work, told[0]) == [("dead", ["http_403"])]


def test_the_phone_that_asked_again_meanwhile_stays(work, clock, told, service, do_all):
    phone, browser = told
    schedule(work, clock)
    service.answer(410)
    with work.read() as db:
        old = push_subscriptions.find(db, cast.MAIN, phone.device_id, clock())
    clock.advance(seconds=1)
    browser.subscribe(phone)
    with work.write() as db:
        push_sending._outcome(410, old).then(db, "done")
    assert subscribed(work) == 1


def ends(what: str, work: Work, phone: Phone, tmp_path: Any) -> None:
    """One of the ways in which a phone stops being told."""
    admin = cast.A001.actor
    if what == "sign-out":
        phone.client.post("/logout")
    elif what == "not any more":
        assert phone.client.delete(
            f"/api/sync/v1/subscriptions/{phone.device_id}", json={}, headers={"X-Field-Sync": "1"}
        )
    elif what == "revoked":
        sync_devices.revoke(work, cast.T001.actor, cast.MAIN, phone.device_id)
    elif what == "password":
        accounts.reset_password(work, admin, "T001", "another-lantern-43")
    elif what == "disabled":
        accounts.disable_account(work, admin, "T001")
    else:
        accounts.disable_account(work, admin, "T001")
        with work.write() as db:  # as a backup of before brings it back
            push_subscriptions.save(
                db, work.vault, cast.MAIN, phone.device_id, account_id=cast.T001.account_id, sign_in_id="-",
                language="en", service="-", address=Address("https://push.example.net/", b"", b""), now=work.now(),
            )  # fmt: skip
        leavers.erase(work, OPERATOR, EraseList(tmp_path / "erased.jsonl"), "T001", timedelta(0))


@pytest.mark.parametrize("what", ["sign-out", "not any more", "revoked", "password", "disabled", "erased"])
def test_it_ends_with(what, work, clock, told, service, do_all, tmp_path):
    schedule(work, clock)
    ends(what, work, told[0], tmp_path)
    do_all()
    assert service.requests == []
    assert subscribed(work) == 0


def test_a_session_whose_time_is_over_ends_it_too(work, clock, told, service, do_all):
    clock.advance(days=31)
    schedule(work, clock)
    do_all()
    assert service.requests == []


def test_the_address_is_sealed_for_this_phone_alone(work, told):
    with work.read() as db:
        found = push_subscriptions.find(db, cast.MAIN, told[0].device_id, work.now())
    assert found.address(work.vault) == Address(told[1].endpoint, told[1].public, told[1].auth)
    assert told[1].path.encode() not in found.sealed.box
