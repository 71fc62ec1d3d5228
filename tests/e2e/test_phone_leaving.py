"""Leaving with unsent work, being locked out, coming back: nothing is lost, nothing can be read that must not be."""

import io
import json
from datetime import UTC, datetime

import pytest

from fieldapp.domain.visits import events as ev
from fieldapp.services import rulings, scheduling, sync_devices
from fieldapp.storage import devices, events, visits
from tests import cast
from tests.e2e import phone
from tests.e2e.test_accessibility import SIZES, violations
from tests.e2e.test_phone_offline import DRAW_AND_KEEP, READ_EVERYTHING
from tests.e2e.visiting import Technician

pytestmark = pytest.mark.browser
PUSH = "**/api/sync/v1/push"
HOURS = 3_600_000


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang")


@pytest.fixture
def page(visit, phone_page, enter):
    """T001's phone, in step with the server."""
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone.wait_until_kept(phone_page)
    phone.wait_until_sent(phone_page)
    return phone_page


def device_of(work):
    with work.read() as db:
        return devices.of_account(db, cast.MAIN, cast.T001.account_id)[0]


def see(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit)


def start_leaving(page):
    page.goto("/m/#settings")
    page.click("button[data-sign-out]")
    page.wait_for_selector("dialog[open]")


def audited(work, action):
    from sqlalchemy import text

    with work.read() as db:
        query = text("SELECT facts FROM audit WHERE branch = 'main' AND action = :action")
        return [json.loads(row[0]) for row in db.execute(query, {"action": action})]


