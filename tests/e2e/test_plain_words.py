"""What a browser would say in its own words, or not at all: half a date, a page without a network, no place."""

import pytest

from tests.e2e import phone

pytestmark = pytest.mark.browser

HALF = "This is no whole day and time."


def test_half_a_date_is_said_and_not_sent(desk_page, enter):
    """Also where none has to be given: the visit would be planned without it."""
    enter(desk_page, "D001")
    desk_page.goto("/dispatch/new")
    field = desk_page.locator("[name=planned_start]")
    desk_page.locator("[name=customer_name]").fill("Wang Fang")
    field.press_sequentially("02302027")
    desk_page.locator("form .primary").click()
    desk_page.get_by_text(HALF).wait_for()
    assert desk_page.evaluate("() => document.activeElement.name") == "planned_start"
    assert desk_page.input_value("[name=customer_name]") == "Wang Fang"
    field.fill("")
    with desk_page.expect_navigation():
        desk_page.locator("form .primary").click()
    assert HALF not in desk_page.inner_text("main")


def test_without_a_network_a_link_out_of_the_app_stays_in_it(work, phone_page, enter):
    phone.plan(work, "Wang Fang", hours=1)
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone_page.context.set_offline(True)
    phone_page.tap("a[href='/scores/']")
    phone_page.get_by_text("This page needs a network.").wait_for()
    assert phone_page.url.split("#")[0].endswith("/m/")
    phone_page.context.set_offline(False)
    with phone_page.expect_navigation():
        phone_page.tap("a[href='/scores/']")
    assert "/scores/" in phone_page.url


def test_an_arrival_without_a_place_says_why(work, phone_page, desk_page, enter):
    visit = phone.plan(work, "Wang Fang", hours=0)
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone.append(phone_page, visit, "visit.arrived", {"gps": {"status": "denied"}})
    phone_page.goto(f"/m/#visit?visit={visit}")
    phone_page.get_by_text("location is not allowed for this app").first.wait_for(state="attached")
    phone.wait_until_sent(phone_page)
    enter(desk_page, "D001")
    desk_page.goto(f"/dispatch/visits/{visit}")
    assert "without a place: location is not allowed" in desk_page.inner_text("main")
