"""Visits that something comes in between: another order in the same house, a plan that changes while somebody signs."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import perfect_visit
from tests.e2e import phone
from tests.e2e.test_phone_camera import ARRIVED
from tests.e2e.visiting import NAME, NEXT, READY, Technician, draw, up_to_the_handover, wait_until_ready
from tests.sync.phone import plan

pytestmark = pytest.mark.browser


@pytest.fixture
def open_phone(phone_page, enter):
    """T001's phone, everything on it; the receiver finds no sky."""
    phone_page.context.add_init_script("navigator.geolocation.getCurrentPosition = () => {};")

    def start():
        enter(phone_page, "T001")
        phone_page.goto("/m/")
        phone_page.wait_for_selector(".next")
        phone.wait_until_sent(phone_page)
        return Technician(phone_page)

    return start


def up_to_the_signature(technician):
    up_to_the_handover(technician)
    technician.hurry("Continue to sign", "Your signature")


def test_arriving_at_two_orders_in_one_house_is_two_arrivals(work, open_phone):
    visits = [phone.plan(work, "Wang Fang", hours=1), phone.plan(work, "Li Na", hours=2)]
    technician = open_phone()
    page = technician.page
    for visit in visits:
        phone.append(page, visit, "kit.checked", {"uniform": True, "badge": True, "shoe_covers": True, "kit": True})
        phone.append(page, visit, "visit.departed")
    for visit in visits:
        page.evaluate("(visit) => { location.hash = `#visit?visit=${visit}`; }", visit)
        technician.go_on("I have arrived", "At the door")
    technician.go_on("I was let in", "The work")
    phone.call(page, "sync/engine.js", "syncNow")
    phone.wait_until_sent(page)
    assert [phone.stored(work, visit).count("visit.arrived") for visit in visits] == [1, 1]


