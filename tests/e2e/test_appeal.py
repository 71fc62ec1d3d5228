"""A technician who lost three points sees why in two taps, and appeals in one more; a reviewer answers."""

from datetime import timedelta

import pytest

from tests import cast
from tests.browsers import DESK, PHONE
from tests.builders import perfect_visit
from tests.links import store
from tests.live import serving

pytestmark = pytest.mark.browser

WHY = "It rained: the jacket was in the van, the customer saw me put it on."


@pytest.fixture
def still(app):
    """A live server whose clock stands still, so that the month does not turn while somebody looks."""
    with serving(app) as address:
        yield address


@pytest.fixture
def look(browser, still, enter):
    """`look("T001", phone=True)`: a page of somebody who is signed in."""
    contexts = []

    def act(login, *, phone=False):
        size = {"viewport": PHONE, "is_mobile": True, "has_touch": True} if phone else {"viewport": DESK}
        context = browser.new_context(base_url=still, locale="en-GB", timezone_id=cast.ZONE, **size)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(cast.NOW)
        enter(page, login)
        return page

    yield act
    for context in contexts:
        context.close()


def lose_three_points(work):
    entries = perfect_visit("WO-1", cast.NOW - timedelta(hours=3))
    next(one for one in entries if one["type"] == "kit.checked")["data"]["uniform"] = False
    store(work, entries)


def test_why_in_two_taps_and_an_appeal_in_one_more(work, look):
    lose_three_points(work)
    page = look("T001", phone=True)
    page.wait_for_selector("#view .title")
    taps = 0

    def tap(selector):
        nonlocal taps
        taps += 1
        with page.expect_navigation():
            page.tap(selector)

    tap("#view a[href='/scores/']")
    assert page.locator(".items .not_achieved .points").all_inner_texts() == ["0 / 3"]
    tap(".items a.not_achieved")
    told = page.inner_text(".verdict.breached")
    for text in ("WO-1", "The technician noted that it was not so.", "the technician's own check", "Article I.1"):
        assert text in told
    assert taps == 2
    tap(".verdict.breached .button")
    assert taps == 3
    page.fill("[name=text]", WHY)
    tap("main form button")
    assert "waits for an answer" in page.inner_text("main")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    reviewer = look("M001")
    reviewer.goto("/quality/appeals/")
    with reviewer.expect_navigation():
        reviewer.click("text=Open appeal")
    assert WHY in reviewer.inner_text("main")
    reviewer.fill("[name=reason]", "The customer confirms it.")
    with reviewer.expect_navigation():
        reviewer.click("[value=overturned]")
    page.goto("/scores/")
    assert page.locator(".items .not_achieved").count() == 0
