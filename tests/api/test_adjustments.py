"""GET /scores/{month}/differences; GET, POST and DELETE /adjustments."""

from decimal import Decimal

import msgspec
import pytest

from fieldapp.services import adjustments
from fieldapp.web.api.v1 import shapes_adjustments as shapes
from tests import builders, cast
from tests.closing import NINE, SEPTEMBER, adjust, close, faults, finding, look, propose_adjustment, september, store
from tests.moves import move


@pytest.fixture
def payroll(program):
    return program("adjustments:write", name="payroll")


@pytest.fixture
def later(work):
    """September is closed; afterwards something was found about T001, and T003 turned out to have had a visit."""
    september(work)
    close(work)
    store(work, [finding("WO-1", item="decorum"), finding("WO-1", item="uniform")])
    store(work, builders.perfect_visit("WO-9", NINE, "T003"))
    return work


def post(program, seen, /, **wrong):
    body = {"month": "2026-09", "technician": "T001", "seen": seen, "reason": "The audit came late.", **wrong}
    headers = body.pop("headers", {})
    return program.ask("POST", "/adjustments", json=body, headers=headers)


def test_what_differs_is_told_down_to_the_verdicts(payroll, later):
    found = payroll.pages("/scores/2026-09/differences?limit=1")
    assert [one["technician"] for one in found] == ["T001", "T003"]
    first, other = found
    assert msgspec.convert(first, shapes.Difference)
    assert first["visits"][0]["external_id"] == "WO-1"
    [verdict] = first["visits"][0]["verdicts"]
    assert (verdict["item"], verdict["before"], verdict["after"], verdict["source"]) == (
        "uniform", True, False, "finding",
    )  # fmt: skip
    assert [(one["about"], one["before"], one["after"]) for one in first["findings"]] == [("decorum", None, "adverse")]
    assert (first["refused"], first["proposal"], first["seen"]) == (None, None, look(later).seen)
    assert Decimal(first["after"]["award"]) < Decimal(first["before"]["award"])
    assert (other["before"]["status"], other["name"], other["after"]["score"]) == ("not_assessed", "Zhao Min", "100.0")


def test_a_program_proposes_and_a_person_decides(payroll, later):
    made = post(payroll, look(later).seen)
    assert made.status_code == 201, made.json
    assert (made.json["state"], made.json["proposed_by"], made.json["number"]) == ("open", "api.payroll", 1)
    address = made.headers["Location"].removeprefix("/api/v1")
    assert payroll.get(address).json == made.json
    assert payroll.pages("/scores/2026-09/differences")[0]["proposal"] == made.json["id"]
    adjustments.decide(later, cast.M001.actor, cast.MAIN, made.json["id"], "confirmed", made.json["seen"], "Yes.")
    told = payroll.get(address).json
    assert (told["state"], told["decided_by"], told["answer"]) == ("confirmed", "M001", "Yes.")
    assert [one["technician"] for one in payroll.pages("/scores/2026-09/differences")] == ["T003"]
    assert faults(later) == []


def test_scores_tell_what_stands_beside_what_was_closed(program, later):
    made = adjust(later)
    reader = program("scores:read", name="reports")
    sheet = reader.get("/scores/2026-09?technician=T001").json["technicians"][0]
    standing = look(later).standing
    assert (sheet["award"], sheet["adjusted"]["award"]) == (str(standing.closed.award), str(standing.figure.award))
    assert sheet["adjusted"]["adjustments"] == [made.proposal_id]
    assert "adjusted" not in reader.get("/scores/2026-09?technician=T002").json["technicians"][0]


def test_proposals_of_a_month_come_page_by_page(payroll, later, clock):
    refused = propose_adjustment(later)
    adjustments.decide(later, cast.Q001.actor, cast.MAIN, refused.proposal_id, "refused", "", "Not yet.")
    clock.advance(minutes=1)
    waiting = propose_adjustment(later)
    adjust(later, "T003")
    found = payroll.pages("/adjustments?month=2026-09&limit=1")
    assert [one["state"] for one in found] == ["refused", "open", "confirmed"]
    assert found[0]["answer"] == "Not yet."
    assert [one["id"] for one in payroll.pages("/adjustments?month=2026-09&state=open")] == [waiting.proposal_id]
    assert [one["technician"] for one in payroll.pages("/adjustments?month=2026-09&technician=T003")] == ["T003"]
    assert payroll.pages("/adjustments?month=2026-08") == []
    assert payroll.get("/adjustments?month=2026-09&cursor=eA").json["code"] == "cursor_unknown"


