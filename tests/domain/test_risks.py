"""Looking ahead: who will probably miss which window. Worked examples, and what holds whatever the day looks like."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.calendar import Window
from fieldapp.domain.places import ByGreatCircle, Place, metres
from fieldapp.domain.risks import (
    ALARM,
    FEWEST,
    LAST_CALL,
    Experience,
    Stop,
    is_planned_elsewhen,
    keeps_away,
    learn,
    look_ahead,
    worth_an_alarm,
)

NINE = datetime(2026, 10, 14, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOME, FAR = Place(31.20, 121.50), Place(31.20, 121.70)
USUAL = learn({})


def drive(_one, _other):
    """Twenty minutes from anywhere to anywhere."""
    return 20 * MINUTE


def stop(name="a", start=0.0, width=1.0, **known):
    """A repair of an hour, planned for when its window opens, so many hours after nine."""
    begins = NINE + start * HOUR
    usual = {"state": "planned", "job_type": "repair", "window": Window(begins, begins + width * HOUR)}
    return Stop(**{"visit": name, "planned": Window(begins, begins + HOUR), **usual, **known})


def ahead(*stops, now=NINE, experience=USUAL, travel=drive):
    return {one.visit: one for one in look_ahead(stops, now, experience, travel)}


def test_who_has_time_comes_when_planned_and_misses_nothing():
    found = ahead(stop(start=2))["a"]
    assert found.arrival == NINE + 2 * HOUR
    assert found.risk < 0.001


def test_who_stays_long_at_one_door_is_late_at_the_next():
    long = stop("a", state="admitted", arrived=NINE, planned=Window(NINE, NINE + HOUR))
    next_one = stop("b", start=1.5, width=0.5)
    calm, late = (ahead(long, next_one, now=NINE + hours * HOUR)["b"] for hours in (0, 2))
    assert calm.risk < ALARM < late.risk
    assert late.arrival > next_one.window.end


def test_lateness_is_handed_on_to_every_visit_after_it():
    day = [
        stop("a", state="arrived", arrived=NINE + 2 * HOUR),
        *(stop(name, start=n) for n, name in ((1, "b"), (2, "c"))),
    ]
    found = ahead(*day, now=NINE + 2 * HOUR)
    assert found["b"].arrival < found["c"].arrival
    assert min(found["b"].risk, found["c"].risk) > 0.9


def test_a_window_that_is_over_is_missed_for_certain():
    assert ahead(stop(), now=NINE + 2 * HOUR)["a"].risk == 1
    assert ahead(stop(departed=NINE), now=NINE + 2 * HOUR)["a"].risk == 1


def test_a_plan_behind_its_own_window_is_sure_to_miss_it():
    assert ahead(stop(planned=Window(NINE + 3 * HOUR, NINE + 4 * HOUR)))["a"].risk == 1


def test_who_set_out_comes_after_the_way_and_waits_for_nothing():
    found = ahead(stop(start=2, departed=NINE), now=NINE + 5 * MINUTE)["a"]
    assert found.arrival == NINE + 20 * MINUTE


def test_what_ended_only_says_where_somebody_is():
    by_road = ByGreatCircle()
    done = stop("a", state="completed", place=FAR)
    far, near = stop("b", start=0.25, width=0.25, place=HOME), stop("b", start=0.25, width=0.25, place=FAR)
    assert set(ahead(done, far)) == {"b"}
    assert ahead(done, far, travel=by_road)["b"].risk > ALARM > ahead(done, near, travel=by_road)["b"].risk


def test_a_length_that_somebody_planned_counts_more_than_what_such_jobs_take():
    short = stop("a", planned=Window(NINE, NINE + 20 * MINUTE))
    whole = stop("a")
    later = stop("b", start=0.75, width=0.25)
    assert ahead(short, later)["b"].risk < ahead(whole, later)["b"].risk


def test_too_few_visits_teach_nothing():
    few = learn({"repair": [3 * HOUR] * (FEWEST - 1)})
    assert few == USUAL
    assert few["repair"].typical == HOUR


def test_what_jobs_took_is_learned_and_one_endless_visit_changes_little():
    taught = learn({"repair": [40 * MINUTE, 50 * MINUTE] * FEWEST})["repair"]
    odd = learn({"repair": [*([40 * MINUTE, 50 * MINUTE] * FEWEST), 900 * MINUTE]})["repair"]
    assert taught.typical == 45 * MINUTE
    assert abs(odd.typical - taught.typical) <= 5 * MINUTE
    assert odd.spread < 15 * MINUTE


@pytest.mark.parametrize(
    ("risk", "minutes_before_start", "is_one"),
    [(ALARM, 300, True), (ALARM - 0.01, 300, False), (ALARM / 2, 300, False), (ALARM / 2, 80, True),
     (ALARM / 2, 60, True), (ALARM / 2, 59, False), (ALARM, 0, True)],
)  # fmt: skip
def test_an_alarm_comes_before_the_promise_can_no_longer_be_moved(risk, minutes_before_start, is_one):
    window = Window(NINE, NINE + HOUR)
    now = NINE - minutes_before_start * MINUTE
    assert worth_an_alarm(risk, window, now, 60 * MINUTE) is is_one
    assert LAST_CALL == 30 * MINUTE


def test_ways_go_by_the_great_circle_and_unknown_places_are_guessed():
    way = ByGreatCircle(detour=1.5, speed=30, fixed=5 * MINUTE, unknown=25 * MINUTE)
    assert metres(HOME, FAR) == pytest.approx(19_020, abs=50)
    assert way(HOME, FAR) == 5 * MINUTE + timedelta(hours=metres(HOME, FAR) / 1000 * 1.5 / 30)
    assert (way(HOME, HOME), way(None, FAR), way(FAR, None)) == (timedelta(0), 25 * MINUTE, 25 * MINUTE)


minutes = st.integers(-120, 480)
windows = st.integers(15, 240)


@st.composite
def days(draw):
    """A day of up to six planned visits."""
    return [
        stop(
            f"{number}", start=draw(minutes) / 60, width=draw(windows) / 60,
            departed=draw(st.sampled_from([None, None, NINE])) if number == 0 else None,
            job_type=draw(st.sampled_from(["repair", "install", "move"])),
        )
        for number in range(draw(st.integers(1, 6)))
    ]  # fmt: skip


@given(day=days(), now=minutes)
def test_a_forecast_is_a_share_and_never_lies_in_the_past(day, now):
    moment = NINE + now * MINUTE
    for one in ahead(*day, now=moment).values():
        assert 0 <= one.risk <= 1
        assert one.arrival >= moment - timedelta(milliseconds=1)


@given(day=days(), now=minutes, seed=st.randoms())
def test_the_order_in_which_visits_are_told_changes_nothing(day, now, seed):
    shuffled = list(day)
    seed.shuffle(shuffled)
    moment = NINE + now * MINUTE
    assert ahead(*shuffled, now=moment) == ahead(*day, now=moment)


@given(day=days(), now=minutes, longer=windows)
def test_a_longer_window_never_adds_risk(day, now, longer):
    moment = NINE + now * MINUTE
    wide = [replace(one, window=Window(one.window.start, one.window.end + longer * MINUTE)) for one in day]
    before, after = ahead(*day, now=moment), ahead(*wide, now=moment)
    assert all(after[name].risk <= before[name].risk + 1e-9 for name in before)


@given(day=days(), now=minutes, more=st.integers(0, 240))
def test_time_that_passes_without_anything_happening_takes_no_risk_away_from_what_is_next(day, now, more):
    moment = NINE + now * MINUTE
    before, after = (look_ahead(day, at, USUAL, drive)[0] for at in (moment, moment + more * MINUTE))
    assert before.visit == after.visit
    assert after.risk >= before.risk - 1e-9
    assert after.arrival >= before.arrival - timedelta(milliseconds=1)


@given(day=days(), now=minutes, longer=st.integers(0, 120))
def test_longer_jobs_never_take_risk_away_from_the_visits_after_them(day, now, longer):
    moment = NINE + now * MINUTE
    slow = {job: Experience(one.typical + longer * MINUTE, one.spread) for job, one in USUAL.items()}
    before, after = ahead(*day, now=moment), ahead(*day, now=moment, experience=slow)
    assert all(after[name].arrival >= before[name].arrival - timedelta(milliseconds=1) for name in before)


def test_an_absence_keeps_somebody_away_from_what_is_planned_in_it_and_from_what_is_overdue():
    later, overdue = stop(start=3), stop(start=-1, width=4)
    morning, afternoon = Window(NINE - HOUR, NINE + 2 * HOUR), Window(NINE + 3.5 * HOUR, NINE + 8 * HOUR)
    assert [keeps_away(one, later, NINE) for one in (morning, afternoon)] == [False, True]
    assert [keeps_away(one, overdue, NINE) for one in (morning, afternoon)] == [True, False]
    assert not keeps_away(morning, overdue, NINE + 2 * HOUR)


def test_who_is_at_the_door_or_done_was_not_kept_away():
    day = Window(NINE, NINE + 8 * HOUR)
    assert keeps_away(day, stop(departed=NINE, state="en_route"), NINE)
    assert not keeps_away(day, stop(arrived=NINE, state="arrived"), NINE)
    assert not keeps_away(day, stop(state="completed"), NINE)


def test_what_somebody_does_not_come_to_is_not_foreseen_and_delays_nothing():
    second = stop("b", start=0.5, width=0.75)
    assert ahead(stop("a"), second)["b"].risk > ALARM
    assert ahead(stop("a", is_deserted=True), second) == ahead(second)


def test_a_plan_for_another_day_than_the_window_is_none_for_it_until_that_day_comes():
    zone = ZoneInfo("Asia/Shanghai")  # nine in UTC is five in the afternoon there, midnight seven hours later
    promised = stop(width=1.0)
    tomorrow = Window(NINE + 7 * HOUR, NINE + 8 * HOUR)
    early, late = (replace(promised, planned=Window(one, one + HOUR)) for one in (NINE - 24 * HOUR, tomorrow.start))
    assert is_planned_elsewhen(late, NINE, zone)
    assert is_planned_elsewhen(early, NINE, zone)
    assert not is_planned_elsewhen(late, tomorrow.start, zone)
    assert not is_planned_elsewhen(replace(late, departed=NINE), NINE, zone)
    assert not is_planned_elsewhen(replace(promised, planned=Window(NINE + 6 * HOUR, NINE + 7 * HOUR)), NINE, zone)
    assert not is_planned_elsewhen(replace(late, window=Window(NINE, NINE + 7.5 * HOUR)), NINE, zone)
