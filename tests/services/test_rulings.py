"""Deciding about facts that a phone sent against the plan."""

from dataclasses import replace
from typing import Any

import pytest

from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.ids import StaffCode
from fieldapp.domain.visits import events as ev
from fieldapp.services import doctor, planning, rulings, scheduling
from fieldapp.services.scheduling import Visit
from fieldapp.services.work import Work
from fieldapp.storage import events
from tests.cast import MAIN, NOW
from tests.services.test_scheduling import ME, at, details, from_phone, refused, schedule


def stray(work: Work, data: ev.Data | None = None) -> Visit:
    """A visit of the afternoon, and a fact that a phone sent against its plan in the morning."""
    visit = schedule(work)
    from_phone(work, visit.visit_id, data or ev.VisitDeparted(), held="promise_moved")
    return details(work, visit).visit


def faults(work: Work) -> list[str]:
    return [fault for check in doctor.examine(work) for fault in check.faults]


def decide(work: Work, rule: str, visit: Visit, reason: str = "a slip of the thumb") -> Visit:
    decided: Visit = getattr(rulings, rule)(work, ME, MAIN, visit.visit_id, visit.rev, reason)
    return decided


@pytest.mark.parametrize(("rule", "state"), [("reinstate_visit", "arrived"), ("void_visit", "void")])
def test_held_facts_wait_until_a_dispatcher_decides(work: Work, rule: str, state: str) -> None:
    visit = schedule(work)
    cancel = ev.VisitCancelled(asked_by="customer", told_at=NOW, apology=False, cause="customer")
    scheduling.cancel_visit(work, ME, MAIN, visit.visit_id, visit.rev, cancel)
    from_phone(work, visit.visit_id, ev.VisitArrived(), held="visit_cancelled")
    [disputed] = planning.list_disputed(work, ME, MAIN)
    assert disputed.visit is not None
    assert (disputed.visit.state, disputed.facts[0].held_code) == ("disputed", "visit_cancelled")
    decided = getattr(rulings, rule)(work, ME, MAIN, visit.visit_id, disputed.visit.rev, "the customer was there")
    assert (decided.state, decided.held) == (state, 0)
    assert planning.list_disputed(work, ME, MAIN) == []


def test_a_decision_wants_a_reason_and_something_to_decide(work: Work) -> None:
    visit = schedule(work)
    refused(Invalid, "reason_missing", rulings.void_visit, work, ME, MAIN, visit.visit_id, visit.rev, "  ")
    refused(Conflict, "nothing_to_decide", rulings.reinstate_visit, work, ME, MAIN, visit.visit_id, visit.rev, "why")


def test_a_dispatcher_takes_no_visit_out_of_a_score_that_is_not_disputed(work: Work) -> None:
    visit = schedule(work)
    refused(Conflict, "nothing_to_decide", rulings.void_visit, work, ME, MAIN, visit.visit_id, visit.rev, "late")


def test_no_appointment_falls_away_by_facts_that_nobody_came_with(work: Work, clock: Any) -> None:
    visit = stray(work)
    assert details(work, visit).decisions == ("reinstate", "leave_out")
    refused(Conflict, "visit_awaited", rulings.void_visit, work, ME, MAIN, visit.visit_id, visit.rev, "a slip")
    assert details(work, visit).visit.state == "disputed"
    clock.set(at(16))
    assert decide(work, "void_visit", visit).state == "void"


def test_what_was_begun_against_the_plan_can_be_kept_without_a_score_before_the_window_is_over(work: Work) -> None:
    assert decide(work, "void_visit", stray(work, ev.VisitArrived())).state == "void"


def test_facts_that_are_left_out_wait_no_more_and_the_appointment_stands(work: Work) -> None:
    visit = decide(work, "leave_facts_out", before := stray(work))
    assert (visit.state, visit.held, visit.rev) == ("planned", 0, before.rev + 1)
    assert planning.list_disputed(work, ME, MAIN) == []
    assert planning.counts(work, ME, MAIN)[1] == 0
    _, fact, ruling = details(work, visit).timeline
    assert (fact.held_code, fact.waits) == ("left_out", False)
    assert ruling.event.data == ev.VisitReinstated(reason="a slip of the thumb", left_out=[fact.event.id])
    assert faults(work) == []


def test_the_visit_goes_on_as_if_they_had_not_come(work: Work) -> None:
    visit = decide(work, "leave_facts_out", stray(work))
    moved = scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, scheduling.Slot(technician="T002"))
    assert moved.technician == "T002"
    from_phone(work, visit.visit_id, ev.VisitArrived(), held="not_assignee")
    assert decide(work, "reinstate_visit", details(work, visit).visit).state == "arrived"
    with work.read() as db:
        [left] = events.held_of(db, MAIN, visit.visit_id, code=events.LEFT_OUT)
    assert left.event.type == "visit.departed"


def test_what_was_left_out_by_mistake_is_brought_back(work: Work) -> None:
    visit = decide(work, "leave_facts_out", stray(work))
    assert details(work, visit).decisions == ("reinstate",)
    again = decide(work, "reinstate_visit", visit, "they had set out after all")
    assert (again.state, again.rev) == ("en_route", visit.rev + 1)
    assert details(work, visit).decisions == ()
    assert faults(work) == []


def test_a_visit_that_is_called_off_and_on_again_is_without_what_was_left_out_before(work: Work) -> None:
    visit = decide(work, "leave_facts_out", stray(work))
    cancel = ev.VisitCancelled(asked_by="customer", told_at=NOW, apology=False, cause="customer")
    off = scheduling.cancel_visit(work, ME, MAIN, visit.visit_id, visit.rev, cancel)
    assert decide(work, "reinstate_visit", off).state == "planned"


@pytest.mark.postgres
def test_facts_are_left_out_and_brought_back_on_postgresql_too(postgres_work: Work) -> None:
    visit = decide(postgres_work, "leave_facts_out", stray(postgres_work))
    assert (visit.state, visit.held) == ("planned", 0)
    assert decide(postgres_work, "reinstate_visit", visit).state == "en_route"


@pytest.mark.parametrize("rule", ["reinstate_visit", "leave_facts_out", "void_visit"])
def test_nobody_rules_about_what_they_said_themselves_as_a_technician(work: Work, rule: str) -> None:
    visit = schedule(work)
    given = scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, scheduling.Slot(technician="T002"))
    from_phone(work, given.visit_id, ev.VisitArrived(), held="not_assignee")
    moved = details(work, given).visit
    plans_by_now = replace(ME, login=StaffCode("T001"))
    refused(Forbidden, "visit_own", getattr(rulings, rule), work, plans_by_now, MAIN, moved.visit_id, moved.rev, "why")
