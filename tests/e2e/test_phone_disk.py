"""A disk that lost a file in which Chrome keeps a large value of IndexedDB: that value is named, the rest goes on."""

from pathlib import Path

import pytest

from tests import cast
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE
from tests.e2e import phone
from tests.e2e.test_phone_offline import DRAW_AND_KEEP

pytestmark = pytest.mark.browser
#: Larger ones are the reserve.
RESERVE = 2_000_000


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang", hours=1)


@pytest.fixture
def profile(tmp_path):
    return tmp_path / "profile"


@pytest.fixture
def opened(server, playwright, profile):
    """Opens T001's browser on that profile; closing it lets its files be taken."""
    contexts = []

    def start():
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=CHROMIUM_ARGS, base_url=server, viewport=PHONE, is_mobile=True,
            has_touch=True, locale="en-GB", timezone_id=cast.ZONE, service_workers="block",
        )  # fmt: skip
        contexts.append(context)
        return context.pages[0]

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def page(opened, visit):
    """T001 signed in, and nothing leaves the phone."""
    page = opened()
    page.goto("/login")
    page.fill("[name=login]", "T001")
    page.fill("[name=password]", cast.PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
    page.goto("/m/")
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.context.set_offline(True)
    return page


def take_files(page, profile: Path) -> int:
    """Close the browser and take away what it keeps in files, but for the reserve; how many they were."""
    page.context.close()
    files = [path for path in profile.rglob("*") if ".indexeddb.blob" in str(path) and path.is_file()]
    taken = [path.unlink() for path in files if path.stat().st_size < RESERVE]
    return len(taken)


def test_a_fact_whose_file_is_gone_gives_up_its_number_and_keeps_no_other_back(work, visit, page, profile, opened):
    phone.append(page, visit, "note.added", {"text": "small"})
    phone.append(page, visit, "statement.presented", {"doc_hash": "0" * 64, "doc": "x" * 90_000})
    phone.append(page, visit, "note.added", {"text": "after"})
    assert take_files(page, profile) == 1
    page = opened()
    page.goto("/m/#outbox")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert phone.stored(work, visit).count("note.added") == 2
    assert [(entry["seq"], entry["status"], entry["code"]) for entry in phone.outbox(page)] == [
        (1, "accepted", None), (2, "quarantined", "hash_mismatch"), (3, "accepted", None),
    ]  # fmt: skip
    page.wait_for_selector("text=Lost by the phone's storage")
    assert phone.append(page, visit, "note.added", {"text": "more"})["seq"] == 4
    phone.sync(page)
    assert phone.stored(work, visit).count("note.added") == 3


def test_a_photo_whose_file_is_gone_is_named_and_keeps_nothing_else_back(work, visit, page, profile, opened):
    phone.run(page, DRAW_AND_KEEP, visit)
    assert take_files(page, profile) > 0
    page = opened()
    page.context.route("**/api/**", lambda route: route.abort())
    page.goto("/m/#settings")
    page.wait_for_selector("button[data-sign-out]")
    phone.append(page, visit, "note.added", {"text": "after"})
    saved = phone.run(
        page,
        """const [{ rescueFile }, { meta }, { tapped }] = await Promise.all(
          ["sync/rescue.js", "sync/store.js", "sync/chain.js"].map(load));
        const { facts, photos } = await rescueFile("T001", await meta.get("rescue"), tapped());
        return [facts, photos];""",
    )  # fmt: skip
    assert saved == [2, 1]
    page.context.unroute("**/api/**")
    phone.sync(page)
    page.wait_for_selector("#sync:has-text('1 damaged')")
    assert "note.added" in phone.stored(work, visit)
    page.tap("button[data-sign-out]")
    page.wait_for_url("**/login**")


#: The disk does not give one photo just now.
UNREAD = """(lost) => {
  const real = IDBObjectStore.prototype.get;
  IDBObjectStore.prototype.get = function (key) {
    if (this.name === "blob_chunks" && key[0] === lost) throw new DOMException("large value", "UnknownError");
    return real.call(this, key);
  };
}"""


def test_a_photo_that_the_disk_does_not_give_just_now_waits_and_keeps_no_other_back(work, visit, page):
    blobs = [phone.run(page, DRAW_AND_KEEP.replace("% 900", f"% {900 + n}"), visit)["blob"] for n in range(2)]
    page.evaluate(UNREAD, min(blobs))
    page.context.set_offline(False)
    later = phone.plan(work, "Li Na", hours=2)
    phone.sync(page)
    assert list(work.blobs.all(cast.MAIN)) == [max(blobs)]
    assert later in [one["visit_id"] for one in phone.call(page, "sync/journal.js", "visits")]
    page.wait_for_selector("#sync:has-text('1')")


def test_an_app_that_stays_closed_offers_the_rescue_file(visit, page):
    phone.append(page, visit, "note.added", {"text": "in the way"})
    page.context.route("**/api/**", lambda route: route.abort())
    page.context.set_offline(False)
    page.evaluate("() => { location.hash = '#closed?why=broken'; }")
    page.wait_for_selector("#view button[data-rescue]:visible")