def test_a_program_withdraws_what_is_its_own(payroll, later):
    theirs = propose_adjustment(later)
    answer = payroll.ask("DELETE", f"/adjustments/{theirs.proposal_id}")
    assert (answer.status_code, answer.json["code"]) == (403, "adjust_foreign")
    made = post(payroll, look(later, "T003").seen, technician="T003").json
    assert payroll.ask("DELETE", f"/adjustments/{made['id']}").json["state"] == "withdrawn"
    answer = payroll.ask("DELETE", f"/adjustments/{made['id']}")
    assert (answer.status_code, answer.json["code"]) == (409, "adjust_decided")


def test_the_same_request_under_one_key_proposes_once(payroll, later):
    seen = look(later).seen
    first, second = (post(payroll, seen, headers={"Idempotency-Key": "late-1"}) for _ in range(2))
    assert first.data == second.data
    assert post(payroll, seen).json["code"] == "adjust_waiting"
    assert len(payroll.pages("/adjustments?month=2026-09")) == 1


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"seen": "0" * 64}, 409, "adjust_changed"), ({"seen": "x"}, 422, "schema_invalid"),
        ({"reason": ""}, 422, "schema_invalid"), ({"reason": " "}, 422, "reason_missing"),
        ({"reason": "x" * 1001}, 422, "text_too_long"), ({"reason": "a\x00"}, 422, "schema_invalid"),
        ({"month": "2026-08"}, 409, "adjust_open"), ({"month": "2026-13"}, 422, "schema_invalid"),
        ({"technician": "T002"}, 409, "adjust_nothing"), ({"technician": "T404"}, 404, "not_found"),
        ({"technician": "T900"}, 404, "not_found"), ({"after": {"award": "999.00"}}, 422, "schema_invalid"),
        ({"approver": "M001"}, 422, "schema_invalid"),
    ],
)  # fmt: skip
def test_the_rules_that_bind_people_bind_programs(payroll, later, wrong, status, code):
    answer = post(payroll, look(later).seen, **wrong)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert payroll.pages("/adjustments?month=2026-09") == []


def test_an_open_month_has_no_differences_yet(payroll, work):
    september(work)
    answer = payroll.get("/scores/2026-09/differences")
    assert (answer.status_code, answer.json["code"]) == (409, "adjust_open")


def test_reading_is_not_proposing_and_nothing_here_decides(program, later):
    reader = program("adjustments:read", name="reader")
    assert post(reader, look(later).seen).json["code"] == "scope_missing"
    asked = propose_adjustment(later)
    assert reader.get(f"/adjustments/{asked.proposal_id}").status_code == 200
    assert reader.ask("DELETE", f"/adjustments/{asked.proposal_id}").json["code"] == "scope_missing"
    for method, path in (("PATCH", ""), ("PUT", ""), ("POST", "/confirm"), ("POST", "/decide")):
        answer = reader.ask(method, f"/adjustments/{asked.proposal_id}{path}", json={"state": "confirmed"})
        assert answer.status_code in {404, 405}
    other = program("scores:read", "visits:read", name="other")
    assert other.get("/scores/2026-09/differences").status_code == 403
    assert other.get("/adjustments?month=2026-09").status_code == 403


def test_another_branch_s_adjustment_answers_like_none(program, later):
    asked = propose_adjustment(later)
    stranger = program("adjustments:write", branch=cast.NORTH)
    for method in ("GET", "DELETE"):
        there, nowhere = (stranger.ask(method, f"/adjustments/{one}") for one in (asked.proposal_id, "0" * 8))
        assert (there.status_code, there.json) == (404, nowhere.json)
    assert stranger.get("/scores/2026-09/differences").json["code"] == "adjust_open"
    assert post(stranger, look(later).seen).status_code in {404, 409}
    assert look(later).proposal == asked
    assert asked.month == SEPTEMBER


def test_who_works_elsewhere_by_now_is_told_like_everybody(payroll, later):
    move(later, "T003")
    assert [one["name"] for one in payroll.pages("/scores/2026-09/differences")] == ["Chen Wei", "Zhao Min"]
    assert post(payroll, look(later, "T003").seen, technician="T003").status_code == 201
