"""Nothing is lost: the technician's app without a network, killed, with two tabs, with another person, signed out."""

import pytest

from fieldapp.services import installation
from fieldapp.storage import server
from tests import cast
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE, kill_browser
from tests.e2e import phone

pytestmark = pytest.mark.browser

#: A large picture that JPEG cannot make small, through the client's own door.
DRAW_AND_KEEP = """
  const { addPhoto, photoUrl } = await load("sync/journal.js");
  const canvas = new OffscreenCanvas(3200, 2400);
  const brush = canvas.getContext("2d");
  for (let x = 0; x < 3200; x += 8) {
    brush.fillStyle = `hsl(${(x * 37) % 360} 90% 50%)`;
    brush.fillRect(x, x % 900, 7, 1900);
  }
  const file = new File([await canvas.convertToBlob({ type: "image/png" })], "photo.png");
  const kept = await addPhoto(args[0], "after", file);
  const image = new Image();
  image.src = await photoUrl(kept.blob);
  await image.decode();
  return { ...kept, shown: [image.naturalWidth, image.naturalHeight] };
"""
#: A disk that is full for one kind of record; where `eases`, deleting the reserve makes room again.
FULL = """([name, eases]) => {
  let full = true;
  for (const method of ["put", "add"]) {
    const real = IDBObjectStore.prototype[method];
    IDBObjectStore.prototype[method] = function (...rest) {
      if (full && this.name === name) throw new DOMException("full", "QuotaExceededError");
      return real.apply(this, rest);
    };
  }
  const real = IDBObjectStore.prototype.delete;
  IDBObjectStore.prototype.delete = function (key) {
    if (eases && this.name === "blob_chunks") full = false;
    return real.call(this, key);
  };
}"""
#: Every record of every database of this origin, as text.
READ_EVERYTHING = """async () => {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames) found.push(await done(db.transaction(store).objectStore(store).getAll()));
  }
  return JSON.stringify(found);
}"""


@pytest.fixture
def on_phone(phone_page, enter):
    """T001's phone, started once with a network."""
    phone_page.violations = []
    phone_page.on("console", lambda line: phone_page.violations.append(line.text) if "Policy" in line.text else None)

    def start(login: str = "T001"):
        enter(phone_page, login)
        phone_page.goto("/m/")
        phone_page.wait_for_selector("#top:not([hidden])")
        return phone_page

    return start


def test_today_says_what_is_next_without_a_network(work, on_phone):
    phone.plan(work, "Wang Fang", hours=1)
    phone.plan(work, "Li Na", hours=3)
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_kept(page)
    page.context.set_offline(True)
    page.goto("/m/")
    page.wait_for_selector(".next")
    assert page.inner_text(".next h2") == "Wang Fang"
    assert "starts in" in page.inner_text(".next .until") or "now" in page.inner_text(".next .until")
    assert page.inner_text(".card.visit h3") == "Li Na"
    assert page.violations == []


def test_what_is_written_without_a_network_is_sent_when_it_is_back(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.context.set_offline(True)
    assert [phone.append(page, visit, kind)["seq"] for kind in ("visit.departed", "note.added")] == [1, 2]
    page.wait_for_function("() => document.querySelector('#sync').textContent === '2 on this phone'")
    assert phone.stored(work, visit) == ["visit.scheduled"]
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)
    assert {entry["status"] for entry in phone.outbox(page)} <= {"accepted", "quarantined"}


