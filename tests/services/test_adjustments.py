"""Adjusting a closed month: what later facts changed, two different people, and a closed figure that never moves."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from fieldapp.domain.access import OPERATOR, Actor
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.domain.ids import AccountId, StaffCode
from fieldapp.services import adjustment_views, adjustments, exports, scoring
from fieldapp.services.work import Work
from fieldapp.storage.tables.adjustments import AdjustmentProposalRow
from fieldapp.storage.tables.audit import AuditRow
from tests import builders
from tests.cast import A001, D001, M001, M002, MAIN, NORTH, Q001, Q900, T001, T002
from tests.closing import (
    NINE,
    SEPTEMBER,
    adjust,
    close,
    faults,
    finding,
    look,
    propose_adjustment,
    september,
    store,
    upheld,
)
from tests.moves import move
from tests.services.test_approvals import become
from tests.services.test_closing import code_of, sealed_bytes


@pytest.fixture
def closed(work: Work) -> Work:
    """September is closed."""
    september(work)
    close(work)
    return work


@pytest.fixture
def later(closed: Work) -> Work:
    """And afterwards somebody found that T001 had not been courteous enough to WO-1's neighbours."""
    store(closed, [finding("WO-1", item="decorum")])
    return closed


def decide(work: Work, who: Any, asked: Any, outcome: Any = "confirmed", seen: str | None = None) -> Any:
    actor = who if isinstance(who, Actor) else who.actor
    return adjustments.decide(
        work, actor, MAIN, asked.proposal_id, outcome, seen or asked.fingerprint, "I have looked at it."
    )


# --- What differs -------------------------------------------------------------------------------------------------


def test_nothing_differs_right_after_the_close(closed: Work) -> None:
    assert adjustment_views.of_month(closed, M001.actor, MAIN, SEPTEMBER).lines == []
    seen = look(closed)
    assert not seen.differs
    assert seen.not_ready is not None
    assert seen.not_ready.code == "adjust_nothing"
    assert code_of(propose_adjustment, closed) == "adjust_nothing"


def test_a_month_that_is_open_has_nothing_to_adjust(work: Work) -> None:
    september(work)
    assert code_of(look, work) == "adjust_open"
    assert code_of(adjustment_views.of_month, work, M001.actor, MAIN, SEPTEMBER) == "adjust_open"
    assert adjustment_views.count_differing(work, M001.actor, MAIN, SEPTEMBER) == 0


def test_what_came_after_the_close_is_listed_by_what_it_changes(later: Work) -> None:
    late = [one for one in builders.perfect_visit("WO-9", NINE, "T002") if one["type"] != "signature.captured"]
    store(later, [finding("WO-1", item="uniform"), *late])
    lines = adjustment_views.of_month(later, M001.actor, MAIN, SEPTEMBER).lines
    assert {one.standing.technician for one in lines} == {"T001", "T002"}
    assert adjustment_views.count_differing(later, Q001.actor, MAIN, SEPTEMBER) == 2
    first = look(later).difference
    assert [(one.code, one.before, one.after) for one in first.findings] == [("decorum", None, "adverse")]
    assert [(one.external_id, one.before, one.after) for one in first.visits] == [("WO-1", "completed", "completed")]
    change = first.visits[0].verdicts[0]
    assert (change.code, change.before, change.after, change.source) == ("uniform", True, False, "finding")
    assert first.after.score < first.before.score
    other = look(later, "T002").difference
    assert [(one.external_id, one.before, one.after) for one in other.visits] == [("WO-9", None, "completed")]
    assert {one.code: one.after for one in other.visits[0].verdicts}["sign_off"] is False


