"""Appeals through the services: filed in time by whom it counts against, decided once by somebody else, and counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Subject
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeals, scoring, upgrading
from fieldapp.services.appeals import Filed
from fieldapp.services.doctor import examine
from fieldapp.services.work import Work
from fieldapp.storage.tables.appeals import AppealRow
from tests.builders import line, perfect_visit
from tests.cast import M001, M002, MAIN, NORTH, Q001, Q900, T001, T002
from tests.links import store
from tests.services.test_approvals import audited, become
from tests.services.test_scheduling import refused

OCTOBER = Month("2026-10")
NINE = datetime(2026, 10, 5, 1, tzinfo=UTC)
TEXT = "The lift was stuck; the customer saw me at 09:50."
WHY = "The log of the building says so."
LATE = Subject(visit=visit_id(MAIN, "WO-1"), item="punctual")


def late_visit(work: Work, number: str = "WO-1", technician: str = "T001") -> None:
    """Promised for 09:00 to 10:00 on 5 October, and reached at 10:40; nothing else to complain about."""
    entries = perfect_visit(number, NINE, technician)
    for entry in entries[1:]:
        entry["at"] = (datetime.fromisoformat(entry["at"]) + timedelta(minutes=95)).isoformat()
    store(work, entries)


def found(work: Work, visit: str | None = None, recorder: str = "Q001", **what: Any) -> Subject:
    """An adverse finding about T001, recorded by Q001 in a spot check; head office upholds a breach of discipline."""
    data = {"source": "spot_check", "technician": "T001", "favourable": False, "occurred_on": "2026-10-05", **what}
    recorded = line("finding.recorded", visit, NINE + timedelta(hours=9), recorder, **data)
    store_lines(work, recorded)
    if "discipline" in what:
        store_lines(work, line("finding.decided", visit, NINE, "office", finding=recorded["id"], outcome="upheld"))
    return Subject(finding=recorded["id"])


def store_lines(work: Work, *entries: dict[str, Any]) -> None:
    store(work, [{"visit": None, **entry} for entry in entries])


def appeal(work: Work, subject: Subject = LATE, who: Any = T001, text: str = TEXT, **more: Any) -> Filed:
    return appeals.file(work, who.actor, MAIN, subject, text, **more)


def decide(work: Work, filed: Filed, who: Any = M001, outcome: Any = "overturned", reason: str = WHY) -> Filed:
    return appeals.decide(work, who.actor, filed.branch, filed.appeal.id, outcome, reason)


def sheet(work: Work, technician: str = "T001") -> Any:
    return scoring.month_scores(work, OPERATOR, MAIN, OCTOBER, technician=technician).technicians[0].sheet


def lost(work: Work) -> list[str]:
    return [item.code for item in sheet(work).items if item.status == "not_achieved"]


def sound(work: Work) -> bool:
    return [fault for check in examine(work) for fault in check.faults] == []


# --- What it does -------------------------------------------------------------------------------------------------


def test_a_filed_appeal_changes_no_score_until_it_is_decided(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    assert (filed.appeal.state, filed.appeal.technician, filed.visit) == ("open", "T001", LATE.visit)
    assert lost(work) == ["punctual"]
    decided = decide(work, filed)
    assert (decided.appeal.state, decided.appeal.decided_by) == ("overturned", "M001")
    assert lost(work) == []
    assert sound(work)


def test_confirmed_changes_nothing(work: Work) -> None:
    late_visit(work)
    decide(work, appeal(work), outcome="confirmed")
    assert lost(work) == ["punctual"]
    assert sound(work)


@pytest.mark.parametrize("visit", ["WO-1", None])
def test_an_overturned_finding_is_gone(work: Work, visit: str | None) -> None:
    late_visit(work)
    subject = found(work, visit, item="decorum")
    assert "decorum" in lost(work)
    filed = appeal(work, subject)
    assert filed.visit == (LATE.visit if visit else None)
    decide(work, filed)
    assert "decorum" not in lost(work)
    assert sound(work)


def test_an_overturned_breach_of_discipline_vetoes_no_more(work: Work) -> None:
    late_visit(work)
    subject = found(work, "WO-1", discipline="gifts")
    assert sheet(work).veto == ("gifts",)
    decide(work, appeal(work, subject), M002)
    assert sheet(work).veto == ()


def test_where_a_finding_speaks_in_a_verdict_the_finding_is_appealed(work: Work) -> None:
    late_visit(work)
    subject = found(work, "WO-1", item="uniform")
    filed = appeal(work, Subject(visit=LATE.visit, item="uniform"))
    assert filed.appeal.subject == subject
    decide(work, filed)
    assert "uniform" not in lost(work), "the technician's own check speaks again"


def test_a_forged_signature_is_appealed_by_its_finding(work: Work) -> None:
    late_visit(work)
    subject = found(work, "WO-1", discipline="forgery", source="complaint")
    filed = appeal(work, Subject(visit=LATE.visit, item="sign_off"))
    assert filed.appeal.subject == subject
    decide(work, filed, M002)
    assert (sheet(work).veto, "sign_off" in lost(work)) == ((), False)


def test_both_acts_are_audited_without_a_personal_word(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    decide(work, filed)
    rows = audited(work)[-2:]
    assert [(row.actor, row.action, row.subject) for row in rows] == [
        ("T001", "appeal.filed", filed.appeal.id), ("M001", "appeal.decided", filed.appeal.id),
    ]  # fmt: skip
    assert not any(text in row.facts for row in rows for text in (TEXT, WHY))


# --- Who may appeal what ------------------------------------------------------------------------------------------


def test_what_counts_against_somebody_else_answers_like_nothing(work: Work) -> None:
    late_visit(work)
    finding = found(work, item="decorum")
    for subject in (LATE, finding, Subject(visit=visit_id(MAIN, "WO-9"), item="punctual"),
                    Subject(finding=work.new_id())):  # fmt: skip
        refused(NotFound, "not_found", lambda subject=subject: appeal(work, subject, T002))


def test_others_than_technicians_file_none(work: Work) -> None:
    late_visit(work)
    for person in (Q001, M001):
        refused(Forbidden, "forbidden", lambda person=person: appeal(work, who=person))


def test_what_counts_for_or_not_at_all_cannot_be_appealed(work: Work) -> None:
    late_visit(work)
    good, waiting = found(work, item="decorum", favourable=True), found(work, item="grooming", source="complaint")
    for subject in (replace(LATE, item="badge"), replace(LATE, item="follow_up"), replace(LATE, item="nonsense"), good,
                    waiting):  # fmt: skip
        refused(Conflict, "appeal_nothing", lambda subject=subject: appeal(work, subject))


def test_one_appeals_once(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    refused(Conflict, "appeal_filed", lambda: appeal(work))
    decide(work, filed, outcome="confirmed")
    refused(Conflict, "appeal_filed", lambda: appeal(work))


def test_the_technician_of_the_visit_appeals_whomever_the_finding_names(work: Work) -> None:
    late_visit(work)
    subject = found(work, "WO-1", item="uniform", technician="T002")
    refused(NotFound, "not_found", lambda: appeal(work, subject, T002))
    assert appeal(work, subject).appeal.technician == "T001"


@pytest.mark.parametrize(("text", "code"), [("  \n ", "text_missing"), ("x" * 4001, "text_too_long")])
def test_an_appeal_says_something(work: Work, text: str, code: str) -> None:
    late_visit(work)
    assert refused(Invalid, code, lambda: appeal(work, text=text)).field == "text"


def test_a_photo_that_is_not_here_is_not_attached(work: Work) -> None:
    late_visit(work)
    refused(Invalid, "photo_unreadable", lambda: appeal(work, attachments=["a" * 64]))
    refused(Invalid, "photo_many", lambda: appeal(work, attachments=[f"{number:064}" for number in range(5)]))


# --- Deadlines ----------------------------------------------------------------------------------------------------


def test_what_was_known_in_the_month_is_appealed_until_seven_days_after_it(work: Work, clock: Any) -> None:
    late_visit(work)
    late_visit(work, "WO-2")
    clock.set(datetime(2026, 11, 7, 15, 59, 59, tzinfo=UTC))
    appeal(work)
    clock.advance(seconds=1)
    refused(Conflict, "appeal_late", lambda: appeal(work, replace(LATE, visit=visit_id(MAIN, "WO-2"))))


def test_what_came_later_is_appealed_until_seven_days_after_it_came(work: Work, clock: Any) -> None:
    clock.set(datetime(2026, 12, 1, 1, tzinfo=UTC))
    late_visit(work)
    clock.set(datetime(2026, 12, 8, 15, 59, tzinfo=UTC))
    subject = found(work, item="decorum")
    appeal(work)
    clock.advance(minutes=1)
    appeal(work, subject)
    refused(Conflict, "appeal_filed", lambda: appeal(work))


def test_a_missed_visit_is_known_once_it_counts_as_missed(work: Work, clock: Any) -> None:
    start = datetime(2026, 10, 31, 15, tzinfo=UTC)  # its window ends at midnight; it is missed two hours later
    store(work, perfect_visit("WO-1", start)[:1])
    clock.set(datetime(2026, 11, 8, 15, 59, tzinfo=UTC))
    assert appeal(work).appeal.state == "open"


def test_an_upheld_complaint_is_known_once_it_is_upheld(work: Work, clock: Any) -> None:
    late_visit(work)
    subject = found(work, item="decorum", source="complaint")
    clock.set(datetime(2026, 11, 20, 1, tzinfo=UTC))
    store_lines(work, line("finding.decided", None, clock(), "M001", finding=subject.finding, outcome="upheld"))
    clock.set(datetime(2026, 11, 27, 15, 59, tzinfo=UTC))
    appeal(work, subject)


# --- Who decides --------------------------------------------------------------------------------------------------


def test_who_recorded_or_upheld_a_finding_does_not_decide_about_it(work: Work) -> None:
    late_visit(work)
    subject = found(work, "WO-1", item="decorum", source="complaint", recorder="D001")
    store_lines(work, line("finding.decided", None, NINE, "M001", finding=subject.finding, outcome="upheld"))
    filed = appeal(work, subject)
    refused(Forbidden, "appeal_handled", lambda: decide(work, filed))
    assert decide(work, filed, M002).appeal.decided_by == "M002"


def test_who_judged_the_item_before_does_not_decide_about_it(work: Work) -> None:
    late_visit(work)
    decide(work, appeal(work, found(work, "WO-1", item="punctual", recorder="D001")), M002)
    filed = appeal(work)
    refused(Forbidden, "appeal_handled", lambda: decide(work, filed, M002))
    assert decide(work, filed, M001).appeal.state == "overturned"


@pytest.mark.parametrize("role", ["quality", "manager"])
def test_nobody_decides_their_own_appeal_in_any_other_role(work: Work, role: str) -> None:
    late_visit(work)
    filed = appeal(work)
    become(work, "T001", role)
    for outcome in ("overturned", "confirmed"):
        refused(Forbidden, "appeal_own", lambda outcome=outcome: appeals.decide(
            work, replace(T001.actor, role=role), MAIN, filed.appeal.id, outcome, WHY,
        ))  # fmt: skip


def test_technicians_and_dispatchers_decide_none(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    for person in (T001, T002):
        refused(Forbidden, "forbidden", lambda person=person: decide(work, filed, person))


def test_people_of_every_branch_may_decide(work: Work) -> None:
    late_visit(work)
    assert decide(work, appeal(work), Q900).appeal.decided_by == "Q900"


def test_with_fewer_than_three_to_choose_from_head_office_decides(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    for login in ("M002", "Q900"):
        become(work, login, "dispatcher")
    refused(Forbidden, "appeal_head_office", lambda: decide(work, filed))
    decided = appeals.decide(work, OPERATOR, MAIN, filed.appeal.id, "confirmed", WHY)
    assert (decided.appeal.state, decided.appeal.decided_by) == ("confirmed", "office")


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [("overturned", " ", "reason_missing"), ("upheld", WHY, "appeal_outcome"), ("confirmed", "x" * 4001,
     "text_too_long")],
)  # fmt: skip
def test_a_decision_says_what_and_why(work: Work, outcome: str, reason: str, code: str) -> None:
    late_visit(work)
    filed = appeal(work)
    refused(Invalid, code, lambda: decide(work, filed, outcome=outcome, reason=reason))


def test_a_decision_is_made_once(work: Work) -> None:
    late_visit(work)
    filed = decide(work, appeal(work), outcome="confirmed")
    assert refused(Conflict, "appeal_decided", lambda: decide(work, filed, M002)).facts["by"] == "M001"
    assert lost(work) == ["punctual"]


def test_an_appeal_that_nobody_filed_cannot_be_decided(work: Work) -> None:
    late_visit(work)
    for branch in (MAIN, NORTH):
        refused(NotFound, "not_found", lambda branch=branch: appeals.decide(
            work, M001.actor, branch, LATE.appeal_id, "overturned", WHY,
        ))  # fmt: skip


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def either(request: pytest.FixtureRequest) -> Any:
    """The company on each engine."""
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def test_of_two_deciders_at_once_one_wins_and_the_other_is_told(either: Work) -> None:
    late_visit(either)
    filed = appeal(either)
    start, answers = Barrier(3), []

    def act(who: Any, outcome: str) -> None:
        start.wait()
        try:
            answers.append(decide(either, filed, who, outcome).appeal.state)
        except Conflict as error:
            answers.append(error.code)

    threads = [
        Thread(target=act, args=each)
        for each in ((Q001, "overturned"), (M001, "confirmed"), (M002, "overturned"))
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("appeal_decided") == 2
    assert len([row for row in audited(either) if row.action == "appeal.decided"]) == 1
    assert lost(either) == ([] if "overturned" in answers else ["punctual"])
    assert sound(either)


def test_sent_twice_at_once_one_appeal_is_filed(either: Work) -> None:
    late_visit(either)
    start, answers = Barrier(2), []

    def act() -> None:
        start.wait()
        try:
            answers.append(appeal(either).appeal.state)
        except Conflict as error:
            answers.append(error.code)

    threads = [Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["appeal_filed", "open"]


# --- What is kept -------------------------------------------------------------------------------------------------


def test_what_waits_is_counted_and_known_by_its_month(work: Work, clock: Any) -> None:
    late_visit(work)
    item, finding = appeal(work), appeal(work, found(work, item="decorum"))
    other = appeal(work, found(work, item="composure", occurred_on="2026-09-30"))
    assert appeals.count_waiting(work, M001.actor) == 3
    assert appeals.count_waiting(work, Q900.actor) == 0
    decide(work, finding, M002)
    with work.read() as db:
        assert [one.appeal.id for one in appeals.open_in(db, MAIN, OCTOBER)] == [item.appeal.id]
        assert [one.appeal.id for one in appeals.open_in(db, MAIN, Month("2026-09"))] == [other.appeal.id]


def test_what_an_import_says_was_answered_is_not_appealed_again(work: Work) -> None:
    """It would be answered by what was said before."""
    finding = found(work, item="composure")
    store_lines(work, line("appeal.decided", None, NINE, "M001", finding=finding.finding, outcome="confirmed"))
    refused(Conflict, "appeal_filed", lambda: appeal(work, finding))


def test_an_imported_appeal_waits_for_its_finding_and_then_knows_its_visit(work: Work) -> None:
    late_visit(work)
    recorded = line("finding.recorded", "WO-1", NINE, "Q001", source="spot_check", technician="T001", item="decorum",
                    favourable=False, occurred_on="2026-10-05")  # fmt: skip
    store_lines(work, line("appeal.filed", None, NINE, finding=recorded["id"], text=TEXT))
    assert sound(work)
    store_lines(work, recorded)
    with work.read() as db:
        assert [one.visit for one in appeals.open_in(db, MAIN, OCTOBER)] == [LATE.visit]
    store_lines(work, line("appeal.decided", None, NINE, "M001", finding=recorded["id"], outcome="overturned"))
    assert "decorum" not in lost(work)
    assert sound(work)


def test_the_doctor_names_an_appeal_that_was_altered_and_an_upgrade_mends_it(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    with work.write() as db:
        db.query(AppealRow).filter(AppealRow.branch == MAIN).update({"technician": "T002"})
    assert [fault for check in examine(work) for fault in check.faults] == [f"appeal {filed.appeal.id}: differs"]
    with work.write(MAIN) as db:
        upgrading._rebuild(db, MAIN, work.now())
    assert sound(work)