def test_a_visit_given_away_while_its_customer_signs_is_signed_and_waits_for_the_dispatcher(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_signature(technician)
    phone.call(page, "sync/engine.js", "syncNow")
    phone.give(work, visit, "T002")
    phone.call(page, "sync/engine.js", "syncNow")
    draw(page, *NAME)
    page.tap(NEXT)
    technician.at("Thank you")
    phone.call(page, "sync/engine.js", "syncNow")
    phone.wait_until_sent(page)
    last = {entry["type"]: (entry["status"], entry["code"]) for entry in phone.outbox(page)}
    assert last["signature.captured"] == last["visit.completed"] == ("held", "not_assignee")


def test_a_visit_that_was_begun_before_the_weekend_is_ended_after_it(work, open_phone):
    """What was drawn or typed stays reachable with it."""
    began = datetime.now(UTC) - timedelta(days=3)
    visit = plan(work, *perfect_visit("E-friday", began)[:7])[0]
    page = open_phone().page
    page.tap(".next a.button")
    page.fill("[name=text]", "The old socket sparked twice")
    page.tap("[data-add=note]")
    page.wait_for_selector("[data-f=lines] :text-is('The old socket sparked twice')")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert phone.stored(work, visit)[-1] == "note.added"
    assert page.locator("h1:text-is('The work')").is_visible()


def test_a_hand_over_whose_visit_left_the_phone_keeps_nobody_from_the_others(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    phone.plan(work, "Li Na", hours=2)
    technician = open_phone()
    page = technician.page
    phone.wait_until_kept(page)
    page.context.set_offline(True)
    up_to_the_signature(technician)
    phone.run(
        page,
        """const { store, strictly } = await load("sync/store.js");
        const { drafts } = await load("sync/journal.js");
        const { visit } = await drafts.get("handover");
        await strictly(["visits"], (tx) => tx.objectStore("visits").delete(visit));""",
    )  # fmt: skip
    page.reload()
    page.tap("#view .nothing a[href='#today']")
    page.tap(".next a.button")
    technician.at("Are you ready?")


#: Somebody types on in the very moment in which a fact is written.
TYPE_ON = """(more) => {
  const add = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function (...rest) {
    document.querySelector("[name=text]").value += more;
    return add.apply(this, rest);
  };
}"""


def test_what_is_typed_while_a_note_is_written_stays(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    page = open_phone().page
    page.goto(f"/m/#work?visit={visit}")
    page.fill("[name=text]", "Moved the socket")
    page.evaluate(TYPE_ON, ", and the lamp")
    page.tap("[data-add=note]")
    page.wait_for_selector("[data-f=lines] :text-is('Moved the socket')")
    assert page.input_value("[name=text]") == "Moved the socket, and the lamp"


#: Holds a lock of the app until the page is closed; whether two windows wait for it or for their turn to complete.
HOLD = """() => new Promise((held) => {
  navigator.locks.request("journal", () => { held(1); return new Promise(() => {}); });
})"""
BOTH_WAIT = """() => {
  const ours = ({ name }) => name === "journal" || name === "complete";
  navigator.locks.query().then(({ pending }) => {
    globalThis.waiting = new Set(pending.filter(ours).map((one) => one.clientId)).size;
  });
  return globalThis.waiting === 2;
}"""


def test_a_completion_that_two_windows_make_up_for_at_the_same_moment_is_made_once(work, open_phone):
    """The browser was killed between signature and completion, and opens both its windows again."""
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_signature(technician)
    doc = phone.call(page, "visit/keep.js", "recall", "handover")["docHash"]
    signed = {
        "doc_hash": doc, "box": None, "typed": "Wang Fang", "signer": {"name": "Wang Fang", "relation": "self"},
        "shown_ms": 1, "strokes_hash": None, "bind": "0" * 64,
    }  # fmt: skip
    phone.append(page, visit, "signature.captured", signed)
    other, holder = page.context.new_page(), page.context.new_page()
    holder.goto("/healthz")
    holder.evaluate(HOLD)
    phone.wait_until_kept(page)
    page.context.set_offline(True)
    page.reload()
    other.goto(page.url)
    holder.wait_for_function(BOTH_WAIT)
    holder.close()
    for window in (page, other):
        window.wait_for_selector("#view h1:text-is('Thank you')")
    page.context.set_offline(False)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert [entry["type"] for entry in phone.outbox(page)].count("visit.completed") == 1


def test_a_completion_that_is_tapped_twice_is_made_once(work, open_phone):
    phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    up_to_the_signature(technician)
    draw(page, *NAME)
    page.evaluate("(next) => { for (const n of [1, 2, 3]) document.querySelector(next).click(); }", NEXT)
    technician.at("Thank you")
    phone.sync(page)
    phone.wait_until_sent(page)
    facts = [entry["type"] for entry in phone.outbox(page)]
    assert [facts.count(kind) for kind in ("signature.captured", "visit.completed")] == [1, 1]


def at_work(work, open_phone):
    """Inside the home, with everything unfolded that can be written down there: (technician, page, visit)."""
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#visit?visit={visit}")
    technician.at("The work")
    page.evaluate("() => document.querySelectorAll('#view details').forEach((fold) => { fold.open = true; })")
    return technician, page, visit


def test_what_was_typed_at_work_and_not_added_is_added_by_going_on(work, open_phone):
    technician, page, visit = at_work(work, open_phone)
    page.fill("[name=text]", "Laid the fibre")
    page.fill("textarea[name=description]", "Scratched the door")
    page.fill("[name=label]", "Extra cable")
    page.evaluate("() => document.querySelectorAll('#view details').forEach((fold) => { fold.open = false; })")
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('The amount must be a number')")
    assert page.input_value("[name=label]") == "Extra cable"
    assert page.evaluate("() => document.activeElement.name") == "amount"
    page.fill("[name=amount]", "12.50")
    technician.go_on("The work is done", "Is all clean?")
    phone.sync(page)
    told = [one for one in phone.stored(work, visit) if one in {"note.added", "damage.reported", "charge.added"}]
    assert sorted(told) == ["charge.added", "damage.reported", "note.added"]


def test_a_note_that_was_typed_is_added_by_saying_that_the_work_cannot_be_done(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    page = open_phone().page
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#visit?visit={visit}")
    page.fill("[name=text]", "The wall is damp")
    page.tap(".bottom [data-f=more] button")
    page.wait_for_selector("[name=why] >> nth=0", state="attached")
    phone.sync(page)
    assert "note.added" in phone.stored(work, visit)


def test_a_note_that_is_added_while_the_technician_goes_on_is_written_once(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#visit?visit={visit}")
    page.fill("[name=text]", "The wall is damp")
    page.evaluate(
        "(next) => { for (const one of ['[data-add=note]', next]) document.querySelector(one).click(); }", NEXT
    )
    technician.at("Is all clean?")
    phone.sync(page)
    assert phone.stored(work, visit).count("note.added") == 1


def test_what_is_typed_while_the_technician_goes_on_stays_in_its_field(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    page = open_phone().page
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#visit?visit={visit}")
    page.fill("[name=text]", "The wall")
    page.evaluate(TYPE_ON, " is damp")
    page.tap(".bottom [data-f=more] button")
    page.wait_for_selector("[name=why] >> nth=0", state="attached")
    page.goto(f"/m/#visit?visit={visit}")
    page.wait_for_selector("[name=text]")
    assert page.input_value("[name=text]") == "The wall is damp"


def twice(page, gap=150):
    """A finger that trembles: two taps in one place, the second where the first one's screen has been.

    The taps say themselves when they were made, `gap` milliseconds apart: a busy machine hands them over when it can.
    """
    wait_until_ready(page)
    box = page.locator(NEXT).bounding_box()
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session = page.context.new_cdp_session(page)
    made = time.time()
    for at in (made, made + gap / 1000):
        page.wait_for_timeout(max(0, at - time.time()) * 1000)
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [place], "timestamp": at})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], "timestamp": at + 0.01})
    session.detach()


@pytest.mark.parametrize("gap", [80, 300])
def test_a_tap_that_is_doubled_is_one_step_at_each_of_them(work, open_phone, gap):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    technician.tap(".next a.button")
    technician.at("Are you ready?")
    for heading in (
        "Set off", "On the way", "At the door", "The work", "Is all clean?", "Hand the phone over",
        "Please have a look", "Your signature",
    ):  # fmt: skip
        twice(page, gap)
        technician.at(heading)
        page.wait_for_timeout(300)
        assert page.is_visible(f"#view h1:text-is('{heading}')"), "the second tap went on to the next step"
    draw(page, *NAME)
    twice(page, gap)
    technician.at("Thank you")
    page.wait_for_timeout(300)
    twice(page, gap)
    technician.at("Say goodbye")
    page.wait_for_timeout(300)
    assert "visit.left" not in [entry["type"] for entry in phone.outbox(page)]
    technician.go_on("I have left", "Visit done")
    phone.sync(page)
    assert phone.stored(work, visit)[-1] == "visit.left"


def test_a_refusal_can_be_tapped_again_at_once(work, open_phone):
    _, page, _ = at_work(work, open_phone)
    page.fill("[name=label]", "Extra cable")
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('The amount must be a number')")
    assert page.is_visible(READY)


def test_a_new_time_is_kept_although_the_phones_clock_begins_in_1970(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    page = open_phone().page
    page.evaluate("() => { const now = Date.now; Date.now = () => now() - 56 * 365 * 86_400_000; }")
    page.evaluate("(visit) => { location.hash = `#late?visit=${visit}`; }", visit)
    page.tap("[data-f=options] label:first-child")
    page.tap("label:has([name=cause][value=earlier_visit])")
    page.tap(NEXT)
    page.wait_for_selector("#view h1:text-is('Are you ready?')")
    phone.sync(page)
    [(kind, status)] = [(entry["type"], entry["status"]) for entry in phone.outbox(page)]
    assert (kind, status in {"accepted", "held"}) == ("promise.changed", True), status


#: The disk has room for everything but facts of this type, or drafts under this key, until `hasRoom`.
NO_ROOM_FOR = """(what) => {
  globalThis.hasRoom = false;
  for (const name of ["add", "put"]) {
    const real = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (record, ...rest) {
      const isIt = record?.type === what || (this.name === "drafts" && String(rest[0]).startsWith(what));
      if (isIt && !globalThis.hasRoom) throw new DOMException("full", "QuotaExceededError");
      return real.call(this, record, ...rest);
    };
  }
}"""


def test_a_disk_that_fills_in_the_middle_of_a_tap_doubles_nothing(work, open_phone):
    visit = phone.plan(work, "Wang Fang", hours=1)
    technician = open_phone()
    page = technician.page
    technician.tap(".next a.button")
    technician.at("Are you ready?")
    page.evaluate(NO_ROOM_FOR, "kit:")
    technician.go_on("I am ready", "Set off")
    technician.go_on("On my way", "On the way")
    technician.go_on("I have arrived", "At the door")
    page.evaluate(NO_ROOM_FOR, "consent.given")
    fails(page)
    technician.go_on("I was let in", "The work")
    technician.go_on("The work is done", "Is all clean?")
    technician.go_on("All clean", "Hand the phone over")
    technician.go_on("Hand over", "Please have a look")
    page.tap(NEXT)
    technician.at("Your signature")
    draw(page, *NAME)
    page.evaluate(NO_ROOM_FOR, "visit.completed")
    fails(page)
    page.tap(NEXT)
    technician.at("Thank you")
    phone.sync(page)
    phone.wait_until_sent(page)
    told = phone.stored(work, visit)
    assert [kind for kind in told if told.count(kind) > 1] == []
    assert {"kit.checked", "door.checked", "consent.given", "signature.captured", "visit.completed"} <= set(told)


def fails(page):
    wait_until_ready(page)
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('storage is full')")
    page.evaluate("() => { globalThis.hasRoom = true; }")
