"""The phone's storage: full, closed, emptied whole or in part, damaged. What can be saved is, and the rest is said."""

import pytest

from tests import cast
from tests.e2e import phone
from tests.e2e.test_phone_offline import DRAW_AND_KEEP, FULL

pytestmark = pytest.mark.browser
NEXT = ".bottom button.primary"
#: What is put for WORK, done to T001's database by a connection of the test's own.
RAW = """async () => {
  const done = (request) => new Promise((resolve, reject) => {
    Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) });
  });
  const db = await done(indexedDB.open("fieldapp-user-T001"));
  const store = (name) => db.transaction(name, "readwrite").objectStore(name);
  const found = globalThis.found = await done(WORK);
  db.close();
  return found;
}"""
#: What another tab does that begins to change the database and breaks off: every other connection is closed.
CLOSE_OTHERS = """() => new Promise((done) => {
  const asked = indexedDB.open("fieldapp-user-T001", 2);
  asked.onupgradeneeded = () => asked.transaction.abort();
  asked.onerror = () => done(asked.error.name);
})"""


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang")


@pytest.fixture
def page(visit, phone_page, enter):
    """T001's phone, in step with the server."""
    phone_page.faults = []
    phone_page.on("pageerror", lambda error: phone_page.faults.append(str(error)))
    enter(phone_page, "T001")
    phone_page.goto("/m/#today")
    phone_page.wait_for_selector(".next")
    phone.wait_until_kept(phone_page)
    phone.wait_until_sent(phone_page)
    return phone_page


def raw(page, work):
    return page.evaluate(RAW.replace("WORK", work))


def picture(page, visit, number):
    """One more photo, unlike the others; its width, or why it is refused."""
    body = DRAW_AND_KEEP.replace("% 900", f"% {900 + number}")
    return phone.run(page, f"try {{ {body} }} catch (error) {{ return {{ w: error.code ?? String(error) }}; }}", visit)[
        "w"
    ]


def test_a_phone_without_room_refuses_photos_keeps_words_sends_and_then_takes_photos_again(
    work, visit, phone_page, enter
):
    # Before the app opens its database: Chromium remembers for half a minute how much room there was.
    phone_page.goto("/healthz")
    origin = phone_page.evaluate("() => location.origin")
    browser = phone_page.context.new_cdp_session(phone_page)
    browser.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 4_500_000})
    enter(phone_page, "T001")
    phone_page.goto("/m/#today")
    phone_page.wait_for_selector(".next")
    phone.wait_until_kept(phone_page)
    phone.wait_until_sent(phone_page)
    phone.call(phone_page, "sync/store.js", "keepReserve")
    phone_page.context.set_offline(True)
    widths = []
    while not widths or (isinstance(widths[-1], int) and len(widths) < 80):
        widths.append(picture(phone_page, visit, len(widths)))
    *kept, refused = widths
    assert refused == "photo_storage_full"
    assert kept == sorted(kept, reverse=True)
    assert set(kept) <= {1600, 1024}
    words = [phone.append(phone_page, visit, "note.added", {"text": "x" * 4000})["seq"] for _ in range(20)]
    assert words == list(range(len(kept) + 1, len(kept) + 21))
    phone_page.context.set_offline(False)
    phone.sync(phone_page)
    phone.wait_until_sent(phone_page)
    assert phone.stored(work, visit).count("note.added") == 20
    assert len(list(work.blobs.all(cast.MAIN))) == len(kept)
    assert picture(phone_page, visit, 99) == 1600, "what the server has makes room"


def test_where_there_is_room_for_a_small_photo_only_the_photo_is_made_small(page, visit):
    page.evaluate(
        """() => {
          const real = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (record, ...rest) {
            const size = record?.data?.data?.byteLength ?? 0;
            if (size > 150_000) throw new DOMException("full", "QuotaExceededError");
            return real.call(this, record, ...rest);
          };
        }"""
    )
    assert picture(page, visit, 0) == 1024


def test_without_a_byte_left_what_waits_is_sent_all_the_same(work, page, visit):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    picture(page, visit, 0)
    page.evaluate(FULL, ["meta", False])
    page.evaluate(FULL, ["outbox", False])
    page.evaluate(FULL, ["blobs", False])
    page.context.set_offline(False)
    phone.sync(page)
    assert "visit.departed" in phone.stored(work, visit)
    assert len(list(work.blobs.all(cast.MAIN))) == 1
    page.goto("/m/#outbox")
    page.wait_for_selector("text=The phone's storage is full. What is saved is sent all the same")
    assert page.faults == []


def test_a_full_disk_is_said_at_the_tap_and_at_the_start(page, visit):
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector(f"{NEXT}:has-text('I am ready')")
    page.evaluate(FULL, ["outbox", False])
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('storage is full and this could not be saved')")
    full = FULL.strip()
    page.add_init_script(f"({full})(['meta', false]); ({full})(['drafts', false]);")
    page.reload()
    page.wait_for_selector("#view h1:text-is('Are you ready?')")
    assert page.faults == []


def test_a_connection_that_the_browser_closed_is_opened_again_and_the_tap_is_kept(work, page, visit):
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector(f"{NEXT}:has-text('I am ready')")
    other = page.context.new_page()
    other.goto("/healthz")
    assert other.evaluate(CLOSE_OTHERS) == "AbortError"
    page.tap(NEXT)
    page.wait_for_selector("#view h1:text-is('Set off')")
    phone.sync(page)
    assert "kit.checked" in phone.stored(work, visit)
    assert page.faults == []


