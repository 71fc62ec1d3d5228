"""POST /visits; PATCH and DELETE /visits/{external_id}."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from fieldapp.domain.ids import visit_id
from fieldapp.services import planning, scheduling
from fieldapp.storage.tables.audit import AuditRow
from tests import builders, cast
from tests.api.orders import order
from tests.sync.phone import plan


@pytest.fixture
def desk(program):
    return program("visits:write", name="order-desk")


@pytest.fixture
def tomorrow(clock):
    return clock() + timedelta(days=1)


@pytest.fixture
def told(clock, tomorrow):
    """A promise that the customer was just told, for another hour of tomorrow."""
    return builders.promise(tomorrow + timedelta(hours=4), told_before=timedelta(hours=28))


def types(desk, number="WO-1"):
    return [one["type"] for one in desk.pages(f"/visits/{number}/events")]


def audited(work):
    with work.read() as db:
        return [(one.actor, one.action, one.subject) for one in db.scalars(select(AuditRow).order_by(AuditRow.number))]


# --- Create -------------------------------------------------------------------------------------------------------


def test_an_order_becomes_a_visit_with_its_promise(desk, work, tomorrow):
    answer = desk.ask("POST", "/visits", json=order(tomorrow))
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"] == "/api/v1/visits/WO-1"
    assert answer.headers["ETag"] == '"1"'
    assert answer.json == desk.get("/visits/WO-1").json
    assert answer.json["charges"] == [{"label": "Deposit", "amount": "100.00"}]
    details = planning.get_visit(work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1"))
    assert [(line.recorded_by, line.agreed) for line in details.ledger] == [("api.order-desk", True)]
    assert audited(work)[-1] == ("api.order-desk", "visit.scheduled", "WO-1")


def test_an_order_without_a_number_gets_one(desk, tomorrow):
    whole = order(tomorrow)
    del whole["external_id"]
    answer = desk.ask("POST", "/visits", json=whole)
    assert answer.status_code == 201
    assert desk.get(answer.headers["Location"].removeprefix("/api/v1")).json == answer.json


def test_the_same_number_again_is_a_conflict(desk, tomorrow):
    desk.ask("POST", "/visits", json=order(tomorrow))
    answer = desk.ask("POST", "/visits", json=order(tomorrow))
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (409, "external_id_taken", "external_id")


def test_a_technician_s_work_overlaps_only_with_a_reason(desk, work, tomorrow):
    desk.ask("POST", "/visits", json=order(tomorrow))
    second = order(tomorrow, external_id="WO-2")
    assert desk.ask("POST", "/visits", json=second).json["code"] == "technician_busy"
    assert desk.ask("POST", "/visits", json={**second, "override": "same house"}).status_code == 201
    assert ("api.order-desk", "visit.double_booked", "WO-2") in audited(work)


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        ({"extra": 1}, ["#/extra"]), ({"external_id": " WO"}, ["#/external_id"]), ({"job_type": "dig"}, ["#/job_type"]),
        ({"customer": {"name": "", "phone": "1", "address": "x"}}, ["#/customer/name"]),
        ({"customer": {**builders.customer(), "vip": True}}, ["#/customer"]),
        ({"charges": [{"label": "x", "amount": "1.234"}]}, ["#/charges/0/amount"]),
        ({"charges": [{"label": "x", "amount": 5}]}, ["#/charges/0/amount"]), ({"promise": None}, ["#/promise"]),
        ({"technician": "T 1", "note": 5, "duration": -1}, ["#/duration", "#/note", "#/technician"]),
        ({"branch": cast.NORTH, "rev": 9}, ["#/branch", "#/rev"]),
    ],
)  # fmt: skip
def test_everything_that_is_not_as_described_is_named_at_once(desk, tomorrow, wrong, pointers):
    answer = desk.ask("POST", "/visits", json=order(tomorrow, **wrong))
    assert (answer.status_code, answer.json["code"]) == (422, "schema_invalid")
    assert [one["pointer"] for one in answer.json["errors"]] == pointers
    assert desk.get("/visits").json["items"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda start: {"promise": builders.promise(start - timedelta(days=3))}, "window_past"),
        (lambda start: {"promise": builders.promise(start, minutes=1500)}, "window_too_long"),
        (lambda start: {"promise": builders.promise(start, told_before=timedelta())}, "told_future"),
        (lambda start: {"promise": {**builders.promise(start), "end": start.isoformat()}}, "schema_invalid"),
        (lambda start: {"promise": {**builders.promise(start), "start": "2026-12-01T08:00:00"}}, "schema_invalid"),
        (lambda start: {"technician": "T404"}, "technician_unknown"),
        (lambda start: {"technician": "T900"}, "technician_unknown"),
        (lambda start: {"technician": "T099"}, "technician_left"),
        (lambda start: {"duration": 2}, "duration_out_of_range"),
        (lambda start: {"note": "a\x00b"}, "schema_invalid"),
    ],
)
def test_the_rules_of_planning_bind_programs_as_they_bind_people(desk, tomorrow, wrong, code):
    answer = desk.ask("POST", "/visits", json=order(tomorrow, **wrong(tomorrow)))
    assert (answer.status_code, answer.json["code"]) == (422, code)


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400, "json_malformed"),
        ({"data": b"", "content_type": "application/json"}, 400, "json_malformed"),
        ({"data": b'"\\ud800"', "content_type": "application/json"}, 400, "json_malformed"),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 400, "json_malformed"),
        ({"data": b"[]", "content_type": "application/json"}, 422, "schema_invalid"),
        ({"data": b"{}", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"data": {"external_id": "x"}}, 415, "unsupported_media_type"),
        ({"data": b" " * 300_000, "content_type": "application/json"}, 413, "request_entity_too_large"),
    ],
)
def test_a_body_that_is_none_is_a_problem_document(desk, more, status, code):
    answer = desk.ask("POST", "/visits", **more)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["code"] == code


def test_a_reader_may_not_write(program, tomorrow):
    answer = program("visits:read").ask("POST", "/visits", json=order(tomorrow))
    assert (answer.status_code, answer.json["code"]) == (403, "scope_missing")


# --- Change -------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(desk, tomorrow):
    desk.ask("POST", "/visits", json=order(tomorrow))
    return desk


def test_what_is_written_about_an_order_is_corrected(made):
    customer = builders.customer(phone="13900000002")
    answer = made.ask("PATCH", "/visits/WO-1", json={"customer": customer, "note": None, "job_type": "repair"})
    assert answer.status_code == 200
    assert (answer.json["customer"], answer.json["note"], answer.json["job_type"]) == (customer, "", "repair")
    assert answer.headers["ETag"] == '"2"'
    assert types(made) == ["visit.scheduled", "visit.amended"]


def test_a_change_that_changes_nothing_records_nothing(made, tomorrow):
    answer = made.ask("PATCH", "/visits/WO-1", json={"note": "Ring twice", "customer": builders.customer()})
    assert (answer.status_code, answer.json["rev"]) == (200, 1)
    assert made.ask("PATCH", "/visits/WO-1", json={}).json["rev"] == 1


@pytest.mark.parametrize("technician", ["T002", None])
def test_a_visit_is_given_to_somebody_else_or_to_nobody(made, technician):
    answer = made.ask("PATCH", "/visits/WO-1", json={"technician": technician, "reason": "T001 is ill"})
    assert answer.json["technician"] == technician
    assert types(made) == ["visit.scheduled", "visit.assigned"]


def test_a_plan_changes_without_the_promise(made, tomorrow):
    later = tomorrow + timedelta(minutes=30)
    answer = made.ask("PATCH", "/visits/WO-1", json={"planned_start": later.isoformat(), "duration": 45})
    assert answer.json["planned"] == {"start": "2026-10-15T02:00:00Z", "end": "2026-10-15T02:45:00Z"}
    assert answer.json["promise"]["start"] == "2026-10-15T01:30:00Z"
    assert answer.json["technician"] == "T001"


def test_a_start_outside_the_promise_wants_a_reason(made, tomorrow):
    body = {"planned_start": (tomorrow + timedelta(days=1)).isoformat()}
    answer = made.ask("PATCH", "/visits/WO-1", json=body)
    assert (answer.status_code, answer.json["code"]) == (409, "outside_promise")
    answer = made.ask("PATCH", "/visits/WO-1", json={**body, "override": "he waits for us"})
    assert answer.json["planned"]["start"] == "2026-10-16T01:30:00Z"


def test_a_visit_is_moved_and_the_ledger_says_who_asked(made, work, told):
    answer = made.ask("PATCH", "/visits/WO-1", json={"promise": told, "asked_by": "customer", "reason": "Her train"})
    assert answer.json["promise"]["start"] == answer.json["planned"]["start"] == "2026-10-15T05:30:00Z"
    line = planning.get_visit(work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1")).ledger[-1]
    assert (line.asked_by, line.cause, line.reason, line.apology) == ("customer", "customer", "Her train", False)


def test_without_a_word_about_who_asked_it_was_the_company(made, work, told):
    made.ask("PATCH", "/visits/WO-1", json={"promise": told})
    line = planning.get_visit(work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1")).ledger[-1]
    assert (line.asked_by, line.cause) == ("company", "plan")


def test_several_changes_are_made_all_or_none(made, told):
    change = {"note": "Other door", "promise": told, "technician": "T404"}
    assert made.ask("PATCH", "/visits/WO-1", json=change).json["code"] == "technician_unknown"
    assert types(made) == ["visit.scheduled"]
    answer = made.ask("PATCH", "/visits/WO-1", json={**change, "technician": "T003"})
    assert (answer.json["note"], answer.json["technician"]) == ("Other door", "T003")
    assert types(made) == ["visit.scheduled", "visit.amended", "promise.changed", "visit.assigned"]


def test_a_late_wish_of_the_customer_needs_a_second_person_whom_no_program_can_be(made, clock, tomorrow, told):
    clock.set(tomorrow - timedelta(minutes=30))
    answer = made.ask("PATCH", "/visits/WO-1", json={"promise": told, "asked_by": "customer"})
    assert (answer.status_code, answer.json["code"]) == (422, "needs_second_person")


def test_of_two_programs_that_saw_the_same_only_the_first_changes_it(made, program):
    other = program("visits:write", name="portal")
    seen = made.get("/visits/WO-1").headers["ETag"]
    assert made.ask("PATCH", "/visits/WO-1", json={"note": "one"}, headers={"If-Match": seen}).status_code == 200
    refused = other.ask("PATCH", "/visits/WO-1", json={"note": "two"}, headers={"If-Match": seen})
    assert (refused.status_code, refused.json["code"]) == (412, "revision_old")
    assert "revision 2" in refused.json["title"]
    assert made.get("/visits/WO-1").json["note"] == "one"


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"1"', 200),
        ("*", 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ('"1", "2"', 412),
        ('"x"', 412),
        ('""', 412),
        ('"' + "9" * 40 + '"', 412),
    ],
)
def test_if_match_holds_for_the_revision_that_stands(made, tag, status):
    answer = made.ask("PATCH", "/visits/WO-1", json={"note": "new"}, headers={"If-Match": tag})
    assert answer.status_code == status


def test_a_visit_at_work_or_over_is_neither_moved_nor_given_away(made, work, clock, tomorrow, told):
    plan(work, builders.line("visit.arrived", "WO-1", clock(), "T001"))
    assert made.ask("PATCH", "/visits/WO-1", json={"promise": told}).json["code"] == "visit_started"
    assert made.ask("DELETE", "/visits/WO-1").json["code"] == "visit_started"


def test_another_branch_s_visit_is_changed_by_nobody_here(made, program):
    stranger = program("visits:write", branch=cast.NORTH)
    for method, more in (("PATCH", {"json": {"note": "x"}}), ("DELETE", {})):
        there, nowhere = (stranger.ask(method, f"/visits/{number}", **more) for number in ("WO-1", "WO-404"))
        assert (there.status_code, there.json) == (404, nowhere.json)
    assert types(made) == ["visit.scheduled"]


@pytest.mark.parametrize("body", [{"state": "completed"}, {"rev": 1}, {"external_id": "WO-2"}, {"promise": {}}, []])
def test_what_cannot_be_changed_is_refused_by_name(made, body):
    assert made.ask("PATCH", "/visits/WO-1", json=body).status_code == 422
    assert types(made) == ["visit.scheduled"]


# --- Cancel -------------------------------------------------------------------------------------------------------


def test_a_visit_is_called_off_and_stays_on_record(made, work):
    answer = made.ask("DELETE", "/visits/WO-1?asked_by=customer&reason=moved%20away&told_at=2026-10-14T01:00:00Z")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    event = made.pages("/visits/WO-1/events")[-1]
    assert event["data"] == {
        "asked_by": "customer", "told_at": "2026-10-14T01:00:00Z", "apology": False, "cause": "customer",
        "reason": "moved away",
    }  # fmt: skip
    assert audited(work)[-1] == ("api.order-desk", "visit.cancelled", "WO-1")


def test_what_is_called_off_already_is_a_conflict(made):
    assert made.ask("DELETE", "/visits/WO-1").json["state"] == "cancelled"
    answer = made.ask("DELETE", "/visits/WO-1")
    assert (answer.status_code, answer.json["code"]) == (409, "visit_over")


@pytest.mark.parametrize(
    ("query", "status"),
    [("asked_by=nobody", 422), ("told_at=2099-01-01T00:00:00Z", 422), ("told_at=monday", 422), ("state=x", 422)],
)
def test_a_cancellation_that_makes_no_sense_changes_nothing(made, query, status):
    assert made.ask("DELETE", f"/visits/WO-1?{query}").status_code == status
    assert made.get("/visits/WO-1").json["state"] == "planned"


def test_a_cancellation_heeds_the_revision_that_was_seen(made, work):
    scheduling.amend_visit(
        work, cast.D001.actor, cast.MAIN, visit_id(cast.MAIN, "WO-1"), 1, scheduling.ev.VisitAmended(note="moved")
    )  # fmt: skip
    assert made.ask("DELETE", "/visits/WO-1", headers={"If-Match": '"1"'}).status_code == 412
    assert made.ask("DELETE", "/visits/WO-1", headers={"If-Match": '"2"'}).status_code == 200
