"""The main job from one end to the other, through browsers only: scheduled, worked offline, signed, scored, told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.services import scoring
from tests import cast
from tests.browsers import DESK, PHONE
from tests.e2e import phone
from tests.e2e.visiting import NAME, NEXT, Technician, answer, draw, up_to_the_handover

pytestmark = pytest.mark.browser

ZONE = ZoneInfo(cast.ZONE)


@pytest.fixture
def sit_down(browser, server, enter):
    """`sit_down("D001")`: that person in a browser of their own."""
    contexts = []

    def act(login, **options):
        context = browser.new_context(base_url=server, locale="en-GB", timezone_id=cast.ZONE, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        enter(page, login)
        return page

    yield act
    for context in contexts:
        context.close()


def test_a_visit_from_the_order_to_the_score(work, sit_down):
    start = datetime.now(UTC).astimezone(ZONE).replace(second=0, microsecond=0) + timedelta(minutes=2)
    desk = sit_down("D001", viewport=DESK)
    schedule(desk, start)

    technician = Technician(sit_down("T001", viewport=PHONE, is_mobile=True, has_touch=True))
    page = technician.page
    page.goto("/m/")
    page.wait_for_selector(".next:has-text('Lin Mei')")
    phone.wait_until_kept(page)
    phone.wait_until_sent(page)
    page.context.set_offline(True)
    work_and_sign(technician)
    assert judged(work, start) == []
    page.context.set_offline(False)
    phone.wait_until_sent(page)

    [mine] = judged(work, start)
    assert (mine.judged_visits, str(mine.score)) == (1, "100.0")
    assert judged(work, start, recount=True) == [mine]

    page.goto(f"/scores/{start:%Y-%m}/T001/")
    page.wait_for_selector("main:has-text('100.0')")
    page.goto(f"/scores/{start:%Y-%m}/T001/visits")
    page.click("main a:has-text('E2E-1')")
    page.wait_for_selector("main:has-text('Punctual')")

    manager = sit_down("M001", viewport=DESK)
    manager.goto(f"/scores/{start:%Y-%m}/")
    manager.wait_for_selector("tr:has-text('T001'):has-text('100.0')")


def schedule(page, start):
    """A new visit through the dispatcher's form."""
    page.goto("/dispatch/new")
    told = start - timedelta(hours=20)
    for name, value in {
        "customer_name": "Lin Mei", "phone": "13800000009", "address": "5 Harbour Road", "external_id": "E2E-1",
        "window_start": f"{start:%Y-%m-%dT%H:%M}", "window_end": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "told_at": f"{told:%Y-%m-%dT%H:%M}",
    }.items():  # fmt: skip
        page.fill(f"[name={name}]", value)
    page.select_option("select[name=language]", "en")
    page.select_option("select[name=technician]", "T001")
    page.check("[name=agreed]")
    with page.expect_navigation():
        page.click("main form.form button.primary")
    page.wait_for_selector("main:has-text('E2E-1')")


def work_and_sign(technician):
    """Every step, the customer's part included, with the network off."""
    up_to_the_handover(technician, Technician.go_on)
    answer(technician.page)
    technician.page.tap(NEXT)
    technician.at("Your signature")
    draw(technician.page, *NAME)
    technician.page.tap(NEXT)
    technician.at("Thank you")
    technician.page.tap(NEXT)
    technician.at("Say goodbye")
    technician.go_on("I have left", "Visit done")


def judged(work, start, *, recount=False):
    """The sheets of the month with a judged visit."""
    month = scoring.month_scores(work, OPERATOR, cast.MAIN, Month(f"{start:%Y-%m}"), recount=recount)
    return [one.sheet for one in month.technicians if one.sheet.judged_visits]
