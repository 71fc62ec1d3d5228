"""`/c/move` and `/c/cancel`: what customers see when they change their appointment."""

import html
import re

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.storage import visits
from tests import builders, cast
from tests.links import own_token, planned_visit, signed_visit, store

VISIT = visit_id(cast.MAIN, "WO-1")


@pytest.fixture
def browser(enter_link, work):
    """A browser that opened the customer's own link of a visit tomorrow at 09:30."""
    return enter_link(planned_visit(work))


def offered(page):
    return [html.unescape(one) for one in re.findall(r'name="start" value="([^"]+)"', page.text)]


def window(work):
    with work.read() as db:
        return visits.get(db, cast.MAIN, VISIT).window


def test_choosing_a_window_moves_the_appointment_and_says_so(work, browser):
    assert 'href="/c/move"' in browser.get("/c/").text
    page = browser.get("/c/move")
    assert "Wednesday, October 14, 2026" in page.text
    chosen = offered(page)[-1]
    assert browser.post("/c/move", data={"start": chosen}).location == "/c/"
    assert window(work).start.isoformat() == chosen
    page = browser.get("/c/").text
    assert "at the new time" in page
    assert "confirmed by you" in page


def test_looking_changes_nothing(work, browser):
    before = window(work)
    for path in ("/c/move", "/c/move?from=2026-11-01", "/c/cancel"):
        browser.get(path)
        browser.head(path)
    assert window(work) == before


def test_windows_of_a_later_day_are_found_by_the_day(browser):
    starts = offered(browser.get("/c/move?from=2026-11-02"))
    assert starts
    assert min(starts) >= "2026-11-01T16:00"


@pytest.mark.parametrize("day", ["tomorrow", "9999-12-31", "0001-01-01", "2026-02-30", "1999-01-01"])
def test_a_day_that_is_none_breaks_nothing(browser, day):
    assert browser.get("/c/move", query_string={"from": day}).status_code == 200


def test_a_window_that_somebody_else_took_is_told_and_others_are_offered(work, browser):
    wish = offered(browser.get("/c/move"))[0]
    for code in ("T001", "T002", "T003"):
        store(work, [builders.scheduled(f"BUSY-{code}", cast.NOW, code, duration=480)])
    before = window(work)
    page = browser.post("/c/move", data={"start": wish})
    assert page.status_code == 409
    assert "taken by somebody else" in page.text
    assert offered(page)
    assert wish not in offered(page)
    assert window(work) == before


@pytest.mark.parametrize(
    "start", ["", "soon", "2026-10-15T06:00:00", "2026-10-15T06:00:00+99:00", "0001-01-01T00:00:00+08:00", "x" * 9999]
)
def test_what_is_no_window_of_ours_is_a_sentence(work, browser, start):
    before = window(work)
    answer = browser.post("/c/move", data={"start": start})
    assert answer.status_code == 409
    assert "choose" in answer.text
    assert window(work) == before


def test_cancelling_asks_why_but_not_insistently(work, browser):
    assert "Nobody will come on Thursday, October 15" in browser.get("/c/cancel").text
    long = browser.post("/c/cancel", data={"reason": "x" * 501})
    assert long.status_code == 422
    assert "x" * 501 in long.text
    assert browser.post("/c/cancel", data={"reason": "<b>moved</b>"}).status_code == 303
    page = browser.get("/c/").text
    assert "This appointment was cancelled" in page
    assert "<b>moved" not in page
    again = browser.post("/c/cancel")
    assert again.status_code == 409
    assert "cancelled already" in again.text


def test_the_desk_reads_why(work, browser, sign_in):
    browser.post("/c/cancel", data={"reason": "<b>moved</b> house"})
    page = sign_in("D001").get(f"/dispatch/visits/{VISIT}").text
    assert "&lt;b&gt;moved&lt;/b&gt; house" in page


def test_once_the_technician_is_on_the_way_another_time_is_a_matter_of_talking(work, browser):
    store(work, [builders.line("visit.departed", "WO-1", work.now())])
    page = browser.get("/c/").text
    assert 'href="/c/move"' not in page
    assert 'href="/c/cancel"' in page
    refused = browser.get("/c/move")
    assert refused.status_code == 409
    assert "on the way already" in refused.text


@pytest.mark.parametrize("path", ["/c/move", "/c/cancel"])
def test_after_the_visit_there_is_nothing_to_change(work, client, path):
    client.get(f"/c/{own_token(work, signed_visit(work))}")
    assert client.get(path).status_code == 409
    assert client.post(path).status_code == 409


def test_nobody_moves_an_appointment_all_day_long(browser):
    statuses = [browser.post("/c/move", data={"start": "x"}).status_code for _ in range(25)]
    assert statuses[0] == 409
    assert statuses[-1] == 429


@pytest.mark.parametrize("path", ["/c/move", "/c/cancel"])
def test_foreign_forms_are_refused(browser, path):
    assert browser.post(path, csrf=False).status_code == 400
