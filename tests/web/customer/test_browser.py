"""The customer's own page in a real browser: the address is clean, the pad draws, a turned phone keeps the ink."""

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.storage import events
from tests import cast
from tests.links import own_token, unsigned_visit

pytestmark = pytest.mark.browser


def draw(page):
    """A name, more or less, in the middle of the pad."""
    page.locator("#ink").scroll_into_view_if_needed()
    box = page.locator("#ink").bounding_box()
    pen = page.mouse
    pen.move(box["x"] + 40, box["y"] + 60)
    pen.down()
    for step in range(24):
        pen.move(box["x"] + 40 + step * 9, box["y"] + 60 + (step % 5) * 14)
    pen.up()


def test_a_customer_signs_later_on_their_own_phone(phone_page, work, clock):
    clock.set(cast.NOW)
    token = own_token(work, unsigned_visit(work, language="en"))
    phone_page.goto(f"/c/{token}")
    assert phone_page.url.endswith("/c/")
    assert token not in phone_page.content()
    phone_page.click("text=Read and sign")
    draw(phone_page)
    kept = phone_page.input_value("[name=strokes]")
    phone_page.set_viewport_size({"width": 844, "height": 390})
    phone_page.wait_for_function("() => document.getElementById('ink').clientWidth > 500")
    assert phone_page.input_value("[name=strokes]") == kept
    phone_page.fill("[name=name]", "王芳")
    phone_page.click("button:has-text('Sign'):not([type=button])")
    phone_page.wait_for_selector("text=Your signature is on record")
    with work.read() as db:
        found, _ = events.histories(db, cast.MAIN, [visit_id(cast.MAIN, "WO-1")])
    (signature,) = [event.data for event in found[visit_id(cast.MAIN, "WO-1")] if event.type == "signature.captured"]
    assert signature.signer.name == "王芳"
    assert len(signature.strokes) == 1
    assert phone_page.locator("svg.ink path").count() == 1


def test_the_language_is_switched_on_the_page_and_stays(phone_page, work, clock):
    clock.set(cast.NOW)
    phone_page.goto(f"/c/{own_token(work, unsigned_visit(work, language='en'))}")
    phone_page.click("text=繁體中文")
    phone_page.wait_for_selector("html[lang=zh-Hant]")
    assert phone_page.url.endswith("/c/")
    phone_page.reload()
    assert phone_page.get_attribute("html", "lang") == "zh-Hant"
