"""What the board puts before the dispatcher: who may miss a window, who could go instead, what to tell the customer."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Calendar
from fieldapp.domain.visits import events as ev
from fieldapp.services import accounts, board, calendars, pins, rearranging, recording, scheduling
from fieldapp.services.board import Asked
from fieldapp.services.rearranging import Change
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import builders
from tests.cast import A001, D001, MAIN, NOW
from tests.services.test_rulebook_drafts import hire, publish_next
from tests.services.test_scheduling import CUSTOMER, at, from_phone, order, schedule

TODAY = Asked(first=date(2026, 10, 14))


def alarm(work: Work, asked: Asked = TODAY) -> Any:
    found = board.look(work, D001.actor, MAIN, asked)[1]
    assert found is not None
    return found.alarm


def told(work: Work) -> list[tuple[str, str, str | None]]:
    return [(one.visit.external_id, one.act, one.technician) for one in alarm(work).alerts]


@pytest.fixture
def behind(work: Work, clock: Any) -> Work:
    """T001 came to WO-1 at half past nine and still is there at 11:15; WO-2 is promised by a quarter to twelve."""
    first = schedule(work, "WO-1", 9, 11)
    from_phone(work, first.visit_id, ev.VisitArrived())
    schedule(work, "WO-2", 11.5, 11.75)
    clock.advance(minutes=105)
    return work


def fill(work: Work, *technicians: str, hour: float = 11.5) -> None:
    for code in technicians:
        schedule(work, f"WO-{code}", hour, hour + 0.25, technician=code)


def test_on_a_calm_day_nobody_is_needed(work: Work) -> None:
    schedule(work, "WO-1", 10.5, 12)
    schedule(work, "WO-2", 14, 16)
    assert alarm(work).total == 0


def test_who_stays_long_puts_the_next_visit_at_risk_and_the_nearest_free_one_is_proposed(behind: Work) -> None:
    assert told(behind) == [("WO-2", "give", "T002")]
    one = alarm(behind).alerts[0]
    assert one.risk > 0.3
    assert one.expected > at(11.5)


def test_a_visit_at_risk_says_so_on_its_bar_and_can_be_asked_for(behind: Work) -> None:
    rows = board.look(behind, D001.actor, MAIN, Asked(first=TODAY.first, show="at_risk"))[1].rows  # type: ignore[union-attr]
    assert [(bar.visit.external_id, bar.standings) for row in rows for bar in row.bars] == [
        ("WO-1", ()), ("WO-2", ("at_risk",)),
    ]  # fmt: skip


def test_given_away_it_is_at_risk_no_more(behind: Work) -> None:
    visit = alarm(behind).alerts[0].visit
    scheduling.assign_visit(behind, D001.actor, MAIN, visit.visit_id, visit.rev, Slot(technician="T002"))
    assert told(behind) == []


def test_nobody_is_proposed_who_is_busy_away_or_cannot_do_it(behind: Work) -> None:
    fill(behind, "T002")
    assert told(behind)[0] == ("WO-2", "give", "T003")
    calendars.record_absence(behind, D001.actor, MAIN, "T003", Window(at(8), at(18)), "sick")
    assert told(behind)[0][1:] == ("tell", None)


def test_while_it_is_time_another_window_is_proposed_and_after_that_the_customer_is_told(
    work: Work, clock: Any
) -> None:
    first = schedule(work, "WO-1", 9, 11)
    from_phone(work, first.visit_id, ev.VisitArrived())
    schedule(work, "WO-2", 11.25, 11.4)
    fill(work, "T002", "T003", hour=11)
    clock.advance(minutes=30)
    moved = alarm(work).alerts[0]
    assert (moved.visit.external_id, moved.act, moved.movable_until) == ("WO-2", "move", at(10.25))
    assert moved.window.end - moved.window.start == moved.visit.window.end - moved.visit.window.start
    assert moved.window.start >= moved.expected
    assert moved.window.start.minute % 15 == 0
    clock.advance(minutes=45)
    late = next(one for one in alarm(work).alerts if one.visit.external_id == "WO-2")
    assert (late.act, late.movable_until) == ("tell", None)


def test_nobodys_visit_is_urgent_before_its_promise_can_be_moved_no_more(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 14, 16, technician=None)
    assert told(work) == []
    clock.advance(minutes=90)
    assert [one[:2] for one in told(work)] == [("WO-1", "give")]
    fill(work, "T001", "T002", "T003", hour=14)
    assert told(work)[0] == ("WO-1", "find", None)


def test_what_jobs_took_lately_is_what_they_are_expected_to_take(work: Work, clock: Any) -> None:
    first = schedule(work, "WO-1", 9, 11)
    from_phone(work, first.visit_id, ev.VisitArrived())
    schedule(work, "WO-2", 11, 11.5)
    before = alarm(work).alerts[0]
    lines = [line for n in range(25) for line in builders.perfect_visit(f"OLD-{n}", NOW - timedelta(days=n + 1))]
    with work.write() as db:
        facts = [Record(event=one, origin="import", received_at=NOW) for one in builders.as_events(lines)]
        recording.record(db, MAIN, facts, NOW)
    clock.advance(days=1)
    second = schedule(work, "WO-3", 33, 35)
    from_phone(work, second.visit_id, ev.VisitArrived())
    schedule(work, "WO-4", 35, 35.5)
    tomorrow = alarm(work, Asked(first=date(2026, 10, 15)))
    assert before.visit.external_id == "WO-2"
    assert "WO-4" not in [one.visit.external_id for one in tomorrow.alerts]


def test_other_days_and_weeks_raise_no_alarm(behind: Work) -> None:
    assert alarm(behind, Asked(first=date(2026, 10, 15))) is None
    assert alarm(behind, Asked(first=date(2026, 10, 14), days=7)) is None


def near(work: Work, number: str, technician: str, opens: float, closes: float, district: float) -> scheduling.Visit:
    """A visit at a place; a step of `district` is some forty kilometres."""
    customer = structs.replace(CUSTOMER, lat=31.2, lon=121.4 + district / 2.5)
    return scheduling.schedule_visit(
        work, D001.actor, MAIN, replace(order(number, opens, closes, technician=technician), customer=customer)
    )


def apart(work: Work, clock: Any) -> Work:
    """T001 and T002 are each planned to where the other one is; T003 is away."""
    calendars.record_absence(work, D001.actor, MAIN, "T003", Window(at(8), at(20)), "sick")
    for number, code in enumerate(("T001", "T002")):
        here = near(work, f"WO-{code}", code, 10, 11, number)
        near(work, f"WO-{code}-2", code, 11.5, 12.75, 1 - number)
        clock.set(at(10))
        from_phone(work, here.visit_id, ev.VisitArrived())
    clock.set(at(10.5))
    return work


@pytest.fixture
def far(work: Work, clock: Any) -> Work:
    """`apart`, at half past ten."""
    return apart(work, clock)


def test_two_who_are_each_near_the_others_visit_are_proposed_to_swap(far: Work) -> None:
    found = [(one.visit.external_id, one.act, one.technician, one.other.external_id) for one in alarm(far).alerts]
    assert found == [("WO-T001-2", "swap", "T002", "WO-T002-2"), ("WO-T002-2", "swap", "T001", "WO-T001-2")]
    first = alarm(far).alerts[0]
    wanted = Change(visit=first.visit.visit_id, rev=first.visit.rev, technician=first.technician)
    rearranging.swap(far, D001.actor, MAIN, wanted, first.other.visit_id, first.other.rev)
    assert told(far) == []


def test_what_is_pinned_is_not_proposed_in_exchange(far: Work) -> None:
    other = next(one.other for one in alarm(far).alerts if one.act == "swap")
    pins.pin_visit(far, D001.actor, MAIN, other.visit_id, other.rev)
    assert "swap" not in [one.act for one in alarm(far).alerts]


def test_nobody_is_proposed_to_swap_into_what_their_calendar_speaks_against(far: Work) -> None:
    calendar = Calendar("T002", skills=frozenset({"repair"}))
    calendars.save_calendar(far, D001.actor, MAIN, calendar, 0)
    assert "swap" not in [one.act for one in alarm(far).alerts]


def missed(work: Work) -> list[tuple[str, str, str | None]]:
    """Order number, why nobody comes, and who is proposed."""
    return [(one.visit.external_id, one.missing.reason, one.technician) for one in alarm(work).alerts if one.missing]


def test_a_visit_of_somebody_who_is_away_is_nobodys_and_the_alarm_says_who_is_away(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 14, 16)
    calendars.record_absence(work, D001.actor, MAIN, "T001", Window(at(0), at(24)), "sick")
    assert missed(work) == []
    clock.advance(minutes=90)
    assert missed(work) == [("WO-1", "absent", "T002")]
    assert alarm(work).alerts[0].missing.absence.kind == "sick"
    assert alarm(work).alerts[0].expected is None
    rows = board.look(work, D001.actor, MAIN, Asked(first=TODAY.first, show="at_risk"))[1].rows  # type: ignore[union-attr]
    assert [(bar.visit.external_id, bar.standings) for row in rows for bar in row.bars] == [("WO-1", ("at_risk",))]


def test_who_is_away_gets_nothing_in_exchange(far: Work) -> None:
    calendars.record_absence(far, D001.actor, MAIN, "T002", Window(at(11.5), at(12)), "other")
    assert missed(far) == [("WO-T002-2", "absent", None)]
    assert "swap" not in [one.act for one in alarm(far).alerts]


def test_a_visit_of_somebody_who_has_left_is_nobodys_and_says_so(work: Work) -> None:
    schedule(work, "WO-1", 10.25, 12)
    schedule(work, "WO-2", 9, 10, technician="T002")
    accounts.disable_account(work, A001.actor, "T001")
    assert missed(work) == [("WO-1", "gone", "T003")]


def test_who_is_at_the_door_is_not_away(work: Work) -> None:
    visit = schedule(work, "WO-1", 9, 10)
    from_phone(work, visit.visit_id, ev.VisitArrived())
    calendars.record_absence(work, D001.actor, MAIN, "T001", Window(at(0), at(24)), "sick")
    assert alarm(work).total == 0


def on(work: Work, days: int) -> Any:
    """The alarm so many days after the tests' day."""
    return alarm(work, Asked(first=TODAY.first + timedelta(days=days)))


