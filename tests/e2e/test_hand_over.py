"""While the customer has the phone: what the office, another window or the phone itself does meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.visits import events as ev
from fieldapp.services import rulings, scheduling, sync_devices
from fieldapp.services.scheduling import Slot
from fieldapp.storage import visits
from tests import cast
from tests.e2e import phone
from tests.e2e.test_phone_leaving import device_of
from tests.e2e.test_visit_interrupted import open_phone, up_to_the_signature
from tests.e2e.visiting import NAME, NEXT, draw

pytestmark = pytest.mark.browser
__all__ = ["open_phone"]


def row(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit)


def move(work, visit):
    """The office gives the customer two hours later, of which the phone has not heard."""
    seen = row(work, visit)
    start = seen.window.start + timedelta(hours=2)
    promise = ev.Promise(
        start=start, end=start + timedelta(hours=1), agreed=True, told_at=datetime.now(UTC), channel="phone"
    )
    change = ev.PromiseChanged(asked_by="company", apology=True, cause="plan", promise=promise)
    slot = Slot(technician="T001", override="they asked for it")
    scheduling.move_visit(work, cast.D001.actor, cast.MAIN, visit, seen.rev, change, slot)


def leave_out(work, visit):
    rulings.leave_facts_out(work, cast.D001.actor, cast.MAIN, visit, row(work, visit).rev, "by the old plan")


@pytest.fixture
def signing(work, open_phone):
    """A customer at the signature, of a visit that was moved while the phone was offline."""
    visit = phone.plan(work, "Wang Fang", hours=0.5)
    technician = open_phone()
    page = technician.page
    phone.wait_until_kept(page)
    page.context.set_offline(True)
    move(work, visit)
    up_to_the_signature(technician)
    page.context.set_offline(False)
    phone.sync(page)
    page.wait_for_selector(".bottom :text('This visit has gone on meanwhile')")
    draw(page, *NAME)
    return visit, technician


def recorded(page):
    return [entry["type"] for entry in phone.outbox(page)]


def test_nobody_signs_for_what_the_office_left_out(work, signing):
    visit, technician = signing
    leave_out(work, visit)
    phone.sync(technician.page)
    technician.at("Set off")
    technician.page.wait_for_selector(".bottom :text('This visit has gone on meanwhile')")
    assert phone.call(technician.page, "visit/keep.js", "recall", "handover") is None
    assert "signature.captured" not in recorded(technician.page)


#: The phone hears what the office says, and none of its screens does.
HEAR_ALONE = """const { syncNow } = await load("sync/engine.js");
  const real = globalThis.dispatchEvent;
  globalThis.dispatchEvent = (event) => event.type === "sync:changed" || real.call(globalThis, event);
  await syncNow();
  await syncNow();
  globalThis.dispatchEvent = real;"""


def test_a_signature_is_held_against_what_the_office_says_by_then(work, signing):
    visit, technician = signing
    page = technician.page
    leave_out(work, visit)
    phone.run(page, HEAR_ALONE)
    technician.at("Your signature")
    page.tap(NEXT)
    technician.at("Set off")
    page.wait_for_selector(".bottom :text('This visit has gone on meanwhile')")
    assert "signature.captured" not in recorded(page)


def test_a_statement_that_changes_under_the_pen_is_shown_anew_and_not_signed(work, signing):
    visit, technician = signing
    page = technician.page
    phone.append(page, visit, "charge.added", {"label": "Extra cable", "amount": "120.00"})
    page.wait_for_selector("[data-f=doc]:has-text('Extra cable')", state="attached")
    page.wait_for_selector(":text('The statement has changed')")
    page.wait_for_selector("canvas[data-strokes='0']")
    draw(page, *NAME)
    page.tap(NEXT)
    technician.at("Thank you")
    assert recorded(page).count("signature.captured") == 1


@pytest.fixture
def at_the_pen(work, open_phone):
    """A customer who has drawn their name, of a visit that everything is sent of."""
    visit = phone.plan(work, "Wang Fang", hours=0.5)
    technician = open_phone()
    phone.wait_until_kept(technician.page)
    up_to_the_signature(technician)
    draw(technician.page, *NAME)
    phone.sync(technician.page)
    return visit, technician


def counted(page):
    kinds = recorded(page)
    return [kinds.count(kind) for kind in ("statement.presented", "signature.captured", "visit.completed")]


def test_a_visit_that_leaves_the_phone_under_the_pen_is_signed_once(at_the_pen):
    visit, technician = at_the_pen
    page = technician.page
    phone.run(
        page,
        """const { strictly } = await load("sync/store.js");
        await strictly(["visits"], (tx) => tx.objectStore("visits").delete(args[0]));""",
        visit,
    )
    page.tap(NEXT)
    technician.at("Thank you")
    assert counted(page) == [1, 1, 1]


def test_a_technician_who_signs_out_in_another_window_leaves_the_customer_to_sign_once(at_the_pen):
    _, technician = at_the_pen
    page = technician.page
    other = page.context.new_page()
    other.goto("/m/#settings")
    other.click("button[data-sign-out]")
    other.wait_for_url("**/login**")
    other.close()
    page.tap(NEXT)
    technician.at("Thank you")
    assert counted(page) == [1, 1, 1]


#: Both windows' buttons at one moment, as near as two pages get.
TAP_AT = """(at) => {
  const wait = () => (Date.now() < at ? setTimeout(wait, 1) : document.querySelector(".bottom button.primary").click());
  wait();
}"""


def test_two_windows_that_are_tapped_at_one_moment_sign_once(work, at_the_pen):
    visit, technician = at_the_pen
    page = technician.page
    other = page.context.new_page()
    other.goto(f"/m/#visit?visit={visit}")
    other.wait_for_selector("canvas[data-strokes='2']")
    at = page.evaluate("Date.now()") + 1500
    for window in (page, other):
        window.evaluate(TAP_AT, at)
    for window in (page, other):
        window.wait_for_selector("#view h1:text-is('Thank you')")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert counted(page) == [1, 1, 1]
    assert row(work, visit).state == "completed"


def test_a_phone_that_is_taken_out_of_use_under_the_pen_says_so_in_its_technicians_language(work, at_the_pen):
    _, technician = at_the_pen
    page = technician.page
    page.tap("label:has([name=customer-language][value=zh-Hans])")
    page.wait_for_selector("html[lang=zh-Hans]")
    sync_devices.revoke(work, cast.A001.actor, cast.MAIN, device_of(work).device_id)
    phone.sync(page)
    technician.at("This phone is out of use")
    assert phone.call(page, "visit/keep.js", "recall", "handover")["locked"]


#: Taps the button of the screen that news is just about to replace, so many milliseconds after the fact is on the disk.
TAP = """const [visit, after] = args;
const { append } = await load("sync/journal.js");
const tapped = new Promise((done) => addEventListener("sync:changed", () => setTimeout(() => {
  document.querySelector(".bottom button.primary").click();
  done();
}, after), { once: true }));
await append(visit, "charge.added", { label: "Extra cable", amount: "120.00" });
await tapped;
"""


@pytest.mark.parametrize("after", [10, 20, 30])
def test_a_tap_on_a_screen_that_news_replaces_signs_nothing_else_than_it_shows(at_the_pen, after):
    visit, technician = at_the_pen
    page = technician.page
    page.tap("label:has([name=way][value=type])")
    page.fill("[name=typed]", "Wang Fang")
    page.wait_for_timeout(500)
    phone.run(page, TAP, visit, after)
    page.wait_for_timeout(1000)
    told = phone.run(
        page,
        """const { eventsOf } = await load("sync/journal.js");
        return (await eventsOf(args[0])).filter(({ type }) => /charge|signature|presented/.test(type))
          .map(({ type, data }) => [type, data.doc_hash]);""",
        visit,
    )
    kinds = [kind for kind, _ in told]
    assert "charge.added" in kinds
    for place, (kind, doc) in enumerate(told):
        assert kind != "signature.captured" or kinds.index("charge.added") > place or doc != told[0][1]
