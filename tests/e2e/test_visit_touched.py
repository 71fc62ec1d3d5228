"""A step that somebody is at while something else is written: what was ticked, typed, unfolded or refused stays."""

from datetime import timedelta

import pytest

from fieldapp.storage import events
from tests import builders, cast
from tests.e2e import phone
from tests.e2e.test_phone_camera import ARRIVED, begin_photo, end_photo
from tests.e2e.visiting import NEXT, Technician

pytestmark = pytest.mark.browser
KIT = {"uniform": True, "badge": True, "shoe_covers": True, "kit": True}
NOTE = {"text": "written elsewhere"}


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang", hours=1)


@pytest.fixture
def at(visit, phone_page, enter):
    """T001's phone at the step that follows these facts; the receiver finds no sky."""
    phone_page.context.add_init_script("navigator.geolocation.getCurrentPosition = () => {};")

    def start(heading, *facts):
        enter(phone_page, "T001")
        phone_page.wait_for_selector(".next")
        phone.wait_until_sent(phone_page)
        for kind, data in facts:
            phone.append(phone_page, visit, kind, data)
        phone_page.goto(f"/m/#visit?visit={visit}")
        technician = Technician(phone_page)
        technician.at(heading)
        return technician

    return start


def elsewhere(page, visit):
    """A note from another window, as the arrival that had waited for its place is; until the screen knows of it."""
    phone.append(page, visit, "note.added", NOTE)
    page.wait_for_selector("[data-f=undo] summary:has-text('Note')", state="attached")


def data_of(work, visit, kind):
    with work.read() as db:
        histories, _ = events.histories(db, cast.MAIN, [visit])
    return [event.data for event in histories[visit] if event.type == kind]


def test_what_was_unticked_at_the_door_is_not_ticked_again(work, visit, at):
    technician = at("At the door", ARRIVED[0])
    page = technician.page
    page.tap("label:has([name=by][value=other])")
    page.tap("label:has([name=shoe_covers])")
    elsewhere(page, visit)
    assert not page.is_checked("[name=shoe_covers]")
    assert page.is_checked("[name=by][value=other]")
    assert page.evaluate("() => document.activeElement.name") == "shoe_covers"
    technician.go_on("I was let in", "The work")
    phone.sync(page)
    [checks], [consent] = data_of(work, visit, "door.checked"), data_of(work, visit, "consent.given")
    assert (checks.introduced, checks.shoe_covers, consent.by) == (True, False, "other")


def test_what_was_unticked_stays_so_when_it_is_said_how_a_call_went(visit, at):
    technician = at("At the door", ARRIVED[0])
    page = technician.page
    page.tap("label:has([name=shoe_covers])")
    page.evaluate("() => document.querySelector('[data-call]').addEventListener('click', (e) => e.preventDefault())")
    page.tap("[data-call]")
    page.tap("button[value=no_answer]")
    page.wait_for_selector("[data-f=last]:visible")
    assert page.is_hidden("button[value=no_answer]")
    assert not page.is_checked("[name=shoe_covers]")


def test_an_outcome_of_a_call_that_is_tapped_twice_is_written_once(visit, at):
    page = at("At the door", ARRIVED[0]).page
    page.evaluate("() => document.querySelector('[data-call]').addEventListener('click', (e) => e.preventDefault())")
    page.tap("[data-call]")
    page.evaluate("() => { for (const n of [1, 2]) document.querySelector('button[value=no_answer]').click(); }")
    page.wait_for_selector("[data-f=last]:visible")
    phone.sync(page)
    assert [entry["type"] for entry in phone.outbox(page)].count("customer.called") == 1


@pytest.mark.parametrize(
    ("heading", "facts", "name"),
    [
        ("Are you ready?", (), "badge"),
        ("Is all clean?", ARRIVED, "cleanup"),
    ],
)
def test_what_was_unticked_before_and_after_the_work_is_not_ticked_again(visit, at, heading, facts, name):
    technician = at("The work" if facts else heading, *facts)
    page = technician.page
    if facts:
        technician.go_on("The work is done", heading)
    page.tap(f"label:has([name={name}])")
    elsewhere(page, visit)
    assert not page.is_checked(f"[data-f=panel] [name={name}]")


