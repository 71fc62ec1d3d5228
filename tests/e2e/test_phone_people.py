"""One phone, several people: whoever comes and goes, what somebody did is theirs, and is there when they are back."""

import contextlib
import io

import pytest
from playwright.sync_api import Error

from fieldapp.services import accounts
from tests import cast
from tests.e2e import phone
from tests.e2e.test_phone_camera import ARRIVED, begin_photo, end_photo
from tests.e2e.test_phone_leaving import back, start_leaving
from tests.e2e.test_phone_offline import DRAW_AND_KEEP
from tests.e2e.visiting import NAME, NEXT, Technician, draw, up_to_the_door, up_to_the_handover

pytestmark = pytest.mark.browser
PUSH = "**/api/sync/v1/push"
OURS = {"X-Field-Sync": "1", "Content-Type": "application/json"}
BLOBS = "**/api/sync/v1/blobs/**"


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang")


@pytest.fixture
def page(visit, phone_page, enter):
    """T001's phone, in step with the server; its receiver finds no sky."""
    phone_page.add_init_script("navigator.geolocation.getCurrentPosition = () => {};")
    enter(phone_page, "T001")
    phone_page.goto("/m/#today")
    phone_page.wait_for_selector(".next")
    phone.wait_until_kept(phone_page)
    phone.wait_until_sent(phone_page)
    return phone_page


@pytest.fixture
def change_to(page, enter):
    """Somebody else signs in on the phone; the session before simply ended."""

    def act(login, shows):
        with contextlib.suppress(Error):  # the app may just be starting over for whoever came before
            page.goto("about:blank")
        page.context.clear_cookies()
        enter(page, login)  # leads to the app, which starts over for another person by itself
        page.wait_for_selector(shows)
        phone.wait_until_sent(page)

    return act


@pytest.fixture
def working(page, visit):
    """T001's phone at work in the customer's home, where a photo is just being saved."""
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector("input[data-slot=after]", state="attached")
    begin_photo(page)
    return page


def sign_out(page):
    page.goto("/m/#settings")
    page.click("button[data-sign-out]")
    page.wait_for_url("**/login**")


def test_who_signs_out_right_after_arriving_has_arrived(work, page, visit):
    up_to_the_door(Technician(page))
    sign_out(page)
    assert phone.stored(work, visit).count("visit.arrived") == 1


def test_who_is_signed_out_right_after_arriving_has_arrived_when_they_are_back(work, page, visit, change_to):
    page.context.set_offline(True)
    up_to_the_door(Technician(page))
    page.context.set_offline(False)
    change_to("T002", "#view h1")
    assert "visit.arrived" not in phone.stored(work, visit)
    change_to("T001", "#view h1:text-is('At the door')")
    assert phone.stored(work, visit).count("visit.arrived") == 1


def test_a_signature_begun_is_there_after_somebody_else_had_the_phone(work, page, visit, change_to):
    technician = Technician(page)
    up_to_the_handover(technician)
    page.tap("label:has(input[name=explained][value=yes])")
    page.tap(NEXT)
    technician.at("Your signature")
    draw(page, *NAME)
    phone.sync(page)
    change_to("T002", "#view h1")
    change_to("T001", "#view h1:text-is('Your signature')")
    page.wait_for_selector("canvas[data-strokes='2']")
    page.tap(NEXT)
    technician.at("Thank you")
    phone.sync(page)
    assert {"answers.given", "signature.captured", "visit.completed"} <= set(phone.stored(work, visit))


def test_photos_that_wait_go_out_when_their_person_is_back(work, page, visit, change_to):
    page.route(BLOBS, lambda route: route.abort())
    phone.run(page, DRAW_AND_KEEP, visit)
    phone.sync(page)
    page.unroute(BLOBS)
    change_to("T002", "#view h1")
    assert list(work.blobs.all(cast.MAIN)) == []
    change_to("T001", ".next")
    assert len(list(work.blobs.all(cast.MAIN))) == 1


def test_a_photo_that_is_just_being_saved_is_saved_before_its_person_signs_out(work, working):
    working.evaluate("() => { location.hash = '#settings'; }")
    working.click("button[data-sign-out]")
    with pytest.raises(Error, match="Timeout"):
        working.wait_for_url("**/login**", timeout=1000)
    end_photo(working)
    working.wait_for_url("**/login**")
    assert len(list(work.blobs.all(cast.MAIN))) == 1


def test_a_photo_that_is_just_being_saved_is_saved_before_somebody_elses_turn(work, working, change_to):
    sign_in_beside(working, "T002")
    with pytest.raises(Error, match="Timeout"), working.expect_navigation(timeout=1000):
        phone.run(working, "const { syncNow } = await load('sync/engine.js'); setTimeout(syncNow);")
    with working.expect_navigation():
        end_photo(working)
    assert list(work.blobs.all(cast.MAIN)) == []
    change_to("T001", "#view h1")
    assert len(list(work.blobs.all(cast.MAIN))) == 1


