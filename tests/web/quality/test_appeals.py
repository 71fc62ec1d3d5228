"""The reviewer's pages of appeals: what is due, the evidence beside it, one decision."""

import re
from dataclasses import replace

import pytest

from fieldapp.services import appeals
from tests.builders import line, perfect_visit
from tests.cast import M001, MAIN, T002
from tests.links import store
from tests.services.test_appeal_views import SECOND
from tests.services.test_appeals import LATE, NINE, TEXT, WHY, appeal, found, late_visit, lost
from tests.services.test_approvals import become
from tests.web.test_scores import text_of

DOOR = f"/quality/appeals/{MAIN}/{LATE.appeal_id}"
YES, NO = {"outcome": "overturned", "reason": WHY}, {"outcome": "confirmed", "reason": WHY}


@pytest.fixture
def filed(work):
    late_visit(work)
    return appeal(work)


def test_the_list_says_what_by_whom_and_when_it_is_due(sign_in, filed, work):
    page = text_of(sign_in("M001").get("/quality/appeals/"))
    for text in ("Punctuality", "WO-1 · Main", "Chen Wei (T001)", "Wed, Oct 14, 09:30", "Wed, Oct 21"):
        assert text in page
    assert "overdue" not in page


def test_what_is_overdue_is_marked_and_stands_first(sign_in, filed, work, clock):
    clock.advance(days=8)
    late_visit(work, "WO-2", "T002")
    appeal(work, SECOND, T002)
    page = text_of(sign_in("M001").get("/quality/appeals/"))
    assert page.count("overdue") == 1
    assert page.index("WO-1") < page.index("overdue") < page.index("WO-2")
    assert "overdue" in text_of(sign_in("M001").get(DOOR))


def test_one_appeal_stands_beside_all_evidence_and_no_customer(sign_in, filed):
    page = text_of(sign_in("M001").get(DOOR))
    for text in (TEXT, "Arrived 10:40, promised 09:00–10:00: 40 minutes late.", "Evidence A", "first promise",
                 "What happened", "Customer signed", "by the end of Wed, Oct 21"):  # fmt: skip
        assert text in page
    for private in ("Wang Fang", "13800000001", "Harbour Road"):
        assert private not in page


@pytest.mark.parametrize(("form", "left"), [(YES, []), (NO, ["punctual"])])
def test_decided_the_score_moves_at_once_and_both_sides_read_why(sign_in, filed, work, form, left):
    manager = sign_in("M001")
    assert manager.post(DOOR, data=form).status_code == 303
    assert lost(work) == left
    for client, path in ((manager, DOOR), (sign_in("T001"), f"/scores/appeals/{LATE.appeal_id}")):
        page = text_of(client.get(path))
        assert "Ma Ling (M001), Wed, Oct 14, 09:30" in page
        assert WHY in page
    assert 'name="outcome"' not in manager.get(DOOR).text
    assert "Ma Ling (M001)" in text_of(manager.get("/quality/appeals/?state=decided"))
    assert "No appeal waits" in text_of(manager.get("/quality/appeals/"))


@pytest.mark.parametrize(
    "form", [{**YES, "reason": "  "}, {**YES, "outcome": ""}, {**YES, "outcome": "open"}, {"reason": WHY}]
)
def test_a_decision_wants_an_outcome_and_a_reason(sign_in, filed, work, form):
    answer = sign_in("M001").post(DOOR, data=form)
    assert answer.status_code == 422
    assert form["reason"] in answer.text
    assert lost(work) == ["punctual"]


def test_who_comes_second_is_told_and_changes_nothing(sign_in, filed, work):
    first, second = sign_in("M001"), sign_in("M002")
    first.post(DOOR, data=NO)
    answer = second.post(DOOR, data={**YES, "reason": "mine"})
    assert answer.status_code == 409
    for text in ("Somebody was faster", "mine", "Ma Ling (M001)"):
        assert text in answer.text
    assert lost(work) == ["punctual"]


def test_the_reviewer_reads_what_the_customer_answered_and_the_technician_does_not(sign_in, work):
    entries = perfect_visit("WO-1", NINE, cleanup="no", comment="Crumbs everywhere.", rating=2)
    store(work, entries)
    appeal(work, replace(LATE, item="cleanup"))
    door = DOOR.replace(LATE.appeal_id, replace(LATE, item="cleanup").appeal_id)
    page = text_of(sign_in("M001").get(door))
    assert "Clean-up: no · Customer had to supply tools: no · Rating: 2 of 5 Crumbs everywhere." in page
    technician = sign_in("T001")
    for path in (f"/scores/appeals/{replace(LATE, item='cleanup').appeal_id}", f"/scores/visits/{LATE.visit}"):
        page = text_of(technician.get(path))
        assert "The customer answered “no”." in page
        assert "Crumbs" not in page


