"""What a customer is told on the day: about when, and that we are late."""

from datetime import timedelta

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.visits import events as ev
from fieldapp.services import accounts, calendars, expected, links, receipts
from tests import cast
from tests.links import own_token
from tests.services.test_scheduling import at, from_phone, schedule


def told(work, visit):
    view = receipts.view(work, links.open_link(work, own_token(work, visit.visit_id)))
    return expected.expected(work, view)


def test_long_before_the_window_the_promise_says_enough(work):
    assert told(work, schedule(work, "WO-1", 12, 13)) is None


def test_shortly_before_it_the_customer_learns_about_when(work):
    found = told(work, schedule(work, "WO-1", 11, 12))
    assert at(11) <= found.arrival <= at(11.25)
    assert found.arrival.minute % 5 == 0
    assert not found.is_late


def test_who_stays_long_elsewhere_is_late(work, clock):
    first = schedule(work, "WO-1", 9, 11)
    from_phone(work, first.visit_id, ev.VisitArrived())
    second = schedule(work, "WO-2", 11.5, 11.75)
    clock.advance(minutes=105)
    found = told(work, second)
    assert found.is_late
    assert found.arrival > at(11.75)


def test_who_is_on_the_way_is_expected_from_there_on(work):
    visit = schedule(work, "WO-1", 12, 13)
    from_phone(work, visit.visit_id, ev.VisitDeparted())
    found = told(work, visit)
    assert work.now() < found.arrival < work.now() + timedelta(hours=1)


@pytest.mark.parametrize("what", [ev.VisitArrived(), ev.VisitNotCompleted(agreed=False)])
def test_once_they_are_there_or_it_is_over_nothing_is_expected(work, what):
    visit = schedule(work, "WO-1", 10, 12)
    from_phone(work, visit.visit_id, what)
    assert told(work, visit) is None


def test_nobody_is_expected_before_somebody_was_given_the_visit(work):
    assert told(work, schedule(work, "WO-1", 10, 12, technician=None)) is None


def test_who_is_away_or_has_left_is_not_expected(work):
    visit, other = schedule(work, "WO-1", 10, 12), schedule(work, "WO-2", 10, 12, technician="T002")
    assert (told(work, visit), told(work, other)) != (None, None)
    calendars.record_absence(work, cast.D001.actor, cast.MAIN, "T001", Window(at(8), at(18)), "sick")
    accounts.disable_account(work, cast.A001.actor, "T002")
    assert (told(work, visit), told(work, other)) == (None, None)


def test_midnight_makes_nobody_disappear(work, clock):
    visit = schedule(work, "WO-1", 22, 24.5, start=at(22.5), minutes=60)
    for hour, is_late in ((23.9, False), (24.02, False), (24.4, True), (25, True)):
        clock.set(at(hour))
        found = told(work, visit)
        assert (found.is_late, at(hour) < found.arrival < at(hour + 1)) == (is_late, True)


def test_no_time_is_told_that_would_be_taken_for_another_days(work, clock):
    other_day = schedule(work, "WO-1", 22, 23, start=at(24 + 20), override="mistyped")
    next_evening = schedule(work, "WO-2", 22, 24.5, start=at(24 + 22), override="mistyped")
    clock.set(at(22.25))
    assert (told(work, other_day), told(work, next_evening)) == (None, None)
