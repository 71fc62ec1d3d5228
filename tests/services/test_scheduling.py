"""Planning through the services: what is stored, what is refused, and what two planners do to each other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.ids import EventId, VisitId, visit_id
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services import approvals, planning, rulings, scheduling
from fieldapp.services.recording import record
from fieldapp.services.scheduling import Order, Slot
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from fieldapp.storage.tables.audit import AuditRow
from tests import cast
from tests.cast import D001, D900, MAIN, NOW, T001

ME = D001.actor
CUSTOMER = ev.Customer(name="何美玲", phone="19553035110", address="健康東路115號", language="zh-Hant")


def at(hour: float) -> datetime:
    """That hour of the tests' day, in the branch's zone."""
    return datetime(2026, 10, 13, 16, tzinfo=UTC) + timedelta(hours=hour)


def promise(start: float = 14, end: float = 16, told_at: datetime = NOW) -> ev.Promise:
    return ev.Promise(start=at(start), end=at(end), agreed=True, told_at=told_at, channel="phone")


def order(number: str = "WO-1", opens: float = 14, closes: float = 16, **slot: Any) -> Order:
    return Order(
        external_id=number, customer=CUSTOMER, promise=promise(opens, closes), job_type="install",
        slot=Slot(**{"technician": "T001", **slot}), charges=[ev.Charge(label="光猫押金", amount="100.00")],
    )  # fmt: skip


def change(start: float = 17, end: float = 18, **values: Any) -> ev.PromiseChanged:
    return ev.PromiseChanged(
        **{"asked_by": "company", "promise": promise(start, end), "apology": True, "cause": "plan", **values}
    )


def schedule(work: Work, *args: Any, **kwargs: Any) -> scheduling.Visit:
    return scheduling.schedule_visit(work, ME, MAIN, order(*args, **kwargs))


def details(work: Work, visit: scheduling.Visit) -> planning.Details:
    return planning.get_visit(work, ME, MAIN, visit.visit_id)


def refused(kind: type[Exception], code: str, act: Any, *args: Any) -> Any:
    with pytest.raises(kind) as caught:
        act(*args)
    assert caught.value.code == code  # type: ignore[attr-defined]
    return caught.value


def from_phone(work: Work, visit: VisitId, data: ev.Data, held: str | None = None) -> None:
    event = Event(
        id=EventId(work.new_id()), type=str(type(data).__struct_config__.tag), visit=visit, effective_at=work.now(),
        actor="T001", data=data,
    )  # fmt: skip
    with work.write() as db:
        record(db, MAIN, [Record(event=event, origin="push", received_at=work.now(), held_code=held)], work.now())


def actions(work: Work) -> list[str]:
    with work.read() as db:
        rows = db.query(AuditRow).filter(AuditRow.branch == MAIN).order_by(AuditRow.number)
        return [row.action for row in rows]


def test_a_new_appointment_starts_when_promised_and_takes_what_its_job_takes(work: Work) -> None:
    visit = schedule(work)
    assert (visit.state, visit.technician, visit.planned.start) == ("planned", "T001", at(14))
    assert visit.planned.end - visit.planned.start == timedelta(minutes=90)
    assert visit.visit_id == visit_id(MAIN, "WO-1")
    [line] = details(work, visit).ledger
    assert (line.window, line.recorded_by, line.channel) == (visit.window, "D001", "phone")
    assert actions(work) == ["visit.scheduled"]


def test_an_order_without_a_number_gets_one(work: Work) -> None:
    first, second = schedule(work, ""), schedule(work, "", 17, 18)
    assert first.external_id != second.external_id
    assert first.external_id.startswith("V261014-")


def test_a_taken_number_is_refused(work: Work) -> None:
    schedule(work)
    assert refused(Conflict, "external_id_taken", schedule, work, "WO-1", 17, 18).field == "external_id"


@pytest.mark.parametrize("code", ["T404", "T900", "D001", "' OR 1=1 --"])
def test_whoever_is_no_technician_of_the_branch_is_unknown(work: Work, code: str) -> None:
    error = refused(Invalid, "technician_unknown", lambda: schedule(work, technician=code))
    assert (error.field, error.facts["technician"]) == ("technician", code)


def test_who_has_left_is_not_sent(work: Work) -> None:
    refused(Invalid, "technician_left", lambda: schedule(work, technician="T099"))


def test_a_past_window_is_refused_in_a_form(work: Work) -> None:
    assert refused(Invalid, "window_past", schedule, work, "WO-1", 7, 9).field == "window_start"


def test_overlapping_work_is_refused_and_names_the_other_visit(work: Work) -> None:
    schedule(work)
    error = refused(Conflict, "technician_busy", schedule, work, "WO-2", 15, 17)
    assert (error.facts["other"], error.facts["technician"]) == ("WO-1", "T001")
    assert error.facts["end"] == at(15.5).isoformat()


def test_windows_may_overlap_where_the_work_does_not(work: Work) -> None:
    schedule(work)
    assert schedule(work, "WO-2", 14, 18, start=at(15.5)).planned.start == at(15.5)


def test_a_long_job_is_compared_on_its_whole_interval(work: Work) -> None:
    schedule(work, minutes=300)
    refused(Conflict, "technician_busy", schedule, work, "WO-2", 18, 19)


@pytest.mark.parametrize("start", [13.75, 16.25, 24 + 15])
def test_work_that_begins_outside_the_promise_is_refused_unless_somebody_says_why(work: Work, start: float) -> None:
    error = refused(Conflict, "outside_promise", lambda: schedule(work, start=at(start)))
    assert (error.field, error.facts["start"], error.facts["end"]) == (
        "planned_start", at(14).isoformat(), at(16).isoformat(),
    )  # fmt: skip
    visit = schedule(work)
    for technician in ("T002", None):
        slot = Slot(technician=technician, start=at(start))
        refused(Conflict, "outside_promise", scheduling.assign_visit, work, ME, MAIN, visit.visit_id, visit.rev, slot)
    slot = Slot(technician="T001", start=at(start), override="she is at home all day")
    assert scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, slot).planned.start == at(start)
    assert "visit.planned_outside_promise" in actions(work)


def test_the_new_window_of_a_move_is_the_one_that_work_begins_in(work: Work) -> None:
    visit = schedule(work)
    wanted = work, ME, MAIN, visit.visit_id, visit.rev, change(17, 18)
    refused(Conflict, "outside_promise", scheduling.move_visit, *wanted, Slot(technician="T001", start=at(15)))
    assert scheduling.move_visit(*wanted, Slot(technician="T001", start=at(18))).planned.start == at(18)


def test_who_takes_over_what_stands_outside_its_promise_already_gives_no_reason_for_that(work: Work) -> None:
    visit = schedule(work, start=at(18), override="after work")
    slot = Slot(technician="T002", minutes=30)
    given = scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, slot)
    assert (given.technician, given.planned.start) == ("T002", at(18))


def test_an_override_with_a_reason_is_let_through_and_audited(work: Work) -> None:
    schedule(work)
    refused(Conflict, "technician_busy", lambda: schedule(work, "WO-2", override="   "))
    schedule(work, "WO-2", override="same building")
    assert "visit.double_booked" in actions(work)


def test_another_technician_or_the_pool_is_free(work: Work) -> None:
    schedule(work)
    schedule(work, "WO-2", technician="T002")
    assert schedule(work, "WO-3", technician=None).technician is None
    assert schedule(work, "WO-4", technician=None).technician is None


def test_a_cancelled_visit_takes_nobodys_time(work: Work) -> None:
    visit = schedule(work)
    cancel = ev.VisitCancelled(asked_by="customer", told_at=NOW, apology=False, cause="customer")
    assert scheduling.cancel_visit(work, ME, MAIN, visit.visit_id, visit.rev, cancel).state == "cancelled"
    assert schedule(work, "WO-2").technician == "T001"


def test_moving_writes_a_second_line_and_never_touches_the_first(work: Work) -> None:
    visit = schedule(work)
    moved = scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, change(), Slot(technician="T001"))
    first, second = details(work, moved).ledger
    assert (first.window, second.window, second.cause) == (visit.window, moved.window, "plan")
    assert moved.planned.start == at(17)
    assert [one.event.type for one in details(work, moved).timeline] == ["visit.scheduled", "promise.changed"]


def test_moving_may_change_who_comes_and_when_they_are_planned(work: Work) -> None:
    visit = schedule(work)
    slot = Slot(technician="T002", start=at(17.5), minutes=30)
    moved = scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, change(), slot)
    assert (moved.technician, moved.planned.start, moved.planned.end) == ("T002", at(17.5), at(18))


def test_moving_onto_other_work_moves_nothing(work: Work) -> None:
    visit = schedule(work)
    schedule(work, "WO-2", 17, 18)
    error = refused(
        Conflict, "technician_busy", scheduling.move_visit, work, ME, MAIN, visit.visit_id, visit.rev, change(),
        Slot(technician="T001"),
    )  # fmt: skip
    assert error.facts["other"] == "WO-2"
    assert details(work, visit).visit == visit


def test_two_dispatchers_moving_one_visit_the_second_is_told_what_the_first_did(work: Work) -> None:
    visit = schedule(work)
    slot = Slot(technician="T001")
    scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, change(), slot)
    error = refused(
        Conflict,
        "visit_changed",
        scheduling.move_visit,
        work,
        ME,
        MAIN,
        visit.visit_id,
        visit.rev,
        change(19, 20),
        slot,
    )
    assert (error.facts["changes"], error.facts["by"]) == ("promise.changed", "D001")
    assert details(work, visit).visit.window.start == at(17)


def test_a_note_that_came_in_meanwhile_is_no_conflict(work: Work) -> None:
    visit = schedule(work)
    from_phone(work, visit.visit_id, ev.NoteAdded(text="behind the shop"))
    assert (
        scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, Slot(technician="T002")).technician == "T002"
    )


def test_a_visit_that_has_begun_is_neither_moved_nor_cancelled(work: Work) -> None:
    visit = schedule(work)
    from_phone(work, visit.visit_id, ev.VisitArrived())
    rev = details(work, visit).visit.rev
    refused(
        Conflict, "visit_started", scheduling.move_visit, work, ME, MAIN, visit.visit_id, rev, change(),
        Slot(technician="T001"),
    )  # fmt: skip


def test_staff_alone_cannot_enter_a_late_request_of_the_customer(work: Work) -> None:
    visit = schedule(work, "WO-1", 10, 11)
    late = change(12, 13, asked_by="customer", cause="customer")
    error = refused(
        Invalid, "needs_second_person", scheduling.move_visit, work, ME, MAIN, visit.visit_id, visit.rev, late,
        Slot(technician="T001"),
    )  # fmt: skip
    assert (error.field, error.facts["minutes"]) == ("asked_by", 60)


def test_nobody_was_told_in_the_future(work: Work) -> None:
    visit = schedule(work)
    told = change(promise=promise(17, 18, NOW + timedelta(hours=1)))
    refused(
        Invalid, "told_future", scheduling.move_visit, work, ME, MAIN, visit.visit_id, visit.rev, told,
        Slot(technician="T001"),
    )  # fmt: skip


def test_a_corrected_typo_records_only_what_differs(work: Work) -> None:
    visit = schedule(work)
    same = ev.VisitAmended(customer=CUSTOMER, job_type="install", note=None)
    assert scheduling.amend_visit(work, ME, MAIN, visit.visit_id, visit.rev, same) == visit
    wanted = ev.VisitAmended(customer=CUSTOMER, job_type="install", note="ring twice")
    amended = scheduling.amend_visit(work, ME, MAIN, visit.visit_id, visit.rev, wanted)
    assert (amended.note, amended.rev) == ("ring twice", visit.rev + 1)
    [_, entry] = details(work, amended).timeline
    assert entry.event.data == ev.VisitAmended(note="ring twice")


def test_of_two_planners_at_the_same_moment_one_wins(work: Work) -> None:
    start, answers = Barrier(2), []

    def plan(number: str) -> None:
        start.wait()
        try:
            answers.append(schedule(work, number).external_id)
        except Conflict as error:
            answers.append(error.code)

    threads = [Thread(target=plan, args=(number,)) for number in ("WO-1", "WO-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({"WO-1", "WO-2"} & set(answers)) == 1
    assert "technician_busy" in answers


def test_another_branchs_dispatcher_meets_nothing(work: Work) -> None:
    visit = schedule(work)
    refused(NotFound, "not_found", planning.get_visit, work, D900.actor, MAIN, visit.visit_id)
    refused(NotFound, "not_found", planning.get_visit, work, D900.actor, cast.NORTH, visit.visit_id)
    refused(Forbidden, "forbidden", scheduling.schedule_visit, work, T001.actor, MAIN, order("WO-9"))


def test_the_day_has_a_lane_for_everybody_and_shows_work_that_reaches_in(work: Work) -> None:
    schedule(work, "WO-1", 22, 23, minutes=240)
    schedule(work, "WO-2", technician=None)
    day = planning.look_at_day(work, ME, MAIN, NOW.date() + timedelta(days=1))
    assert [lane.technician.code for lane in day.lanes if lane.technician] == ["T001", "T002", "T003"]
    assert [one.external_id for one in day.lanes[0].visits] == ["WO-1"]
    assert day.shown.start == day.bounds.start
    assert [one.external_id for one in planning.look_at_day(work, ME, MAIN, NOW.date()).pool] == ["WO-2"]


def test_the_list_filters_literally_and_tells_missed_by_the_clock(work: Work, clock: Any) -> None:
    schedule(work, "WO_1", 10, 11)
    schedule(work, "WO-2", 14, 16)

    def found(**wanted: Any) -> list[str]:
        return [one.external_id for one in planning.list_visits(work, ME, MAIN, **wanted).visits]

    assert found(text="_") == ["WO_1"]
    assert found(text="%") == []
    assert found(text="美玲", sort="external_id", descending=True) == ["WO_1", "WO-2"]
    assert found(states=["missed"]) == []
    clock.set(at(13.5))
    assert found(states=["missed"]) == ["WO_1"]
    assert found(states=["planned"]) == ["WO-2"]
    assert found(technician="T002") == []
    assert found(first=NOW.date() + timedelta(days=1)) == []


# --- What nobody enters alone -------------------------------------------------------------------------------------


def cancelled(asked_by: str, told_at: datetime) -> ev.VisitCancelled:
    return ev.VisitCancelled(asked_by=asked_by, told_at=told_at, apology=True, cause="plan")  # type: ignore[arg-type]


@pytest.mark.parametrize("asked_by", ["customer", "company"])
def test_no_missed_visit_is_called_off_as_if_the_customer_had_been_told(work: Work, clock: Any, asked_by: str) -> None:
    """It was promised for 14:00 to 16:00, and counts as missed from 18:00 on."""
    visit = schedule(work)
    clock.set(at(18.5))
    act = lambda told: scheduling.cancel_visit(  # noqa: E731
        work, ME, MAIN, visit.visit_id, visit.rev, cancelled(asked_by, told)
    )
    refused(Invalid, "told_afterwards", act, at(12))
    assert details(work, visit).state == "missed"
    act(at(18.4))  # told by then, it takes nothing out of the score any more


def test_what_the_company_moved_too_late_is_not_entered_as_told_in_time(work: Work, clock: Any) -> None:
    visit = schedule(work)
    clock.set(at(13.5))
    act = lambda told: scheduling.move_visit(  # noqa: E731
        work, ME, MAIN, visit.visit_id, visit.rev, change(promise=promise(17, 18, told)), Slot(technician="T001")
    )
    refused(Invalid, "told_afterwards", act, at(12.5))
    act(at(13.4))


def test_what_a_customer_asked_in_time_and_nobody_entered_a_second_person_can_still_approve(
    work: Work, clock: Any
) -> None:
    visit = schedule(work)
    clock.set(at(18.5))
    said = change(asked_by="customer", cause="customer", promise=promise(34, 35, at(12)))
    wanted = work, ME, MAIN, visit.visit_id, visit.rev, said, Slot(technician="T001")
    refused(Invalid, "needs_second_person", scheduling.move_visit, *wanted)
    assert approvals.ask(*wanted).state == "open"


def test_whoever_enters_it_while_they_talk_is_not_late(work: Work, clock: Any) -> None:
    visit = schedule(work)
    clock.set(at(13.1))
    said = change(promise=promise(17, 18, at(12.98)))
    scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, said, Slot(technician="T001"))


def test_nobody_calls_off_moves_or_rules_about_a_visit_of_their_own(work: Work) -> None:
    """Whoever was its technician until yesterday."""
    visit = schedule(work)
    me = replace(ME, login="T001")
    seen = work, me, MAIN, visit.visit_id, visit.rev
    refused(Forbidden, "visit_own", scheduling.cancel_visit, *seen, cancelled("customer", work.now()))
    refused(Forbidden, "visit_own", scheduling.move_visit, *seen, change(), Slot(technician="T002"))
    refused(Forbidden, "visit_own", approvals.ask, *seen, change(asked_by="customer"), Slot(technician="T001"))
    scheduling.cancel_visit(work, ME, MAIN, visit.visit_id, visit.rev, cancelled("customer", work.now()))
    again = details(work, visit).visit
    refused(Forbidden, "visit_own", rulings.reinstate_visit, work, me, MAIN, visit.visit_id, again.rev, "Mine.")


@pytest.mark.postgres
def test_planning_works_the_same_on_postgresql(postgres_work: Work) -> None:
    visit = schedule(postgres_work)
    refused(Conflict, "technician_busy", schedule, postgres_work, "WO-2", 15, 17)
    moved = scheduling.move_visit(postgres_work, ME, MAIN, visit.visit_id, visit.rev, change(), Slot(technician="T001"))
    assert moved.planned.start == at(17)
    [found] = planning.list_visits(postgres_work, ME, MAIN, text="美玲", states=["planned", "missed"]).visits
    assert found == moved
    assert planning.look_at_day(postgres_work, ME, MAIN, NOW.date()).lanes[0].visits == [moved]
