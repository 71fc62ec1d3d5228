"""Whatever a phone, a broken program or an enemy sends: an answer of its own, nothing half done, never a 5xx."""

import json
import socket

import pytest

from fieldapp.services.sync_wire import MAX_BYTES
from fieldapp.storage import events, quarantine
from tests import cast
from tests.sync.phone import DEVICES, MARK, PUSH, new_id

DEEP = "[" * 20_000 + "]" * 20_000
SURROGATE = '"\\ud800"'


def stored(work):
    with work.read() as db:
        return events.count(db, cast.MAIN)


@pytest.mark.parametrize(
    "payload",
    [
        "", "null", "7", "[]", "{}", "{", DEEP, '{"v":1', '{"a":' * 5000 + "1" + "}" * 5000, SURROGATE, "\x00",
        '{"v":1e999}', '{"v":' + "9" * 5000 + "}", "NaN",
    ],
)  # fmt: skip
def test_a_payload_that_is_no_fact_is_quarantined_with_its_bytes(phone, work, visit, payload):
    entry = phone.append_text(payload)
    assert phone.fates(entry) == [("quarantined", "schema_invalid")]
    with work.read() as db:
        kept = quarantine.listed(db, cast.MAIN)
    raws = [quarantine.content(work.vault, cast.MAIN, one).raw for one in kept]
    assert [json.loads(raw)["payload"] for raw in raws] == [payload]
    assert phone.fates(phone.append("note.added", visit)) == [("accepted", None)]


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2}, {"v": "1"}, {"type": 7}, {"type": None}, {"visit_id": "WO-1"}, {"visit_id": None}, {"visit_rev": -1},
        {"visit_rev": 10**30}, {"actor": "T001\x00"}, {"actor": 1}, {"wall": "now"}, {"wall": -1}, {"wall": 1e300},
        {"mono": None}, {"boot": 5}, {"boot": "a\x00"}, {"clk": []}, {"clk": {"off": "x"}}, {"tz": 1e9}, {"more": 1},
        {"data": None}, {"data": []}, {"data": {"text": 7}}, {"data": {"text": "a\x00b"}}, {"data": {}},
        {"data": {"text": "x", "more": 1}}, {"data": {"type": "note.added", "text": "x"}},
        {"data": {"text": "x" * 5000}},
    ],
)  # fmt: skip
def test_a_wrong_value_anywhere_in_a_payload_is_quarantined(phone, visit, changes):
    bad = phone.append("note.added", visit, **changes)
    good = phone.append("note.added", visit)
    assert phone.fates(bad, good) == [("quarantined", "schema_invalid"), ("accepted", None)]


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_the_calendar_are_quarantined(phone, visit, end):
    bad = phone.append("visit.not_completed", visit, data={"return": {"start": None, "end": end}})
    assert phone.fates(bad) == [("quarantined", "schema_invalid")]


def test_half_surrogates_and_deep_nesting_in_an_entry_stop_nobody_else(phone, visit):
    first, second, third = (phone.append("note.added", visit) for _ in range(3))
    whole = json.dumps(phone.batch([first, "HERE", third]))
    for broken in (SURROGATE, DEEP, '{"id": ' + json.dumps(second["id"]) + ', "seq": 2, "payload": ' + SURROGATE + "}"):
        answer = phone.post(whole.replace('"HERE"', broken))
        assert answer.status_code == 200
        assert [one["status"] for one in answer.get_json()["results"]][1] == "quarantined"
    assert answer.get_json()["results"][1]["id"] == second["id"]
    assert [one["status"] for one in answer.get_json()["results"]] == ["duplicate", "quarantined", "duplicate"]


