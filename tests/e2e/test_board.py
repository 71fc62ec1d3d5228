"""The board in a real browser: moved by keyboard, by touch and by dragging; refused, undone, and seen by others."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits import events as ev
from fieldapp.services import planning, scheduling
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from tests.cast import D001, MAIN
from tests.live import serving
from tests.services.test_risks import apart, near
from tests.services.test_scheduling import at, from_phone, schedule

pytestmark = pytest.mark.browser
BOARD = "/dispatch/board?day=2026-10-14"
BACK = "The bar is back where it was."


@pytest.fixture
def server(app: Any) -> Iterator[str]:
    """The app on a clock that stands at half past nine of that day."""
    with serving(app) as address:
        yield address


@pytest.fixture
def day(work: Work) -> Work:
    """T001 is promised to be there from 14:00 to 16:00, T002 from 14:30 to 15:30, one visit is nobody's."""
    schedule(work)
    schedule(work, "WO-2", 14.5, 15.5, technician="T002")
    schedule(work, "WO-3", 15, 17, technician=None)
    return work


def stored(work: Work, number: str = "WO-1") -> planning.Details:
    return planning.get_visit(work, D001.actor, MAIN, visit_id(MAIN, number))


def bar(page: Any, number: str = "WO-1") -> Any:
    return page.locator(".ec-event.bar", has_text=number)


def row(page: Any, code: str) -> Any:
    return page.locator(".ec-row-head", has_text=code)


def show(page: Any, enter: Any) -> None:
    enter(page, "D001")
    page.goto(BOARD)
    bar(page).wait_for()


def column(page: Any, number: str) -> float:
    """Where a bar begins, in hours of the day, as it is drawn."""
    return float(bar(page, number).evaluate("(one) => parseFloat(one.style.insetInlineStart) / 104 + 8"))


def wait_for_column(page: Any, number: str, hour: float) -> None:
    """Until the bar begins there; it may be drawn anew meanwhile."""
    drawn = """([number, hour]) => [...document.querySelectorAll(".ec-event.bar")].some((one) =>
      one.textContent.includes(number) && Math.abs(parseFloat(one.style.insetInlineStart) / 104 + 8 - hour) < 0.01)"""
    page.wait_for_function(drawn, arg=[number, hour])


def drag(page: Any, number: str, hours: float, to: str) -> None:
    """Take a bar by its left end and drop it so many hours later, in somebody's row."""
    bar(page, number).scroll_into_view_if_needed()
    box, target = bar(page, number).bounding_box(), row(page, to).bounding_box()
    x, y = box["x"] + 10, box["y"] + 30
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + hours * 52, y, steps=4)
    page.mouse.move(x + hours * 104, target["y"] + 30, steps=4)
    page.mouse.up()
    page.wait_for_selector("#move[open]")


def test_a_visit_is_moved_by_keyboard_alone(desk_page: Any, enter: Any, day: Work) -> None:
    show(desk_page, enter)
    bar(desk_page).focus()
    desk_page.keyboard.press("Enter")
    desk_page.wait_for_selector("#move[open]")
    assert desk_page.evaluate("() => document.activeElement.name") == "technician"
    desk_page.keyboard.type("Zhao")
    for _ in range(3):  # a list that is open is closed by the first one
        desk_page.keyboard.press("Tab")
        if desk_page.evaluate("() => document.activeElement.name") == "planned_start":
            break
    for _ in range(4):  # month, day, year, hour, and then the minutes
        desk_page.keyboard.press("ArrowRight")
    desk_page.keyboard.type("15")
    assert desk_page.inner_text("[data-f=old-planned]") == "14:00–15:30"
    assert desk_page.inner_text("[data-f=new-planned]") == "14:15–15:45"
    assert desk_page.inner_text("[data-f=new-promised]") == "as before"
    desk_page.keyboard.press("Enter")
    desk_page.get_by_text("WO-1 is assigned.").wait_for()
    visit = stored(day).visit
    assert (visit.technician, visit.planned.start) == ("T003", at(14.25))


