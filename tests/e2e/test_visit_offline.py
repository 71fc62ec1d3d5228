"""A whole visit without a network, in a real browser: prepared, arrived, worked, signed by the customer, left."""

import hashlib
import json
import re

import pytest

from fieldapp.paths import STATIC
from fieldapp.storage import events
from tests import cast
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE, kill_browser
from tests.e2e import phone
from tests.e2e.visiting import (
    KEPT,
    NAME,
    NEXT,
    Technician,
    answer,
    draw,
    ink,
    up_to_the_door,
    up_to_the_handover,
)

pytestmark = pytest.mark.browser

PHOTO = STATIC / "icons/app-192.png"
WHOLE = [
    "visit.scheduled", "kit.checked", "visit.departed", "visit.arrived", "door.checked", "consent.given",
    "note.added", "photo.added", "site.checked", "statement.presented", "answers.given", "signature.captured",
    "visit.completed", "visit.left",
]  # fmt: skip


@pytest.fixture
def open_phone(phone_page, enter):
    """T001's phone, everything on it, and then no network."""
    phone_page.faults = []
    phone_page.on("pageerror", lambda error: phone_page.faults.append(str(error)))
    phone_page.on("console", lambda line: phone_page.faults.append(line.text) if "Policy" in line.text else None)

    def start(*, offline: bool = True, gps: dict | None = None):
        if gps:
            phone_page.context.grant_permissions(["geolocation"])
            phone_page.context.set_geolocation(gps)
        enter(phone_page, "T001")
        phone_page.goto("/m/")
        phone_page.wait_for_selector(".next")
        phone.wait_until_kept(phone_page)
        phone.wait_until_sent(phone_page)
        phone_page.context.set_offline(offline)
        return Technician(phone_page)

    yield start
    assert phone_page.faults == []


def facts(work, visit):
    """What the server holds of a visit: {type: data}, as plain values."""
    with work.read() as db:
        histories, _ = events.histories(db, cast.MAIN, [visit])
    return {event.type: event for event in histories[visit]}