#: Remembers every connection of the page.
CONNECTIONS = """globalThis.connections = [];
const real = IDBFactory.prototype.open;
IDBFactory.prototype.open = function (...asked) {
  const request = real.apply(this, asked);
  request.addEventListener("success", () => globalThis.connections.push(request.result));
  return request;
};"""


def test_connections_that_die_without_a_word_are_opened_again(work, page, visit):
    page.add_init_script(CONNECTIONS)
    page.goto(f"/m/?again#visit?visit={visit}")
    page.wait_for_selector(f"{NEXT}:has-text('I am ready')")
    names = page.evaluate("() => connections.map((one) => { one.close(); return one.name; })")
    assert {"fieldapp", "fieldapp-user-T001"} <= set(names)
    page.tap(NEXT)
    page.wait_for_selector("#view h1:text-is('Set off')")
    phone.sync(page)
    assert "kit.checked" in phone.stored(work, visit)
    assert phone.call(page, "sync/registry.js", "noted", "current") == "T001"
    assert page.faults == []


def test_a_database_that_is_deleted_under_the_app_is_not_written_as_if_it_went_on(work, page, visit):
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector(f"{NEXT}:has-text('I am ready')")
    other = page.context.new_page()
    other.goto("/healthz")
    other.evaluate(
        "() => new Promise((d) => { indexedDB.deleteDatabase('fieldapp-user-T001').onsuccess = () => d(1); })"
    )
    page.tap(NEXT)
    page.wait_for_selector(".notice:has-text('The browser emptied this phone')")
    phone.wait_until_sent(page)
    assert phone.append(page, visit, "visit.departed")["seq"] == 1
    phone.sync(page)
    assert phone.stored(work, visit) == ["visit.scheduled", "visit.departed"]


def test_a_fault_that_nobody_foresaw_is_said_at_the_tap(page, visit):
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector(f"{NEXT}:has-text('I am ready')")
    page.evaluate("() => { IDBObjectStore.prototype.add = () => { throw new Error('nobody foresaw this'); }; }")
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('This could not be saved. Please try again')")
    assert any("nobody foresaw this" in fault for fault in page.faults)
    page.faults.clear()


def test_a_photo_whose_bytes_are_gone_holds_up_nothing_and_is_named(work, page, visit):
    page.context.set_offline(True)
    picture(page, visit, 0)
    raw(page, "store('blob_chunks').clear()")
    picture(page, visit, 1)
    phone.append(page, visit, "visit.departed")
    page.context.set_offline(False)
    phone.sync(page)
    page.wait_for_selector("#sync:has-text('1 damaged')")
    assert len(list(work.blobs.all(cast.MAIN))) == 1
    assert "visit.departed" in phone.stored(work, visit)
    page.goto("/m/#outbox")
    page.wait_for_selector("text=Photos that cannot be sent: 1. Everything else is on the server.")
    assert page.is_hidden("[data-f=receipt]")
    page.wait_for_selector("text=this photo was damaged on the phone")
    assert page.locator(".status:has-text('damaged')").count() == 1
    assert page.faults == []


def test_a_photo_whose_bytes_were_changed_is_found_out(work, page, visit):
    page.context.set_offline(True)
    picture(page, visit, 0)
    raw(
        page,
        """(() => {
          const all = store("blob_chunks");
          all.getAll().onsuccess = ({ target }) => all.put({ ...target.result[0], data: new ArrayBuffer(1000) });
          return all.count();
        })()""",
    )
    page.context.set_offline(False)
    phone.sync(page)
    page.wait_for_selector("#sync:has-text('1 damaged')")
    assert list(work.blobs.all(cast.MAIN)) == []
    page.goto("/m/#outbox")
    page.wait_for_selector("text=this photo was damaged on the phone")


def test_a_storage_that_lost_its_keys_is_begun_anew_and_the_person_is_told(work, page, visit):
    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    page.context.set_offline(True)
    phone.append(page, visit, "note.added", {"text": "nobody reads this again"})
    raw(page, "store('meta').clear()")
    page.context.set_offline(False)
    page.reload()
    page.wait_for_selector(".notice:has-text('The browser emptied this phone')")
    assert phone.append(page, visit, "note.added", {"text": "anew"})["seq"] == 1
    phone.sync(page)
    phone.wait_until_sent(page)
    assert phone.stored(work, visit) == ["visit.scheduled", "visit.departed", "note.added"]


def test_a_key_that_the_browser_hands_out_a_little_later_is_not_lost(work, page, visit):
    other = page.context.new_page()
    other.goto("/privacy")
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    page.goto("about:blank")
    raw(other, "store('meta').get('key:outbox')")
    other.evaluate("() => { globalThis.kept = found; }")
    raw(other, "store('meta').put(null, 'key:outbox')")
    page.context.set_offline(False)
    page.goto("/m/")
    page.wait_for_timeout(1000)
    raw(other, "store('meta').put(kept, 'key:outbox')")
    page.wait_for_selector(".card:has-text('Wang Fang')")
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)


def test_a_sign_out_that_was_cut_in_the_middle_leaves_a_phone_that_opens_and_sends(work, page, visit):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    raw(page, "store('meta').delete('key:snapshot')")
    page.context.set_offline(False)
    page.reload()
    page.wait_for_selector(".card:has-text('Wang Fang')")
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)