def test_a_dropped_bar_asks_before_anything_is_stored_and_goes_back_when_left(
    desk_page: Any, enter: Any, day: Work
) -> None:
    show(desk_page, enter)
    drag(desk_page, "WO-1", 0.5, "T003")
    assert desk_page.inner_text("[data-f=new-technician]") == "Zhao Min (T003)"
    assert desk_page.inner_text("[data-f=new-planned]") == "14:30–16:00"
    assert desk_page.evaluate("() => document.activeElement.dataset.act") == "send"
    assert column(desk_page, "WO-1") == pytest.approx(14.5, abs=0.01)
    desk_page.keyboard.press("Escape")
    desk_page.wait_for_function("() => !document.querySelector('dialog[open]')")
    wait_for_column(desk_page, "WO-1", 14)
    assert stored(day).visit.rev == 1


def test_a_bar_dropped_within_its_promise_moves_and_the_move_can_be_undone(
    desk_page: Any, enter: Any, day: Work
) -> None:
    show(desk_page, enter)
    drag(desk_page, "WO-1", 0.5, "T003")
    desk_page.keyboard.press("Enter")
    desk_page.get_by_role("button", name="Undo").wait_for()
    assert (stored(day).visit.technician, stored(day).visit.planned.start) == ("T003", at(14.5))
    desk_page.get_by_role("button", name="Undo").click()
    desk_page.wait_for_function("() => document.querySelector('#done [data-act=undo]').hidden")
    visit = stored(day).visit
    assert (visit.technician, visit.planned.start, visit.rev) == ("T001", at(14), 3)
    assert [entry.event.type for entry in stored(day).timeline] == [
        "visit.scheduled", "visit.assigned", "visit.assigned",
    ]  # fmt: skip


def test_a_bar_dropped_outside_its_promise_asks_for_another_one(desk_page: Any, enter: Any, day: Work) -> None:
    show(desk_page, enter)
    drag(desk_page, "WO-1", 3, "T001")
    assert desk_page.is_checked("#move [name=promise]")
    assert desk_page.inner_text("[data-f=new-promised]") == "17:00–19:00"
    desk_page.check("#move [name=apology]")
    desk_page.fill("#move [name=reason]", "the line is down")
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-1 has moved.").wait_for()
    _, line = stored(day).ledger
    assert (line.window.start, line.apology, line.reason, line.asked_by) == (
        at(17),
        True,
        "the line is down",
        "company",
    )
    assert not desk_page.get_by_role("button", name="Undo").is_visible()


def test_an_overlap_puts_the_bar_back_says_why_and_goes_through_with_a_reason(
    desk_page: Any, enter: Any, day: Work
) -> None:
    show(desk_page, enter)
    drag(desk_page, "WO-2", 0, "T001")
    desk_page.get_by_role("button", name="Move").click()
    refusal = desk_page.locator("[data-f=refusal]")
    refusal.wait_for()
    assert re.search(r"Chen Wei \(T001\): WO-1, .*14:00 – .*15:30", refusal.inner_text())
    assert BACK in refusal.inner_text()
    back = "() => document.querySelectorAll('.ec-event.bar').length === 3"
    desk_page.wait_for_function(back)
    assert bar(desk_page, "WO-2").bounding_box()["y"] > row(desk_page, "T002").bounding_box()["y"]
    assert desk_page.evaluate("() => document.activeElement.name") == "override"
    desk_page.keyboard.type("two of them drive together")
    desk_page.keyboard.press("Enter")
    desk_page.get_by_text("WO-2 is assigned.").wait_for()
    assert stored(day, "WO-2").visit.technician == "T001"


def test_a_plan_outside_the_promise_that_was_chosen_wants_another_window_or_a_reason_and_no_bar_goes_back(
    desk_page: Any, enter: Any, day: Work
) -> None:
    show(desk_page, enter)
    bar(desk_page).press("Enter")
    desk_page.fill("#move [name=planned_start]", "2026-10-14T17:00")
    assert desk_page.is_checked("#move [name=promise]")
    desk_page.uncheck("#move [name=promise]")
    desk_page.keyboard.press("Enter")
    refusal = desk_page.locator("[data-f=refusal]")
    refusal.get_by_text("The planned start lies outside the window").wait_for()
    assert BACK not in refusal.inner_text()
    desk_page.fill("#move [name=override]", "she is at home all day")
    desk_page.keyboard.press("Enter")
    desk_page.get_by_text("WO-1 is assigned.").wait_for()
    assert stored(day).visit.planned.start == at(17)