def test_a_promise_across_midnight_is_looked_after_on_both_sides_of_it(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 22, 24.5, start=at(22.5), minutes=60)
    for hour, days in ((23.9, 0), (24.4, 1), (25, 1)):
        clock.set(at(hour))
        found = on(work, days)
        assert [one.visit.external_id for one in found.alerts] == (["WO-1"] if hour > 24 else [])


def test_what_nobody_came_to_last_night_is_left_to_the_lists_once_it_is_missed(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 20, 22)
    schedule(work, "WO-2", 33, 33.5)
    clock.set(at(32.5))
    assert on(work, 1).total == 0


def test_who_is_at_work_over_midnight_is_late_for_what_follows(work: Work, clock: Any) -> None:
    first = schedule(work, "WO-1", 22, 23)
    schedule(work, "WO-2", 24.5, 24.75)
    clock.set(at(23.75))
    from_phone(work, first.visit_id, ev.VisitArrived())
    assert [one.visit.external_id for one in on(work, 0).alerts] == ["WO-2"]
    clock.set(at(24.1))
    assert [one.visit.external_id for one in on(work, 1).alerts] == ["WO-2"]


def test_an_alarm_for_early_tomorrow_comes_before_its_promise_can_be_moved_no_more(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 24.5, 25.5, technician=None)
    clock.set(at(21.4))
    assert on(work, 0).total == 0
    clock.set(at(21.6))
    assert [(one.visit.external_id, one.movable_until) for one in on(work, 0).alerts] == [("WO-1", at(23.5))]


