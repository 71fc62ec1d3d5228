"""Photos: by the phone's camera, by the one on the page where that one ends the app, and kept where none can decode."""

import pytest

from tests import cast
from tests.e2e import phone
from tests.e2e.test_phone_offline import FULL
from tests.e2e.visiting import NEXT, Technician, wait_until_ready
from tests.services.test_erasing import picture

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(whole_browser):
    return whole_browser


BEFORE = "label:has([data-slot=before])"
INSIDE = "label:has([data-inside])"
ARRIVED = (
    ("visit.arrived", {"gps": {"status": "denied"}}), ("door.checked", {"introduced": True, "shoe_covers": True}),
    ("consent.given", {"by": "customer", "method": "spoken"}),
)  # fmt: skip

SLOWLY = """() => {
  const real = createImageBitmap;
  globalThis.createImageBitmap = async (...asked) => {
    await new Promise((done) => { globalThis.goOn = done; });
    return real(...asked);
  };
}"""


@pytest.fixture
def page(work, phone_page, enter):
    """T001 at work in a customer's home."""
    visit = phone.plan(work, "Wang Fang", hours=0)
    enter(phone_page, "T001")
    phone_page.wait_for_selector(".next")
    for kind, data in ARRIVED:
        phone.append(phone_page, visit, kind, data)
    phone_page.goto(f"/m/#visit?visit={visit}")
    phone_page.wait_for_selector(BEFORE)
    return phone_page


def begin_photo(page, slot="after"):
    """A photo is being made small, until `end_photo`: a large one takes a phone some seconds."""
    page.evaluate(SLOWLY)
    take(page, slot)
    page.wait_for_function("() => globalThis.goOn")


def take(page, slot="after"):
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    page.set_input_files(f"input[data-slot={slot}]", photo)


def end_photo(page):
    page.evaluate("() => { const done = goOn; globalThis.goOn = null; done(); }")


def photos(page):
    return [entry for entry in phone.outbox(page) if entry["type"] == "photo.added"]


def test_the_camera_on_the_page_takes_a_photo(page, work):
    page.context.grant_permissions(["camera"])
    page.tap(INSIDE)
    page.tap(BEFORE)
    page.wait_for_function("() => document.querySelector('dialog.camera video')?.videoWidth > 0")
    page.tap("dialog [data-shoot]")
    page.wait_for_selector(".photos img")
    assert page.locator("dialog.camera").count() == 0
    assert len(photos(page)) == 1
    phone.wait_until_sent(page)
    assert len(list(work.blobs.all(cast.MAIN))) == 1


def test_going_back_from_the_camera_records_nothing(page):
    page.context.grant_permissions(["camera"])
    page.tap(INSIDE)
    page.tap(BEFORE)
    page.tap("dialog [data-back]")
    page.wait_for_selector("dialog.camera", state="detached")
    page.tap(BEFORE)
    page.wait_for_selector("dialog.camera")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.camera", state="detached")
    assert photos(page) == []


def test_a_camera_that_is_refused_says_what_to_do(page):
    page.tap(INSIDE)
    page.tap(BEFORE)
    page.wait_for_selector(".bottom :text('Allow it in the browser')")
    assert photos(page) == []


def test_an_app_that_ends_under_the_phones_camera_offers_its_own(page):
    with page.expect_file_chooser():
        page.tap(BEFORE)
    assert phone.run(page, "const { meta } = await load('sync/store.js'); return meta.get('camera_open');")
    page.reload()
    page.wait_for_selector(BEFORE)
    assert page.is_checked("[data-inside]")
    assert "closed this app" in page.inner_text("#say")
    page.reload()
    page.wait_for_selector(BEFORE)
    assert page.is_checked("[data-inside]")
    assert page.is_hidden("#say")


def test_a_photo_that_came_does_not_count_as_an_end(page):
    with page.expect_file_chooser() as chooser:
        page.tap(BEFORE)
    chooser.value.set_files({"name": "p.png", "mimeType": "image/png", "buffer": png()})
    page.wait_for_selector(".photos img")
    page.reload()
    page.wait_for_selector(BEFORE)
    assert not page.is_checked("[data-inside]")


