"""Cases through the services: opened on the phone, taken, put off, closed with a finding, opened again, on record."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.findings import Draft
from fieldapp.services import cases, contacts, finding_views
from fieldapp.services.doctor import examine
from fieldapp.services.work import Work
from fieldapp.storage.tables.audit import AuditRow
from tests import links
from tests.cast import D001, M001, MAIN, Q001, Q900, T001
from tests.moves import move
from tests.services.test_scheduling import refused

ANSWER = {"outcome": "upheld", "reply": "We repaint the wall.", "apology": "We are sorry."}
SCRATCH = Draft(source="complaint", item="property", favourable=False, note="a scratch of 10 cm")


@pytest.fixture
def visit(work: Work) -> str:
    return links.signed_visit(work)


@pytest.fixture
def case(work: Work, visit: str) -> str:
    return cases.open_by_phone(work, D001.actor, MAIN, visit, "complaint", "The wall is scratched.")


def history(work: Work, case: str) -> list[tuple[str, str, str]]:
    return [(one.kind, one.actor, one.text) for one in cases.detail(work, Q001.actor, case).history]


def audited(work: Work) -> list[tuple[str, str]]:
    with work.read() as db:
        rows = db.scalars(select(AuditRow).where(AuditRow.branch == MAIN).order_by(AuditRow.number))
        return [(row.actor, row.action) for row in rows]


def test_a_dispatcher_opens_a_case_from_a_call_and_quality_finds_it(work: Work, case: str) -> None:
    [found] = cases.desk(work, Q001.actor, "open")
    assert (found.case.case_id, found.case.owner, found.is_overdue) == (case, None, False)
    assert history(work, case) == [("opened", "D001", "The wall is scratched.")]
    refused(Forbidden, "forbidden", lambda: cases.detail(work, D001.actor, case))


def test_nobody_closes_a_case_about_their_own_visit(work: Work, case: str) -> None:
    """Whoever was a technician until yesterday; they may take any other."""
    move(work, branch=MAIN, role="quality", team="a")
    me = replace(Q001.actor, login="T001")
    refused(Forbidden, "case_own", lambda: cases.close(work, me, case, **ANSWER))
    assert [one.case.case_id for one in cases.desk(work, Q001.actor, "open")] == [case]
    cases.close(work, Q001.actor, case, **ANSWER)


def test_a_case_without_a_visit_is_answered_linked_once_and_held_against_the_audit(work: Work, visit: str) -> None:
    def call(**other: str) -> str:
        words = {"order": "", "kind": "complaint", "text": "Mud.", "caller": "Mr Lu, at noon", **other}
        return cases.open_by_order(work, D001.actor, **words)

    refused(Invalid, "case_caller", lambda: call(caller=" "))
    refused(Invalid, "case_kind", lambda: call(kind="joke"))
    case = call()
    assert history(work, case) == [("opened", "D001", "Mud."), ("caller", "D001", "Mr Lu, at noon")]
    refused(Invalid, "finding_visit", lambda: cases.link(work, Q001.actor, case, "WO-9"))
    refused(NotFound, "not_found", lambda: cases.link(work, Q900.actor, case, "WO-1"))
    refused(Forbidden, "forbidden", lambda: cases.link(work, D001.actor, case, "WO-1"))
    cases.link(work, Q001.actor, case, "WO-1")
    assert cases.detail(work, Q001.actor, case).case.visit_id == visit
    refused(Conflict, "case_linked", lambda: cases.link(work, Q001.actor, case, "WO-1"))
    named = call(order="WO-1")
    assert history(work, named)[1:] == [("caller", "D001", "Mr Lu, at noon")]
    cases.close(work, Q001.actor, case, **ANSWER)
    unlinked = call()
    cases.close(work, Q001.actor, unlinked, **ANSWER)
    refused(Conflict, "case_closed", lambda: cases.link(work, Q001.actor, unlinked, "WO-1"))
    assert [fault for check in examine(work) for fault in check.faults] == []


@pytest.mark.parametrize(
    ("kind", "text", "code"), [("joke", "x", "case_kind"), ("complaint", " ", "text_missing")]
)  # fmt: skip
def test_a_call_without_a_kind_or_a_word_opens_nothing(work: Work, visit: str, kind: str, text: str, code: str) -> None:
    refused(Invalid, code, lambda: cases.open_by_phone(work, D001.actor, MAIN, visit, kind, text))
    refused(NotFound, "not_found", lambda: cases.open_by_phone(work, D001.actor, MAIN, "x", "complaint", "y"))
    refused(Invalid, "finding_visit", lambda: cases.open_by_order(work, Q001.actor, "WO-9", "complaint", "y"))
    refused(Forbidden, "forbidden", lambda: cases.open_by_phone(work, T001.actor, MAIN, visit, "complaint", "y"))
    assert cases.desk(work, Q001.actor, "open") == []


def test_who_takes_it_answers_for_it_until_somebody_takes_it_over(work: Work, case: str) -> None:
    cases.take(work, Q001.actor, case)
    refused(Conflict, "case_yours", lambda: cases.take(work, Q001.actor, case))
    cases.take(work, M001.actor, case)
    assert cases.detail(work, Q001.actor, case).case.owner == "M001"
    assert history(work, case)[1:] == [("taken", "Q001", ""), ("taken", "M001", "Q001")]


def test_after_its_day_it_is_overdue_until_it_is_put_off_or_answered(work: Work, case: str, clock: Any) -> None:
    assert cases.count_overdue(work, Q001.actor) == 0
    clock.advance(days=8)
    assert cases.count_overdue(work, Q001.actor) == 1
    assert [one.case.case_id for one in cases.desk(work, Q001.actor, "overdue")] == [case]
    cases.put_off(work, Q001.actor, case, date(2026, 10, 30), "The painter comes then.")
    assert cases.count_overdue(work, Q001.actor) == 0
    assert history(work, case)[-1] == ("due", "Q001", "2026-10-30\nThe painter comes then.")
    clock.advance(days=20)
    cases.close(work, M001.actor, case, **ANSWER)
    assert cases.count_overdue(work, Q001.actor) == 0
    assert cases.detail(work, Q001.actor, case).case.owner == "M001", "who answers has taken it"


def test_an_upheld_complaint_leads_to_a_finding_in_the_same_step(work: Work, case: str) -> None:
    cases.close(work, Q001.actor, case, **ANSWER, finding=SCRATCH)
    [view] = finding_views.list_waiting(work, M001.actor)
    assert (view.case_id, view.finding.item, view.finding.technician, view.visit_number) == (
        case, "property", "T001", "WO-1",
    )  # fmt: skip
    assert history(work, case)[-1] == ("finding", "Q001", view.finding.id)
    assert [fault for check in examine(work) for fault in check.faults] == []


def test_what_cannot_be_found_leaves_the_case_open(work: Work, case: str) -> None:
    close = lambda **said: cases.close(work, Q001.actor, case, **{**ANSWER, "finding": SCRATCH, **said})  # noqa: E731
    refused(
        Invalid, "finding_note", lambda: close(finding=Draft(source="complaint", item="property", favourable=False))
    )
    refused(Invalid, "case_finding", lambda: close(outcome="dismissed"))
    refused(Forbidden, "forbidden", lambda: cases.close(work, M001.actor, case, **ANSWER, finding=SCRATCH))
    assert len(history(work, case)) == 1
    assert finding_views.list_waiting(work, M001.actor) == []


def test_a_finding_can_follow_a_closed_case_once_per_form(work: Work, case: str) -> None:
    cases.close(work, M001.actor, case, **ANSWER)
    key = work.new_id()
    for _ in range(2):
        assert cases.record_finding(work, Q001.actor, case, SCRATCH, order="WO-1", finding_id=key) == key
    assert [one[0] for one in history(work, case)].count("finding") == 1
    refused(
        NotFound, "not_found",
        lambda: cases.record_finding(work, Q900.actor, case, SCRATCH, order="WO-1", finding_id=key),
    )  # fmt: skip


def test_a_case_that_was_closed_too_early_is_opened_again_and_keeps_its_first_answer(work: Work, case: str) -> None:
    refused(Conflict, "case_open", lambda: cases.reopen(work, Q001.actor, case, "why not"))
    cases.close(work, Q001.actor, case, **ANSWER)
    cases.reopen(work, M001.actor, case, "The paint does not match.")
    seen = cases.detail(work, Q001.actor, case)
    assert (seen.case.state, seen.case.closed_at, seen.text("reply")) == ("open", None, "We repaint the wall.")
    cases.close(work, Q001.actor, case, outcome="dismissed", reply="It does match.", apology="")
    seen = cases.detail(work, Q001.actor, case)
    assert (seen.text("reply"), seen.text("outcome"), seen.apology) == ("It does match.", "dismissed", None)
    assert [kind for kind, _, _ in history(work, case)] == [
        "opened", "outcome", "reply", "apology", "reopened", "outcome", "reply",
    ]  # fmt: skip


def test_opened_again_it_is_due_anew(work: Work, case: str, clock: Any) -> None:
    cases.close(work, Q001.actor, case, **ANSWER)
    clock.advance(days=30)
    cases.reopen(work, Q001.actor, case, "It came off again.")
    assert cases.detail(work, Q001.actor, case).case.due_at > work.now() + timedelta(days=7)


def test_the_number_is_masked_and_looking_at_it_is_written_down(work: Work, case: str) -> None:
    assert cases.detail(work, Q001.actor, case).masked_phone == "••••••••001"
    assert "customer.number_shown" not in dict(map(reversed, audited(work)))
    assert cases.reveal_number(work, Q001.actor, case) == "13800000001"
    assert audited(work)[-1] == ("Q001", "customer.number_shown")
    refused(NotFound, "not_found", lambda: cases.reveal_number(work, Q900.actor, case))


@pytest.mark.parametrize(("number", "shown"), [("12345", "•••••"), ("1234567", "••••567"), ("", "")])
def test_a_short_number_shows_nothing_of_itself(number: str, shown: str) -> None:
    assert contacts.masked(number) == shown


def test_every_step_is_audited(work: Work, case: str) -> None:
    cases.take(work, Q001.actor, case)
    cases.put_off(work, Q001.actor, case, date(2026, 10, 30), "later")
    cases.close(work, Q001.actor, case, **ANSWER)
    cases.reopen(work, M001.actor, case, "again")
    assert [one for one in audited(work) if one[1].startswith("case.") and one[1] != "case.entered"] == [
        ("D001", "case.opened"), ("Q001", "case.taken"), ("Q001", "case.put_off"), ("Q001", "case.closed"),
        ("M001", "case.reopened"),
    ]  # fmt: skip


# --- Nobody edits or removes one ----------------------------------------------------------------------------------

EDITS = [
    "UPDATE cases SET kind = 'commendation'", "UPDATE cases SET visit_id = NULL", "DELETE FROM cases",
    "UPDATE cases SET opened_at = due_at", "UPDATE case_entries SET text = 'All was well.'",
    "DELETE FROM case_entries", "DELETE FROM case_findings", "UPDATE case_findings SET case_id = finding_id",
]  # fmt: skip


@pytest.mark.parametrize(
    "engine",
    [pytest.param("work", marks=pytest.mark.sqlite), pytest.param("postgres_work", marks=pytest.mark.postgres)],
)
def test_the_database_lets_nobody_edit_or_remove_a_case(engine: str, request: Any) -> None:
    work: Work = request.getfixturevalue(engine)
    case = cases.open_by_phone(work, D001.actor, MAIN, links.signed_visit(work), "complaint", "The wall is scratched.")
    cases.close(work, Q001.actor, case, **ANSWER, finding=SCRATCH)
    cases.reopen(work, Q001.actor, case, "It came off again.")
    for statement in EDITS:
        with pytest.raises(DBAPIError, match="neither edited nor removed"), work.write() as db:
            db.connection().exec_driver_sql(statement)
    assert [fault for check in examine(work) for fault in check.faults] == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE case_entries SET text = 'All was well.'", "its history is not what was entered"),
        ("DELETE FROM case_entries WHERE kind = 'apology'", "its history is not what was entered"),
        ("INSERT INTO case_entries SELECT branch, case_id, 'x', recorded_at, actor, 'note', text FROM case_entries "
         "WHERE kind = 'opened'", "its history is not what was entered"),
        ("UPDATE cases SET state = 'open'", "is open, and its history does not say so"),
        ("DELETE FROM cases", "was opened, and is gone"),
        ("INSERT INTO cases SELECT branch, 'y', visit_id, kind, 'open', opened_at, NULL, owner, due_at FROM cases",
         "the audit chain knows nothing of it"),
    ],
)  # fmt: skip
@pytest.mark.sqlite
def test_the_doctor_holds_cases_against_the_audit(work: Work, case: str, statement: str, fault: str) -> None:
    cases.close(work, Q001.actor, case, **ANSWER)
    with work.write() as db:
        run = db.connection().exec_driver_sql
        run("PRAGMA defer_foreign_keys = ON")
        for table in ("cases", "case_entries"):
            for act in ("update", "delete"):
                run(f"DROP TRIGGER {table}_no_{act}")
        if statement == "DELETE FROM cases":
            run("DELETE FROM case_entries")
        run(statement)
    [found] = [one for check in examine(work) for one in check.faults]
    assert found.split(": ", 1)[1] == fault
