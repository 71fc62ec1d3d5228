"""Who is to be heard learns it where they begin the day, also without a network, and answers in two taps."""

import pytest

from fieldapp.services import finding_views
from tests.cast import T001
from tests.e2e import phone
from tests.services.test_findings import GIFT, record

pytestmark = pytest.mark.browser

LINE = "[data-f=hearing]"


def test_todays_page_says_until_when_one_can_answer_and_leads_there(work, phone_page, enter):
    phone.plan(work, "Wang Fang", hours=1)
    record(work, **GIFT)
    [waiting] = finding_views.list_to_answer(work, T001.actor)
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(f"{LINE}:not([hidden])")
    phone.wait_until_kept(phone_page)
    phone_page.context.set_offline(True)
    phone_page.goto("/m/")
    phone_page.wait_for_selector(f"{LINE}:not([hidden])")
    text = phone_page.inner_text(LINE)
    assert f"{waiting.standing.last_day:%B} {waiting.standing.last_day.day}" in text
    assert GIFT["note"] not in text
    phone_page.context.set_offline(False)
    phone_page.click(f"{LINE} a")
    phone_page.fill("[name=text]", "I paid for them.")
    with phone_page.expect_navigation():
        phone_page.click("main form .primary")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone_page.wait_for_selector(LINE, state="hidden")