def test_a_visit_that_turns_out_to_be_somebody_else_s_differs_for_both(closed: Work) -> None:
    store(closed, [builders.line("visit.arrived", "WO-3", NINE - timedelta(minutes=1), "T001",
                                 gps={"status": "denied"})])  # fmt: skip
    lost, won = look(closed, "T002").difference, look(closed, "T001").difference
    assert [(one.external_id, one.after) for one in lost.visits] == [("WO-3", None)]
    assert [(one.external_id, one.before) for one in won.visits] == [("WO-3", None)]
    assert (lost.after.judged_visits, won.after.judged_visits) == (0, 3)


def test_who_was_not_listed_when_the_month_was_closed_can_be_adjusted_too(closed: Work) -> None:
    store(closed, builders.perfect_visit("WO-9", NINE, "T003"))
    assert [
        one.standing.technician for one in adjustment_views.of_month(closed, M001.actor, MAIN, SEPTEMBER).lines
    ] == ["T003"]
    adjust(closed, "T003")
    found = scoring.month_scores(closed, M001.actor, MAIN, SEPTEMBER).technicians
    one = next(one for one in found if one.sheet.technician == "T003")
    assert one.standing is not None
    assert (one.name, one.sheet.status, one.standing.closed.award) == ("Zhao Min", "not_assessed", Decimal("0.00"))
    assert one.standing.award == one.standing.figure.award > 0
    assert faults(closed) == []


def test_another_source_for_the_same_verdict_is_no_difference(closed: Work) -> None:
    store(closed, [finding("WO-1", item="uniform", favourable=True)])
    assert adjustment_views.count_differing(closed, M001.actor, MAIN, SEPTEMBER) == 0


def test_visits_without_an_outcome_are_decided_first(later: Work) -> None:
    arrived = builders.line("visit.arrived", "WO-5", NINE, "T001", gps={"status": "denied"})
    store(later, [builders.scheduled("WO-5", NINE), arrived])
    assert code_of(propose_adjustment, later) == "adjust_pending"
    refusal = look(later).not_ready
    assert refusal is not None
    assert refusal.facts["visits"] == 1


# --- Two people ---------------------------------------------------------------------------------------------------


def test_two_people_adjust_a_month_and_the_closed_figure_stays(later: Work) -> None:
    before = sealed_bytes(later), scoring.technician_month(later, T001.actor, MAIN, "T001", SEPTEMBER).sheet
    asked = propose_adjustment(later)
    assert (asked.state, asked.author, asked.reason) == ("open", "M001", "It was found out later.")
    done = decide(later, Q001, asked)
    assert (done.state, done.settled_by, done.answer) == ("confirmed", "Q001", "I have looked at it.")
    found = scoring.technician_month(later, T001.actor, MAIN, "T001", SEPTEMBER)
    assert (sealed_bytes(later), found.sheet) == before
    assert found.standing is not None
    made = found.standing.adjustments[0]
    assert (made.content.author, made.content.approver, made.content.reason, made.content.answer) == (
        "M001", "Q001", "It was found out later.", "I have looked at it.",
    )  # fmt: skip
    assert (made.author_name, made.approver_name) == ("Ma Ling", "Qian Yu")
    live = (
        scoring.month_scores(later, M001.actor, MAIN, SEPTEMBER, technician="T001", recount=True).technicians[0].sheet
    )
    assert (found.standing.figure.score, found.standing.figure.award) == (live.score, live.award)
    assert found.standing.award < 0
    assert not look(later).differs
    assert faults(later) == []


def test_one_adjustment_follows_another_and_both_stay(later: Work) -> None:
    adjust(later)
    store(later, [finding("WO-2", item="composure")])
    seen = look(later).difference
    assert (seen.number, seen.before) == (2, look(later).standing.adjustments[0].after)
    assert [one.code for one in seen.findings] == ["composure"]
    adjust(later, first=Q001, second=M001)
    standing = look(later).standing
    assert [one.content.difference.number for one in standing.adjustments] == [1, 2]
    assert standing.adjustments[1].content.previous == standing.adjustments[0].row.fingerprint
    assert faults(later) == []


