"""A new time that the technician gave, and that the server holds until a second person says so."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.storage import visits
from tests import builders, cast
from tests.e2e import phone
from tests.e2e.test_phone_camera import ARRIVED

pytestmark = pytest.mark.browser


def test_a_new_time_that_waits_for_the_office_is_not_shown_as_the_promise(work, phone_page, enter):
    visit = phone.plan(work, "Wang Fang", hours=1)
    page = phone_page
    enter(page, "T001")
    page.goto("/m/")
    page.wait_for_selector(".next")
    page.evaluate("(visit) => { location.hash = `#visit?visit=${visit}`; }", visit)
    page.wait_for_selector("[data-f=window]")
    old = page.inner_text("[data-f=window]")
    with work.read() as db:
        start = visits.get(db, cast.MAIN, visit).window.start
    told = (datetime.now(UTC) - timedelta(minutes=15)).isoformat()
    wanted = builders.promise(start + timedelta(hours=3), told_at=told)
    change = {"asked_by": "company", "promise": wanted, "apology": True, "cause": "earlier_visit", "reason": None}
    phone.append(page, visit, "promise.changed", change)
    page.wait_for_function("(old) => (document.querySelector('[data-f=window]')?.textContent ?? old) !== old", arg=old)
    phone.sync(page)
    [entry] = phone.outbox(page)
    assert (entry["status"], entry["code"]) == ("held", "needs_second_person")
    page.wait_for_selector(".notice.warn :text('Your new time waits for the office')")
    assert page.inner_text("[data-f=window]") == old
    assert "New time, waits for the office" in page.text_content("[data-f=past]")
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    phone.append(page, visit, "site.checked", {"cleanup": True, "belongings": True})
    page.evaluate("(visit) => { location.hash = `#handover?visit=${visit}`; }", visit)
    page.wait_for_selector("[data-f=doc]", state="attached")
    assert old.split("–")[-1] in page.text_content("[data-f=doc]")
