"""`/quality/`: cases are answered once, with reasons on record, by the branch's own quality staff and managers."""

import html
import re

import pytest

from fieldapp.services import link_acts, links
from fieldapp.storage import audit, cases
from tests.cast import MAIN
from tests.links import own_token, signed_visit

ANSWER = {"outcome": "upheld", "reply": "We repaint the wall on Friday.", "apology": "We are sorry."}


@pytest.fixture
def case(work):
    """An open complaint; returns its id and the customer's token."""
    token = own_token(work, signed_visit(work))
    link_acts.report(work, links.open_link(work, token), "complain", "The wall is scratched.")
    with work.database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT case_id FROM cases WHERE branch = 'main'").scalar_one(), token


def entries(work):
    with work.read() as db:
        known = cases.histories(db, MAIN, [one.case_id for one in cases.every(db, MAIN)])
    lines = sorted(
        (one for history in known.values() for one in history), key=lambda one: (one.recorded_at, one.entry_id)
    )
    return [(one.kind, one.actor, one.text) for one in lines]


def test_the_desk_lists_open_cases_and_leads_to_them(case, sign_in):
    quality = sign_in("Q001")
    page = quality.get("/quality/").text
    assert "The wall is scratched." in page
    assert f"/quality/cases/{case[0]}" in page
    assert "The wall is scratched." in quality.get(f"/quality/cases/{case[0]}").text
    assert "The wall is scratched." not in quality.get("/quality/?state=closed").text


def test_closing_puts_outcome_reply_and_apology_on_record_and_before_the_customer(case, sign_in, client, work):
    quality = sign_in("Q001")
    assert quality.post(f"/quality/cases/{case[0]}/close", data=ANSWER).status_code == 303
    assert entries(work) == [
        ("opened", "customer", "The wall is scratched."), ("outcome", "Q001", "upheld"),
        ("reply", "Q001", "We repaint the wall on Friday."), ("apology", "Q001", "We are sorry."),
    ]  # fmt: skip
    client.get(f"/c/{case[1]}")
    page = client.get("/c/").text
    assert "We repaint the wall on Friday." in page
    assert "We are sorry." in page
    with work.read() as db:
        assert audit.verify(db) == []


@pytest.mark.parametrize("missing", ["outcome", "reply", "apology"])
def test_a_case_does_not_close_without_its_answer_and_keeps_what_was_typed(case, sign_in, missing, work):
    answer = sign_in("Q001").post(f"/quality/cases/{case[0]}/close", data={**ANSWER, missing: " "})
    assert answer.status_code == 422
    kept = {**ANSWER, missing: ""}
    assert all(text in answer.text for name, text in kept.items() if name != "outcome")
    assert len(entries(work)) == 1


def test_a_dismissed_case_needs_no_apology(case, sign_in):
    data = {"outcome": "dismissed", "reply": "The photos show that it was there before."}
    assert sign_in("Q001").post(f"/quality/cases/{case[0]}/close", data=data).status_code == 303


def test_a_closed_case_can_neither_be_closed_nor_added_to_again(case, sign_in, work):
    quality = sign_in("Q001")
    quality.post(f"/quality/cases/{case[0]}/close", data=ANSWER)
    assert quality.post(f"/quality/cases/{case[0]}/close", data=ANSWER).status_code == 409
    assert quality.post(f"/quality/cases/{case[0]}/notes", data={"note": "one more"}).status_code == 409
    assert len(entries(work)) == 4


def test_a_note_is_for_colleagues_only(case, sign_in, client):
    sign_in("M001").post(f"/quality/cases/{case[0]}/notes", data={"note": "Called the technician."})
    client.get(f"/c/{case[1]}")
    assert "Called the technician." not in client.get("/c/").text
    assert "Called the technician." in sign_in("Q001").get(f"/quality/cases/{case[0]}").text


def test_a_case_is_taken_put_off_and_listed_as_overdue(case, sign_in, clock):
    quality = sign_in("Q001")
    assert quality.post(f"/quality/cases/{case[0]}/take").status_code == 303
    html = quality.get("/quality/").text
    assert "Qian Yu" in html
    assert "Wed, Oct 21" in html
    clock.advance(days=8)
    quality = sign_in("Q001")
    assert "overdue" in quality.get("/quality/?state=overdue").text
    due = f"/quality/cases/{case[0]}/due"
    for day, reason in (("", "later"), ("2026-10-01", "later"), ("2026-10-30", " ")):
        assert quality.post(due, data={"day": day, "reason": reason}).status_code == 422
    assert quality.post(due, data={"day": "2026-10-30", "reason": "The painter comes."}).status_code == 303
    assert "Nobody waits longer than they should." in quality.get("/quality/?state=overdue").text
    assert "The painter comes." in quality.get(f"/quality/cases/{case[0]}").text