def test_all_steps_stand_in_the_audit_chain(later: Work) -> None:
    refused = propose_adjustment(later)
    decide(later, M002, refused, "refused")
    made = adjust(later)
    with later.read() as db:
        rows = db.query(AuditRow.actor, AuditRow.action, AuditRow.subject, AuditRow.facts)
        found = rows.filter(AuditRow.branch == MAIN).order_by(AuditRow.number).all()[-4:]
    assert [tuple(one)[:3] for one in found] == [
        ("M001", "adjustment.proposed", "2026-09 T001"), ("M002", "adjustment.refused", "2026-09 T001"),
        ("M001", "adjustment.proposed", "2026-09 T001"), ("M002", "month.adjusted", "2026-09 T001"),
    ]  # fmt: skip
    assert made.proposal_id in found[-1].facts
    assert look(later).standing.adjustments[0].row.fingerprint in found[-1].facts


def test_the_author_is_never_the_second_person(later: Work) -> None:
    asked = propose_adjustment(later)
    refusal = look(later).refusal
    assert refusal is not None
    assert refusal.code == "request_own"
    for outcome in ("confirmed", "refused"):
        assert code_of(decide, later, M001, asked, outcome) == "request_own"


def test_nobody_proposes_or_decides_about_their_own_month(later: Work) -> None:
    become(later, "T001", "manager")
    promoted = replace(T001.actor, role="manager")
    seen = look(later).seen
    assert code_of(adjustments.propose, later, promoted, MAIN, SEPTEMBER, "T001", seen, "Me!") == "adjust_benefit"
    asked = propose_adjustment(later)
    for outcome in ("confirmed", "refused"):
        assert code_of(decide, later, promoted, asked, outcome) == "request_benefit"
    assert code_of(decide, later, replace(T001.actor, role="quality"), asked) == "request_benefit"


def test_the_second_person_may_be_of_any_branch_and_sees_it_only_while_it_waits(later: Work) -> None:
    assert code_of(look, later, "T001", Q900) == "not_found"
    asked = propose_adjustment(later)
    assert look(later, "T001", Q900).refusal is None
    assert [one.author_name for one in adjustment_views.list_waiting(later, Q900.actor)] == ["Ma Ling"]
    assert adjustment_views.count_waiting(later, Q900.actor) == 1
    assert code_of(adjustments.propose, later, Q900.actor, MAIN, SEPTEMBER, "T002", "x", "y") == "not_found"
    decide(later, Q900, asked)
    assert code_of(look, later, "T001", Q900) == "not_found"
    assert adjustment_views.count_waiting(later, Q900.actor) == 0


@pytest.mark.parametrize("person", [T001, T002, D001, A001])
def test_technicians_dispatchers_and_admins_adjust_nothing(later: Work, person: Any) -> None:
    asked = propose_adjustment(later)
    assert code_of(adjustments.propose, later, person.actor, MAIN, SEPTEMBER, "T001", "x", "y") == "forbidden"
    for outcome in ("confirmed", "refused"):
        assert code_of(decide, later, person, asked, outcome) == "forbidden"
    assert code_of(adjustments.withdraw, later, person.actor, MAIN, asked.proposal_id) == "forbidden"
    assert code_of(look, later, "T001", person) == "forbidden"


def test_a_program_proposes_and_is_never_the_second_person(later: Work) -> None:
    program = Actor(AccountId("t"), StaffCode("api.payroll"), "payroll", "token", MAIN,
                    scopes=frozenset({"adjustments:write"}))  # fmt: skip
    asked = adjustments.propose(later, program, MAIN, SEPTEMBER, "T001", look(later).seen, "The system says so.")
    assert code_of(decide, later, program, asked) == "forbidden"
    assert decide(later, M001, asked).state == "confirmed"


def test_with_too_few_people_head_office_decides(later: Work) -> None:
    for login in ("M002", "Q900"):
        become(later, login, "dispatcher")
    asked = propose_adjustment(later)
    assert code_of(decide, later, Q001, asked) == "request_head_office"
    decide(later, OPERATOR, asked)
    assert faults(later) == []


