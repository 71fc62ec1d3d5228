"""A phone asks to be told when its owner's day changes: what is taken for an address, and from whom."""

from dataclasses import replace

import pytest

from fieldapp.services import sync_devices
from fieldapp.storage import push_subscriptions
from tests import cast
from tests.push_services import SUBSCRIPTIONS, Browser, coded, decoded
from tests.receivers import Receiver
from tests.sync.phone import MARK

SERVICE = Receiver("https://push.example.net")


@pytest.fixture
def browser():
    return Browser(SERVICE)


def subscribed(work, phone):
    with work.read() as db:
        return push_subscriptions.find(db, cast.MAIN, phone.device_id, work.now())


def test_asked_for_again_it_is_the_new_address_that_counts(phone, browser, work):
    other = Browser(SERVICE, "/push/two")
    assert [one.subscribe(phone).status_code for one in (browser, other)] == [200, 200]
    assert subscribed(work, phone).address(work.vault).endpoint == other.endpoint
    assert subscribed(work, phone).service == "push.example.net"


def test_and_not_any_more_as_often_as_it_is_said(phone, browser, work):
    browser.subscribe(phone)
    for _ in range(2):
        answer = phone.client.delete(f"{SUBSCRIPTIONS}/{phone.device_id}", json={}, headers=MARK)
        assert (answer.status_code, answer.headers["X-Field-Sync"]) == (200, "1")
    assert subscribed(work, phone) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.net/one", "https://127.0.0.1/one", "https://10.0.0.8/one", "https://[::1]/one",
        "https://localhost/one", "https://me:secret@push.example.net/one", "ftp://push.example.net/one", "", "one",
        "https://push.example.net/" + "x" * 500, "https://push.example.net/\u2028",
    ],
)  # fmt: skip
def test_no_address_in_our_own_network_and_none_that_is_none(phone, browser, work, endpoint):
    answer = browser.subscribe(phone, endpoint=endpoint)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "push_address")
    assert subscribed(work, phone) is None


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"p256dh": coded(b"\x04" + b"\x01" * 64)}, 422, "push_address"),
        ({"auth": coded(b"short")}, 422, "push_address"),
        ({"p256dh": "*"}, 422, "push_address"),
        ({"auth": "x"}, 422, "bad_request"),
        ({"language": "fr"}, 422, "bad_request"),
        ({"technician": "T002"}, 422, "bad_request"),
        ({"auth": None}, 422, "bad_request"),
    ],
)
def test_what_no_browser_says_is_refused(phone, browser, work, other, status, code):
    answer = browser.subscribe(phone, **other)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert subscribed(work, phone) is None


def test_a_phone_that_is_not_known_is_somebody_else_s_or_was_taken_away_is_told_nothing(phone, phone_of, browser, work):
    other = phone_of("T002")
    assert browser.subscribe(other).status_code == 200
    for device_id in (phone.device_id, other.device_id):
        answer = phone.client.put(f"{SUBSCRIPTIONS}/{device_id}", json=browser.asks(), headers=MARK)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "device_unknown")
    phone.client.delete(f"{SUBSCRIPTIONS}/{other.device_id}", json={}, headers=MARK)
    assert subscribed(work, other).login == "T002"
    sync_devices.revoke(work, cast.T002.actor, cast.MAIN, other.device_id)
    assert browser.subscribe(other).get_json()["code"] == "device_unknown"


def test_neither_another_site_nor_another_person_s_page_can_ask(phone, browser, work):
    address = f"{SUBSCRIPTIONS}/{phone.device_id}"
    assert phone.client.put(address, json=browser.asks()).status_code == 403
    assert phone.client.put(address, data="{}", headers=MARK).status_code == 415
    answer = phone.client.put(address, json=browser.asks(), headers={**MARK, "X-Field-User": "T002"})
    assert answer.get_json()["code"] == "other_person"
    assert phone.client.put(f"{SUBSCRIPTIONS}/x", json=browser.asks(), headers=MARK).status_code == 422


@pytest.mark.parametrize("login", ["D001", "Q001", "M001", "A001"])
def test_the_office_has_no_phone(sign_in, phone, browser, login):
    client = sign_in(login)
    assert client.put(f"{SUBSCRIPTIONS}/{phone.device_id}", json=browser.asks(), headers=MARK).status_code == 403


def test_the_phone_learns_the_key_that_it_binds_the_subscription_to(phone, app):
    told = phone.client.get("/m/me.json").get_json()["push"]
    assert (len(decoded(told)), decoded(told)[0]) == (65, 4)
    assert phone.client.get("/m/me.json").get_json()["push"] == told
    assert replace(app.extensions["settings"]).push_key.exists()
