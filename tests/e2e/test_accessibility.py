"""axe finds nothing on any page, on a phone in daylight and on a desk in the dark."""

from pathlib import Path

import axe_playwright_python
import pytest

from tests import cast
from tests.browsers import DESK, PHONE
from tests.e2e import tour
from tests.e2e.stage import MOMENT, enter, stage

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NARROW = 320
SIZES = {
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
    "desk": {"viewport": DESK, "color_scheme": "dark"},
}


@pytest.fixture(scope="module")
def demo_stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("walk", tour.WALKS, ids=lambda walk: walk.login or "nobody")
def test_axe_finds_nothing(browser, demo_stage, walk, size):
    context = browser.new_context(locale="en-GB", timezone_id=cast.ZONE, **SIZES[size])
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.clock.set_fixed_time(MOMENT)
    if size == "phone":
        # What it records must not be there for the desk, which comes after it on the same stage, and sends.
        page.route("**/sync/v1/push", lambda route: route.abort())
    if walk.login:
        enter(page, demo_stage, walk.login)
    faults = []
    for stop in walk.stops:
        tour.show(page, demo_stage.url, demo_stage.places, stop)
        faults += [f"{stop.name}: {fault}" for fault in violations(page)]
        if size == "phone" and (width := width_at_least(page)) > NARROW:
            faults.append(f"{stop.name}: {width} px wide")
    context.close()
    assert faults == []


def test_axe_sees_a_fault_where_there_is_one(browser, demo_stage):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo_stage.url}/login")
    page.evaluate("() => document.querySelector('main').append(document.createElement('button'))")
    assert any(fault.startswith("button-name") for fault in violations(page))
    context.close()


def width_at_least(page):
    """How wide the page has to be, in CSS pixels, on the narrowest screen of WCAG 2.2, 1.4.10 (reflow)."""
    before = page.viewport_size
    page.set_viewport_size({"width": NARROW, "height": before["height"]})
    width = page.evaluate("() => document.documentElement.scrollWidth")
    page.set_viewport_size(before)
    return width


def violations(page):
    """What axe says about the page as it is now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    # Details of nothing else: a third of the time less.
    options = {"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
    found = page.evaluate("(options) => axe.run(document, options)", options)
    return [f"{one['id']} at {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in found["violations"]]