@pytest.mark.parametrize(("reason", "code"), [("", "reason_missing"), (" \n", "reason_missing"),
                                              ("x" * 1001, "text_too_long")])  # fmt: skip
def test_both_people_give_a_reason(later: Work, reason: str, code: str) -> None:
    seen = look(later).seen
    assert code_of(adjustments.propose, later, M001.actor, MAIN, SEPTEMBER, "T001", seen, reason) == code
    asked = propose_adjustment(later)
    for outcome in ("confirmed", "refused"):
        assert code_of(adjustments.decide, later, M002.actor, MAIN, asked.proposal_id, outcome, seen, reason) == code


# --- What changed in between --------------------------------------------------------------------------------------


def test_what_changed_since_it_was_looked_at_is_not_proposed(later: Work) -> None:
    seen = look(later).seen
    store(later, [finding("WO-2", item="composure")])
    assert code_of(adjustments.propose, later, M001.actor, MAIN, SEPTEMBER, "T001", seen, "Late.") == "adjust_changed"


def test_what_changed_since_it_was_proposed_is_refused_or_proposed_anew(later: Work) -> None:
    asked = propose_adjustment(later)
    store(later, [finding("WO-2", item="composure")])
    assert look(later).has_changed
    assert code_of(decide, later, Q001, asked) == "adjust_changed"
    assert code_of(decide, later, Q001, asked, "confirmed", look(later).seen) == "adjust_changed"
    anew = propose_adjustment(later, who=Q001)
    assert code_of(decide, later, M002, asked) == "adjust_decided"
    assert decide(later, M001, anew).state == "confirmed"
    with later.read() as db:
        states = select(AdjustmentProposalRow.state).where(AdjustmentProposalRow.branch == MAIN)
        assert list(db.scalars(states.order_by(AdjustmentProposalRow.proposal_id))) == ["overtaken", "confirmed"]


def test_a_difference_that_went_away_can_only_be_refused(later: Work) -> None:
    asked = propose_adjustment(later)
    about = look(later).difference.findings[0].finding
    store(later, [builders.line("finding.decided", None, NINE + timedelta(days=1), "M001", finding=about,
                                outcome="dismissed")])  # fmt: skip
    assert code_of(decide, later, M002, asked) == "adjust_nothing"
    assert decide(later, M002, asked, "refused").state == "refused"


def test_refused_it_can_be_proposed_again(later: Work) -> None:
    asked = propose_adjustment(later)
    decide(later, M002, asked, "refused")
    assert code_of(decide, later, Q001, asked) == "adjust_decided"
    assert [(one.state, one.answer) for one in look(later).earlier] == [("refused", "I have looked at it.")]
    assert look(later).differs
    adjust(later)


def test_its_author_takes_a_proposal_back(later: Work) -> None:
    asked = propose_adjustment(later)
    assert code_of(adjustments.withdraw, later, M002.actor, MAIN, asked.proposal_id) == "adjust_foreign"
    adjustments.withdraw(later, M001.actor, MAIN, asked.proposal_id)
    assert code_of(adjustments.withdraw, later, M001.actor, MAIN, asked.proposal_id) == "adjust_decided"
    assert look(later).proposal is None


def test_what_does_not_exist_answers_like_another_branch_s(later: Work) -> None:
    asked = propose_adjustment(later)
    assert code_of(adjustments.decide, later, Q001.actor, MAIN, "nowhere", "refused", "", "x") == "not_found"
    assert code_of(adjustments.decide, later, Q001.actor, NORTH, asked.proposal_id, "refused", "", "x") == "not_found"
    assert code_of(look, later, "T404") == "not_found"
    assert code_of(look, later, "T900") == "not_found"


# --- At once ------------------------------------------------------------------------------------------------------


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def either(request: Any) -> Work:
    """The same company on each engine, September closed, and one finding later."""
    work: Work = request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")
    september(work)
    close(work)
    store(work, [finding("WO-1", item="decorum")])
    return work


