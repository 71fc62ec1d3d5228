"""From the dispatcher's late move to the second person's decision, clicked through."""

import re

import pytest

from fieldapp.services import approvals
from tests.cast import MAIN, Q001
from tests.services.test_approvals import ask, become, decide, soon
from tests.web.dispatch.test_pages import MOVE, address, page, rev, schedule, stored

LATE = {
    **MOVE, "asked_by": "customer", "cause": "customer", "reason": "her train is late", "apology": "",
    "window_start": "2026-10-14T12:00", "window_end": "2026-10-14T13:00",
}  # fmt: skip
WHY = "Called back, she confirmed it."


@pytest.fixture
def desk(sign_in):
    return sign_in("D001")


@pytest.fixture
def asked(work):
    """A request that waits; its address."""
    found = ask(work, soon(work))
    return f"/quality/approvals/{MAIN}/{found.approval_id}"


def file_one(desk):
    schedule(desk, window_start="2026-10-14T10:00", window_end="2026-10-14T11:00")
    return desk.post(address("/move"), data={**LATE, "rev": rev(page(desk.get(address("/move"))))})


def test_a_late_wish_of_the_customer_is_filed_and_shown_to_both_sides(desk, sign_in, work):
    answer = file_one(desk)
    assert (answer.status_code, answer.location) == (303, address())
    html = page(desk.get(address()))
    assert "Your request waits for a second person" in html
    assert "A request waits for a second person" in html
    assert "12:00–13:00" in html
    assert len(stored(work).ledger) == 1
    quality = sign_in("Q001")
    html = page(quality.get("/quality/approvals/"))
    for text in ("WO-1", "10:00–11:00", "12:00–13:00", "Sun Lan (D001)", "Chen Wei (T001)"):
        assert text in html
    link = re.search(r'href="(/quality/approvals/main/[^"]+)"', html)[1]
    html = page(quality.get(link))
    assert "her train is late" in html
    for private in ("何美玲", "5303", "健康東路"):
        assert private not in html
    assert quality.post(link, data={"outcome": "approved", "reason": WHY}).status_code == 303
    html = page(desk.get(address()))
    assert "Request approved" in html
    assert WHY in html
    assert [line.recorded_by for line in stored(work).ledger] == ["D001", "D001"]
    assert "The window has moved" in page(quality.get(link))


def test_the_form_says_beforehand_that_a_second_person_is_needed(desk):
    schedule(desk)
    assert "needs a second person" in page(desk.get(address("/move")))


def test_a_second_request_comes_back_with_every_word(desk):
    file_one(desk)
    answer = desk.post(address("/move"), data={**LATE, "rev": "1", "reason": "she called again"})
    html = page(answer)
    assert answer.status_code == 422
    assert "waits for a second person already" in html
    assert "she called again" in html
    assert 'value="2026-10-14T12:00"' in html


@pytest.mark.parametrize("outcome", ["approved", "declined"])
def test_a_decision_wants_a_reason(sign_in, asked, outcome, work):
    answer = sign_in("M001").post(asked, data={"outcome": outcome, "reason": "  "})
    assert answer.status_code == 422
    assert "Please give a reason." in page(answer)
    assert approvals.count_waiting(work, Q001.actor) == 1


@pytest.mark.parametrize("outcome", ["", "open", "perhaps"])
def test_an_odd_outcome_decides_nothing_and_keeps_the_reason(sign_in, asked, outcome):
    answer = sign_in("M001").post(asked, data={"outcome": outcome, "reason": WHY})
    assert answer.status_code == 422
    assert WHY in page(answer)


def test_declined_it_is_told_to_the_dispatcher_with_the_reason(sign_in, asked, work):
    assert sign_in("M001").post(asked, data={"outcome": "declined", "reason": "Nobody answered."}).status_code == 303
    html = page(sign_in("D001").get(address()))
    assert "Request declined" in html
    assert "Nobody answered." in html
    assert "Ma Ling" in page(sign_in("Q001").get("/quality/approvals/?state=decided"))


def test_who_comes_second_is_told_and_changes_nothing(sign_in, asked, work):
    quality, manager = sign_in("Q001"), sign_in("M001")
    quality.post(asked, data={"outcome": "declined", "reason": WHY})
    answer = manager.post(asked, data={"outcome": "approved", "reason": "mine"})
    html = page(answer)
    assert answer.status_code == 409
    assert "Somebody was faster" in html
    assert WHY in html
    assert len(stored(work).ledger) == 1


def test_the_bar_counts_what_waits(sign_in, asked):
    quality = sign_in("Q001")
    assert re.search(r'href="/quality/approvals/"[^>]*>.*?waiting: </span>1</span>', page(quality.get("/quality/")))
    quality.post(asked, data={"outcome": "declined", "reason": WHY})
    assert "waiting: " not in page(quality.get("/quality/"))


def test_an_overtaken_request_offers_no_approval(sign_in, asked, work, desk):
    data = {"rev": "1", "told_at": "2026-10-14T09:30", "asked_by": "customer", "cause": "customer"}
    assert desk.post(address("/cancel"), data=data).status_code == 303
    quality = sign_in("Q001")
    html = page(quality.get(asked))
    assert "has ended or was cancelled meanwhile" in html
    assert 'value="approved"' not in html
    assert 'value="declined"' in html
    assert quality.post(asked, data={"outcome": "approved", "reason": WHY}).status_code == 409


def test_with_too_few_people_the_page_says_who_decides(sign_in, asked, work):
    for login in ("M002", "Q900"):
        become(work, login, "dispatcher")
    quality = sign_in("Q001")
    html = page(quality.get(asked))
    assert "head office" in html
    assert 'name="outcome"' not in html
    assert quality.post(asked, data={"outcome": "approved", "reason": WHY}).status_code == 403


def test_odd_addresses_are_nothing(sign_in, asked):
    quality = sign_in("Q001")
    for path in ("/quality/approvals/main/x", "/quality/approvals/nowhere/x", asked.replace("/main/", "/north/")):
        assert quality.get(path).status_code == 404
        assert quality.post(path, data={"outcome": "approved", "reason": WHY}).status_code == 404


def test_decided_ones_are_listed_latest_first(sign_in, work):
    first = ask(work, soon(work))
    decide(work, first)
    html = page(sign_in("M002").get("/quality/approvals/?state=decided"))
    assert "approved" in html
    assert "Qian Yu (Q001)" in html
