"""GET /scores/{month} and the verdicts behind one technician's month."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import findings
from fieldapp.services.findings import Draft
from tests import builders, cast
from tests.closing import close, finding, september, store
from tests.sync.phone import plan


@pytest.fixture
def bi(program):
    return program("scores:read")


@pytest.fixture
def worked(work, clock):
    """Two visits of T001: a perfect one, and one whose customer saw no shoe covers; one of T002."""
    start = clock() - timedelta(days=2)
    plan(
        work,
        *builders.perfect_visit("WO-1", start),
        *builders.perfect_visit("WO-2", start + timedelta(hours=3), shoe_covers="no"),
        *builders.perfect_visit("WO-3", start, "T002"),
    )


def test_a_month_is_what_the_command_prints(bi, worked, settings, clock):
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}
    printed = CliRunner(env=env).invoke(main, ["score", "2026-10", "--now", clock().isoformat(), "--format", "json"])
    answer = bi.get("/scores/2026-10")
    assert answer.json == json.loads(printed.stdout)
    assert list(answer.json) == list(json.loads(printed.stdout))
    assert [one["technician"] for one in answer.json["technicians"]] == ["T001", "T002"]


def test_a_closed_month_says_who_closed_it_and_by_which_seal(bi, work):
    september(work)
    before = bi.get("/scores/2026-09").json
    row = close(work)
    store(work, [finding("WO-1", item="decorum")])
    after = bi.get("/scores/2026-09").json
    assert after.pop("closed") == {
        "closed_at": row.closed_at.isoformat(), "proposed_by": "M001", "confirmed_by": "Q001",
        "fingerprint": row.fingerprint, "key": work.seal_key.key_id(),
    }  # fmt: skip
    assert after == before


def test_one_technician_s_month(bi, worked):
    whole = bi.get("/scores/2026-10").json["technicians"]
    assert bi.get("/scores/2026-10?technician=T001").json["technicians"] == whole[:1]


def test_verdicts_name_visit_article_source_and_evidence(bi, program, worked):
    found = bi.pages("/scores/2026-10/T001/verdicts?limit=7")
    breach = next(one for one in found if one["item"] == "shoe_covers" and not one["met"])
    assert (breach["external_id"], breach["source"], breach["why"]) == ("WO-2", "answer", "answered_no")
    assert breach["article"].startswith("I")
    assert breach["rulebook"] == "installer/1"
    events = program("visits:read", "scores:read", name="both").pages("/visits/WO-2/events")
    assert {one["type"] for one in events if one["id"] in breach["evidence"]} == {"answers.given"}


def test_a_lost_point_leads_to_what_shows_it_and_to_the_appeal(program, worked, work, clock):
    """What another program does with one token: from the sheet's item to the verdict, the fact, and the way to answer;
    where a finding took the point, to that finding."""
    draft = Draft(source="spot_check", item="decorum", favourable=False, note="Boots on the sofa")
    made = findings.record(work, cast.Q001.actor, draft, order="WO-2", finding_id=work.new_id())
    hr = program("scores:read", "visits:read", "findings:read", "appeals:write", name="hr")
    items = hr.get("/scores/2026-10?technician=T001").json["technicians"][0]["items"]
    lost = {one["code"] for one in items if one["status"] == "not_achieved"}
    assert lost == {"shoe_covers", "decorum"}
    [breach] = [one for one in hr.pages("/scores/2026-10/T001/verdicts") if one["item"] in lost and not one["met"]]
    assert (breach["reason"], breach["grade"]) == ("The customer answered “no”.", "A")
    assert (breach["appeal"], breach["appeal_until"]) == (None, "2026-11-07T16:00:00Z")
    [fact] = [one for one in hr.pages("/visits/WO-2/events") if one["id"] in breach["evidence"]]
    assert (fact["type"], fact["grade"], fact["data"]["shoe_covers"]) == ("answers.given", "A", "no")
    [found] = hr.pages("/findings?month=2026-10&technician=T001")
    assert (found["id"], found["item"], found["does"]) == (made, "decorum", "adverse")
    said = {"technician": "T001", "visit": breach["external_id"], "item": breach["item"], "text": "I wore them."}
    appeal = hr.ask("POST", "/appeals", json=said).json
    [breach] = [one for one in hr.pages("/scores/2026-10/T001/verdicts") if one["item"] in lost and not one["met"]]
    assert breach["appeal"] == appeal["id"]


def test_the_verdicts_add_up_to_the_sheet(bi, worked):
    sheet = bi.get("/scores/2026-10?technician=T001").json["technicians"][0]
    found = bi.pages("/scores/2026-10/T001/verdicts")
    for item in sheet["items"]:
        if item["kind"] == "rate":
            assert item["met"] == sum(one["met"] for one in found if one["item"] == item["code"])


def test_a_finding_about_no_visit_is_one_verdict_more(bi, worked, work):
    draft = Draft(source="spot_check", technician="T001", item="uniform", favourable=False, note="No jacket")
    made = findings.record(work, cast.Q001.actor, draft, finding_id=work.new_id())
    sheet = bi.get("/scores/2026-10?technician=T001").json["technicians"][0]
    whole = bi.pages("/scores/2026-10/T001/verdicts?limit=200")
    assert bi.pages("/scores/2026-10/T001/verdicts?limit=3") == whole
    for item in sheet["items"]:
        if item["kind"] == "rate":
            told = [one["met"] for one in whole if one["item"] == item["code"]]
            assert (item["met"], item["breached"]) == (sum(told), len(told) - sum(told)), item["code"]
    [loose] = [one for one in whole if one["external_id"] is None]
    assert (loose["item"], loose["met"], loose["source"], loose["promised"]) == ("uniform", False, "finding", None)
    assert (loose["evidence"], loose["reason"]) == ([made], "A finding says that this was not done.")
    assert (loose["article"], loose["appeal"], loose["appeal_until"]) == ("I.1", None, "2026-11-07T16:00:00Z")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/scores/2026-13", 422), ("/scores/october", 422), ("/scores/2026-10?technician=T900", 404),
        ("/scores/2026-10?technician=T404", 404), ("/scores/2026-10/T900/verdicts", 404),
        ("/scores/2026-10?now=2026-10-01", 422), ("/scores/2026-10/T001", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_and_what_is_not_this_branch_s(bi, worked, path, status):
    assert bi.get(path).status_code == status


def test_another_branch_s_program_sees_none_of_it(program, worked):
    assert program("scores:read", branch=cast.NORTH).get("/scores/2026-10").json["technicians"] == []
