"""Late changes through the services: filed, approved or declined once, recorded as entered, audited both times."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.visits import events as ev
from fieldapp.services import approvals, planning, scheduling
from fieldapp.services.approvals import Approval
from fieldapp.services.doctor import examine
from fieldapp.services.scheduling import Slot, Visit
from fieldapp.services.work import Work
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.storage.tables.approvals import ApprovalRow
from fieldapp.storage.tables.audit import AuditRow
from tests.cast import D001, M001, M002, MAIN, NOW, Q001, Q900, T001
from tests.services.test_scheduling import at, change, details, from_phone, promise, refused, schedule

ME = D001.actor
WHY = "I called the customer back."
SECRET = "her sister Anna arrives at noon"


def late(start: float = 12, end: float = 13, told_minutes_ago: int = 5, **values: Any) -> ev.PromiseChanged:
    told = promise(start, end, NOW - timedelta(minutes=told_minutes_ago))
    return change(**{"asked_by": "customer", "cause": "customer", "promise": told, "reason": SECRET, **values})


def soon(work: Work, number: str = "WO-1", **slot: Any) -> Visit:
    """A visit whose window begins in half an hour."""
    return schedule(work, number, 10, 11, **slot)


def ask(work: Work, visit: Visit, wanted: ev.PromiseChanged | None = None, **slot: Any) -> Approval:
    rev = details(work, visit).visit.rev
    wish = Slot(**{"technician": "T001", **slot})
    return approvals.ask(work, ME, MAIN, visit.visit_id, rev, wanted or late(), wish)


def decide(work: Work, asked: Approval, who: Any = Q001, outcome: Any = "approved", reason: str = WHY) -> Approval:
    return approvals.decide(work, who.actor, MAIN, asked.approval_id, outcome, reason)


def audited(work: Work) -> list[Any]:
    columns = (AuditRow.actor, AuditRow.action, AuditRow.subject, AuditRow.facts)
    with work.read() as db:
        return list(db.query(*columns).filter(AuditRow.branch == MAIN).order_by(AuditRow.number))


def sound(work: Work) -> bool:
    return [fault for check in examine(work) for fault in check.faults] == []


def test_a_filed_request_changes_no_promise_until_it_is_approved(work: Work) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    seen = details(work, visit)
    assert (seen.visit, len(seen.ledger)) == (visit, 1)
    assert [(one.approval_id, stale) for one, stale in seen.asked] == [(asked.approval_id, None)]
    decide(work, asked)
    seen = details(work, visit)
    assert (seen.visit.window.start, seen.visit.planned.start, seen.visit.technician) == (at(12), at(12), "T001")
    assert sound(work)


def test_approved_it_is_recorded_as_its_author_entered_it(work: Work, clock: Any) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    clock.advance(minutes=20)
    decided = decide(work, asked)
    [line] = [one for one in details(work, visit).ledger if one.event_id == decided.event_id]
    assert (line.recorded_by, line.told_at) == ("D001", NOW - timedelta(minutes=5))
    assert (line.asked_by, line.cause, line.reason) == ("customer", "customer", SECRET)
    assert (decided.state, decided.decided_by, decided.decided_at) == ("approved", "Q001", work.now())


def test_both_times_are_audited_without_a_personal_word(work: Work) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    decide(work, asked, M001)
    rows = [(row.actor, row.action, row.subject) for row in audited(work)][-2:]
    assert rows == [("D001", "change.requested", "WO-1"), ("M001", "change.approved", "WO-1")]
    facts = "".join(row.facts for row in audited(work)[-2:])
    assert asked.approval_id in facts
    assert SECRET not in facts
    assert WHY not in facts


def test_declined_it_leaves_everything_as_it_was(work: Work) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    assert decide(work, asked, outcome="declined").event_id is None
    assert (details(work, visit).visit, len(details(work, visit).ledger)) == (visit, 1)
    assert audited(work)[-1].action == "change.declined"
    assert ask(work, visit).state == "open", "after a decision another request may be filed"


def test_a_second_request_waits_for_the_first(work: Work) -> None:
    visit = soon(work)
    ask(work, visit)
    refused(Conflict, "request_waiting", lambda: ask(work, visit))


def test_a_window_that_the_company_moved_too_late_shields_nobody(work: Work) -> None:
    visit = soon(work)
    scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, change(17, 18), Slot(technician="T001"))
    seen = details(work, visit).visit
    refused(
        Invalid, "needs_second_person", scheduling.move_visit, work, ME, MAIN, visit.visit_id, seen.rev, late(17, 18),
        Slot(technician="T001"),
    )  # fmt: skip


def test_in_good_time_the_customers_wish_needs_nobody_else(work: Work) -> None:
    visit = schedule(work)
    moved = scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, late(17, 18), Slot(technician="T001"))
    assert moved.window.start == at(17)


def test_the_plan_that_was_asked_for_comes_with_it(work: Work) -> None:
    visit = soon(work)
    decide(work, ask(work, visit, technician="T002", start=at(12.5), minutes=30))
    seen = details(work, visit).visit
    assert (seen.technician, seen.planned.start, seen.planned.end) == ("T002", at(12.5), at(13))


def test_who_was_assigned_meanwhile_keeps_the_visit(work: Work) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, Slot(technician="T003"))
    decide(work, asked)
    assert details(work, visit).visit.technician == "T003"


def test_work_that_would_overlap_is_refused_when_asked_and_when_approved(work: Work) -> None:
    visit = soon(work)
    schedule(work, "WO-2", 12, 13)
    refused(Conflict, "technician_busy", lambda: ask(work, visit))
    asked = ask(work, visit, technician="T002")
    schedule(work, "WO-3", 12, 13, technician="T002")
    refused(Conflict, "technician_busy", lambda: decide(work, asked))
    assert len(details(work, visit).ledger) == 1
    assert "change.approved" not in [row.action for row in audited(work)]


def test_an_override_is_audited_as_the_authors_and_only_once_it_happens(work: Work) -> None:
    visit = soon(work)
    schedule(work, "WO-2", 12, 13)
    asked = ask(work, visit, override="same house")
    assert "visit.double_booked" not in [row.action for row in audited(work)]
    decide(work, asked)
    [row] = [row for row in audited(work) if row.action == "visit.double_booked"]
    assert row.actor == "D001"


def test_the_technician_on_the_doorstep_can_still_be_done_justice(work: Work, clock: Any) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    clock.set(at(12.2))
    from_phone(work, visit.visit_id, ev.VisitArrived())
    decide(work, asked)
    assert details(work, visit).visit.window.start == at(12)
    assert sound(work)


@pytest.mark.parametrize("ending", ["cancelled", "completed"])
def test_a_request_about_a_visit_that_ended_can_only_be_declined(work: Work, ending: str) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    if ending == "cancelled":
        cancel = ev.VisitCancelled(asked_by="customer", told_at=NOW, apology=False, cause="customer")
        scheduling.cancel_visit(work, ME, MAIN, visit.visit_id, visit.rev, cancel)
    else:
        from_phone(work, visit.visit_id, ev.VisitCompleted(manifest=[]))
    refused(Conflict, "request_visit_over", lambda: decide(work, asked))
    [(_, stale)] = details(work, visit).asked
    assert stale == "request_visit_over"
    assert decide(work, asked, outcome="declined").state == "declined"


def test_a_request_that_was_overtaken_by_another_move_blocks_nothing(work: Work) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    scheduling.move_visit(work, ME, MAIN, visit.visit_id, visit.rev, change(15, 16), Slot(technician="T001"))
    refused(Conflict, "request_moved", lambda: decide(work, asked))
    assert ask(work, visit, late(18, 19)).state == "open"


def test_facts_that_wait_for_the_dispatcher_come_first(work: Work) -> None:
    visit = soon(work)
    asked = ask(work, visit)
    from_phone(work, visit.visit_id, ev.VisitArrived(), held="not_assignee")
    refused(Conflict, "visit_disputed", lambda: decide(work, asked))


def become(work: Work, login: str, role: str) -> None:
    with work.write() as db:
        db.execute(update(AccountRow).where(AccountRow.login == login).values(role=role))


@pytest.mark.parametrize(
    ("person", "code"), [(D001, "request_own"), (T001, "request_benefit")], ids=["author", "beneficiary"]
)
def test_neither_author_nor_beneficiary_decides_in_any_other_role(work: Work, person: Any, code: str) -> None:
    asked = ask(work, soon(work))
    become(work, person.login, "manager")
    refused(Forbidden, "forbidden", decide, work, asked, person)
    for outcome in ("approved", "declined"):
        refused(Forbidden, code, decide, work, asked, replace(person, role="manager"), outcome)


def test_people_of_every_branch_may_be_the_second(work: Work) -> None:
    asked = ask(work, soon(work))
    [view] = approvals.list_waiting(work, Q900.actor)
    assert (view.asked.approval_id, view.refusal, view.branch_name) == (asked.approval_id, None, "Main")
    assert decide(work, asked, Q900).decided_by == "Q900"


def test_with_fewer_than_three_to_choose_from_head_office_decides(work: Work) -> None:
    asked = ask(work, soon(work))
    for login in ("M002", "Q900"):
        become(work, login, "dispatcher")
    refused(Forbidden, "request_head_office", lambda: decide(work, asked))
    [view] = approvals.list_waiting(work, Q001.actor)
    assert view.refusal is not None
    assert view.refusal.code == "request_head_office"
    assert approvals.decide(work, OPERATOR, MAIN, asked.approval_id, "approved", WHY).decided_by == "office"


def test_what_waits_is_counted_and_what_is_decided_is_kept(work: Work) -> None:
    first, second = ask(work, soon(work)), ask(work, soon(work, "WO-2", technician="T002"), technician="T002")
    assert [one.asked.approval_id for one in approvals.list_waiting(work, M001.actor)] == [
        first.approval_id, second.approval_id,
    ]  # fmt: skip
    decide(work, first)
    assert approvals.count_waiting(work, M001.actor) == 1
    assert [one.asked.state for one in approvals.list_decided(work, M001.actor)] == ["approved"]
    refused(NotFound, "not_found", approvals.detail, work, M001.actor, "north", first.approval_id)


def test_the_database_itself_refuses_one_person_for_two(work: Work) -> None:
    asked = ask(work, soon(work))
    for login in ("D001", "T001"):
        change = update(ApprovalRow).where(ApprovalRow.branch == MAIN, ApprovalRow.approval_id == asked.approval_id)
        with pytest.raises(IntegrityError, match="four_eyes"), work.write() as db:
            db.execute(change.values(state="declined", decided_by=login, decided_at=NOW, reason=WHY))


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def either(request: pytest.FixtureRequest) -> Any:
    """The company on each engine."""
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def test_of_two_second_persons_at_once_one_wins_and_the_other_is_told(either: Work) -> None:
    visit = soon(either)
    asked = ask(either, visit)
    start, answers = Barrier(3), []

    def act(who: Any, outcome: str) -> None:
        start.wait()
        try:
            answers.append(decide(either, asked, who, outcome).state)
        except Conflict as error:
            answers.append(error.code)

    people = ((Q001, "approved"), (M001, "approved"), (M002, "declined"))
    threads = [Thread(target=act, args=each) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("request_decided") == 2
    approved = "approved" in answers
    assert len(planning.get_visit(either, ME, MAIN, visit.visit_id).ledger) == 1 + approved
    decisions = [row for row in audited(either) if row.action in {"change.approved", "change.declined"}]
    assert len(decisions) == 1
    assert sound(either)


def test_of_two_requests_at_once_one_is_filed(either: Work) -> None:
    visit = soon(either)
    start, answers = Barrier(2), []

    def act() -> None:
        start.wait()
        try:
            answers.append(ask(either, visit).state)
        except Conflict as error:
            answers.append(error.code)

    threads = [Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["open", "request_waiting"]
