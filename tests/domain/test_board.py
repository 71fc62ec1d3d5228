"""How a visit stands on the board: what is late, what waits for a phone, what is held, and in which order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.board import Seen, standings
from fieldapp.domain.calendar import Window
from fieldapp.domain.visits.lifecycle import ENDED

NINE = datetime(2026, 10, 14, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def seen(**known):
    """Planned from nine to half past ten, promised from nine to ten, the phone heard of all the time."""
    usual = {"state": "planned", "held": False, "window": Window(NINE, NINE + HOUR)}
    return Seen(**{**usual, "planned": Window(NINE, NINE + 1.5 * HOUR), "heard_at": NINE + 3 * HOUR, **known})


def test_nothing_is_to_be_said_of_a_visit_in_time():
    assert standings(seen(), NINE + HOUR) == ()


def test_a_visit_that_nobody_came_to_by_the_end_of_its_window_is_late():
    assert standings(seen(), NINE + HOUR + MINUTE) == ("late",)
    assert standings(seen(state="en_route"), NINE + HOUR + MINUTE) == ("late",)
    assert standings(seen(state="missed"), NINE + 4 * HOUR) == ("late",)


def test_who_came_after_the_window_came_late_whatever_became_of_it():
    late = seen(state="completed", arrived=NINE + HOUR + MINUTE)
    assert standings(late, NINE + 2 * HOUR) == ("came_late",)
    assert standings(seen(state="completed", arrived=NINE + HOUR), NINE + 2 * HOUR) == ()


def test_a_phone_that_is_silent_since_the_planned_start_may_know_better():
    silent = seen(heard_at=NINE - MINUTE)
    assert standings(silent, NINE - MINUTE) == ()
    assert standings(silent, NINE) == ("waiting",)
    assert standings(silent, NINE + 2 * HOUR) == ("late", "waiting")


def test_unsent_facts_wait_even_where_the_phone_was_heard_since():
    assert standings(seen(unsent=2), NINE + MINUTE) == ("waiting",)


def test_at_work_nothing_is_expected_of_the_phone_before_the_planned_end():
    inside = seen(state="admitted", arrived=NINE, heard_at=NINE)
    assert standings(inside, NINE + HOUR) == ()
    assert standings(inside, NINE + 1.5 * HOUR) == ("waiting",)


def test_without_a_phone_nothing_waits():
    assert standings(seen(heard_at=None), NINE + 30 * MINUTE) == ()


def test_what_is_held_comes_first():
    assert standings(seen(state="disputed", held=True, heard_at=None), NINE) == ("held",)


moments = st.integers(-300, 600).map(lambda minutes: NINE + minutes * MINUTE)


@given(now=moments, later=st.integers(0, 300), heard=st.none() | moments, unsent=st.integers(0, 2))
def test_with_time_alone_nothing_stops_being_late_or_waiting(now, later, heard, unsent):
    known = seen(heard_at=heard, unsent=unsent)
    assert set(standings(known, now)) <= set(standings(known, now + later * MINUTE))


@given(state=st.sampled_from(sorted(ENDED)), now=moments, heard=st.none() | moments)
def test_nothing_that_ended_is_waited_for(state, now, heard):
    assert standings(seen(state=state, heard_at=heard, unsent=1), now) == ()