def test_what_is_just_being_put_right_stays_and_leaves_the_step_as_it_is(work, visit, at):
    technician = at("Are you ready?")
    page = technician.page
    technician.go_on("I am ready", "Set off")
    page.tap("summary:has-text('So far')")
    page.tap("[data-f=undo] summary")
    page.tap("[data-f=undo] label:has([name=badge])")
    before = page.inner_text("[data-f=window]")
    phone.append(page, visit, "promise.changed", later(work))
    page.wait_for_function("(before) => document.querySelector('[data-f=window]').innerText !== before", arg=before)
    assert not page.is_checked("[data-f=undo] [name=badge]")
    page.evaluate("() => { for (const n of [1, 2]) document.querySelector('[data-f=undo] button').click(); }")
    page.wait_for_selector(".past:has-text('Badge')")
    phone.sync(page)
    assert [one.data for one in data_of(work, visit, "event.corrects")] == [{"badge": False}]


def later(work):
    """A window that no visit of today has, as the customer agreed: tomorrow at this time and twenty minutes."""
    start = work.now().replace(minute=20, second=0, microsecond=0) + timedelta(days=1)
    promise = builders.promise(start, told_before=start - work.now())
    return {"asked_by": "company", "apology": True, "cause": "plan", "reason": None, "promise": promise}


def test_a_refusal_and_the_folds_stay_while_something_else_is_written(visit, at):
    page = at("The work", *ARRIVED).page
    page.tap("summary:has(+ * [name=amount])")
    page.fill("[name=label]", "Extra cable")
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('The amount must be a number')")
    elsewhere(page, visit)
    assert page.is_visible(".bottom :text('The amount must be a number')")
    assert page.is_visible("[name=amount]")
    assert page.evaluate("() => document.activeElement.name") == "amount"
    assert page.is_visible("[data-f=lines] :text('written elsewhere')")


def test_a_photo_that_is_saved_while_somebody_types_takes_neither_words_nor_focus(visit, at):
    page = at("The work", *ARRIVED).page
    begin_photo(page)
    page.tap("[name=text]")
    page.keyboard.type("Moved the ")
    end_photo(page)
    page.wait_for_selector(".photos img")
    page.keyboard.type("socket")
    assert page.input_value("[name=text]") == "Moved the socket"


def test_a_step_that_is_over_elsewhere_is_left(visit, at):
    technician = at("Are you ready?")
    technician.page.tap("label:has([name=badge])")
    phone.append(technician.page, visit, "kit.checked", KIT)
    technician.at("Set off")


def test_nobody_there_says_the_calls_and_minutes_of_the_tap_and_the_photo_that_was_being_saved(visit, at):
    page = at("At the door", ARRIVED[0]).page
    page.evaluate("(visit) => { location.hash = `#nobody?visit=${visit}`; }", visit)
    page.tap("label:has([name=reason][value=absent])")
    begin_photo(page, "door")
    phone.append(page, visit, "customer.called", {"outcome": "no_answer"})
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 16 * 60_000; }")
    page.tap(NEXT)
    page.wait_for_selector(".bottom[data-busy]")
    end_photo(page)
    page.wait_for_selector("#view h1:text-is('nobody home')")
    told = phone.call(page, "sync/journal.js", "eventsOf", visit)
    [failed] = [one["data"] for one in told if one["type"] == "access.failed"]
    assert (failed["call_attempts"], failed["waited_minutes"]) == (1, 16)
    assert failed["photo"] is not None


def test_nobody_there_knows_more_than_what_was_typed_before(visit, at):
    page = at("At the door", ARRIVED[0]).page
    page.evaluate("(visit) => { location.hash = `#nobody?visit=${visit}`; }", visit)
    page.tap("label:has([name=reason][value=absent])")
    phone.append(page, visit, "customer.called", {"outcome": "no_answer"})
    page.reload()
    page.wait_for_selector("[name=call_attempts]")
    page.wait_for_function("() => document.querySelector('[name=reason]:checked')")
    assert page.input_value("[name=call_attempts]") == "1"


def test_nobody_there_can_be_said_the_day_after(visit, at):
    page = at("At the door", ARRIVED[0]).page
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 17 * 3600_000; }")
    page.evaluate("(visit) => { location.hash = `#nobody?visit=${visit}`; }", visit)
    page.tap("label:has([name=reason][value=absent])")
    page.tap(NEXT)
    page.wait_for_selector(".bottom :text('Please give a whole number')")
    page.fill("[name=waited_minutes]", "20")
    page.tap(NEXT)
    page.wait_for_selector("#view h1:text-is('nobody home')")
    told = phone.call(page, "sync/journal.js", "eventsOf", visit)
    assert [one["data"]["waited_minutes"] for one in told if one["type"] == "access.failed"] == [20]