def test_who_signs_out_with_nothing_left_leaves_no_photo_and_no_draft(page, visit):
    phone.run(page, DRAW_AND_KEEP, visit)
    phone.sync(page)
    phone.wait_until_sent(page)
    sign_out(page)
    count = """async () => {
      const done = (asked) => new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
      const db = await done(indexedDB.open("fieldapp-user-T001"));
      const names = ["drafts", "blobs", "blob_chunks", "visits"];
      const all = await Promise.all(names.map((name) => done(db.transaction(name).objectStore(name).count())));
      db.close();
      return all;
    }"""
    assert page.evaluate(count) == [0, 0, 0, 0]


def test_what_somebody_whose_account_is_closed_could_not_send_is_brought_in_by_others(
    work, page, visit, sign_in, enter, tmp_path
):
    page.context.set_offline(True)
    phone.append(page, visit, "visit.departed")
    photo = phone.run(page, DRAW_AND_KEEP, visit)
    accounts.disable_account(work, cast.A001.actor, "T001")
    page.context.set_offline(False)
    phone.sync(page)
    page.wait_for_selector("#banner-signin:not([hidden])")
    back(page, 73)
    page.goto("/m/#today")
    page.reload()
    page.wait_for_selector("h1:has-text('Please sign in again')")
    page.wait_for_selector("text=Not sent yet by T001. Entries: 2, photos: 1")
    assert "Wang Fang" not in page.inner_text("body")
    enter(page, "T002")
    page.wait_for_selector("#view .title")
    page.goto("/m/#settings")
    page.wait_for_selector("text=Not sent yet by T001. Entries: 2, photos: 1")
    with page.expect_download() as caught:
        page.click("[data-f=others] [data-rescue]")
    file = tmp_path / "rescue.json"
    caught.value.save_as(file)
    assert caught.value.suggested_filename.startswith("fieldapp-rescue-T001-")
    data = {"file": (io.BytesIO(file.read_bytes()), file.name)}
    answer = sign_in("D001").post("/rescue/", data=data, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.text
    answer.close()
    assert phone.stored(work, visit) == ["visit.scheduled", "visit.departed", "photo.added"]
    assert len(work.blobs.read(cast.MAIN, photo["blob"])) == photo["bytes"]


def test_somebody_of_the_office_on_a_technicians_phone_can_save_what_it_holds(page, visit, enter):
    page.route(PUSH, lambda route: route.abort())
    phone.append(page, visit, "visit.departed")
    page.evaluate("() => new Promise((d) => { indexedDB.deleteDatabase('fieldapp').onsuccess = () => d(1); })")
    page.context.clear_cookies()
    enter(page, "D001")
    page.goto("/m/")
    page.wait_for_selector("h1:has-text('This app is for technicians')")
    page.wait_for_selector("text=Not sent yet by T001. Entries: 1, photos: 0")
    with page.expect_download():
        page.click("[data-f=others] [data-rescue]")


def test_a_word_about_a_deletion_that_the_server_refuses_keeps_nobody_out(page, visit, enter):
    page.route("**/api/sync/v1/deletions", lambda route: route.fulfill(status=422, headers=OURS, body="{}"))
    page.route(PUSH, lambda route: route.abort())
    phone.append(page, visit, "note.added", {"text": "x"})
    start_leaving(page)
    page.click("dialog details summary")
    page.fill("dialog [name=reason]", "broken anyway")
    page.click("dialog form button")
    page.wait_for_url("**/login**")
    enter(page, "T002")
    page.wait_for_selector("#view .title")


def test_a_tab_that_was_open_while_its_person_signed_out_and_in_again_goes_on(work, page, visit, enter):
    old = page.context.new_page()
    old.goto("/m/#today")
    old.wait_for_selector(".next")
    sign_out(page)
    enter(page, "T001")
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    assert [one["visit_id"] for one in phone.call(old, "sync/journal.js", "visits")] == [visit]
    phone.append(old, visit, "visit.departed")
    phone.append(page, visit, "note.added", {"text": "from the other one"})
    phone.sync(page)
    phone.wait_until_sent(page)
    assert phone.stored(work, visit) == ["visit.scheduled", "visit.departed", "note.added"]


def test_a_session_that_changes_in_the_middle_of_a_talk_carries_nothing_more(work, page, visit, enter):
    """Somebody of another branch signs in in another tab while a photo is on its way."""
    cookies = {}

    def change(route):
        if not cookies:
            sign_in_beside(page, "T900")
            cookies["T900"] = page.context.cookies()
        route.continue_()

    page.route(BLOBS, change)
    photo = phone.run(page, DRAW_AND_KEEP, visit)["blob"]
    phone.run(page, "const { syncNow } = await load('sync/engine.js'); setTimeout(syncNow);")
    page.wait_for_function("async () => (await (await fetch('/m/me.json')).json()).login === 'T900'")
    page.wait_for_selector("#view .title")
    phone.wait_until_sent(page)
    assert list(work.blobs.all(cast.NORTH)) == []
    page.unroute(BLOBS)
    page.context.clear_cookies()
    enter(page, "T001")
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    assert list(work.blobs.all(cast.MAIN)) == [photo]


def sign_in_beside(page, login):
    """Somebody signs in in another tab; this one does not know yet."""
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto("/login")
    form = {"login": login, "password": cast.PASSWORD, "csrf_token": token(other)}
    assert page.context.request.post("/login", form=form).ok
    other.close()


def token(page):
    return page.input_value("[name=csrf_token]")
