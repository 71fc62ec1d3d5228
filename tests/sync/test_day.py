"""The day's snapshot: what a phone gets, what it never gets, and when it need not fetch again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fieldapp.services import findings, sync_day
from tests import builders
from tests.cast import NORTH, T001
from tests.moves import move
from tests.services.test_findings import GIFT, record
from tests.sync.phone import DAY, plan
from tests.sync.test_push import whole_visit


def visits_of(client):
    answer = client.get(DAY)
    assert answer.status_code == 200
    assert answer.headers["X-Field-Sync"] == "1"
    return {one["external_id"]: one for one in answer.get_json()["visits"]}


def test_it_holds_one_s_own_visits_from_yesterday_to_a_week_ahead(phone, work, clock):
    now = clock()
    for number, days in enumerate((-2, -1, 0, 7, 8)):
        plan(work, builders.scheduled(f"WO-{number}", now + timedelta(days=days)))
    plan(work, builders.scheduled("WO-9", now, "T002"), builders.scheduled("WO-8", now, None))
    assert sorted(visits_of(phone.client)) == ["WO-1", "WO-2", "WO-3"]


@pytest.mark.parametrize(
    ("days", "does", "is_there"),
    [
        (3, ["visit.departed"], True),
        (14, ["visit.departed", "visit.arrived", "consent.given"], True),
        (15, ["visit.departed", "visit.arrived", "consent.given"], False),
        (3, ["visit.departed", "visit.arrived", "visit.completed"], False),
        (3, ["kit.checked"], False),
    ],
)
def test_a_visit_that_was_begun_and_not_ended_stays_two_weeks_with_all_that_its_end_takes(
    phone, work, clock, days, does, is_there
):
    """Begun on a Friday, the battery died: on Monday it is to be ended, and what lies on the phone of it be reached."""
    visit = plan(work, builders.scheduled("WO-1", clock()))[0]
    told = visits_of(phone.client)["WO-1"]
    phone.push(*(phone.append(kind, visit) for kind in does))
    clock.advance(days=days)
    day = visits_of(phone.client)
    assert list(day) == (["WO-1"] if is_there else [])
    if is_there:
        assert day["WO-1"]["customer"] == told["customer"]
        assert [one["type"] for one in day["WO-1"]["events"]][1:] == does


def test_once_it_is_ended_it_goes_and_the_mark_with_it(phone, work, clock, visit):
    phone.push(phone.append("visit.departed", visit), phone.append("visit.arrived", visit))
    clock.advance(days=3)
    before = phone.client.get(DAY).headers["ETag"]
    told = phone.push(phone.append("visit.not_completed", visit, data={"reason": "part missing"}))
    assert told["results"][0]["status"] == "accepted"
    assert told["day_etag"] not in before
    assert visits_of(phone.client) == {}


def test_of_old_visits_in_dispute_those_stay_that_were_not_ended(phone, work, clock, start):
    """Of what waits, nobody has said yet whether it counts; who lives where is kept for no more than an end."""
    phone.push()
    open_, over = plan(work, builders.scheduled("WO-1", start), builders.scheduled("WO-2", start))
    for one in (open_, over):
        phone.push(phone.append("visit.arrived", one), phone.append("note.added", one, actor="T002"))
    phone.push(phone.append("visit.completed", over))
    clock.advance(days=3)
    assert {name: one["state"] for name, one in visits_of(phone.client).items()} == {"WO-1": "disputed"}


def test_begun_visits_are_whose_they_are(phone, work, clock, visit):
    phone.push(phone.append("visit.arrived", visit))
    clock.advance(days=3)
    plan(work, builders.line("visit.assigned", "WO-1", clock(), "D001", technician="T002"))
    assert visits_of(phone.client) == {}


def test_a_visit_has_the_documented_shape(phone, work, visit, start):
    one = visits_of(phone.client)["WO-1"]
    assert one["visit_id"] == visit
    assert set(one) == {
        "visit_id", "external_id", "rev", "state", "promise", "planned_start", "planned_end", "customer", "job_type",
        "charges", "note", "access", "events", "waiting",
    }  # fmt: skip
    assert (one["rev"], one["state"], one["job_type"]) == (1, "planned", "install")
    assert set(one["promise"]) == {"start", "end", "agreed", "told_at", "channel"}
    assert one["customer"]["phone"] == "13800000001"


def test_it_names_the_server_s_epoch_changed_or_not(phone, visit):
    told = phone.push(phone.append("visit.departed", visit))["server_epoch"]
    answer = phone.client.get(DAY)
    assert answer.headers["X-Field-Epoch"] == told
    again = phone.client.get(DAY, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["X-Field-Epoch"]) == (304, told)


def test_coming_days_carry_no_phone_number(phone, work, clock):
    plan(work, builders.scheduled("WO-2", clock() + timedelta(days=1)))
    assert visits_of(phone.client)["WO-2"]["customer"]["phone"] == ""


def test_the_customer_s_answers_never_come_back(phone, visit, start):
    entries = whole_visit(phone, visit, start)[:9]
    phone.push(*entries)
    one = visits_of(phone.client)["WO-1"]
    answers = [event["data"] for event in one["events"] if event["type"] == "answers.given"]
    signatures = [event["data"] for event in one["events"] if event["type"] == "signature.captured"]
    assert answers == [{}]
    assert signatures == [{"doc_hash": builders.DOC_HASH}]


def test_ended_visits_keep_hardly_anything(phone, visit, start):
    phone.push(*whole_visit(phone, visit, start))
    one = visits_of(phone.client)["WO-1"]
    assert one["state"] == "completed"
    assert one["customer"] == {"name": "Wang Fang", "language": "en", "phone": ""}
    assert all(event["data"] == {} for event in one["events"])


def test_what_waits_for_an_answer_is_told_without_what_it_is_about(phone, work, clock, visit):
    first = phone.client.get(DAY)
    assert first.get_json()["hearings"] == []
    finding = record(work, **GIFT)
    told = phone.client.get(DAY, headers={"If-None-Match": first.headers["ETag"]})
    assert told.get_json()["hearings"] == [{"finding": finding, "until": "2026-10-21T16:00:00Z"}]
    assert GIFT["note"] not in told.text
    assert "gifts" not in told.text
    again = phone.client.get(DAY, headers={"If-None-Match": told.headers["ETag"]})
    assert again.status_code == 304


def test_who_moved_is_told_what_waits_in_the_branch_that_they_left(work):
    finding = record(work, **GIFT)
    move(work, branch=NORTH)
    day = sync_day.look(work, replace(T001.actor, branch=NORTH), device_id=None, known_etag=None)
    assert [one["finding"] for one in day.hearings] == [finding]


def test_once_answered_it_is_told_no_more(phone, work, visit):
    finding = record(work, **GIFT)
    told = phone.client.get(DAY)
    findings.answer(work, T001.actor, finding, "I paid.")
    again = phone.client.get(DAY, headers={"If-None-Match": told.headers["ETag"]})
    assert (again.status_code, again.get_json()["hearings"]) == (200, [])


def test_quality_s_facts_are_not_the_phone_s_business(phone, work, clock, visit):
    plan(
        work,
        builders.line(
            "finding.recorded", "WO-1", clock(), "Q001", source="spot_check", technician="T001", favourable=False,
            occurred_on="2026-10-14", item="uniform",
        ),
    )  # fmt: skip
    assert [event["type"] for event in visits_of(phone.client)["WO-1"]["events"]] == ["visit.scheduled"]


def test_an_unchanged_day_is_not_sent_again(phone, work, visit, clock):
    first = phone.client.get(DAY)
    again = phone.client.get(DAY, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data(), again.headers["X-Field-Sync"]) == (304, b"", "1")
    plan(work, builders.line("visit.amended", "WO-1", clock(), "D001", note="ring twice"))
    changed = phone.client.get(DAY, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("login", ["D001", "Q001", "M001", "A001"])
def test_the_day_is_for_technicians(sign_in, login):
    assert sign_in(login).get(DAY).status_code == 403


def test_strangers_get_a_problem(client):
    answer = client.get(DAY)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_time_gives_two_stamps(phone, clock):
    answer = phone.client.get("/api/sync/v1/time")
    now = round(clock().timestamp() * 1000)
    assert answer.get_json() == {"received": now, "answered": now}
    assert answer.headers["X-Field-Sync"] == "1"