def at_once(act: Any, *people: Any) -> list[str]:
    start, answers = Barrier(len(people)), []

    def run(who: Any) -> None:
        start.wait()
        try:
            act(who)
            answers.append("done")
        except DomainError as error:
            answers.append(error.code)

    threads = [Thread(target=run, args=(who,)) for who in people]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sorted(answers)


def test_of_many_who_propose_at_once_one_does_and_the_others_are_told_who(either: Work) -> None:
    seen = look(either).seen

    def act(who: Any) -> None:
        adjustments.propose(either, who.actor, MAIN, SEPTEMBER, "T001", seen, "It was found out later.")

    assert at_once(act, M001, M002, Q001) == ["adjust_waiting", "adjust_waiting", "done"]
    with pytest.raises(Conflict) as refusal:
        act(M001)
    assert refusal.value.facts["by"] in {"M001", "M002", "Q001"}


def test_of_many_who_decide_at_once_one_does(either: Work) -> None:
    asked = propose_adjustment(either)
    assert at_once(lambda who: decide(either, who, asked), M002, Q001, Q900) == [
        "adjust_decided", "adjust_decided", "done",
    ]  # fmt: skip
    assert len(look(either).standing.adjustments) == 1
    assert faults(either) == []


# --- Files --------------------------------------------------------------------------------------------------------


def test_exports_carry_the_closed_figure_the_adjustment_and_the_sum(later: Work) -> None:
    made = adjust(later)
    store(later, builders.perfect_visit("WO-9", NINE, "T003"))
    adjust(later, "T003")
    for put in (exports.export, exports.payroll):
        rows: list[Any] = []
        arguments = (later, M001.actor, MAIN, SEPTEMBER)
        put(*arguments, *([] if put is exports.payroll else ["scores"]), rows.append)  # type: ignore[operator]
        found = {one["technician"]: one for one in rows}
        assert list(found) == ["T001", "T002", "T003"]
        for one in rows:
            assert Decimal(one["award"]) + one["award_adjustment"] == Decimal(one["award_adjusted"])
            assert Decimal(one["score"]) + one["score_adjustment"] == Decimal(one["score_adjusted"])
        assert found["T001"]["award_adjustment"] < 0
        assert found["T001"]["adjustments"] == [made.proposal_id]
        assert (found["T002"]["award_adjustment"], found["T002"]["adjustments"]) == (Decimal("0.00"), [])
        assert (found["T003"]["award"], found["T003"]["name"]) == ("0.00", "Zhao Min")


def test_data_files_say_what_stands_beside_what_was_closed(later: Work) -> None:
    before = scoring.as_data(scoring.month_scores(later, M001.actor, MAIN, SEPTEMBER))
    made = adjust(later)
    after = scoring.as_data(scoring.month_scores(later, M001.actor, MAIN, SEPTEMBER))
    standing = after["technicians"][0].pop("adjusted")
    assert after == before
    assert standing["adjustments"] == [made.proposal_id]
    assert Decimal(standing["award"]) < Decimal(before["technicians"][0]["award"])


def test_the_technician_reads_what_waits_and_what_was_refused(later: Work) -> None:
    asked = propose_adjustment(later)
    [(told, author, second)] = adjustment_views.told(later, T001.actor, MAIN, SEPTEMBER, "T001")
    assert (told, author, second) == (asked, "Ma Ling", "")
    decide(later, Q001, asked, "refused")
    [(told, author, second)] = adjustment_views.told(later, T001.actor, MAIN, SEPTEMBER, "T001")
    assert (told.state, told.answer, second) == ("refused", "I have looked at it.", "Qian Yu")
    assert code_of(adjustment_views.told, later, T002.actor, MAIN, SEPTEMBER, "T001") == "not_found"


# --- Nobody changes it --------------------------------------------------------------------------------------------