def test_nobody_is_proposed_who_is_busy_or_away_after_midnight(work: Work, clock: Any) -> None:
    schedule(work, "WO-1", 24.5, 25.5, technician=None)
    fill(work, "T001", hour=25.5)
    calendars.record_absence(work, D001.actor, MAIN, "T002", Window(at(24), at(48)), "leave")
    clock.set(at(22))
    assert [(one.visit.external_id, one.technician) for one in on(work, 0).alerts] == [("WO-1", "T003")]


def test_a_notice_of_a_whole_day_is_warned_of_the_day_before(work: Work, clock: Any) -> None:
    hire(work)
    publish_next(work, notice_minutes="1440")
    november = 24 * 20  # hours from the tests' day to the third of November
    schedule(work, "WO-1", november + 33, november + 34, technician=None)
    clock.set(at(november + 8))
    assert [(one.visit.external_id, one.movable_until) for one in on(work, 20).alerts] == [("WO-1", at(november + 9))]


def test_what_is_planned_for_another_day_than_promised_is_an_alarm_on_the_promised_day(work: Work, clock: Any) -> None:
    for number, planned in (("WO-1", 24 + 9), ("WO-2", 72 + 9)):
        visit = schedule(work, number, 48 + 14, 48 + 15)
        slot = Slot(technician="T001", start=at(planned), override="mistyped")
        scheduling.assign_visit(work, D001.actor, MAIN, visit.visit_id, visit.rev, slot)
    wanted = [("WO-1", "other_day", None), ("WO-2", "other_day", None)]
    for hour in (60.5, 62.75, 66):
        clock.set(at(hour))
        found = on(work, 2).alerts
        assert [(one.visit.external_id, one.missing.reason, one.technician) for one in found] == wanted
        assert {(one.act, one.expected) for one in found} == {("find", None)}
    clock.set(at(80))
    assert [(one.visit.external_id, one.act, one.missing) for one in on(work, 3).alerts] == [("WO-2", "tell", None)]