def test_whoever_had_a_hand_in_it_reads_why_they_cannot(sign_in, work):
    late_visit(work)
    subject = found(work, "WO-1", item="decorum")
    filed = appeal(work, subject)
    quality, path = sign_in("Q001"), f"/quality/appeals/{MAIN}/{filed.appeal.id}"
    assert "not yours to decide" in quality.get("/quality/appeals/").text
    html = quality.get(path).text
    assert "You recorded, appealed or decided what is appealed here" in html
    assert 'name="outcome"' not in html
    assert quality.post(path, data=YES).status_code == 403


def test_with_too_few_people_the_page_says_who_decides(sign_in, filed, work):
    for login in ("M002", "Q900"):
        become(work, login, "dispatcher")
    html = sign_in("M001").get(DOOR).text
    assert "head office" in html
    assert 'name="outcome"' not in html


def test_another_branchs_people_decide_and_open_no_visit_there(sign_in, filed, work):
    stranger = sign_in("Q900")
    html = stranger.get(DOOR).text
    assert 'name="outcome"' in html
    assert "/scores/visits/" not in html
    assert stranger.post(DOOR, data=YES).status_code == 303


def test_the_bar_counts_what_waits_in_the_own_branch(sign_in, filed, work):
    counted = re.compile(r'href="/quality/appeals/"[^>]*>.*?waiting: </span>1</span>', re.S)
    assert counted.search(sign_in("M001").get("/quality/").text.split("/quality/approvals/")[0])
    assert appeals.count_waiting(work, M001.actor) == 1
    assert "waiting: " not in sign_in("Q900").get("/quality/").text


def test_appeals_about_one_visit_lead_to_each_other(sign_in, filed, work):
    other = appeal(work, found(work, "WO-1", item="decorum"))
    html = sign_in("M001").get(DOOR).text
    assert f"/quality/appeals/main/{other.appeal.id}" in html


def test_the_score_pages_of_reviewers_lead_to_the_appeal(sign_in, filed, work):
    html = sign_in("M001").get("/scores/2026-10/T001/punctual").text
    assert f'href="{DOOR}"' in html


def test_odd_addresses_are_nothing(sign_in, filed):
    manager = sign_in("M001")
    for path in ("/quality/appeals/main/x", "/quality/appeals/nowhere/x", DOOR.replace("/main/", "/north/"),
                 f"/quality/appeals/main/{SECOND.appeal_id}", f"{DOOR}/photos/{'a' * 64}"):  # fmt: skip
        assert manager.get(path).status_code == 404
    assert manager.post(DOOR.replace("/main/", "/north/"), data=YES).status_code == 404


def test_a_decision_that_was_imported_without_a_filing_can_be_read(sign_in, work):
    late_visit(work)
    store(work, [line("appeal.decided", "WO-1", NINE, "M002", item="punctual", outcome="overturned", reason=WHY)])
    page = text_of(sign_in("M001").get(DOOR))
    assert "(nothing written)" in page
    assert "Mo Fan (M002), Mon, Oct 5, 09:00 · imported Wed, Oct 14" in page
    assert "imported Wed, Oct 14" in text_of(sign_in("M001").get("/quality/appeals/?state=decided"))
    assert WHY in page


@pytest.mark.parametrize(
    ("outcome", "word"), [("overturned", "overturned on appeal"), ("confirmed", "confirmed on appeal")]
)
def test_the_item_says_that_an_import_answered_and_of_no_time_that_ended(sign_in, work, clock, outcome, word):
    late_visit(work)
    store(work, [line("appeal.decided", "WO-1", NINE, "M002", item="punctual", outcome=outcome, reason=WHY)])
    clock.advance(days=60)
    for login, path in (("M001", DOOR), ("T001", f"/scores/appeals/{LATE.appeal_id}")):
        page = sign_in(login).get("/scores/2026-10/T001/punctual")
        assert f"{word} · imported Wed, Oct 14 Open appeal" in text_of(page)
        assert "The time to appeal ended" not in text_of(page)
        assert f'href="{path}"' in page.get_data(as_text=True)
        assert sign_in(login).get(path).status_code == 200


def test_an_answer_that_was_given_here_is_no_import(sign_in, filed, work):
    sign_in("M001").post(DOOR, data=NO)
    for path in (DOOR, "/quality/appeals/?state=decided", "/scores/2026-10/T001/punctual"):
        assert "imported Wed" not in text_of(sign_in("M001").get(path))
