"""GET /visits, /visits/{external_id} and its events."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.services import scheduling
from fieldapp.services.scheduling import Slot
from tests import builders, cast
from tests.sync.phone import plan


@pytest.fixture
def crm(program):
    return program("visits:read")


def test_a_visit_is_told_whole(crm, planned, clock):
    answer = crm.get("/visits/WO-1")
    start = clock() + timedelta(days=1)
    assert answer.headers["ETag"] == '"1"'
    assert answer.json == {
        "external_id": "WO-1", "rev": 1, "state": "planned", "job_type": "install", "technician": "T002",
        "promise": {"start": "2026-10-15T01:30:00Z", "end": "2026-10-15T02:30:00Z"},
        "planned": {"start": "2026-10-15T01:30:00Z", "end": answer.json["planned"]["end"]},
        "customer": builders.customer(), "charges": [], "note": "", "held": 0, "signed": False,
        "updated_at": "2026-10-14T01:30:00Z",
    }  # fmt: skip
    assert answer.json["planned"]["end"] > start.isoformat()


def test_a_list_hides_phone_numbers_but_for_their_end(crm, planned):
    (first, *_) = crm.get("/visits").json["items"]
    assert first["customer"]["phone"] == "…0001"
    assert first == {**crm.get("/visits/WO-1").json, "customer": first["customer"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
def test_pages_hold_every_visit_once(crm, planned, limit):
    assert [one["external_id"] for one in crm.pages(f"/visits?limit={limit}")] == planned


def test_pages_hold_every_visit_once_whatever_moves_meanwhile(crm, planned, work, clock):
    first = crm.get("/visits?limit=2").json
    scheduling.assign_visit(work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1"), 1, Slot(technician="T003"))
    plan(work, builders.scheduled("WO-0", clock()), builders.scheduled("WO-9", clock()))
    rest = crm.pages("/visits?limit=2", first["next"])
    assert [one["external_id"] for one in [*first["items"], *rest]] == [*planned, "WO-9"]


def test_a_page_links_to_the_next_with_the_same_filters(crm, planned):
    answer = crm.get("/visits?limit=1&technician=T001&state=planned&state=missed")
    link = answer.headers["Link"]
    assert link.endswith('>; rel="next"')
    following = crm.get(link[1 : link.index(">")].removeprefix("/api/v1"))
    assert [one["external_id"] for one in following.json["items"]] == ["WO-4"]
    assert "Link" not in following.headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("technician=T001", ["WO-2", "WO-4"]), ("technician=T900", []), ("technician=-", []),
        ("from=2026-10-16&to=2026-10-17", ["WO-2", "WO-3"]), ("to=2026-10-15", ["WO-1"]), ("state=completed", []),
        ("changed_since=2026-10-14T01:30:00Z", ["WO-1", "WO-2", "WO-3", "WO-4", "WO-5"]),
        ("changed_since=2026-10-14T09:30:01%2B08:00", []),
    ],
)  # fmt: skip
def test_a_list_is_narrowed(crm, planned, query, found):
    assert [one["external_id"] for one in crm.get(f"/visits?{query}").json["items"]] == found


def test_a_visit_that_nobody_came_to_is_missed(crm, planned, clock):
    clock.advance(days=30)
    assert crm.get("/visits/WO-1").json["state"] == "missed"
    assert len(crm.get("/visits?state=missed").json["items"]) == 5
    assert crm.get("/visits?state=planned").json["items"] == []


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=0", ["#/limit"]), ("limit=201&limits=3", ["#/limit", "#/limits"]), ("state=gone", ["#/state/0"]),
        ("limit=x&from=monday", ["#/from", "#/limit"]), ("limit=1&limit=2", ["#/limit"]), ("from=0001-01-01", ["#/"]),
        ("changed_since=2026-10-14", ["#/changed_since"]), ("technician=a%20b", ["#/technician"]),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_named_all_at_once(crm, query, pointers):
    answer = crm.get(f"/visits?{query}")
    assert (answer.status_code, answer.json["code"]) == (422, "schema_invalid")
    assert [one["pointer"] for one in answer.json["errors"]] == pointers


@pytest.mark.parametrize("cursor", ["x", "****", "4pyT4pyT", "AA", "%00", "eA==eA"])
def test_a_cursor_that_nobody_gave_is_refused_or_harmless(crm, planned, cursor):
    answer = crm.get(f"/visits?cursor={cursor}")
    assert answer.status_code in {200, 422}
    assert crm.get(f"/visits/WO-1/events?cursor={cursor}").status_code in {200, 422}


def test_another_branch_s_visit_answers_like_none(program, planned):
    stranger = program("visits:read", branch=cast.NORTH)
    there, nowhere = (stranger.get(f"/visits/{number}") for number in ("WO-1", "WO-404"))
    assert there.status_code == nowhere.status_code == 404
    assert there.json == nowhere.json
    assert stranger.get("/visits/WO-1/events").status_code == 404
    assert stranger.get("/visits").json["items"] == []


@pytest.mark.parametrize("number", ["A/B 7", "50%", "工单-7", "a?b#c", "WO-1/events.old"])
def test_an_order_number_may_hold_any_printable_sign(crm, work, clock, number):
    plan(work, builders.scheduled(number, clock()))
    assert crm.get(f"/visits/{quote(number, safe='')}").json["external_id"] == number
    assert len(crm.get(f"/visits/{quote(number, safe='')}/events").json["items"]) == 1


def test_events_are_told_as_a_history_has_them(crm, work, clock):
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(hours=2)))
    events = crm.get("/visits/WO-1/events").json["items"]
    arrived = next(one for one in events if one["type"] == "visit.arrived")
    assert arrived == {
        "id": arrived["id"], "type": "visit.arrived", "visit": "WO-1", "at": "2026-10-13T23:35:00Z", "actor": "T001",
        "data": {"gps": {"status": "denied"}}, "received_at": "2026-10-14T01:30:00Z", "origin": "office", "grade": "A",
        "held": None,
    }  # fmt: skip


def test_events_come_page_by_page(crm, work, clock):
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(hours=2)))
    whole = crm.get("/visits/WO-1/events?limit=200").json["items"]
    assert len(whole) == 12
    assert crm.pages("/visits/WO-1/events?limit=5") == whole


def test_what_the_customer_answered_is_for_those_who_see_scores(crm, program, work, clock):
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(hours=2)))
    assert "answers.given" not in {one["type"] for one in crm.pages("/visits/WO-1/events")}
    both = program("visits:read", "scores:read", name="both").pages("/visits/WO-1/events")
    assert "answers.given" in {one["type"] for one in both}
    signature = next(one for one in both if one["type"] == "signature.captured")
    assert "strokes" not in signature["data"]