def test_bytes_that_are_no_text_are_quarantined(phone, visit):
    entry = phone.append("note.added", visit, data={"text": "MARK"})
    whole = json.dumps(phone.batch([entry])).encode().replace(b"MARK", b"\xff\xfe")
    assert phone.post(whole).get_json()["results"][0]["status"] == "quarantined"


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "{}", "7", '"x"', "{", DEEP, "\x00", SURROGATE, '{"protocol":"1"}', '{"protocol":1}',
        '{"protocol":1,"device_id":7,"events":[]}', '{"protocol":1,"device_id":"x","events":[]}',
        '{"protocol":1,"device_id":"0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44","events":{}}',
        '{"protocol":1,"device_id":"0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44"}',
        '{"protocol":null,"device_id":"0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44","events":[]}',
        '{"protocol":1,"device_id":"0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44","events":[' + DEEP,
    ],
)  # fmt: skip
def test_an_envelope_that_nobody_can_read_is_refused_as_a_problem(phone, work, visit, body):
    before = stored(work)
    answer = phone.post(body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert "X-Field-Sync" not in answer.headers
    assert stored(work) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"client": 7}, {"client": None}, {"client": {"outbox": "many", "app": [1]}}, {"client": {"outbox": 1e300}},
        {"clock": "noon"}, {"clock": {"wall": "x"}}, {"clock": None}, {"batch_id": 7}, {"server_epoch": 7},
        {"batch_id": "x" * 5000}, {"server_epoch": "\x00"}, {"more": DEEP},
    ],
)  # fmt: skip
def test_what_a_phone_says_of_itself_never_stops_its_facts(phone, visit, changes):
    assert phone.fates(phone.append("note.added", visit), **changes) == [("accepted", None)]


@pytest.mark.parametrize("protocol", [0, -1, 2, 99])
def test_another_protocol_is_told_to_upgrade(phone, visit, protocol):
    answer = phone.post(phone.batch([phone.append("note.added", visit)], protocol=protocol))
    assert (answer.status_code, answer.get_json()["code"]) == (426, "protocol_unknown")


def test_more_than_a_hundred_events_are_too_many(phone, work, visit):
    before = stored(work)
    answer = phone.post(phone.batch([phone.append("note.added", visit) for _ in range(101)]))
    assert answer.status_code == 413
    assert stored(work) == before


def test_more_than_256_kb_are_too_much_before_anything_is_read(phone):
    answer = phone.post("x" * (MAX_BYTES + 1))
    assert answer.status_code == 413


def test_more_than_256_kb_in_chunks_are_too_much(server, phone):
    cookie = phone.client.get_cookie("sid").value
    port = int(server.rpartition(":")[2])
    head = (
        f"POST {PUSH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sid={cookie}\r\nX-Field-Sync: 1\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(head.encode())
        for _ in range(20):
            line.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        line.sendall(b"0\r\n\r\n")
        assert line.recv(64).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Field-Sync": None}, 403),
        ({"X-Field-Sync": "0"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_no_other_site_can_push_through_this_browser(phone, work, visit, headers, status):
    before = stored(work)
    answer = phone.post(phone.batch([phone.append("note.added", visit)]), **headers)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert stored(work) == before


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_our_own_page_can(phone, visit, headers):
    assert phone.post(phone.batch([phone.append("note.added", visit)]), **headers).status_code == 200


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"device_id":7}', '{"device_id":"x"}', DEEP, SURROGATE])
def test_a_registration_that_is_none_is_refused(phone, body):
    answer = phone.client.post(DEVICES, data=body, headers={**MARK, "Content-Type": "application/json"})
    assert answer.status_code in {413, 422}


def test_a_phone_registers_once_and_the_same_again_changes_nothing(phone):
    def register(device_id, name):
        return phone.client.post(DEVICES, json={"device_id": device_id, "name": name}, headers=MARK)

    first = register(phone.device_id, "  Red \n phone ")
    assert (first.status_code, first.get_json()["name"], first.get_json()["next_seq"]) == (201, "Red phone", 1)
    again = register(phone.device_id, "other")
    assert (again.status_code, again.get_json()["name"]) == (200, "Red phone")


def test_somebody_else_s_phone_cannot_be_registered(phone, phone_of):
    body = {"device_id": phone.device_id, "name": "x"}
    assert phone.client.post(DEVICES, json=body, headers=MARK).status_code == 201
    assert phone_of("T002").client.post(DEVICES, json=body, headers=MARK).status_code == 409


@pytest.mark.parametrize("sent", [0, 1])
def test_a_browser_whose_storage_was_emptied_is_told_what_it_was(phone, visit, sent):
    phone.client.post(DEVICES, json={"device_id": phone.device_id, "name": "x"}, headers=MARK)
    phone.push(*(phone.append("note.added", visit) for _ in range(sent)))
    answer = phone.client.post(DEVICES, json={"device_id": new_id(), "name": "x"}, headers=MARK).get_json()
    assert answer["previous"] == {"device_id": phone.device_id, "next_seq": sent + 1}