def test_a_lost_answer_costs_nothing_and_doubles_nothing(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    lost = []

    def lose(route):
        route.fetch()
        lost.append(route.request.post_data_json)
        route.abort()

    page.route("**/api/sync/v1/push", lose, times=1)
    phone.append(page, visit, "visit.departed")
    page.wait_for_function("() => document.querySelector('#sync').dataset.tone === 'here'")
    phone.wait_until_sent(page)
    assert len(lost) == 1
    assert phone.stored(work, visit).count("visit.departed") == 1
    assert [entry["status"] for entry in phone.outbox(page)] == ["duplicate"]


def test_a_phone_with_nothing_to_send_hears_of_a_restored_server_and_sends_everything_again(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.append(page, visit, "visit.departed")
    page.wait_for_function("() => document.querySelector('#sync').dataset.tone === 'here'")
    phone.wait_until_sent(page)
    with work.write() as db:
        server.save(db, installation.EPOCH, work.new_id())
    with page.expect_response("**/api/sync/v1/push"):
        phone.sync(page)
    phone.wait_until_sent(page)
    assert [entry["status"] for entry in phone.outbox(page)] == ["duplicate"]


def test_a_phone_that_sends_says_no_more_that_there_is_no_network(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.goto("/m/#outbox")
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    page.wait_for_selector("text=No network.")
    page.route("**/api/sync/v1/push", lambda route: None)  # on its way for long
    page.context.set_offline(False)
    page.wait_for_selector("text=No network.", state="hidden")
    assert [entry["status"] for entry in phone.outbox(page)] == ["waiting"]


def test_a_captive_portal_changes_nothing(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.route(
        "**/api/sync/v1/push", lambda route: route.fulfill(status=200, content_type="text/html", body="<b>Wi-Fi")
    )
    phone.append(page, visit, "visit.departed")
    with page.expect_response("**/api/sync/v1/push"):
        phone.sync(page)
    assert [entry["status"] for entry in phone.outbox(page)] == ["waiting"]
    page.unroute("**/api/sync/v1/push")
    phone.sync(page)
    phone.wait_until_sent(page)


def test_an_expired_session_keeps_everything_and_asks_to_sign_in(work, on_phone, enter):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.context.clear_cookies()
    phone.append(page, visit, "visit.departed")
    page.wait_for_selector("#banner-signin:not([hidden])")
    assert [entry["status"] for entry in phone.outbox(page)] == ["waiting"]
    page.click("#banner-signin a")
    page.fill("[name=login]", "T001")
    page.fill("[name=password]", cast.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/m/**")
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)


def test_another_person_neither_sees_nor_sends_what_the_first_one_did(work, on_phone, enter):
    visit = phone.plan(work, "Wang Fang")
    phone.plan(work, "Li Na", technician="T002")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.route("**/api/sync/v1/push", lambda route: route.abort())
    phone.append(page, visit, "visit.departed")
    page.context.clear_cookies()
    page.unroute("**/api/sync/v1/push")
    enter(page, "T002")  # the app starts over for another person
    page.wait_for_function("() => document.querySelector('.next h2')?.textContent === 'Li Na'")
    phone.wait_until_sent(page)
    assert phone.outbox(page) == []
    assert "visit.departed" not in phone.stored(work, visit)
    page.context.clear_cookies()
    enter(page, "T001")  # the app starts over for another person
    page.wait_for_function("() => document.querySelector('.next h2')?.textContent === 'Wang Fang'")
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)


def test_two_tabs_write_one_chain(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    other = page.context.new_page()
    other.goto("/m/")
    other.wait_for_selector(".next")
    page.context.set_offline(True)
    for tab in (page, other, page):
        phone.run(
            tab,
            """const { append } = await load("sync/journal.js");
            const texts = ["a", "b", "c", "d", "e"];
            await Promise.all(texts.map((text) => append(args[0], "note.added", { text })));""",
            visit,
        )
    entries = phone.outbox(page)
    assert [entry["seq"] for entry in entries] == list(range(1, 16))
    assert [entry["prev"] for entry in entries] == ["0" * 64, *(entry["hash"] for entry in entries[:-1])]
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    assert phone.stored(work, visit).count("note.added") == 15


def test_a_photo_is_shrunk_kept_and_uploaded(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    kept = phone.run(page, DRAW_AND_KEEP, visit)
    assert (kept["w"], kept["h"], kept["shown"]) == (1600, 1200, [1600, 1200])
    assert kept["bytes"] > 256 * 1024, "the picture must take more than one piece"
    phone.wait_until_sent(page)
    assert "photo.added" in phone.stored(work, visit)
    assert len(work.blobs.read(cast.MAIN, kept["blob"])) == kept["bytes"]


def test_a_file_that_is_no_photo_is_refused_in_words(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    code = phone.run(
        page,
        """const { addPhoto } = await load("sync/journal.js");
        const file = new File(["no photo"], "photo.jpg");
        return addPhoto(args[0], "after", file).then(() => null, (error) => error.code);""",
        visit,
    )
    assert code == "not_a_photo"
    assert phone.outbox(page) == []


def test_a_full_phone_refuses_photos_in_words_and_keeps_nothing_half(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    page.evaluate(FULL, ["blob_chunks", False])
    assert phone.run(page, f"try {{ {DRAW_AND_KEEP} }} catch (error) {{ return error.code; }}", visit) == (
        "photo_storage_full"
    )
    assert phone.outbox(page) == []
    assert phone.append(page, visit, "visit.departed")["seq"] == 1


def test_a_full_phone_gives_up_its_reserve_for_words(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.call(page, "sync/store.js", "keepReserve")
    page.evaluate(FULL, ["outbox", True])
    assert phone.append(page, visit, "visit.departed")["seq"] == 1
    assert [entry["type"] for entry in phone.outbox(page)] == ["visit.departed"]


def test_signing_out_leaves_no_name_behind(work, on_phone):
    phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.goto("/m/#settings")
    page.click("button[data-sign-out]")
    page.wait_for_url("**/login**")
    left = page.evaluate(READ_EVERYTHING)
    assert "Wang Fang" not in left
    assert "Chen Wei" not in left
    assert page.goto("/m/me.json").status == 401


def test_signing_out_with_unsent_facts_says_so(work, on_phone):
    visit = phone.plan(work, "Wang Fang")
    page = on_phone()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    page.route("**/api/sync/v1/push", lambda route: route.abort())
    phone.append(page, visit, "visit.departed")
    page.goto("/m/#settings")
    page.click("button[data-sign-out]")
    page.wait_for_selector("dialog[open]")
    assert "1 entry is only on this phone" in page.inner_text("dialog")
    page.click("[data-lock]")
    page.wait_for_url("**/login**")
    assert "visit.departed" not in phone.stored(work, visit)


def test_a_killed_browser_opens_where_it_was_with_everything_saved(work, server, playwright, tmp_path):
    visit = phone.plan(work, "Wang Fang")
    profile = tmp_path / "profile"

    def launch():
        return playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=CHROMIUM_ARGS, base_url=server, viewport=PHONE, is_mobile=True,
            has_touch=True, locale="en-GB",
        )  # fmt: skip

    context = launch()
    page = context.new_page()
    page.goto("/login?next=/m/")
    page.fill("[name=login]", "T001")
    page.fill("[name=password]", cast.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(".next")
    phone.wait_until_kept(page)
    phone.wait_until_sent(page)
    context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    page.goto("/m/#outbox")
    page.wait_for_selector("[data-send]")
    cookies = context.cookies()
    kill_browser(profile)
    context = launch()
    context.add_cookies(cookies)  # Chromium writes cookies half a minute late; the session is not what is tested
    context.set_offline(True)
    page = context.new_page()
    page.goto("/m/")
    page.wait_for_selector("[data-send]")
    assert page.url.endswith("#outbox")
    assert [entry["status"] for entry in phone.outbox(page)] == ["waiting"]
    context.set_offline(False)
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)
    context.close()