def test_an_answer_and_a_finding_are_one_form(case, sign_in):
    quality = sign_in("Q001")
    data = {**ANSWER, "about": "property", "finding_note": "a scratch of 10 cm"}
    refused = quality.post(f"/quality/cases/{case[0]}/close", data={**data, "finding_note": ""})
    assert refused.status_code == 422
    assert "Describe what was seen or said" in refused.text
    assert "We repaint the wall on Friday." in refused.text
    assert quality.post(f"/quality/cases/{case[0]}/close", data=data).status_code == 303
    found = re.search(r'href="(/quality/findings/main/[^"]+)"', quality.get(f"/quality/cases/{case[0]}").text)[1]
    html = quality.get(found).text
    assert "a scratch of 10 cm" in html
    assert f"/quality/cases/{case[0]}" in html
    assert f"/quality/cases/{case[0]}" not in sign_in("Q900").get(found).text


def test_a_closed_case_offers_the_finding_that_is_still_missing(case, sign_in):
    sign_in("M001").post(f"/quality/cases/{case[0]}/close", data=ANSWER)
    quality = sign_in("Q001")
    link = html.unescape(
        re.search(r'href="(/quality/findings/new[^"]+)"', quality.get(f"/quality/cases/{case[0]}").text)[1]
    )
    form = quality.get(link).text
    key = re.search(r'name="finding_id"[^>]*value="([^"]+)"', form)[1]
    data = {"finding_id": key, "case": case[0], "source": "complaint", "visit": "WO-1", "about": "property",
            "favourable": "no", "note": "a scratch"}  # fmt: skip
    assert quality.post("/quality/findings/new", data=data).status_code == 303
    assert "No finding was recorded from this case" not in quality.get(f"/quality/cases/{case[0]}").text


def test_a_closed_case_is_opened_again_and_the_customer_sees_both(case, sign_in, client):
    quality = sign_in("Q001")
    quality.post(f"/quality/cases/{case[0]}/close", data=ANSWER)
    assert quality.post(f"/quality/cases/{case[0]}/reopen", data={"reason": " "}).status_code == 422
    assert quality.post(f"/quality/cases/{case[0]}/reopen", data={"reason": "It came off."}).status_code == 303
    client.get(f"/c/{case[1]}")
    page = client.get("/c/").text
    assert "正在处理" in page
    assert "We repaint the wall on Friday." in page
    assert "It came off." not in page


def test_the_number_is_shown_on_request_only_and_once(case, sign_in):
    quality, address = sign_in("Q001"), f"/quality/cases/{case[0]}"
    assert "13800000001" not in quality.get(address).text
    assert "13800000001" in quality.post(f"{address}/number").text
    assert "13800000001" not in quality.get(address).text


def test_quality_staff_open_a_case_from_a_call(case, sign_in):
    quality = sign_in("Q001")
    data = {"visit": "WO-1", "kind": "commendation", "text": "She praised him."}
    assert "She praised him." in quality.get(quality.post("/quality/cases/new", data=data).location).text
    refused = quality.post("/quality/cases/new", data={**data, "visit": "WO-77"})
    assert refused.status_code == 422
    assert "There is no visit with the order number" in refused.text
    assert "She praised him." in refused.text


def test_a_caller_without_an_order_number_is_heard_and_the_visit_added_once_it_is_known(case, sign_in):
    quality, dispatcher = sign_in("Q001"), sign_in("D001")
    data = {"visit": "", "kind": "complaint", "text": "He parked on my roses.", "caller": "Mrs Zhu, 138 0000 7777"}
    refused = dispatcher.post("/dispatch/case", data={**data, "caller": ""})
    assert refused.status_code == 422
    assert "write down who calls and how to reach them" in refused.text
    assert "He parked on my roses." in refused.text
    assert dispatcher.post("/dispatch/case", data=data).status_code == 303
    address = quality.post("/quality/cases/new", data=data).location
    page = quality.get(address).text
    assert "Mrs Zhu, 138 0000 7777" in page
    assert quality.post(f"{address}/visit", data={"visit": "WO-77"}).status_code == 422
    assert quality.post(f"{address}/visit", data={"visit": "WO-1"}).status_code == 303
    page = quality.get(address).text
    assert "Which visit?" not in page
    assert "12 Harbour Road" in page
    again = quality.post(f"{address}/visit", data={"visit": "WO-1"})
    assert again.status_code == 409


@pytest.mark.parametrize("login", ["T001", "D001", "A001"])
def test_other_roles_have_no_business_here(case, sign_in, login):
    somebody = sign_in(login)
    assert somebody.get("/quality/").status_code == 403
    assert somebody.post(f"/quality/cases/{case[0]}/close", data=ANSWER).status_code == 403


def test_another_branch_finds_nothing(case, sign_in):
    stranger = sign_in("Q900")
    assert "The wall is scratched." not in stranger.get("/quality/").text
    assert stranger.get(f"/quality/cases/{case[0]}").status_code == 404
    assert stranger.post(f"/quality/cases/{case[0]}/close", data=ANSWER).status_code == 404


def test_no_address_deletes_or_edits_a_case(case, sign_in, app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("quality.")]
    assert {method for rule in rules for method in rule.methods} <= {"GET", "HEAD", "POST", "OPTIONS"}
    assert sign_in("Q001").delete(f"/quality/cases/{case[0]}").status_code == 405