@pytest.mark.parametrize(("now", "hour"), [(9.5, 8.5), (24 + 20, 13.5)])
def test_a_board_opens_at_the_present_hour_and_that_of_another_day_at_its_first_visit(
    phone_page: Any, enter: Any, day: Work, clock: Any, now: float, hour: float
) -> None:
    clock.set(at(now))
    show(phone_page, enter)
    phone_page.wait_for_function(
        "(left) => Math.abs(document.querySelector('.ec-main, .ec-body').scrollLeft - left) < 2", arg=(hour - 8) * 104
    )


def test_who_is_slower_is_told_and_can_still_decide(desk_page: Any, enter: Any, day: Work) -> None:
    show(desk_page, enter)
    bar(desk_page).press("Enter")
    seen = stored(day).visit
    slot = Slot(technician="T003", start=at(15))
    scheduling.assign_visit(day, D001.actor, MAIN, seen.visit_id, seen.rev, slot)
    desk_page.fill("#move [name=planned_start]", "2026-10-14T14:15")
    desk_page.get_by_role("button", name="Move").click()
    desk_page.locator("[data-f=refusal]").get_by_text("Sun Lan (D001)").wait_for()
    assert desk_page.inner_text("[data-f=old-technician]") == "Zhao Min (T003)"
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-1 is assigned.").wait_for()
    assert (stored(day).visit.technician, stored(day).visit.planned.start) == ("T001", at(14.25))


def test_what_one_moves_the_other_sees_without_reload(desk_page: Any, phone_page: Any, enter: Any, day: Work) -> None:
    show(desk_page, enter)
    show(phone_page, enter)
    bar(desk_page, "WO-3").press("Enter")
    desk_page.select_option("#move [name=technician]", "T003")
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-3 is assigned.").wait_for()
    gone = "() => !document.querySelector('.row-head.pool')"
    phone_page.wait_for_function(gone, timeout=5_000)
    assert bar(phone_page, "WO-3").bounding_box()["y"] > row(phone_page, "T003").bounding_box()["y"]


def test_without_connection_the_board_says_how_old_it_is_and_comes_back_by_itself(
    desk_page: Any, enter: Any, day: Work
) -> None:
    show(desk_page, enter)
    live = desk_page.locator("#live")
    desk_page.context.set_offline(True)
    live.get_by_text("No connection.").wait_for()
    assert re.search(r"how it was at\s+09:3\d$", live.inner_text().strip())
    bar(desk_page).press("Enter")
    desk_page.fill("#move [name=planned_start]", "2026-10-14T14:15")
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("No answer came.").wait_for()
    desk_page.context.set_offline(False)
    live.get_by_text("Live", exact=True).wait_for()
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-1 is assigned.").wait_for()


def test_a_visit_is_moved_by_touch_and_in_chinese(phone_page: Any, enter: Any, day: Work, server: str) -> None:
    phone_page.context.add_cookies([{"name": "lang", "value": "zh-Hant", "url": server}])
    show(phone_page, enter)
    bar(phone_page).tap()
    phone_page.wait_for_selector("#move[open]")
    phone_page.select_option("#move [name=technician]", "T002")
    phone_page.fill("#move [name=planned_start]", "2026-10-14T16:00")
    phone_page.get_by_role("button", name="改期").tap()
    phone_page.get_by_role("button", name="復原").wait_for()
    assert (stored(day).visit.technician, stored(day).visit.planned.start) == ("T002", at(16))
    width = phone_page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 390


def test_a_board_of_today_that_is_left_open_over_midnight_becomes_that_of_the_new_day(
    desk_page: Any, enter: Any, day: Work, clock: Any
) -> None:
    """But not under the hand of whoever is about to move something, and not where a day was asked for."""
    schedule(day, "WO-4", 34, 35, technician="T003")
    clock.set(at(23.9))
    enter(desk_page, "D001")
    other = desk_page.context.new_page()
    for page, address in ((other, BOARD), (desk_page, "/dispatch/board")):
        page.goto(address)
        bar(page).wait_for()
    desk_page.locator(".ec-event.bar", has_text="WO-2").click()
    desk_page.locator("#move[open]").wait_for()
    with desk_page.expect_response(_is_news), other.expect_response(_is_news):
        clock.set(at(24.1))
    assert "Oct 14" in desk_page.inner_text("h1")
    desk_page.keyboard.press("Escape")
    bar(desk_page, "WO-4").wait_for()
    assert "Oct 15" in desk_page.inner_text("h1")
    assert "Oct 14" in other.inner_text("h1")


def _is_news(response: Any) -> bool:
    return "/board/data" in response.url and response.status == 200


