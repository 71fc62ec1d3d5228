"""GET and POST /findings, GET /findings/{finding}."""

from datetime import timedelta

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import findings, scoring
from tests import builders, cast
from tests.closing import close, september
from tests.links import store
from tests.sync.phone import plan

FOUND = {"source": "spot_check", "visit": "WO-1", "item": "cleanup", "favourable": False, "note": "Cables on the floor"}


@pytest.fixture
def audit(program):
    return program("findings:write", name="audits")


@pytest.fixture(autouse=True)
def worked(work, clock):
    """Yesterday's visit of T001, and one of the branch in the north."""
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(days=1)))
    plan(work, *builders.perfect_visit("WO-N", clock() - timedelta(days=1), "T900"), branch=cast.NORTH)


def post(program, body, **headers):
    return program.ask("POST", "/findings", json=body, headers=headers)


def test_a_finding_is_recorded_under_the_program_s_name_and_counts(audit, work):
    answer = post(audit, FOUND)
    assert answer.status_code == 201, answer.json
    found = answer.json
    assert found == {
        "id": found["id"], "month": "2026-10", "technician": "T001", "recorded_about": "T001", "visit": "WO-1",
        "source": "spot_check", "item": "cleanup", "discipline": None, "commendation": False, "favourable": False,
        "occurred_on": "2026-10-13", "note": "Cables on the floor", "state": "upheld", "does": found["does"],
        "recorded_by": "api.audits", "recorded_at": "2026-10-14T01:30:00Z", "answers": [], "decisions": [],
    }  # fmt: skip
    assert audit.get(answer.headers["Location"].removeprefix("/api/v1")).json == found
    sheet = scoring.month_scores(work, OPERATOR, cast.MAIN, "2026-10", technician="T001").technicians[0].sheet
    assert next(item for item in sheet.items if item.code == "cleanup").breached == 1


def test_a_breach_of_discipline_waits_until_its_technician_was_heard(audit, work):
    answer = post(audit, {"source": "complaint", "visit": "WO-1", "discipline": "gifts", "favourable": False,
                          "note": "Took a carton of cigarettes"})  # fmt: skip
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert (made["discipline"], made["item"], made["state"], made["does"]) == ("gifts", None, "waiting", "nothing")
    findings.answer(work, cast.T001.actor, made["id"], "I paid for the tea.")
    findings.decide(work, cast.M001.actor, cast.MAIN, made["id"], "upheld", "Two neighbours saw it", seen=0)
    found = audit.get(f"/findings/{made['id']}").json
    assert (found["state"], found["does"], found["answers"]) == ("upheld", "veto", ["I paid for the tea."])
    [technician] = scoring.month_scores(work, OPERATOR, cast.MAIN, "2026-10", technician="T001").technicians
    assert (technician.sheet.veto, technician.sheet.award) == (("gifts",), 0)


def test_a_complaint_waits_for_a_person_and_tells_what_they_decided(audit, work, clock):
    made = post(audit, {**FOUND, "source": "complaint"}).json
    assert made["state"] == "waiting"
    findings.decide(work, cast.M001.actor, cast.MAIN, made["id"], "dismissed", "It was the neighbour's", seen=0)
    found = audit.get(f"/findings/{made['id']}").json
    assert found["state"] == "dismissed"
    assert found["decisions"] == [
        {"outcome": "dismissed", "reason": "It was the neighbour's", "decided_by": "M001", "at": "2026-10-14T01:30:00Z"}
    ]


def test_the_same_request_under_one_key_records_one_finding(audit):
    first, second = (post(audit, FOUND, **{"Idempotency-Key": "audit-1"}) for _ in range(2))
    assert first.data == second.data
    assert len(audit.pages("/findings?month=2026-10")) == 1


def test_a_month_s_findings_come_page_by_page_the_latest_first(audit, clock):
    made = []
    for _ in range(5):
        clock.advance(minutes=1)
        made.insert(0, post(audit, {**FOUND, "visit": "WO-1", "item": "cleanup"}).json["id"])
    assert [one["id"] for one in audit.pages("/findings?month=2026-10&limit=2")] == made
    assert len(audit.pages("/findings?month=2026-10&technician=T001")) == 5
    assert audit.pages("/findings?month=2026-10&technician=T002") == []
    assert audit.pages("/findings?month=2026-09") == []
    assert audit.get("/findings?month=2026-10&cursor=eA").json["code"] == "cursor_unknown"


def test_it_is_listed_by_whose_it_is_by_now_and_says_whom_it_names(audit, work, clock):
    post(audit, FOUND)
    earlier = clock() - timedelta(days=1, minutes=10)
    store(work, [builders.line("visit.arrived", "WO-1", earlier, "T002", gps={"status": "denied"})])
    [found] = audit.pages("/findings?month=2026-10&technician=T002")
    assert (found["technician"], found["recorded_about"]) == ("T002", "T001")
    assert audit.pages("/findings?month=2026-10&technician=T001") == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"source": "rumour"}, 422), ({"item": ""}, 422), ({"item": "nothing"}, 422), ({"visit": "WO-404"}, 422),
        ({"visit": "WO-N"}, 422), ({"technician": "T002"}, 422), ({"occurred_on": "2027-01-01"}, 422),
        ({"discipline": "gifts"}, 422), ({"state": "upheld"}, 422), ({"note": "x" * 5000}, 422),
        ({"note": "a\x00"}, 422),
    ],
)  # fmt: skip
def test_what_is_no_finding_is_refused(audit, wrong, status):
    assert post(audit, {**FOUND, **wrong}).status_code == status
    assert audit.pages("/findings?month=2026-10") == []


def test_a_finding_about_a_closed_month_is_taken_and_becomes_a_difference(program, work):
    september(work)
    close(work)
    audit = program("findings:write", "adjustments:read", name="audits")
    answer = post(audit, {**FOUND, "visit": "WO-1", "technician": "T001", "item": "decorum"})
    assert answer.status_code == 201, answer.json
    assert answer.json["month"] == "2026-09"
    assert "T001" in {one["technician"] for one in audit.pages("/scores/2026-09/differences")}
    described = audit.get("/openapi.json").json["paths"]["/findings"]["post"]["responses"]
    assert "409" not in described


def test_reading_is_not_writing_and_neither_is_deciding(program, audit):
    reader = program("findings:read", name="reader")
    assert post(reader, FOUND).json["code"] == "scope_missing"
    made = post(audit, FOUND).json["id"]
    assert reader.get(f"/findings/{made}").status_code == 200
    assert program("visits:read", "scores:read", name="other").get(f"/findings/{made}").status_code == 403


def test_another_branch_s_finding_answers_like_none(program, audit):
    made = post(audit, FOUND).json["id"]
    stranger = program("findings:write", branch=cast.NORTH)
    assert stranger.get(f"/findings/{made}").json == stranger.get(f"/findings/{'0' * 8}").json
    assert stranger.get(f"/findings/{made}").status_code == 404
    assert stranger.pages("/findings?month=2026-10") == []