def test_a_rescue_file_made_without_a_network_brings_in_everything(work, page, visit, sign_in, tmp_path):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    kept = phone.run(page, DRAW_AND_KEEP, visit)
    start_leaving(page)
    with page.expect_download() as caught:
        page.click("dialog [data-rescue]")
    file = tmp_path / "rescue.json"
    caught.value.save_as(file)
    assert caught.value.suggested_filename == f"fieldapp-rescue-T001-{datetime.now(UTC).date()}.json"
    page.wait_for_function("() => document.querySelector('dialog [data-f=rescued]').textContent.startsWith('Saved as')")
    assert "Wang Fang" not in file.read_text()
    data = {"file": (io.BytesIO(file.read_bytes()), file.name)}
    answer = sign_in("D001").post("/rescue/", data=data, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.text
    answer.close()
    assert phone.stored(work, visit) == ["visit.scheduled", "visit.departed", "photo.added"]
    assert len(work.blobs.read(cast.MAIN, kept["blob"])) == kept["bytes"]
    page.click("dialog [data-stay]")
    page.context.set_offline(False)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert {entry["status"] for entry in phone.outbox(page)} == {"duplicate"}


def test_deleting_wants_a_reason_and_the_office_hears_of_it(work, page, visit):
    page.route(PUSH, lambda route: route.abort())
    phone.append(page, visit, "visit.departed")
    start_leaving(page)
    page.click("dialog details summary")
    assert violations(page) == []
    page.click("dialog form button")
    page.wait_for_selector("dialog form .error:not([hidden])")
    page.fill("dialog [name=reason]", "goes back to the shop")
    page.click("dialog form button")
    page.wait_for_url("**/login**")
    [told] = audited(work, "outbox_deleted")
    assert (told["owner"], told["reason"], told["events"], told["photos"]) == ("T001", "goes back to the shop", 1, 0)
    names = page.evaluate("async () => (await indexedDB.databases()).map((one) => one.name)")
    assert "fieldapp-user-T001" not in names
    assert device_of(work).outbox == 0


def test_who_is_killed_before_anything_was_deleted_has_deleted_nothing(work, page, visit):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    start_leaving(page)
    page.click("dialog details summary")
    page.fill("dialog [name=reason]", "broken anyway")
    page.evaluate(
        "() => { IDBFactory.prototype.deleteDatabase = () => { globalThis.isKilled = true; throw new Error(); }; }"
    )
    page.click("dialog form button")
    page.wait_for_function("() => globalThis.isKilled")
    page.context.set_offline(False)
    page.goto("/m/")
    page.wait_for_selector("#view h1")
    phone.wait_until_sent(page)
    assert audited(work, "outbox_deleted") == []
    assert phone.stored(work, visit).count("visit.departed") == 1


def test_deleted_without_a_network_the_office_hears_of_it_at_the_next_contact(work, page, visit, enter):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    start_leaving(page)
    page.click("dialog details summary")
    page.fill("dialog [name=reason]", "broken anyway")
    page.click("dialog form button")
    page.wait_for_selector("h1:has-text('No network')")
    assert audited(work, "outbox_deleted") == []
    page.context.set_offline(False)
    page.context.clear_cookies()
    enter(page, "T002")
    phone.wait_until_sent(page)
    assert [told["owner"] for told in audited(work, "outbox_deleted")] == ["T001"]


def test_after_signing_out_the_browser_s_storage_holds_no_name_and_no_number(work, page, visit):
    assert "Wang" in page.inner_text("body")
    page.goto("/m/#settings")
    page.click("button[data-sign-out]")
    page.wait_for_url("**/login**")
    left = page.evaluate(READ_EVERYTHING)
    for told in ("Wang", "Chen Wei", "13800000001"):
        assert told not in left


def test_locking_leaves_no_key_and_no_name_but_what_waits_stays(work, page, visit, enter):
    page.route(PUSH, lambda route: route.abort())
    phone.append(page, visit, "note.added", {"text": "met Wang Fang at the gate"})
    start_leaving(page)
    page.click("dialog [data-lock]")
    page.wait_for_url("**/login**")
    left = page.evaluate(READ_EVERYTHING)
    assert "Wang" not in left
    assert "Chen Wei" not in left
    keys = """async () => {
      const db = await new Promise((done) => {
        const asked = indexedDB.open("fieldapp-user-T001");
        asked.onsuccess = () => done(asked.result);
      });
      const all = db.transaction("meta").objectStore("meta").getAllKeys();
      return new Promise((done) => { all.onsuccess = () => { db.close(); done(all.result); }; });
    }"""
    assert [key for key in page.evaluate(keys) if key.startswith("key:")] == ["key:outbox"]
    page.unroute(PUSH)
    enter(page, "T001")
    phone.wait_until_sent(page)
    assert "note.added" in phone.stored(work, visit)


def test_a_phone_out_of_use_is_wiped_and_still_delivers_what_it_holds(work, page, visit):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    sync_devices.revoke(work, cast.A001.actor, cast.MAIN, device_of(work).device_id)
    page.context.set_offline(False)
    phone.sync(page)
    page.wait_for_selector("h1:has-text('This phone is out of use')")
    page.wait_for_function("() => document.querySelector('[data-f=left]')?.textContent.includes('on the server')")
    assert [(entry["status"], entry["code"]) for entry in phone.outbox(page)] == [("held", "device_revoked")]
    assert "Wang" not in page.evaluate(READ_EVERYTHING)
    page.goto("/m/#today")
    page.reload()
    page.wait_for_selector("h1:has-text('This phone is out of use')")
    sync_devices.restore(work, cast.A001.actor, cast.MAIN, device_of(work).device_id)
    phone.run(page, "const { syncNow } = await load('sync/engine.js'); setTimeout(syncNow);")
    page.wait_for_selector(".card:has-text('Wang Fang')")


def test_a_phone_out_of_use_keeps_what_it_cannot_send_and_can_save_it(work, page, visit):
    sync_devices.revoke(work, cast.A001.actor, cast.MAIN, device_of(work).device_id)
    page.route(PUSH, lambda route: route.abort() if route.request.post_data_json["events"] else route.continue_())
    phone.sync(page)
    page.wait_for_selector("h1:has-text('This phone is out of use')")
    phone.append(page, visit, "note.added", {"text": "late"})
    page.wait_for_function("() => document.querySelector('[data-f=left]')?.textContent === 'Still on this phone: 1'")
    with page.expect_download():
        page.click("[data-rescue]")


def test_without_a_contact_for_72_hours_the_app_asks_to_sign_in_and_loses_nothing(work, page, visit):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    back(page, 71)
    page.goto("/m/#today")
    page.reload()
    page.wait_for_selector(".next")
    back(page, 73)
    page.reload()
    page.wait_for_selector("h1:has-text('Please sign in again')")
    assert "Wang Fang" not in page.inner_text("body")
    page.context.clear_cookies()
    page.context.set_offline(False)
    page.click("a[data-sign-in]")
    page.fill("[name=login]", "T001")
    page.fill("[name=password]", cast.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)


def test_setting_the_clock_back_does_not_open_it(page):
    page.context.set_offline(True)
    back(page, 73)
    page.goto("/m/#today")
    page.reload()
    page.wait_for_selector("h1:has-text('Please sign in again')")
    phone.run(
        page, "const { meta } = await load('sync/store.js'); await meta.put('latest', Date.now() + 1000 * 3600000);"
    )
    phone.run(
        page,
        """const { meta } = await load("sync/store.js");
        await meta.put("contact", { at: Date.now() });""",
    )
    page.reload()
    page.wait_for_selector("h1:has-text('Please sign in again')")


def back(page, hours):
    """The server was last heard of so long ago."""
    phone.run(
        page,
        """const { meta } = await load("sync/store.js");
        await meta.put("contact", { at: Date.now() - args[0] });
        await meta.put("latest", 0);""",
        hours * HOURS,
    )


def test_the_outbox_ends_the_day_with_a_receipt(work, page, visit):
    phone.append(page, visit, "visit.departed")
    phone.run(page, DRAW_AND_KEEP, visit)
    phone.sync(page)
    phone.wait_until_sent(page)
    page.goto("/m/#outbox")
    page.wait_for_selector("[data-f=receipt]:visible")
    said = page.inner_text("[data-f=receipt]")
    assert said.startswith("1 visit, 1 photo, 0 signatures: all on the server ")
    page.context.set_offline(True)
    phone.append(page, visit, "note.added", {"text": "one more"})
    page.wait_for_selector("[data-f=receipt]", state="hidden")


def test_a_second_phone_goes_on_where_what_waits_for_the_office_ended(work, page, visit, browser, server, enter):
    """The first one fell into the cellar; the arrival, by the plan of this morning, was sent before."""
    page.context.set_offline(True)
    phone.append(page, visit, "visit.arrived", {"gps": {"status": "denied"}})
    called_off = ev.VisitCancelled(asked_by="company", told_at=datetime.now(UTC), apology=False, cause="plan")
    scheduling.cancel_visit(work, cast.D001.actor, cast.MAIN, visit, see(work, visit).rev, called_off)
    page.context.set_offline(False)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert see(work, visit).state == "disputed"
    context = browser.new_context(base_url=server, locale="en-GB", timezone_id=cast.ZONE, **SIZES["phone"])
    try:
        second = context.new_page()
        enter(second, "T001")
        second.goto("/m/")
        phone.wait_until_kept(second)
        second.goto(f"/m/#visit?visit={visit}")
        Technician(second).go_on("I was let in", "The work")
        phone.sync(second)
        phone.wait_until_sent(second)
    finally:
        context.close()
    with work.read() as db:
        waits = [one.event.type for one in events.held_of(db, cast.MAIN, visit)]
    assert sorted(waits) == ["consent.given", "door.checked", "visit.arrived"]


def test_a_held_fact_says_why_and_later_what_was_decided(work, page, visit):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    seen = see(work, visit)
    called_off = ev.VisitCancelled(asked_by="company", told_at=datetime.now(UTC), apology=False, cause="plan")
    scheduling.cancel_visit(work, cast.D001.actor, cast.MAIN, visit, seen.rev, called_off)
    page.context.set_offline(False)
    phone.sync(page)
    phone.wait_until_sent(page)
    page.goto("/m/#outbox")
    page.wait_for_selector("text=The visit was cancelled meanwhile")
    assert "Nothing to do here" in page.inner_text("[data-f=todo]")
    rulings.reinstate_visit(work, cast.D001.actor, cast.MAIN, visit, see(work, visit).rev, "you could not know")
    phone.sync(page)
    page.wait_for_selector("text=Decided: it counts. “you could not know”")
    page.goto("/m/#today")
    page.wait_for_selector("text=Decided: Wang Fang counts. “you could not know”")
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector("text=Decided: it counts. “you could not know”")