def test_a_whole_visit_offline_takes_at_most_12_taps_and_syncs_by_itself(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone(gps={"latitude": 31.2304, "longitude": 121.4737, "accuracy": 9})
    page = technician.page
    up_to_the_door(technician, Technician.go_on)
    technician.go_on("I was let in", "The work")
    page.fill("textarea[name=text]", "Laid the fibre to the living room")
    with page.expect_file_chooser() as chooser:
        technician.tap("label:has([data-slot=after])")
    chooser.value.set_files(PHOTO)
    page.wait_for_selector(".photos img")
    assert page.input_value("textarea[name=text]") == "Laid the fibre to the living room"
    technician.go_on("The work is done", "Is all clean?")
    technician.go_on("All clean", "Hand the phone over")
    technician.go_on("Hand over", "Please have a look")
    assert "Laid the fibre to the living room" in page.inner_text(".statement")
    answer(page, rating=4, comment="Very careful")
    page.tap(NEXT)
    technician.at("Your signature")
    draw(page, *NAME)
    page.tap(NEXT)
    technician.at("Thank you")
    page.tap(NEXT)
    technician.at("Say goodbye")
    technician.go_on("I have left", "Visit done")
    assert technician.taps <= 12, technician.names
    assert phone.stored(work, visit) == ["visit.scheduled"]
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    assert sorted(phone.stored(work, visit)) == sorted(WHOLE)
    assert {entry["status"] for entry in phone.outbox(page)} == {"accepted"}
    page.wait_for_selector(".receipt img.code[src^='data:image/svg']")
    fix = facts(work, visit)["visit.arrived"].data.gps
    assert (fix.lat, fix.lon, fix.acc) == (31.2304, 121.4737, 9)


def test_what_the_customer_signed_is_what_the_server_keeps(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    shown = page.text_content(".statement")
    answer(page, rating=2, comment="Came in with wet shoes")
    page.tap(NEXT)
    technician.at("Your signature")
    draw(page, *NAME)
    page.tap(NEXT)
    technician.at("Thank you")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    held = facts(work, visit)
    presented, signed = held["statement.presented"].data, held["signature.captured"].data
    assert presented.doc == shown
    assert presented.doc_hash == signed.doc_hash == hashlib.sha256(shown.encode()).hexdigest()
    assert signed.box == [600, 300]
    assert len(signed.strokes) == 2
    assert signed.signer.name == "Wang Fang"
    written = json.dumps([[[_number(value) for value in point] for point in stroke] for stroke in signed.strokes])
    ink_hash = hashlib.sha256(written.replace(" ", "").encode()).hexdigest()
    assert signed.strokes_hash == ink_hash
    bound = "\n".join((signed.doc_hash, ink_hash, visit, "Wang Fang"))
    assert signed.bind == hashlib.sha256(bound.encode()).hexdigest()
    answers = held["answers.given"].data
    assert (answers.courteous, answers.supplied_tools, answers.rating) == ("yes", "no", 2)
    assert answers.comment == "Came in with wet shoes"


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def test_after_the_phone_is_given_back_no_answer_is_on_any_screen(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    answer(page, rating=1, comment="Was rude to my mother")
    page.tap(NEXT)
    technician.at("Your signature")
    page.tap("label:has([name=way][value=type])")
    page.fill("[name=typed]", "Wang Fang")
    page.tap(NEXT)
    technician.at("Thank you")
    page.tap(NEXT)
    technician.at("Say goodbye")
    for address in (f"#handover?visit={visit}", f"#visit?visit={visit}", f"#work?visit={visit}", "#outbox", "#today"):
        page.evaluate("(hash) => { location.hash = hash; }", address)
        for _ in range(5):  # while one screen goes and the next one comes, too
            page.wait_for_selector("#view h1")
            page.evaluate("() => document.querySelectorAll('#view details').forEach((one) => { one.open = true; })")
            assert not re.search(r"rude|polite|Very poor|wear a badge", page.inner_text("body"))
            page.wait_for_timeout(100)
    left = phone.run(page, "const { drafts } = await load('sync/journal.js'); return drafts.get('handover');")
    assert left is None


def test_a_wrong_statement_goes_back_to_the_technician_without_the_answers(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    page.tap("label:has(input[name=courteous][value=no])")
    page.tap("text=Something is wrong")
    technician.at("Hand the phone over")
    page.tap("text=Add something")
    technician.at("The work")
    page.tap("summary:has-text('Extra charge')")
    page.fill("[name=label]", "Cable")
    page.fill("[name=amount]", "a lot")
    page.tap("[data-add=charge]")
    page.wait_for_selector("text=The amount must be a number")
    assert page.input_value("[name=label]") == "Cable", "nothing typed is lost"
    page.fill("[name=amount]", "12,5")
    page.tap("[data-add=charge]")
    page.wait_for_selector(".lines:has-text('12.50')")
    page.tap(NEXT)
    technician.at("Hand the phone over")
    technician.go_on("Hand over", "Please have a look")
    assert "- Cable  CNY 12.50" in page.text_content(".statement")
    assert not page.is_checked("input[name=courteous][value=no]")


def test_the_phone_stays_the_customers_until_they_give_it_back(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    page.tap("label:has(input[name=courteous][value=no])")
    assert not page.is_visible("#top")
    for address in ("#today", f"#visit?visit={visit}", "#settings"):
        page.evaluate("(hash) => { location.hash = hash; }", address)
        page.wait_for_function("() => location.hash.startsWith('#handover')")
        technician.at("Please have a look")
    page.reload()
    technician.at("Please have a look")
    assert page.is_checked("input[name=courteous][value=no]")


def test_the_customer_reads_in_their_language_and_a_change_of_it_clears_the_signature(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    english = page.text_content(".statement")
    page.tap(NEXT)
    technician.at("Your signature")
    draw(page, *NAME)
    page.tap("label:has(input[value=zh-Hant])")
    page.wait_for_selector("html[lang=zh-Hant]")
    page.wait_for_selector("canvas[data-strokes='0']")
    assert ink(page) == 0
    assert page.is_visible("#view .notice.warn")
    page.tap("label:has(input[value=en])")
    technician.at("Your signature")
    page.wait_for_selector("canvas[data-strokes='0']")
    assert page.text_content(".statement") == english


def test_a_signature_is_redrawn_after_rotation_and_after_a_reload(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    page.tap(NEXT)
    technician.at("Your signature")
    draw(page, *NAME)
    wide = page.locator("canvas").bounding_box()["width"]
    assert ink(page) > 100
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function("(old) => document.querySelector('canvas').clientWidth !== Math.round(old) - 4", arg=wide)
    page.wait_for_selector("canvas[data-strokes='2']")
    assert ink(page) > 100
    page.set_viewport_size(PHONE)
    page.reload()
    technician.at("Your signature")
    page.wait_for_selector("canvas[data-strokes='2']")
    assert ink(page) > 100


def test_one_dot_is_asked_about_once_and_then_taken(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    page.tap(NEXT)
    technician.at("Your signature")
    page.tap(NEXT)
    page.wait_for_selector("text=Please sign in the field.")
    draw(page, [(0.5, 0.5), (0.505, 0.505)])
    page.tap(NEXT)
    page.wait_for_selector("text=only a little ink")
    page.tap(NEXT)
    technician.at("Thank you")


def test_who_does_not_sign_says_why_and_the_visit_is_completed_unsigned(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_handover(technician)
    page.tap(NEXT)
    technician.at("Your signature")
    page.tap("label:has([name=way][value=refuse])")
    page.tap(NEXT)
    page.wait_for_selector("text=Please choose a reason.")
    page.tap("label:has([name=reason][value=later])")
    page.wait_for_selector(f"{NEXT}:has-text('Finish without signing')")
    page.tap(NEXT)
    technician.at("Thank you")
    page.tap(NEXT)
    technician.at("Say goodbye")
    assert page.is_visible("text=Completed without a signature")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    held = facts(work, visit)
    assert held["signature.refused"].data.reason == "I would rather sign later"
    assert "visit.completed" in held
    assert "answers.given" not in held, "who answered nothing is not said to have answered"


def test_a_killed_browser_loses_neither_the_tap_of_arrival_nor_a_stroke(work, server, playwright, tmp_path):
    visit = phone.plan(work, "Wang Fang", hours=1)
    profile = tmp_path / "profile"

    def launch():
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=CHROMIUM_ARGS, base_url=server, viewport=PHONE, is_mobile=True,
            has_touch=True, locale="en-GB",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        # A receiver that finds no sky: the tap must be safe while it is still waited for.
        context.add_init_script("navigator.geolocation.getCurrentPosition = () => {};")
        return context

    def killed(context):
        cookies = context.cookies()
        kill_browser(profile)
        context = launch()
        context.add_cookies(cookies)
        context.set_offline(True)
        page = context.new_page()
        page.goto("/m/")
        return context, Technician(page)

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
    technician = Technician(page)
    up_to_the_door(technician)
    assert [entry["type"] for entry in phone.outbox(page)] == ["kit.checked", "visit.departed"]
    context, technician = killed(context)
    technician.at("At the door")
    technician.go_on("I was let in", "The work")
    technician.go_on("The work is done", "Is all clean?")
    technician.go_on("All clean", "Hand the phone over")
    technician.go_on("Hand over", "Please have a look")
    technician.page.tap("label:has(input[name=explained][value=yes])")
    technician.page.tap(NEXT)
    technician.at("Your signature")
    draw(technician.page, *NAME)
    context, technician = killed(context)
    technician.at("Your signature")
    technician.page.wait_for_selector("canvas[data-strokes='2']")
    technician.page.tap(NEXT)
    technician.at("Thank you")
    context.set_offline(False)
    phone.wait_until_sent(technician.page)
    held = facts(work, visit)
    assert held["visit.arrived"].effective_at < held["door.checked"].effective_at
    assert held["visit.arrived"].data.gps.status in {"timeout", "unavailable"}
    assert held["answers.given"].data.explained == "yes"
    assert phone.stored(work, visit).count("visit.arrived") == 1
    context.close()


def test_a_refused_position_is_a_valid_arrival_with_its_reason(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_door(technician)
    technician.go_on("I was let in", "The work")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    assert facts(work, visit)["visit.arrived"].data.gps.status in {"denied", "timeout"}


def test_nobody_home_is_recorded_with_calls_wait_and_the_door(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_door(technician)
    page.tap("text=Not let in")
    technician.at("You cannot get in")
    page.tap(NEXT)
    page.wait_for_selector("text=Please choose a reason.")
    page.tap("label:has([name=reason][value=absent])")
    page.fill("[name=call_attempts]", "2")
    page.fill("[name=waited_minutes]", "16")
    with page.expect_file_chooser() as chooser:
        page.tap("label:has([data-slot=door])")
    chooser.value.set_files(PHOTO)
    page.wait_for_selector("text=The photo of the door is saved.")
    page.tap(NEXT)
    technician.at("nobody home")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    held = facts(work, visit)
    failed = held["access.failed"].data
    assert (failed.reason, failed.call_attempts, failed.waited_minutes) == ("absent", 2, 16)
    assert failed.photo == held["photo.added"].data.blob


def test_running_late_proposes_a_new_window_with_its_cause(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    technician.tap(".next a.button")
    technician.at("Are you ready?")
    page.tap("text=Running late")
    technician.at("Running late")
    page.tap(NEXT)
    page.wait_for_selector("text=Please choose a time")
    page.tap("label:has([name=shift][value='60'])")
    page.tap(NEXT)
    page.wait_for_selector("text=Please say why.")
    page.reload()
    technician.at("Running late")
    assert page.is_checked("[name=shift][value='60']"), "nothing chosen is lost"
    page.tap("label:has([name=cause][value=earlier_visit])")
    assert "sms:" in page.get_attribute("[data-message]", "href")
    page.tap(NEXT)
    technician.at("Are you ready?")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    held = facts(work, visit)
    told, first = held["promise.changed"].data, held["visit.scheduled"].data
    assert (told.asked_by, told.cause, told.apology) == ("company", "earlier_visit", True)
    assert (told.promise.start - first.promise.start).total_seconds() == 3600


def test_work_that_cannot_be_finished_names_reason_and_return(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_door(technician)
    technician.go_on("I was let in", "The work")
    page.tap("text=Cannot finish")
    technician.at("The work cannot be finished")
    page.tap("label:has([name=why][value=part])")
    page.fill("[name=day]", "2027-01-05")
    page.fill("[name=from]", "11:00")
    page.fill("[name=until]", "09:00")
    page.tap(NEXT)
    page.wait_for_selector("text=must be later than")
    page.fill("[name=until]", "13:00")
    page.tap(NEXT)
    technician.at("not completed")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    data = facts(work, visit)["visit.not_completed"].data
    assert data.agreed
    assert data.return_.start.isoformat() == "2027-01-05T03:00:00+00:00"
    assert data.reason == "A part is missing"


def test_a_check_is_put_right_within_two_minutes_as_a_new_event(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    technician.tap(".next a.button")
    technician.go_on("I am ready", "Set off")
    page.tap("summary:has-text('Recorded so far')")
    page.tap("summary:has-text('Put right')")
    page.tap(".toggle:has([name=badge])")
    page.tap("button:has-text('Save the correction')")
    page.wait_for_selector(f"text={KEPT}")
    page.wait_for_selector("text=no badge")
    page.context.set_offline(False)
    phone.wait_until_sent(page)
    held = facts(work, visit)
    assert held["event.corrects"].data.target == held["kit.checked"].id
    assert held["event.corrects"].data.data == {"badge": False}
    assert held["kit.checked"].data.badge is True


def test_the_mornings_check_is_offered_again_at_the_next_visit(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    other = phone.plan(work, "Li Na", hours=3)
    technician = open_phone()
    page = technician.page
    technician.tap(".next a.button")
    technician.at("Are you ready?")
    page.tap(".toggle:has([name=shoe_covers])")
    technician.go_on("I am ready", "Set off")
    page.evaluate("(hash) => { location.hash = hash; }", f"#visit?visit={other}")
    technician.at("Are you ready?")
    assert not page.is_checked("[name=shoe_covers]")
    assert page.is_checked("[name=badge]")
