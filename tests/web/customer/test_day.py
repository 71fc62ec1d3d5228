"""The customer's page on the day: who comes, when, how to get in; and afterwards how it was."""

from datetime import timedelta

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits import events as ev
from fieldapp.services import accounts, links, scheduling
from fieldapp.services.scheduling import Slot
from fieldapp.storage import visits
from tests import builders, cast
from tests.links import KEY, done, planned_visit, signed_visit, store

VISIT = visit_id(cast.MAIN, "WO-1")


def unrated(work):
    """A visit whose customer gave no stars on the phone."""
    return done(work, "WO-1", signature=None, rating=None)


def test_the_page_says_who_comes_and_how_to_know_them(work, enter_link):
    page = enter_link(planned_visit(work)).get("/c/").text
    assert ">CW</span>" in page
    assert "Staff number T001" in page
    assert "If it does not match, do not open" in page


def test_who_has_left_is_not_said_to_come(work, enter_link):
    browser = enter_link(planned_visit(work))
    mark = browser.get("/c/mark").text
    accounts.disable_account(work, cast.A001.actor, "T001")
    page = browser.get("/c/").text
    assert "T001" not in page
    assert "Not decided yet" in page
    assert browser.get("/c/mark").text != mark


def test_on_the_way_it_says_about_when(work, enter_link):
    visit = planned_visit(work, days=0)
    store(work, [builders.line("visit.departed", "WO-1", work.now())])
    page = enter_link(visit).get("/c/").text
    assert "Your technician is on the way" in page
    assert "Expected about 09:" in page


@pytest.mark.parametrize(
    ("was", "days", "words"),
    [
        (0, 0, "We are running late, and we are sorry."),
        (1, 3, "We had to move your appointment"),
        (1, 0, "We had to move your appointment"),
    ],
)
def test_a_window_that_the_company_moved_comes_with_an_apology(work, enter_link, was, days, words):
    visit = planned_visit(work, days=was)
    start = work.now() + timedelta(days=days, hours=3)
    promise = ev.Promise(start=start, end=start + timedelta(hours=1), agreed=False, told_at=work.now(), channel="phone")
    change = ev.PromiseChanged(asked_by="company", apology=True, cause="plan", promise=promise)
    with work.read() as db:
        rev = visits.get(db, cast.MAIN, visit).rev
    scheduling.move_visit(work, cast.D001.actor, cast.MAIN, visit, rev, change, Slot(technician="T001"))
    assert words in enter_link(visit).get("/c/").text


@pytest.mark.parametrize("technician", ["T001", None])
def test_past_the_window_it_says_that_we_are_late_and_whom_to_call(work, enter_link, clock, technician):
    visit = planned_visit(work, technician=technician, promise=builders.promise(work.now() + timedelta(days=1)))
    browser = enter_link(visit)
    assert "we are sorry" not in browser.get("/c/").text
    clock.advance(days=1, minutes=59)
    mark = browser.get("/c/mark").text
    clock.advance(minutes=2)
    page = browser.get("/c/").text
    assert "late, and we are sorry" in page
    assert "please call us (" in page.lower()
    assert "</svg>planned" not in page
    assert browser.get("/c/mark").text != mark


def test_who_waited_in_vain_is_told_whom_to_call(work, enter_link, clock):
    visit = planned_visit(work, promise=builders.promise(work.now() + timedelta(days=1)))
    clock.advance(days=1, hours=4)
    page = enter_link(visit).get("/c/").text
    assert "Nobody came. We are sorry." in page
    assert "we will find another time with you" in page


def test_a_page_that_lies_open_learns_that_it_is_not_so_any_more(work, enter_link):
    browser = enter_link(planned_visit(work, days=0))
    mark = browser.get("/c/mark").text
    assert f'data-mark="{mark}"' in browser.get("/c/").text
    assert browser.get("/c/mark").text == mark
    store(work, [builders.line("visit.departed", "WO-1", work.now())])
    assert browser.get("/c/mark").text != mark


def test_the_customer_writes_down_how_to_get_in(work, enter_link, sign_in):
    browser = enter_link(planned_visit(work))
    words = "<b>Code</b> 4711"
    assert browser.post("/c/access", data={"text": words}).status_code == 303
    for page in (browser.get("/c/"), browser.get("/c/access"), sign_in("D001").get(f"/dispatch/visits/{VISIT}")):
        assert "&lt;b&gt;Code&lt;/b&gt; 4711" in page.text
    long = browser.post("/c/access", data={"text": "x" * 301})
    assert long.status_code == 422
    assert "x" * 301 in long.text
    assert browser.post("/c/access", data={"text": ""}).status_code == 303
    assert "4711" not in browser.get("/c/").text


def test_once_the_technician_is_there_it_is_too_late_to_say_how_to_get_in(work, enter_link):
    visit = planned_visit(work)
    store(work, [builders.line("visit.arrived", "WO-1", work.now(), gps={"status": "denied"})])
    assert enter_link(visit).post("/c/access", data={"text": "x"}).status_code == 409


def test_stars_are_given_once_and_read_at_the_desk_not_by_the_technician(work, enter_link, sign_in):
    browser = enter_link(unrated(work))
    assert 'href="/c/rate"' in browser.get("/c/").text
    missing = browser.post("/c/rate", data={"comment": "so <i>kind</i>"})
    assert missing.status_code == 422
    assert "so &lt;i&gt;kind&lt;/i&gt;" in missing.text
    assert browser.post("/c/rate", data={"stars": "4", "comment": "so <i>kind</i>"}).status_code == 303
    assert browser.post("/c/rate", data={"stars": "5"}).status_code == 409
    desk = sign_in("D001").get(f"/dispatch/visits/{VISIT}/link").text
    assert "4 of 5" in desk
    assert "so &lt;i&gt;kind&lt;/i&gt;" in desk
    receipt = links.receipt_token(work, cast.T001.actor, VISIT, KEY)
    assert "kind" not in sign_in("T001").get(f"/c/{receipt}", follow_redirects=True).text


def test_who_was_not_content_is_asked_what_went_wrong(work, enter_link):
    browser = enter_link(unrated(work))
    browser.post("/c/rate", data={"stars": "1"})
    assert "Tell us what went wrong" in browser.get("/c/").text


def test_who_gave_stars_on_the_phone_is_not_asked_again(work, enter_link):
    browser = enter_link(signed_visit(work))
    assert 'href="/c/rate"' not in browser.get("/c/").text
    assert browser.get("/c/rate").status_code == 409


@pytest.mark.parametrize("stars", ["0", "6", "five", "-1", "5.0"])
def test_other_stars_than_five_there_are_not(work, enter_link, stars):
    assert enter_link(unrated(work)).post("/c/rate", data={"stars": stars}).status_code == 422


@pytest.mark.parametrize("path", ["/c/access", "/c/rate"])
def test_foreign_forms_are_refused(work, enter_link, path):
    assert enter_link(planned_visit(work)).post(path, csrf=False).status_code == 400