def test_a_photo_that_is_taken_while_another_is_being_saved_waits_for_it(page):
    begin_photo(page)
    take(page)
    end_photo(page)
    page.wait_for_function("() => globalThis.goOn")
    assert "Saving" in page.inner_text("#say")
    assert len(photos(page)) == 1
    end_photo(page)
    page.wait_for_selector(".photos li >> nth=1")
    assert len(photos(page)) == 2


def test_an_app_that_ends_while_a_photo_is_being_saved_says_so_at_its_next_start(page):
    begin_photo(page)
    assert phone.run(page, "const { meta } = await load('sync/store.js'); return meta.get('camera_open');")
    page.reload()
    page.wait_for_selector(BEFORE)
    assert "may be missing" in page.inner_text("#say")


@pytest.mark.parametrize(("screen", "link"), [("today", "/scores/"), ("settings", "/privacy")])
def test_a_link_out_of_the_app_waits_for_a_photo_that_is_being_saved(page, screen, link):
    begin_photo(page)
    page.evaluate("(screen) => { location.hash = `#${screen}`; }", screen)
    page.tap(f"#view a[href='{link}']")
    page.wait_for_selector("#say:has-text('Saving')")
    with page.expect_navigation(url=f"**{link}**"):
        end_photo(page)
    page.goto("/m/")
    page.wait_for_selector("#sync")
    assert len(photos(page)) == 1


def test_the_hand_over_waits_for_a_photo_that_is_being_saved(page):
    technician = Technician(page)
    technician.go_on("The work is done", "Is all clean?")
    technician.go_on("All clean", "Hand the phone over")
    page.tap(".bottom [data-f=more] button")
    page.wait_for_selector(BEFORE)
    begin_photo(page)
    wait_until_ready(page)
    page.tap(NEXT)
    technician.at("Hand the phone over")
    wait_until_ready(page)
    page.tap(NEXT)
    page.wait_for_selector(".bottom[data-busy]")
    end_photo(page)
    technician.at("Please have a look")
    assert "Photos taken: 1" in page.inner_text("[data-f=doc]")


def test_where_a_page_gets_no_camera_the_phones_own_stays_the_only_one(page):
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });")
    page.reload()
    page.wait_for_selector(BEFORE)
    assert page.is_hidden(INSIDE)
    with page.expect_file_chooser():
        page.tap(BEFORE)
    page.reload()
    page.wait_for_selector(BEFORE)
    assert page.is_hidden(INSIDE)
    assert not page.is_checked("[data-inside]")
    assert page.is_hidden("#say")


def test_on_a_full_disk_the_camera_opens_all_the_same(page):
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.evaluate(FULL, ["meta", False])
    with page.expect_file_chooser() as chooser:
        page.tap(BEFORE)
    chooser.value.set_files({"name": "p.png", "mimeType": "image/png", "buffer": png()})
    page.wait_for_selector(".bottom :text('storage is full')")
    page.tap(INSIDE)
    assert [fault for fault in faults if "full" in fault] == []


def test_a_photo_that_cannot_be_decoded_is_kept_as_it_is(page, work):
    kept = phone.run(
        page,
        """const { addPhoto } = await load("sync/journal.js");
        const bytes = new Uint8Array(400_000).fill(7);
        bytes.set([0, 0, 0, 24, ...[..."ftypheic"].map((sign) => sign.charCodeAt(0))]);
        const visit = new URLSearchParams(location.hash.split("?")[1]).get("visit");
        return addPhoto(visit, "after", new File([bytes], "photo.heic"));""",
    )
    assert (kept["bytes"], kept["w"], kept["h"]) == (400_000, 0, 0)
    phone.wait_until_sent(page)
    assert work.blobs.read(cast.MAIN, kept["blob"])[4:12] == b"ftypheic"


def png() -> bytes:
    import io

    from PIL import Image

    target = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(target, "PNG")
    return target.getvalue()
