"""The office's bar: one line on a desk for every role in every language, also with full badges and a long name."""

import pytest

from tests import cast
from tests.browsers import DESK
from tests.e2e.stage import enter, stage

pytestmark = pytest.mark.browser

#: Who has an office page -> one of theirs.
PLACES = {"D001": "/dispatch/", "Q001": "/quality/", "M001": "/scores/", "A001": "/admin/", "T001": "/scores/"}
#: Fills every badge and names the person as long as somebody may be called.
FILL = """() => {
  for (const badge of document.querySelectorAll(".nav .waits")) badge.lastChild.textContent = "88";
  document.querySelector(".menu:last-child summary span").textContent = "Aleksandra Kowalczyk-Zimmermann";
}"""
MEASURE = """() => {
  const nav = document.querySelector(".nav");
  return [Math.round(document.querySelector(".bar").getBoundingClientRect().height), nav.scrollWidth - nav.clientWidth];
}"""
LINE = 56  # pixels: 3.5rem


@pytest.fixture(scope="module")
def demo_stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.mark.parametrize("login", PLACES)
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN", "zh-TW"])
def test_the_bar_is_one_line_on_a_desk(browser, demo_stage, login, locale):
    context = browser.new_context(locale=locale, timezone_id=cast.ZONE, viewport=DESK)
    page = context.new_page()
    enter(page, demo_stage, login)
    page.goto(demo_stage.url + PLACES[login])
    page.evaluate(FILL)
    assert page.evaluate(MEASURE) == [LINE, 0]
    context.close()


def test_on_a_tablet_many_places_get_a_line_of_their_own_and_few_do_not(browser, demo_stage):
    heights = {}
    for login in ("Q001", "D001"):
        context = browser.new_context(locale="en-GB", timezone_id=cast.ZONE, viewport={"width": 1024, "height": 768})
        page = context.new_page()
        enter(page, demo_stage, login)
        page.goto(demo_stage.url + PLACES[login])
        heights[login], hidden = page.evaluate(MEASURE)
        assert hidden == 0
        context.close()
    assert heights == {"Q001": 2 * LINE, "D001": LINE}
