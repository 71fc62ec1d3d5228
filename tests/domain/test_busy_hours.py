"""Hours of the week: by the branch's clock, on the days when it changes, too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain.busy_hours import MOST_WEEKS, Hours, Tally, hours_of, span, stretches, tally, total

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
#: Sunday 25 October 2026: 03:00 becomes 02:00. Sunday 28 March 2027: 02:00 becomes 03:00.
BACK, FORWARD = date(2026, 10, 25), date(2027, 3, 28)


@pytest.mark.parametrize("hours", [Hours(0, 9), Hours(6, 23), Hours(3), Hours(hour=0), Hours()])
def test_what_stands_in_an_address_reads_back(hours):
    assert Hours.parse(str(hours)) == hours


@pytest.mark.parametrize("text", ["", "7-1", "0-24", "0-09", "09", "-1-2", "a-b", "１-2", "0-9 ", "0-9\n"])
def test_nonsense_is_no_hour(text):
    assert Hours.parse(text) is None


def test_a_span_has_every_weekday_equally_often_and_not_today():
    first, last = span(date(2026, 10, 14), 4)
    assert (first, last, (last - first).days + 1) == (date(2026, 9, 16), date(2026, 10, 13), 28)


def test_an_hour_that_the_clock_repeats_is_two_hours_long_and_one_that_it_leaves_out_is_in_none():
    [twice] = stretches(Hours(6, 2), BACK, BACK, BERLIN)
    assert (twice.start, twice.end - twice.start) == (datetime(2026, 10, 25, 0, tzinfo=UTC), timedelta(hours=2))
    assert stretches(Hours(6, 2), FORWARD, FORWARD, BERLIN) == []
    [after] = stretches(Hours(6, 3), FORWARD, FORWARD, BERLIN)
    assert (after.start, after.end - after.start) == (datetime(2027, 3, 28, 1, tzinfo=UTC), timedelta(hours=1))


@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU, ZoneInfo("Australia/Lord_Howe")])
@pytest.mark.parametrize("wanted", [Hours(6, 2), Hours(2), Hours(hour=3), Hours()])
def test_a_list_has_exactly_the_moments_that_were_counted(zone, wanted):
    """Every quarter of an hour over both changes of the clock: counted in these hours, or in none of the stretches."""
    for middle in (BACK, FORWARD, date(2026, 10, 4)):
        first, last = middle - timedelta(days=3), middle + timedelta(days=3)
        [whole] = stretches(Hours(), first, last, zone)
        found = stretches(wanted, first, last, zone)
        moment = whole.start
        while moment < whole.end:
            listed = sum(one.start <= moment < one.end for one in found)
            assert listed == wanted.holds(hours_of(moment, zone)), moment
            moment += timedelta(minutes=15)


def test_sums_add_up_over_days_and_hours():
    moments = [(datetime(2026, 10, day, hour, tzinfo=UTC), day, 1) for day in (5, 6, 12) for hour in (7, 8)]
    found = tally(moments, BERLIN)
    assert found[Hours(0, 9)] == Tally(5 + 12, 2)
    assert total(found, Hours(1)) == Tally(12, 2)
    assert total(found, Hours(hour=10)) == Tally(23, 3)
    assert total(found, Hours()) == Tally(46, 6)


def test_years_are_not_cut_into_hours():
    assert len(stretches(Hours(0, 9), date(2000, 1, 1), date(2099, 12, 31), BERLIN)) == MOST_WEEKS
    assert stretches(Hours(), date(2026, 1, 2), date(2026, 1, 1), BERLIN) == []
