"""Ids that are derived, months and local times."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils import uuid7

from fieldapp.domain import calendar, ids
from fieldapp.domain.errors import Invalid

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def test_an_order_number_always_leads_to_the_same_visit_within_its_branch():
    assert ids.visit_id("main", "WO-1") == ids.visit_id("main", "WO-1") != ids.visit_id("north", "WO-1")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2500, 1, 1)))  # noqa: DTZ001 - Hypothesis wants naive bounds
def test_the_partition_of_an_id_is_the_month_in_its_time_stamp(moment):
    aware = moment.replace(tzinfo=UTC)
    stamp = int(aware.timestamp() * 1000)
    made = f"{stamp:012x}"
    assert ids.year_month(f"{made[:8]}-{made[8:]}-7000-8000-000000000000") == aware.year * 100 + aware.month


def test_ids_made_today_and_ids_without_time_have_their_partitions():
    assert ids.year_month(str(uuid7())) > 202600
    assert ids.year_month("17a1c102-6904-4773-92eb-922af5c7d0fe") == ids.TIMELESS


@pytest.mark.parametrize("change", [str.upper, lambda text: text.replace("-", ""), lambda text: f"{{{text}}}",
                                    lambda text: f"urn:uuid:{text}", lambda text: f"{text}\n",
                                    lambda text: text.replace("a", "g"), lambda text: text[:-1]])  # fmt: skip
def test_a_uuid_has_one_form(change):
    text = "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44"
    assert ids.is_uuid(text)
    assert not ids.is_uuid(change(text))


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-10", "october", "2026-10-01", ""])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(Invalid):
        calendar.parse_month(text)


def test_days_of_a_clock_change_are_longer_or_shorter():
    long, short = calendar.day_bounds(date(2026, 10, 25), BERLIN), calendar.day_bounds(date(2026, 3, 29), BERLIN)
    assert (long[1] - long[0], short[1] - short[0]) == (timedelta(hours=25), timedelta(hours=23))


def test_a_time_that_the_clocks_skip_is_refused():
    with pytest.raises(Invalid, match="time_skipped"):
        calendar.localise(datetime(2026, 3, 29, 2, 30), BERLIN)  # noqa: DTZ001 - a wall-clock time is the point


def test_a_window_that_ends_as_it_starts_is_refused():
    with pytest.raises(Invalid, match="window_reversed"):
        calendar.Window.checked(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def test_windows_that_only_touch_do_not_overlap():
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    first, second = calendar.Window(noon, noon + hour), calendar.Window(noon + hour, noon + 2 * hour)
    assert not first.overlaps(second)
    assert first.overlaps(calendar.Window(noon + hour / 2, noon + 2 * hour))
