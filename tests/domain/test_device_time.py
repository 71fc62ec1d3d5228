"""What a phone's clock can prove. Times in minutes after noon; the server hears of everything at 180."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.visits.device_time import Contact, Reading, Stamp, milliseconds, moment, read_all

NOON = 1_795_300_000_000
MINUTE = 60_000
HEARD = NOON + 180 * MINUTE


def stamp(minute, *, wrong=0.0, off=0.0, age=60.0, boot="page", fix=None, mono=None):
    """A fact at `minute`, by a wall clock that is `wrong` minutes ahead and believed to be `-off`."""
    return Stamp(
        wall=NOON + (minute + wrong) * MINUTE, mono=(minute if mono is None else mono) * MINUTE, boot=boot,
        off=None if off is None else off * MINUTE, age=None if age is None else age * MINUTE,
        fix=None if fix is None else NOON + fix * MINUTE,
    )  # fmt: skip


def contact(*, wrong=0.0, off=0.0, boot="page", mono=180.0):
    return Contact(
        HEARD, wall=HEARD + wrong * MINUTE, mono=mono * MINUTE, boot=boot, off=None if off is None else off * MINUTE
    )


def read(*stamps, at=None, known=None) -> list[Reading]:
    return read_all(stamps, at or contact(), known or {})[0]


def minute_of(reading):
    return (milliseconds(reading.effective_at) - NOON) / MINUTE


def test_an_offline_fact_with_clocks_that_agree_is_grade_b():
    assert [(one.grade, one.flags, minute_of(one)) for one in read(stamp(60))] == [("B", (), 60)]


def test_a_reading_says_when_phone_and_server_last_agreed_on_the_time_before_it():
    one = read(stamp(60, wrong=30, off=-30, age=15), at=contact(wrong=30, off=-30))[0]
    assert one.proven_at == moment(NOON + 45 * MINUTE)
    assert [one.proven_at for one in read(stamp(60, off=None), stamp(60, age=None))] == [None, None]


def test_a_fact_heard_of_as_it_happened_is_grade_a():
    assert read(stamp(179))[0].grade == "A"


def test_a_clock_that_is_constantly_wrong_is_corrected():
    one = read(stamp(60, wrong=180, off=-180), at=contact(wrong=180, off=-180))[0]
    assert (one.grade, minute_of(one)) == ("B", 60)


def test_offsets_before_and_after_that_differ_by_over_a_minute_are_suspect():
    assert not read(stamp(60, off=1), at=contact(off=0))[0].suspect
    assert read(stamp(60, off=1.1), at=contact(off=0))[0].suspect


def test_a_wall_clock_that_falls_behind_the_monotonic_one_is_suspect():
    first, second, third = read(stamp(30), stamp(60, wrong=-40), stamp(90))
    assert [first.suspect, second.suspect, third.suspect] == [False, True, False]
    assert second.grade == "C"


def test_it_is_suspect_in_a_later_push_too():
    _, known = read_all([stamp(30)], contact(boot=None, mono=1), {})
    assert read(stamp(60, wrong=-40), at=contact(boot="other"), known=known)[0].suspect


def test_a_wall_clock_that_gained_proves_nothing_but_accuses_nobody():
    """The phone slept, or its clock had been behind until then: nobody can say which."""
    one = read(stamp(60, wrong=-40))[0]
    assert (one.grade, one.flags) == ("C", ("clock_slept",))


def test_the_pushing_page_is_guessed_where_it_is_not_named():
    assert read(stamp(60, wrong=-40), at=contact(boot=None))[0].flags == ("clock_slept",)
    assert read(stamp(60, wrong=-40), at=contact(boot=None, mono=5))[0].flags == ()


def test_different_pages_do_not_compare():
    assert [one.grade for one in read(stamp(30, boot="a"), stamp(60, boot="b", mono=1), at=contact(boot="c"))] == [
        "B",
        "B",
    ]


def test_a_fact_from_the_future_is_cut_down_to_the_receive_time():
    one = read(stamp(200))[0]
    assert (one.grade, minute_of(one)) == ("C", 180)
    assert "clock_future" in one.flags


def test_a_fact_before_the_last_proven_contact_is_lifted_to_it():
    """The phone had heard from the server at 90; its clock then says 60."""
    one = read(stamp(60, age=-30))[0]
    assert (one.grade, minute_of(one)) == ("C", 90)
    assert one.flags == ("before_contact",)


def test_without_any_contact_before_only_a_fresh_fact_is_proven():
    assert read(stamp(60, off=None, age=None))[0].flags == ("clock_unproven",)
    assert read(stamp(179, off=None, age=None))[0].grade == "A"


@pytest.mark.parametrize(("fix", "flags"), [(60, ()), (56, ()), (20, ("gps_differs",)), (100, ("gps_differs",))])
def test_a_satellite_s_time_has_to_fit(fix, flags):
    assert read(stamp(60, fix=fix))[0].flags == flags


def test_a_satellite_s_time_by_the_phone_s_own_wrong_clock_fits_too():
    assert read(stamp(60, wrong=180, off=-180, fix=240), at=contact(wrong=180, off=-180))[0].grade == "B"


_minutes = st.floats(-10_000, 10_000, allow_nan=False)


@given(
    st.lists(st.tuples(_minutes, _minutes, _minutes, _minutes, st.sampled_from("ab")), max_size=6),
    st.tuples(_minutes, _minutes),
)
def test_nothing_lies_after_the_server_heard_of_it_and_suspects_are_never_better_than_c(facts, push):
    stamps = [stamp(at, wrong=wrong, off=off, age=age, boot=boot) for at, wrong, off, age, boot in facts]
    for one in read(*stamps, at=contact(wrong=push[0], off=push[1])):
        assert one.effective_at <= moment(HEARD)
        assert (one.grade == "C") == bool(one.flags)
