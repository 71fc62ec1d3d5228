"""Who could do a job: fitting one more in, sharing out somebody's day, the next free windows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Absence, Calendar, Job, read_shifts
from fieldapp.domain.places import ByGreatCircle, Place
from fieldapp.domain.roster import Roster, share_out
from fieldapp.domain.scheduling import Plan, collisions

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 10, 13, 16, tzinfo=UTC)


def at(start, end):
    return Window(MIDNIGHT + timedelta(hours=start), MIDNIGHT + timedelta(hours=end))


def job(start, end, kind="repair"):
    return Job(at(start, end), kind)


def roster(*plans, absences=(), **calendars):
    people = {code: Calendar(code, shifts=read_shifts(shifts)) for code, shifts in calendars.items()}
    return Roster(ZONE, people, absences, [Plan(f"v{n}", "", who, at(*when)) for n, (who, *when) in enumerate(plans)])


def test_whoever_has_least_to_do_that_day_comes_first():
    found = roster(("T1", 9, 10), ("T2", 33, 34), T1="", T2="", T3="sat 08:00-12:00")
    assert found.who(job(12, 13)) == ["T2", "T1"]


def test_a_day_is_shared_out_so_that_nobody_is_at_two_places():
    ill = Absence("a", "T1", at(0, 24), "sick")
    found = roster(("T1", 9, 10), ("T1", 9.5, 11), ("T1", 9, 12), absences=[ill], T1="", T2="", T3="")
    shared, then = share_out(found, [("v0", job(9, 10)), ("v1", job(9.5, 11)), ("v2", job(9, 12))])
    assert shared == {"v0": "T2", "v2": "T3", "v1": None}
    assert not then.fits("T2", job(9, 10))


def test_free_windows_begin_on_the_half_hour_in_working_hours_with_a_pause_on_both_sides():
    found = roster(("T1", 9, 10), T1="wed 08:00-12:00")
    first = [one.window for one in found.free_windows(job(8.2, 9.2), timedelta(hours=1), MIDNIGHT + timedelta(days=1))]
    assert first == [at(10.5, 11.5), at(11, 12)]


def test_who_has_no_shifts_is_offered_in_the_usual_hours_only():
    found = roster(T1="")
    windows = list(found.free_windows(job(0, 1), timedelta(hours=2), MIDNIGHT + timedelta(days=1)))
    assert (windows[0].window, windows[-1].window) == (at(8, 10), at(17, 19))


def test_the_way_between_two_places_is_kept_free_on_both_sides():
    near, far = Place(31.2, 121.4), Place(31.2, 121.5)
    way = ByGreatCircle()(near, far)
    assert timedelta(minutes=30) < way < timedelta(minutes=60)
    found = replace(roster(("T1", 9, 10), ("T1", 15, 16), T1="wed 08:00-18:00"), place_of=lambda _: far)
    wanted = replace(job(8, 9), place=near)
    offered = [one.window for one in found.free_windows(wanted, timedelta(hours=1), MIDNIGHT + timedelta(days=1))]
    assert (offered[0], offered[-1]) == (at(11, 12), at(17, 18))
    assert at(13.5, 14.5) not in offered
    assert not found.fits("T1", replace(job(10, 11), place=near))
    assert found.fits("T1", job(10, 11)), "nobody knows where"
    assert found.fits("T1", replace(job(10, 11), place=far))


def test_a_job_that_is_given_away_is_somewhere():
    near, far = Place(31.2, 121.4), Place(31.2, 121.5)
    shared, _ = share_out(
        roster(T1=""), [("v0", replace(job(9, 10), place=near)), ("v1", replace(job(10, 11), place=far))]
    )
    assert shared == {"v0": "T1", "v1": None}


def test_a_visit_may_keep_its_own_place():
    found = roster(("T1", 9, 10), T1="wed 09:00-10:00")
    assert [one.window for one in found.free_windows(job(9, 10), timedelta(hours=1), at(9, 30).end, "v0")] == [
        at(9, 10)
    ]


hours = st.integers(0, 40).map(lambda quarter: 8 + quarter / 4)
works = st.tuples(hours, st.integers(1, 8)).map(lambda one: (one[0], one[0] + one[1] / 4))


@given(st.lists(st.tuples(st.sampled_from(["T1", "T2", "T3"]), works), max_size=8), st.lists(works, max_size=6))
def test_what_is_shared_out_never_collides(planned, wanted):
    taken: list[Plan] = []
    for number, (who, when) in enumerate(planned):
        plan = Plan(f"p{number}", "", who, at(*when))
        if not list(collisions([*taken, plan])):
            taken.append(plan)
    found = Roster(ZONE, {code: Calendar(code) for code in ("T1", "T2", "T3")}, (), taken)
    jobs = {f"j{number}": job(*when) for number, when in enumerate(wanted)}
    shared, _ = share_out(found, jobs.items())
    plans = [Plan(visit, "", who, jobs[visit].work) for visit, who in shared.items() if who]
    assert list(collisions([*taken, *plans])) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["T1", "T2"]), works), max_size=8), st.integers(1, 8))
def test_every_window_that_is_offered_can_be_kept(planned, quarters):
    found = roster(*((who, *when) for who, when in planned), T1="mon-sun 08:00-18:00", T2="")
    length = timedelta(minutes=15 * quarters)
    wanted = Job(Window(MIDNIGHT, MIDNIGHT + length), "repair")
    for one in islice(found.free_windows(wanted, timedelta(hours=1), MIDNIGHT + timedelta(days=2)), 20):
        assert found.fits(one.technician, Job(Window(one.window.start, one.window.start + length), "repair"))
