"""Technicians' calendars: shifts as written and as moments, what speaks against a job, what is refused."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import (
    Absence,
    Calendar,
    Job,
    Shift,
    checked_absence,
    checked_calendar,
    obstacles,
    read_shifts,
    working_hours,
    write_shifts,
)
from fieldapp.domain.errors import Invalid

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
#: A Wednesday.
DAY = date(2026, 10, 14)


def span(start, end, zone=SHANGHAI, day=DAY):
    """From hour to hour of the day, by the wall clock."""
    midnight = datetime.combine(day, time(), zone)
    return Window(*((midnight + timedelta(hours=hour)).astimezone(UTC) for hour in (start, end)))


def codes(calendar, job, *absences, zone=SHANGHAI):
    return [one.code for one in obstacles(calendar, absences, job, zone)]


def refused(code, act, *args):
    with pytest.raises(Invalid) as caught:
        act(*args)
    assert caught.value.code == code
    return caught.value


def test_nothing_entered_means_nothing_excluded():
    assert codes(Calendar("T001"), Job(span(2, 4), "repair", "North")) == []


def test_work_has_to_lie_within_a_shift_from_its_start_to_its_end():
    calendar = Calendar("T001", shifts=read_shifts("mon-fri 08:00-17:00"))
    assert codes(calendar, Job(span(8, 17), "repair")) == []
    assert codes(calendar, Job(span(7.5, 9), "repair")) == ["off_shift"]
    assert codes(calendar, Job(span(16, 17.25), "repair")) == ["off_shift"]
    assert codes(calendar, Job(span(9, 10, day=DAY + timedelta(days=3)), "repair")) == ["off_shift"]


def test_shifts_that_touch_are_one_and_a_gap_between_two_is_none():
    touching, lunch = (
        Calendar("T001", shifts=read_shifts(f"wed 08:00-12:00; wed {at}-17:00")) for at in ("12:00", "13:00")
    )
    assert codes(touching, Job(span(11, 13), "repair")) == []
    assert codes(lunch, Job(span(11, 13.5), "repair")) == ["off_shift"]


def test_a_night_shift_goes_on_after_midnight():
    night = Calendar("T001", shifts=read_shifts("tue 22:00-06:00"))
    assert codes(night, Job(span(1, 5), "repair")) == []
    assert codes(night, Job(span(5, 7), "repair")) == ["off_shift"]


def test_a_shift_keeps_to_the_wall_clock_when_the_clocks_change():
    shifts = read_shifts("sun 01:00-05:00")
    [short] = working_hours(shifts, span(0, 12, BERLIN, date(2027, 3, 28)), BERLIN)
    [long] = working_hours(shifts, span(0, 12, BERLIN, date(2026, 10, 25)), BERLIN)
    assert (short.end - short.start, long.end - long.start) == (timedelta(hours=3), timedelta(hours=5))


def test_absence_skill_and_district_speak_against_a_job_the_gravest_first():
    calendar = Calendar("T001", skills=frozenset({"install"}), districts=frozenset({"North"}))
    away = Absence("a", "T001", span(0, 24), "sick")
    assert codes(calendar, Job(span(9, 10), "repair", "South"), away) == [
        "technician_absent", "skill_missing", "district_foreign",
    ]  # fmt: skip
    assert codes(calendar, Job(span(9, 10), "install", "North")) == []
    assert codes(calendar, Job(span(9, 10), "install", "")) == []
    assert codes(calendar, Job(span(24, 25), "install"), away) == []
    assert codes(Calendar("T002"), Job(span(9, 10), "repair"), away) == []


shift_lists = st.lists(
    st.builds(Shift, st.integers(0, 6), st.builds(time, st.integers(0, 22), st.integers(0, 59)), st.just(time(23, 59))),
    max_size=7, unique_by=lambda one: one.weekday,
)  # fmt: skip


@given(shift_lists)
def test_shifts_are_read_as_they_were_written(shifts):
    shifts = tuple(sorted(shifts))
    assert read_shifts(write_shifts(shifts)) == shifts


@pytest.mark.parametrize("text", ["monday 8-17", "mon 08:00-25:00", "mon-xyz 08:00-17:00", "mon 08:00", "08:00-17:00"])
def test_shifts_that_cannot_be_read_are_named(text):
    assert refused("shifts_malformed", read_shifts, text).facts["value"] == text.lower()


@pytest.mark.parametrize(
    "text",
    ["mon 08:00-12:00; mon 11:59-17:00", "sun 22:00-06:00; mon 05:00-07:00", "mon-sun 00:00-00:00; tue 03:00-04:00"],
)
def test_two_shifts_at_once_are_refused_round_the_week(text):
    refused("shifts_overlap", read_shifts, text)


def test_what_no_calendar_can_be_is_refused():
    refused("skill_unknown", checked_calendar, Calendar("T001", skills=frozenset({"dance"})))
    refused("district_malformed", checked_calendar, Calendar("T001", districts=frozenset({"a;b"})))
    refused("place_malformed", checked_calendar, Calendar("T001", base=(91.0, 0.0)))
    refused("absence_kind_unknown", checked_absence, "a", "T001", span(0, 1), "tired", "")
    refused("absence_too_long", checked_absence, "a", "T001", span(0, 24 * 401), "leave", "")
    refused("text_too_long", checked_absence, "a", "T001", span(0, 1), "leave", "x" * 201)