WORDS = "an adjustment never changes"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE adjustments SET body = 'x' WHERE branch = 'main'",
        "DELETE FROM adjustments WHERE branch = 'main'",
        "INSERT INTO adjustments SELECT * FROM adjustments WHERE branch = 'main'",
        "UPDATE adjustment_proposals SET answer = 'x' WHERE branch = 'main'",
        "UPDATE adjustment_proposals SET state = 'open', settled_by = NULL WHERE branch = 'main'",
        "DELETE FROM adjustment_proposals WHERE branch = 'main'",
        "INSERT INTO adjustment_proposals SELECT * FROM adjustment_proposals WHERE branch = 'main'",
    ],
)
def test_the_database_refuses_to_change_an_adjustment(either: Work, statement: str) -> None:
    adjust(either)
    with pytest.raises(IntegrityError, match=WORDS), either.write() as db:
        db.connection().exec_driver_sql(statement)
    assert faults(either) == []


def test_an_open_proposal_is_settled_and_nothing_else(either: Work) -> None:
    propose_adjustment(either)
    for statement in (
        "UPDATE adjustment_proposals SET reason = 'x' WHERE branch = 'main'",
        "UPDATE adjustment_proposals SET author = 'M002', state = 'confirmed', settled_by = 'M001' "
        "WHERE branch = 'main'",
    ):
        with pytest.raises(IntegrityError, match=WORDS), either.write() as db:
            db.connection().exec_driver_sql(statement)
    with pytest.raises(IntegrityError), either.write() as db:
        db.connection().exec_driver_sql(
            "UPDATE adjustment_proposals SET state = 'confirmed', settled_by = 'M001' WHERE branch = 'main'"
        )


@pytest.mark.sqlite
def test_replacing_a_row_is_no_way_around_that(later: Work) -> None:
    adjust(later)
    store(later, [finding("WO-2", item="composure")])
    propose_adjustment(later)
    for statement in (
        "INSERT OR REPLACE INTO adjustments SELECT * FROM adjustments WHERE branch = 'main'",
        "REPLACE INTO adjustments SELECT branch, month, technician, 2, adjustment_id, author, approver, confirmed_at, "
        "body, evidence, fingerprint, signature, audit_id FROM adjustments WHERE branch = 'main'",
        "REPLACE INTO adjustment_proposals SELECT branch, 'other', month, technician, body, fingerprint, author, "
        "proposed_at, reason, state, settled_by, settled_at, answer FROM adjustment_proposals WHERE state = 'open' "
        "AND branch = 'main'",
    ):
        with pytest.raises(IntegrityError, match=WORDS), later.write() as db:
            db.connection().exec_driver_sql(statement)


@pytest.mark.postgres
def test_truncating_is_no_way_around_that(postgres_work: Work) -> None:
    september(postgres_work)
    close(postgres_work)
    for table in ("adjustments", "adjustment_proposals"):
        with pytest.raises(IntegrityError), postgres_work.write() as db:
            db.connection().exec_driver_sql(f"TRUNCATE {table}")


def spoil(work: Work, *statements: str) -> None:
    """Take the triggers away and write by hand."""
    with work.write() as db:
        connection = db.connection()
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE adjustments SET body = replace(body, '\"score\":\"', '\"score\":\"1')", "it is not what was signed"),
        ("UPDATE adjustments SET body = x'7b7d'", "it cannot be read any more"),
        ("UPDATE adjustments SET signature = replace(signature, substr(signature, 1, 2), '00')",
         "its signature is not one of this installation's key"),
        ("UPDATE adjustments SET fingerprint = substr(fingerprint, 2) || 'a'",
         "the audit chain knows no adjustment with its fingerprint"),
        ("UPDATE adjustments SET approver = 'Q900'", "whose it is, who made it, or when, is not what was signed"),
        ("UPDATE adjustments SET evidence = replace(evidence, '\"met\":true', '\"met\":false')",
         "what it rests on is not what was signed"),
        ("UPDATE adjustments SET number = 2", "it does not follow what stood before it"),
    ],
)  # fmt: skip
@pytest.mark.sqlite
def test_whoever_takes_the_triggers_away_is_found_out(later: Work, statement: str, fault: str) -> None:
    adjust(later)
    spoil(later, statement)
    assert any(one.startswith("adjustment ") and one.endswith(f"of main: {fault}") for one in faults(later))


