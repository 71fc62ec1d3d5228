"""A day of the branch planned anew by the real solver: what is fixed, what a proposal says, applied whole or not."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from fieldapp.domain.calendar import Window
from fieldapp.domain.calendars import Calendar, read_shifts
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.visits import events as ev
from fieldapp.services import accounts, calendars, day_plans, pins, planning, scheduling
from fieldapp.services.day_plan_solver import ByPyVrp
from fieldapp.services.day_plans import Asked
from fieldapp.services.rearranging import CannotRearrange
from fieldapp.services.scheduling import Slot
from tests.cast import A001, D900, MAIN, T001
from tests.services.test_scheduling import CUSTOMER, ME, actions, at, from_phone, order, refused, schedule

TODAY = Asked(day=date(2026, 10, 14))
TOMORROW = Asked(day=date(2026, 10, 15))
SOLVE = ByPyVrp(60, patience=200)


def propose(work, asked=TODAY):
    return day_plans.propose(work, ME, MAIN, asked, solve=SOLVE)


def apply(work, proposal, asked=TODAY):
    return day_plans.apply(work, ME, MAIN, asked, proposal.mark, proposal.changes)


def plan(work, visit):
    found = planning.get_visit(work, ME, MAIN, visit.visit_id).visit
    return found.technician, found.planned.start


def near(work, number, opens, closes, technician, lon):
    customer = structs.replace(CUSTOMER, lat=31.2, lon=lon)
    return scheduling.schedule_visit(
        work, ME, MAIN, replace(order(number, opens, closes, technician=technician), customer=customer)
    )


def steps(proposal, code="T001", side="after"):
    [lane] = [one for one in proposal.lanes if one.technician.code == code]
    return [(one.visit.external_id, one.kind, one.other) for one in getattr(lane, side)]


def test_a_day_that_keeps_its_promises_stays_as_it_is(work):
    schedule(work)
    schedule(work, "WO-2", technician="T002")
    proposal = propose(work)
    assert (proposal.changes, proposal.left) == ([], [])
    assert steps(proposal) == [("WO-1", "", None)]
    assert actions(work) == ["visit.scheduled"] * 2


def test_the_visits_of_the_next_day_are_not_told_of(work):
    schedule(work)
    near(work, "WO-NEXT", 34, 35, "T001", 121.4)
    assert (day_plans.look(work, ME, MAIN, TODAY).fixed, steps(propose(work))) == (0, [("WO-1", "", None)])


def test_nobodys_visits_get_somebody_when_it_is_applied_and_not_before(work):
    visits = [schedule(work, f"WO-{number}", technician=None) for number in (1, 2, 3)]
    proposal = propose(work)
    assert proposal.count("new") == 3
    assert [plan(work, one)[0] for one in visits] == [None] * 3
    assert len(apply(work, proposal)) == 3
    assert {plan(work, one)[0] for one in visits} == {"T001", "T002", "T003"}
    assert actions(work)[-3:] == ["visit.assigned"] * 3
    assert propose(work).changes == []


def test_two_who_drive_past_each_other_change_visits_and_say_so_on_both_sides(work):
    for code, lon in (("T001", 121.0), ("T002", 122.0)):
        calendar = Calendar(code, read_shifts("wed 08:00-18:00"), base=(31.2, lon))
        calendars.save_calendar(work, ME, MAIN, calendar, 0)
    calendars.record_absence(work, ME, MAIN, "T003", Window(at(0), at(24)), "sick")
    one, other = near(work, "WO-1", 14, 16, "T001", 122.0), near(work, "WO-2", 14, 16, "T002", 121.0)
    proposal = propose(work)
    assert steps(proposal, "T001", "before") == [("WO-1", "gone", "T002")]
    assert steps(proposal, "T001") == [("WO-2", "taken", "T002")]
    assert (proposal.count("taken"), proposal.left) == (2, [])
    assert proposal.ways_after < proposal.ways_before
    apply(work, proposal)
    assert (plan(work, one), plan(work, other)) == (("T002", at(14)), ("T001", at(14)))


def test_what_is_pinned_begun_about_to_begin_or_to_be_decided_stays(work, clock):
    begun = schedule(work, "WO-1", 9, 11)
    from_phone(work, begun.visit_id, ev.VisitArrived())
    schedule(work, "WO-2", 9.6, 10, technician="T002")
    pinned = schedule(work, "WO-3", 14, 16, technician="T002")
    pins.pin_visit(work, ME, MAIN, pinned.visit_id, pinned.rev)
    held = schedule(work, "WO-4", 14, 16, technician="T003")
    from_phone(work, held.visit_id, ev.VisitDeparted(), held="cancelled")
    schedule(work, "WO-5", 14, 14.5, technician=None)
    outlook = day_plans.look(work, ME, MAIN, TODAY)
    assert (outlook.open, outlook.pool, outlook.fixed, outlook.people) == (1, 1, 4, 3)
    proposal = propose(work)
    assert [(change.technician, change.start) for change in proposal.changes] == [("T001", at(14))]


@pytest.mark.parametrize(
    ("calendar", "opens"),
    [
        (Calendar("T001", read_shifts("wed 08:00-13:30")), 13),
        (Calendar("T001", skills=frozenset({"repair"})), 14),
        (Calendar("T001", districts=frozenset({"North"})), 14),
    ],
)
def test_what_somebody_planned_against_a_calendar_and_said_why_stays_and_takes_its_time(work, calendar, opens):
    calendars.save_calendar(work, ME, MAIN, calendar, 0)
    for code in ("T002", "T003"):
        calendars.record_absence(work, ME, MAIN, code, Window(at(0), at(24)), "sick")
    customer = structs.replace(CUSTOMER, district="South")
    wanted = order("WO-1", opens, opens + 0.25, override="the customer knows him")
    visit = scheduling.schedule_visit(work, ME, MAIN, replace(wanted, customer=customer))
    schedule(work, "WO-2", opens - 0.5, opens, technician=None)
    proposal = propose(work)
    assert (proposal.changes, [one.visit.external_id for one in proposal.left]) == ([], ["WO-2"])
    assert plan(work, visit) == ("T001", at(opens))
    assert day_plans.look(work, ME, MAIN, TODAY).fixed == 1


def test_what_somebody_planned_outside_its_window_and_said_why_stays(work):
    schedule(work, "WO-1", 14, 15, start=at(11), override="she is at home all day")
    assert (day_plans.look(work, ME, MAIN, TODAY).fixed, propose(work).changes) == (1, [])


def test_whom_somebody_sent_into_an_absence_stays_until_they_fall_ill_besides(work):
    calendars.record_absence(work, ME, MAIN, "T001", Window(at(12), at(15)), "training")
    schedule(work, "WO-1", 14, 14.25, override="comes for this one")
    assert (day_plans.look(work, ME, MAIN, TODAY).fixed, propose(work).changes) == (1, [])
    calendars.record_absence(work, ME, MAIN, "T001", Window(at(13), at(24)), "sick")
    assert [one.technician in {"T002", "T003"} for one in propose(work).changes] == [True]


def test_what_a_calendar_speaks_against_by_now_is_given_to_others_where_nobody_said_why(work):
    schedule(work, "WO-1", 14, 14.25)
    calendars.save_calendar(work, ME, MAIN, Calendar("T001", read_shifts("wed 08:00-12:00")), 0)
    assert [one.technician in {"T002", "T003"} for one in propose(work).changes] == [True]


def test_an_evening_of_somebody_without_entered_hours_stays(work):
    for code in ("T002", "T003"):
        calendars.record_absence(work, ME, MAIN, code, Window(at(0), at(24)), "sick")
    schedule(work, "WO-1", 17.5, 18)
    schedule(work, "WO-2", 15, 16, technician=None, minutes=150)
    proposal = propose(work)
    assert (proposal.changes, [one.visit.external_id for one in proposal.left]) == ([], ["WO-2"])
    assert day_plans.look(work, ME, MAIN, TODAY).fixed == 1


def test_who_is_at_work_longer_than_planned_is_not_free_before_they_are_done(work, clock):
    first = schedule(work, "WO-1", 9, 11)
    clock.set(at(10.25))
    from_phone(work, first.visit_id, ev.VisitArrived())
    for code in ("T002", "T003"):
        calendars.record_absence(work, ME, MAIN, code, Window(at(0), at(24)), "sick")
    schedule(work, "WO-2", 10.75, 11, technician=None)
    assert [one.reason for one in propose(work).left] == ["nobody_there"]


def test_shifts_breaks_absences_and_who_can_do_what_where_decide_who_goes(work):
    for code, shifts, skills in (
        ("T001", "wed 08:00-12:00; wed 16:30-18:00", ()), ("T002", "wed 08:00-18:00", {"repair"}), ("T003", "", ())
    ):  # fmt: skip
        calendars.save_calendar(work, ME, MAIN, Calendar(code, read_shifts(shifts), frozenset(skills)), 0)
    calendars.record_absence(work, ME, MAIN, "T003", Window(at(15), at(24)), "leave")
    early, late = schedule(work, "WO-1", 11, 11.25, technician=None), schedule(work, "WO-2", 15, 15.5, technician=None)
    proposal = propose(work)
    assert [(one.visit, one.technician) for one in proposal.changes] == [(early.visit_id, "T003")]
    assert [(one.visit.visit_id, one.reason) for one in proposal.left] == [(late.visit_id, "nobody_there")]


@pytest.mark.parametrize(
    ("calendar", "reason"),
    [({"skills": frozenset({"repair"})}, "skill_missing"), ({"districts": frozenset({"North"})}, "district_foreign")],
)
def test_what_nobody_can_do_or_nobody_does_there_says_which(work, calendar, reason):
    for code in ("T001", "T002", "T003"):
        calendars.save_calendar(work, ME, MAIN, Calendar(code, **calendar), 0)
    customer = structs.replace(CUSTOMER, district="South")
    scheduling.schedule_visit(work, ME, MAIN, replace(order("WO-1", technician=None), customer=customer))
    assert [one.reason for one in propose(work).left] == [reason]


def test_whoever_falls_ill_leaves_their_visits_to_others_and_what_nobody_can_keep_stays_theirs(work):
    visits = [schedule(work, f"WO-{n}", 14, 14.25, override="walk-in") for n in range(4)]
    calendars.record_absence(work, ME, MAIN, "T001", Window(at(12), at(24)), "sick")
    proposal = propose(work)
    assert {change.technician for change in proposal.changes} == {"T002", "T003"}
    assert [(one.reason, one.stays) for one in proposal.left] == [("no_room", True)] * 2
    apply(work, proposal)
    assert sorted(plan(work, one)[0] for one in visits) == ["T001", "T001", "T002", "T003"]


def test_what_nobody_can_keep_goes_back_where_its_time_is_taken(work, clock):
    for code in ("T002", "T003"):
        calendars.record_absence(work, ME, MAIN, code, Window(at(0), at(24)), "sick")
    lost = schedule(work, "WO-1", 9, 9.6)
    from_phone(work, lost.visit_id, ev.VisitAssigned(technician="T001", planned_start=at(10.5), duration=90))
    schedule(work, "WO-2", 10.5, 10.75, technician=None)
    clock.set(at(9.75))
    proposal = propose(work)
    assert [(one.visit.external_id, one.reason, one.stays) for one in proposal.left] == [("WO-1", "window_over", False)]
    apply(work, proposal)
    assert plan(work, lost) == (None, at(10.5))


def test_a_team_plans_its_own_and_what_is_nobodys(work):
    schedule(work, "WO-1", technician="T003")
    schedule(work, "WO-2", technician=None)
    outlook = day_plans.look(work, ME, MAIN, replace(TODAY, team="a"))
    assert (outlook.open, outlook.people) == (1, 2)
    assert day_plans.look(work, ME, MAIN, replace(TODAY, team="x")).people == 0


def test_what_somebody_left_behind_is_given_to_others(work):
    visit = schedule(work, "WO-1", 38, 40, technician="T003")
    accounts.disable_account(work, A001.actor, "T003")
    proposal = propose(work, TOMORROW)
    assert [change.technician in {"T001", "T002"} for change in proposal.changes] == [True]
    apply(work, proposal, TOMORROW)
    assert plan(work, visit)[0] != "T003"


def changed_plan(work, visit):
    scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, Slot(technician="T003"))


def new_visit(work, _):
    schedule(work, "WO-9", 10, 11, technician="T002")


def cancelled(work, visit):
    told = ev.VisitCancelled(asked_by="customer", told_at=work.now(), apology=False, cause="customer")
    scheduling.cancel_visit(work, ME, MAIN, visit.visit_id, visit.rev, told)


def absent(work, _):
    calendars.record_absence(work, ME, MAIN, "T003", Window(at(14), at(15)), "sick")


def other_hours(work, _):
    calendars.save_calendar(work, ME, MAIN, Calendar("T003", read_shifts("wed 08:00-12:00")), 0)


def pinned(work, visit):
    pins.pin_visit(work, ME, MAIN, visit.visit_id, visit.rev)


@pytest.mark.parametrize("meanwhile", [changed_plan, new_visit, cancelled, absent, other_hours, pinned])
def test_a_plan_of_a_day_that_changed_meanwhile_is_not_applied(work, meanwhile):
    other = schedule(work, "WO-1", technician="T002")
    nobodys = schedule(work, "WO-2", technician=None)
    proposal = propose(work)
    assert proposal.changes
    meanwhile(work, other)
    refused(Conflict, "day_changed", apply, work, proposal)
    assert plan(work, nobodys)[0] is None


def test_that_somebody_set_out_to_another_visit_stops_no_plan(work):
    other = schedule(work, "WO-1", 9, 11, technician="T002")
    schedule(work, "WO-2", technician=None)
    proposal = propose(work)
    from_phone(work, other.visit_id, ev.VisitDeparted())
    assert len(apply(work, proposal)) == 1


def test_when_one_visit_has_begun_that_would_move_none_does(work):
    visit, nobodys = schedule(work, "WO-1", technician="T001"), schedule(work, "WO-2", technician=None)
    calendars.record_absence(work, ME, MAIN, "T001", Window(at(12), at(24)), "sick")
    proposal = propose(work)
    assert len(proposal.changes) == 2
    from_phone(work, visit.visit_id, ev.VisitDeparted())
    with pytest.raises(CannotRearrange) as caught:
        apply(work, proposal)
    assert (caught.value.visit, caught.value.refusal.code) == (visit.visit_id, "visit_changed")
    assert plan(work, nobodys)[0] is None


def test_what_would_begin_in_the_past_is_not_applied(work, clock):
    schedule(work, "WO-1", 10, 12, technician=None)
    proposal = propose(work)
    clock.set(at(11))
    refused(Conflict, "day_changed", apply, work, proposal)


def test_days_that_are_over_and_two_plans_at_a_time_are_refused(work):
    refused(Invalid, "day_over", propose, work, Asked(day=date(2026, 10, 13)))
    schedule(work, "WO-1", technician=None)

    def second(problem):
        refused(Conflict, "plan_busy", propose, work)
        return [[] for _ in problem.stretches]

    assert len(day_plans.propose(work, ME, MAIN, TODAY, solve=second).left) == 1
    assert propose(work).changes


def test_more_people_than_one_plan_takes_are_planned_team_by_team(work):
    for number in range(day_plans.MOST_PEOPLE):
        accounts.add_account(
            work,
            A001.actor,
            login=f"X{number:03d}",
            name="Extra",
            role="technician",
            password=None,
            branch=MAIN,
            team="a",
        )
    schedule(work, "WO-1", technician=None)
    refused(Invalid, "plan_too_big", propose, work)
    assert propose(work, replace(TODAY, team="b")).changes


def test_only_the_branchs_planners_plan_its_day(work):
    for actor, kind in ((T001.actor, Forbidden), (D900.actor, NotFound)):
        for act in (day_plans.look, day_plans.propose):
            with pytest.raises(kind):
                act(work, actor, MAIN, TODAY)
        with pytest.raises(kind):
            day_plans.apply(work, actor, MAIN, TODAY, "", [])
