"""Two windows of the app, one of which the system has frozen; clocks that are set; words that are being composed."""

import pytest

from tests.e2e import phone
from tests.e2e.visiting import NEXT

pytestmark = pytest.mark.browser
PUSH = "**/api/sync/v1/push"
OURS = {"X-Field-Sync": "1", "Content-Type": "application/json"}
#: A tab that has a lock and does nothing any more.
HOLD = """(name) => new Promise((held) => {
  navigator.locks.request(name, () => { held(1); return new Promise(() => {}); });
})"""

#: Whether somebody waits for a lock.
ASKS_FOR = """(name) => {
  navigator.locks.query().then(({ pending }) => { globalThis.asked = pending.some((one) => one.name === name); });
  return globalThis.asked;
}"""


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang")


@pytest.fixture
def page(visit, phone_page, enter):
    """T001's phone, in step with the server; its timers run when a test says so."""
    phone_page.clock.install()
    enter(phone_page, "T001")
    phone_page.goto("/m/#today")
    phone_page.wait_for_selector(".next")
    phone.wait_until_sent(phone_page)
    return phone_page


@pytest.fixture
def frozen(page):
    """Another window of the app on the same phone."""
    other = page.context.new_page()
    other.goto("/healthz")
    return other


def test_a_frozen_window_keeps_nothing_from_being_said_and_the_tap_is_made_when_it_is_closed(work, page, visit, frozen):
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector(f"{NEXT}:has-text('I am ready')")
    frozen.evaluate(HOLD, "journal")
    page.tap(NEXT)
    page.wait_for_function(ASKS_FOR, arg="journal")
    page.clock.fast_forward(11_000)
    page.wait_for_selector(".bottom :text('another window of this app stands in the way')")
    assert phone.outbox(page) == []
    frozen.close()
    page.tap(NEXT)
    page.wait_for_selector("#view h1:text-is('Set off')")
    phone.sync(page)
    assert phone.stored(work, visit).count("kit.checked") == 1


def test_a_window_that_was_frozen_while_sending_loses_its_turn(work, page, visit, frozen):
    frozen.evaluate(HOLD, "sync")
    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    assert [entry["status"] for entry in phone.outbox(page)] == ["waiting"]
    page.clock.fast_forward(301_000)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert "visit.departed" in phone.stored(work, visit)


def test_a_start_beside_a_frozen_window_says_what_to_do(page, frozen):
    frozen.evaluate(HOLD, "vault")
    page.goto("/m/#outbox")
    page.reload(wait_until="commit")
    page.wait_for_function(ASKS_FOR, arg="vault")
    page.clock.fast_forward(11_000)
    page.wait_for_selector("h1:has-text('Another window of this app stands in the way')")


def test_a_clock_that_is_set_back_during_a_pause_makes_it_no_longer(page, visit):
    page.route(PUSH, lambda route: route.fulfill(status=429, headers={**OURS, "Retry-After": "120"}, body="{}"))
    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    page.unroute(PUSH)
    page.clock.set_system_time(page.evaluate("() => Date.now() / 1000") - 24 * 3600)
    phone.append(page, visit, "note.added", {"text": "meanwhile"})
    with page.expect_response(PUSH):
        page.clock.fast_forward(121_000)


def test_a_note_is_no_longer_than_its_field_however_it_was_composed(work, page, visit):
    page.goto(f"/m/#work?visit={visit}")
    page.fill("[name=text]", "x" * 3998)
    page.focus("[name=text]")
    page.evaluate("() => { const it = document.querySelector('[name=text]'); it.setSelectionRange(9999, 9999); }")
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "门口有狗门口有狗", "selectionStart": 8, "selectionEnd": 8})
    phone.call(page, "visit/keep.js", "recall", f"work:{visit}")
    page.reload()
    page.wait_for_function("() => document.querySelector('[name=text]')?.value.length >= 4000")
    page.tap("[data-add=note]")
    page.wait_for_selector("[data-f=lines] :text('x')")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert phone.stored(work, visit).count("note.added") == 1


def test_what_waits_behind_this_windows_own_slow_work_goes_on_waiting(page, visit):
    """Many photos on a slow disk: nobody else stands in the way."""
    page.evaluate("() => { globalThis.slow = new Promise((done) => { globalThis.finish = done; }); }")
    phone.run(page, "(await load('sync/lock.js')).locked('journal', () => globalThis.slow);")
    phone.run(
        page,
        """const { append } = await load("sync/journal.js");
        append(args[0], "note.added", { text: "patient" }).then(() => { globalThis.said = "saved"; }, String);""",
        visit,
    )
    page.wait_for_function(ASKS_FOR, arg="journal")
    for _ in range(3):
        page.clock.fast_forward(11_000)
    page.evaluate("() => globalThis.finish()")
    page.wait_for_function("() => globalThis.said === 'saved'")
