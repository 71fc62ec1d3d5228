"""The draw of spot checks: the same for everybody who repeats it, and no other than was committed to."""

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Invalid
from fieldapp.domain.spot_checks import (
    Check,
    check_quota,
    commitment,
    days,
    drawn_days,
    drawn_visits,
    follow,
    is_over,
    rank,
)

OCTOBER = Month("2026-10")
LAST_MONTH = date(2026, 9, 28)
WHOLE = days(OCTOBER, LAST_MONTH)


def day(number: int) -> date:
    return date(2026, 10, number)


def test_whoever_has_the_seed_can_repeat_the_draw_by_hand():
    assert commitment("seed") == hashlib.sha256(b"seed").hexdigest()
    assert rank("seed", "T001", "2026-10-05") == hashlib.sha256(b"seed\nT001\n2026-10-05").hexdigest()
    by_hand = sorted(WHOLE, key=lambda one: hashlib.sha256(f"seed\nT001\n{one}".encode()).hexdigest())[:2]
    assert drawn_days("seed", "T001", WHOLE, 2) == tuple(sorted(by_hand))


def test_the_whole_month_can_be_drawn_when_the_seed_was_committed_before_it():
    assert (len(WHOLE), WHOLE[0], WHOLE[-1]) == (31, day(1), day(31))
    assert len(days(Month("2028-02"), LAST_MONTH)) == 29


def test_a_late_commitment_draws_only_days_after_it():
    assert days(OCTOBER, day(14))[0] == day(15)
    assert days(OCTOBER, day(31)) == ()


@given(st.text(min_size=1, max_size=20), st.integers(1, 10))
def test_everybody_is_checked_as_often_as_the_quota_says_on_different_days(seed: str, quota: int):
    drawn = drawn_days(seed, "T001", WHOLE, quota)
    assert len(set(drawn)) == quota
    assert list(drawn) == sorted(drawn)


def test_another_seed_another_technician_or_another_day_is_another_draw():
    draws = {drawn_days(seed, who, WHOLE, 5) for seed in ("a", "b") for who in ("T001", "T002")}
    assert len(draws) == 4


def test_nobody_is_spared_and_no_day_either():
    drawn = [one for number in range(600) for one in drawn_days("seed", f"T{number}", WHOLE, 2)]
    counts = [drawn.count(one) for one in WHOLE]
    assert min(counts) > 15
    assert max(counts) < 75


def test_the_seed_says_which_visit_of_the_day_is_checked():
    visits = [f"WO-{number}" for number in range(6)]
    order = drawn_visits("seed", visits)
    assert sorted(order) == visits
    assert drawn_visits("seed", reversed(visits)) == order
    assert drawn_visits("other seed", visits) != order


def test_a_check_is_due_from_its_day_until_it_is_done():
    check = Check(day(10), None)
    assert [check.state(one) for one in (day(9), day(10), day(25))] == ["coming", "due", "due"]
    assert Check(day(10), day(12)).state(day(9)) == "done"


def test_each_spot_check_counts_for_one_drawn_day_and_never_before_it():
    assert follow([day(5), day(20)], [day(3)]) == (Check(day(5), None), Check(day(20), None))
    assert follow([day(5), day(20)], [day(6), day(8)]) == (Check(day(5), day(6)), Check(day(20), None))
    assert follow([day(20), day(5)], [day(21), day(6)]) == (Check(day(5), day(6)), Check(day(20), day(21)))
    assert follow([day(5), day(6)], [day(7)]) == (Check(day(5), day(7)), Check(day(6), None))


@given(st.lists(st.integers(1, 31), max_size=6), st.lists(st.integers(1, 31), max_size=6))
def test_one_more_spot_check_never_leaves_more_to_do(drawn: list[int], done: list[int]):
    drawn_days_, done_days = [day(one) for one in drawn], [day(one) for one in done]
    left = sum(one.done_on is None for one in follow(drawn_days_, done_days))
    for extra in (day(1), day(31)):
        assert sum(one.done_on is None for one in follow(drawn_days_, [*done_days, extra])) <= left


@pytest.mark.parametrize("quota", [0, 11, -1])
def test_a_quota_that_nobody_can_do_is_refused(quota: int):
    with pytest.raises(Invalid, match="spot_quota"):
        check_quota(quota)


def test_a_seed_is_opened_only_when_its_month_is_over():
    assert not is_over(OCTOBER, day(31))
    assert is_over(OCTOBER, day(31) + timedelta(days=1))
