"""Which windows a form may promise, and what overlaps with what."""

from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Invalid
from fieldapp.domain.scheduling import Plan, collisions, first_collision, job, promised, told

NOW = datetime(2026, 10, 14, 1, 30, tzinfo=UTC)


def at(hour: float, day: int = 14) -> datetime:
    return datetime(2026, 10, day, tzinfo=UTC) + timedelta(hours=hour)


def plan(label: str, start: float, end: float, technician: str = "T001") -> Plan:
    return Plan(f"visit {label}", label, technician, Window(at(start), at(end)))


def test_a_window_ahead_is_promised_as_typed() -> None:
    assert promised(at(3), at(5), NOW) == Window(at(3), at(5))


def test_a_window_that_has_begun_may_still_be_promised() -> None:
    assert promised(at(1), at(5), NOW).start == at(1)


def test_a_window_across_midnight_is_fine() -> None:
    assert promised(at(22), at(26), NOW).end == at(2, day=15)


@pytest.mark.parametrize(
    ("start", "end", "code", "field"),
    [
        (5, 3, "window_reversed", "window_end"),
        (5, 5, "window_reversed", "window_end"),
        (0, 1, "window_past", "window_start"),
        (0, 1.5, "window_past", "window_start"),
        (3, 28, "window_too_long", "window_end"),
    ],
)
def test_a_wrong_window_names_its_field(start: float, end: float, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        promised(at(start), at(end), NOW)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_nobody_is_told_in_the_future_but_a_minute_is_rounding() -> None:
    assert told(NOW + timedelta(seconds=50), NOW)
    with pytest.raises(Invalid, match="told_future"):
        told(NOW + timedelta(minutes=2), NOW)


@pytest.mark.parametrize("minutes", [0, 4, 24 * 60 + 1])
def test_a_job_of_no_sensible_length_is_refused(minutes: int) -> None:
    with pytest.raises(Invalid, match="duration_out_of_range"):
        job(NOW, timedelta(minutes=minutes))


def test_work_that_only_touches_does_not_collide() -> None:
    assert first_collision(plan("B", 3, 4), [plan("A", 2, 3), plan("C", 4, 5)]) is None


@pytest.mark.parametrize(("start", "end"), [(2, 9), (3.5, 3.75), (2, 3.1), (3.9, 5), (3, 4)])
def test_any_shared_time_collides_whoever_contains_whom(start: float, end: float) -> None:
    other = plan("A", 3, 4)
    assert first_collision(plan("B", start, end), [other]) == other


def test_work_across_midnight_collides_on_the_next_day() -> None:
    night = plan("night", 23, 26)
    assert first_collision(plan("early", 25, 27), [night]) == night


def test_others_and_oneself_do_not_collide() -> None:
    assert first_collision(plan("A", 3, 4), [plan("A", 3, 5), plan("B", 3, 4, "T002")]) is None


def test_the_earliest_collision_is_named() -> None:
    first, second = plan("A", 2, 4), plan("B", 3, 6)
    assert first_collision(plan("C", 3, 5), [second, first]) == first


def test_every_overlapping_pair_of_one_technician_is_found_once() -> None:
    plans = [plan("A", 2, 6), plan("B", 3, 4), plan("C", 5, 7), plan("D", 7, 8), plan("E", 2, 9, "T002")]
    assert [(late.label, early.label) for late, early in collisions(plans)] == [("B", "A"), ("C", "A")]
