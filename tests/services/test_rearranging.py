"""Several visits planned anew in one act: checked together, all of them or none."""

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.services import calendars, pins, planning, rearranging, scheduling
from fieldapp.services.rearranging import CannotRearrange, Change
from tests.cast import D900, MAIN, T001
from tests.services.test_scheduling import ME, actions, at, refused, schedule


def change(visit, technician, start=None, **more):
    return Change(visit=visit.visit_id, rev=visit.rev, technician=technician, start=start, **more)


def plan(work, visit):
    found = planning.get_visit(work, ME, MAIN, visit.visit_id).visit
    return found.technician, found.planned.start


@pytest.fixture
def two(work):
    """The same hours, one visit each."""
    return schedule(work, "WO-1", technician="T001"), schedule(work, "WO-2", technician="T002")


def test_two_visits_of_the_same_hours_change_technicians_and_keep_their_promises(work, two):
    one, other = two
    changed = rearranging.rearrange(work, ME, MAIN, [change(one, "T002"), change(other, "T001")])
    assert [visit.technician for visit in changed] == ["T002", "T001"]
    assert [visit.window for visit in changed] == [one.window, other.window]
    assert actions(work)[-2:] == ["visit.assigned", "visit.assigned"]


def test_a_ring_of_three_moves_at_once(work):
    ring = [schedule(work, f"WO-{code}", technician=code) for code in ("T001", "T002", "T003")]
    wanted = [change(visit, code) for visit, code in zip(ring, ("T002", "T003", "T001"), strict=True)]
    assert [one.technician for one in rearranging.rearrange(work, ME, MAIN, wanted)] == ["T002", "T003", "T001"]


def test_what_stays_there_is_still_in_the_way(work, two):
    one, other = two
    third = schedule(work, "WO-3", technician="T003")
    with pytest.raises(CannotRearrange) as caught:
        rearranging.rearrange(work, ME, MAIN, [change(one, "T002"), change(other, "T003")])
    assert (caught.value.visit, caught.value.refusal.code) == (other.visit_id, "technician_busy")
    assert caught.value.refusal.facts["other"] == "WO-3"
    assert [plan(work, visit)[0] for visit in (one, other, third)] == ["T001", "T002", "T003"]


def test_two_that_are_planned_onto_each_other_are_refused_though_both_slots_were_free(work, two):
    one, other = two
    with pytest.raises(CannotRearrange) as caught:
        rearranging.rearrange(work, ME, MAIN, [change(one, "T003"), change(other, "T003", at(15))])
    assert caught.value.refusal.code == "technician_busy"
    assert actions(work) == ["visit.scheduled"] * 2


def test_a_longer_job_is_checked_at_its_new_length(work, two):
    one, _ = two
    schedule(work, "WO-3", 17, 18, technician="T003")
    wanted = change(one, "T003", at(15), minutes=150)
    with pytest.raises(CannotRearrange):
        rearranging.rearrange(work, ME, MAIN, [wanted])
    rearranging.rearrange(work, ME, MAIN, [change(one, "T003", at(15), minutes=120)])


def test_one_that_somebody_else_changed_meanwhile_stops_them_all(work, two):
    one, other = two
    scheduling.assign_visit(work, ME, MAIN, other.visit_id, other.rev, scheduling.Slot(technician="T003"))
    with pytest.raises(CannotRearrange) as caught:
        rearranging.rearrange(work, ME, MAIN, [change(one, "T002"), change(other, "T001")])
    assert (caught.value.refusal.code, caught.value.facts["number"]) == ("visit_changed", "WO-2")
    assert plan(work, one)[0] == "T001"


def test_a_calendar_speaks_against_each_of_them_and_a_pin_holds(work, two):
    one, other = two
    calendars.record_absence(work, ME, MAIN, "T001", Window(at(12), at(20)), "sick")
    both = [change(one, "T002"), change(other, "T001")]
    with pytest.raises(CannotRearrange) as caught:
        rearranging.rearrange(work, ME, MAIN, both)
    assert caught.value.refusal.code == "technician_absent"
    pins.pin_visit(work, ME, MAIN, one.visit_id, one.rev)
    with pytest.raises(CannotRearrange) as caught:
        rearranging.rearrange(work, ME, MAIN, both)
    assert caught.value.refusal.code == "visit_pinned"
    reasoned = [change(one, "T002", override="both asked"), change(other, "T001", override="both asked")]
    assert len(rearranging.rearrange(work, ME, MAIN, reasoned)) == 2
    assert {"visit.moved_from_pin", "visit.planned_in_absence"} <= set(actions(work))


def test_a_swap_takes_the_other_visit_at_its_own_time_and_wants_two_technicians(work, two):
    one, other = two
    later = schedule(work, "WO-3", 17, 18, technician="T001")
    rearranging.swap(work, ME, MAIN, change(one, "T002", at(14.5)), other.visit_id, other.rev)
    assert (plan(work, one), plan(work, other)) == (("T002", at(14.5)), ("T001", at(14)))
    moved = planning.get_visit(work, ME, MAIN, other.visit_id).visit
    refused(
        Conflict, "nothing_to_swap", rearranging.swap, work, ME, MAIN, change(later, "T001"), moved.visit_id, moved.rev
    )


def test_only_the_branchs_planners_rearrange(work, two):
    for actor, kind in ((T001.actor, Forbidden), (D900.actor, NotFound)):
        with pytest.raises(kind):
            rearranging.rearrange(work, actor, MAIN, [change(two[0], "T002")])