@pytest.mark.parametrize("view", ["", "&view=week"])
def test_plan_promise_way_and_stay_are_apart_on_a_day_and_in_a_week(
    desk_page: Any, enter: Any, work: Work, clock: Any, view: str
) -> None:
    first = near(work, "WO-1", "T001", 11, 12, 0)
    near(work, "WO-2", "T001", 13, 14, 0.1)
    for hour, fact in ((10.75, ev.VisitDeparted()), (11.25, ev.VisitArrived()), (11.75, ev.VisitLeft())):
        clock.set(at(hour))
        from_phone(work, first.visit_id, fact)
    enter(desk_page, "D001")
    desk_page.goto(BOARD + view)
    bar(desk_page).wait_for()
    shown = bar(desk_page).inner_text() + bar(desk_page, "WO-2").inner_text()
    for told in ("planned 11:00–12:30", "promised 11:00–12:00", "set out 10:45", "there 11:15–11:45",
                 "19 minutes on the way"):  # fmt: skip
        assert told in shown
    if view:
        assert bar(desk_page).locator(".bar-went").inner_text() == "10:45"
        assert bar(desk_page).locator(".bar-there").inner_text() == "11:15–11:45"
        assert bar(desk_page, "WO-2").locator(".bar-went").inner_text() == "19 min"
    else:
        way, work_ = (bar(desk_page, "WO-2").locator(one).bounding_box() for one in (".bar-way", ".bar-text"))
        assert way["x"] + way["width"] == pytest.approx(work_["x"], abs=2)
        assert way["width"] == pytest.approx(19 / 60 * 104, abs=2)


def test_what_needs_somebody_is_done_by_its_one_button(desk_page: Any, enter: Any, day: Work, clock: Any) -> None:
    clock.advance(minutes=150)
    show(desk_page, enter)
    desk_page.get_by_role("button", name="Give to Zhao Min (T003)").click()
    desk_page.wait_for_selector("#move[open]")
    assert desk_page.inner_text("[data-f=new-technician]") == "Zhao Min (T003)"
    assert desk_page.inner_text("[data-f=new-promised]") == "as before"
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-3 is assigned.").wait_for()
    desk_page.wait_for_selector("#alerts", state="hidden")
    assert stored(day, "WO-3").visit.technician == "T003"


def test_two_visits_in_each_others_way_are_swapped_in_the_dialog(desk_page: Any, enter: Any, day: Work) -> None:
    show(desk_page, enter)
    bar(desk_page).focus()
    desk_page.keyboard.press("Enter")
    desk_page.wait_for_selector("#move[open]")
    desk_page.select_option("[name=technician]", "T002")
    assert desk_page.locator("[name=swap]").is_hidden()
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_label("In exchange, WO-2 (14:30–16:00) goes to Chen Wei (T001)").check()
    desk_page.select_option("[name=technician]", "T003")
    assert desk_page.locator("[name=swap]").is_hidden()
    desk_page.select_option("[name=technician]", "T002")
    desk_page.get_by_label("In exchange, WO-2").check()
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-1 and WO-2 have changed technicians.").wait_for()
    assert [stored(day, number).visit.technician for number in ("WO-1", "WO-2")] == ["T002", "T001"]
    desk_page.get_by_role("button", name="Undo").click()
    desk_page.wait_for_function(
        "() => document.querySelector('#done [data-act=undo]').hidden && !document.getElementById('done').hidden"
    )
    assert [stored(day, number).visit.technician for number in ("WO-1", "WO-2")] == ["T001", "T002"]
    assert [stored(day, number).visit.rev for number in ("WO-1", "WO-2")] == [3, 3]


def test_a_swap_that_is_proposed_opens_filled_in(desk_page: Any, enter: Any, work: Work, clock: Any) -> None:
    apart(work, clock)
    enter(desk_page, "D001")
    desk_page.goto(BOARD)
    desk_page.get_by_role("button", name="Swap with 李静 (T002) for WO-T002-2 …").click()
    desk_page.wait_for_selector("#move[open]")
    assert desk_page.is_checked("[name=swap]")
    assert desk_page.inner_text("[data-f=new-technician]") == "李静 (T002)"
    desk_page.get_by_role("button", name="Move").click()
    desk_page.get_by_text("WO-T001-2 and WO-T002-2 have changed technicians.").wait_for()
    desk_page.wait_for_selector("#alerts", state="hidden")