@pytest.mark.sqlite
def test_an_adjustment_that_is_gone_is_named(later: Work) -> None:
    adjust(later)
    spoil(later, "DELETE FROM adjustments")
    assert faults(later) == ["adjustment of main, 2026-09 T001: was made, and is gone"]


@pytest.mark.sqlite
def test_an_adjustment_that_was_altered_is_shown_to_nobody(later: Work) -> None:
    adjust(later)
    spoil(later, 'UPDATE adjustments SET body = replace(body, \'"award":"\', \'"award":"1\')')
    for read in (
        lambda: look(later),
        lambda: scoring.month_scores(later, M001.actor, MAIN, SEPTEMBER),
        lambda: scoring.technician_month(later, T001.actor, MAIN, "T001", SEPTEMBER),
    ):
        assert code_of(read) == "adjustment_altered"


def test_a_veto_that_was_found_later_takes_the_award_and_an_appeal_gives_it_back(closed: Work) -> None:
    gift = finding(None, source="complaint", discipline="gifts")
    store(closed, [gift, upheld(gift)])
    adjust(closed)
    assert look(closed).standing.figure.veto == ("gifts",)
    assert look(closed).standing.figure.award == Decimal("0.00")
    filed = builders.line("appeal.filed", None, NINE + timedelta(days=9), "T001", finding=gift["id"], text="Tea only.")
    store(closed, [filed, builders.line("appeal.decided", None, NINE + timedelta(days=10), "Q900", finding=gift["id"],
                                        outcome="overturned", reason="Tea.")])  # fmt: skip
    assert [(one.before, one.after) for one in look(closed).difference.findings] == [("veto", None)]
    adjust(closed, first=Q001, second=M002)
    standing = look(closed).standing
    assert (standing.award, len(standing.adjustments)) == (Decimal("0.00"), 2)
    assert faults(closed) == []


@pytest.mark.parametrize("late", ["visit", "finding"])
def test_who_works_elsewhere_by_now_and_was_not_listed_is_looked_at_and_adjusted_like_everybody(
    closed: Work, late: str
) -> None:
    about_nobody_s = finding(technician="T003", item="decorum")
    store(closed, builders.perfect_visit("WO-9", NINE, "T003") if late == "visit" else [about_nobody_s])
    move(closed, "T003")
    [line] = adjustment_views.of_month(closed, M001.actor, MAIN, SEPTEMBER).lines
    assert (line.standing.technician, line.standing.name, line.standing.team) == ("T003", "Zhao Min", None)
    sheet = scoring.technician_month(closed, M001.actor, MAIN, "T003", SEPTEMBER)
    assert (sheet.sealed is not None, sheet.standing.listed if sheet.standing else "-") == (True, None)
    asked = propose_adjustment(closed, "T003")
    decide(closed, Q001, asked)
    [line] = adjustment_views.of_month(closed, M001.actor, MAIN, SEPTEMBER).lines
    assert (line.differs, len(line.standing.adjustments)) == (False, 1)
    assert faults(closed) == []
    assert [one.name for one in scoring.month_scores(closed, M001.actor, MAIN, SEPTEMBER).technicians][-1] == "Zhao Min"


def test_who_works_elsewhere_and_has_nothing_here_is_found_by_nobody(closed: Work) -> None:
    for technician in ("T900", "T777"):
        assert code_of(look, closed, technician) == "not_found"
        assert code_of(scoring.technician_month, closed, M001.actor, MAIN, technician, SEPTEMBER) == "not_found"
