"""Closing a month: what is seen before, two different people, the same figures, and a seal that nothing moves."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, DomainError, Forbidden, NotFound
from fieldapp.services import closing, scoring, sheets
from fieldapp.services.work import Work
from fieldapp.storage.tables.audit import AuditRow
from fieldapp.storage.tables.closing import ClosedMonthRow, ClosedSheetRow, MonthProposalRow
from tests import builders
from tests.cast import A001, D001, M001, M002, MAIN, NORTH, Q001, Q900, T001, T002
from tests.closing import NINE, SEPTEMBER, close, faults, finding, preview, propose, september, store, upheld
from tests.services.test_approvals import become


def code_of(act: Any, *arguments: Any) -> str:
    with pytest.raises(DomainError) as refusal:
        act(*arguments)
    return refusal.value.code


def sealed_bytes(work: Work) -> list[Any]:
    with work.read() as db:
        months = db.execute(select(ClosedMonthRow.__table__).where(ClosedMonthRow.branch == MAIN))
        sheets = db.execute(select(ClosedSheetRow.__table__).where(ClosedSheetRow.branch == MAIN))
        return [*map(tuple, months), *map(tuple, sheets)]


# --- Looking ------------------------------------------------------------------------------------------------------


def test_the_preview_shows_the_figures_as_they_stand(work: Work) -> None:
    september(work)
    seen = preview(work)
    live = scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER)
    assert [(one.technician, one.figure.score) for one in seen.sheets] == [
        (one.sheet.technician, one.sheet.score) for one in live.technicians
    ]
    assert (seen.unassigned, seen.not_ready, seen.refusal, seen.proposal) == (("WO-4",), None, None, None)
    assert seen.branch.name == "Main"


def test_what_still_stands_open_is_listed_by_what_it_is(work: Work) -> None:
    september(work)
    arrived = builders.line("visit.arrived", "WO-5", NINE, "T001", gps={"status": "denied"})
    store(work, [builders.scheduled("WO-5", NINE), arrived])
    complaint = finding("WO-1", source="complaint", item="decorum")
    store(work, [complaint, finding(None, source="complaint", discipline="gifts")])
    ends = preview(work).open_ends
    assert ends is not None
    assert [one.external_id for one in ends.pending] == ["WO-5"]
    assert [one.visit.external_id for one in ends.calls] == ["WO-2"]
    assert sorted((one.source, number) for one, number in ends.undecided) == [("complaint", ""), ("complaint", "WO-1")]
    store(work, [builders.line("finding.decided", None, NINE, "M001", finding=complaint["id"], outcome="dismissed")])
    ends = preview(work).open_ends
    assert ends is not None
    assert [number for _, number in ends.undecided] == [""]
    store(work, [builders.line("appeal.filed", "WO-2", NINE, "T001", item="sign_off", text="She could not write.")])
    ends = preview(work).open_ends
    assert ends is not None
    assert [(one.appeal.technician, number) for one, number in ends.appeals] == [("T001", "WO-2")]


def test_another_branch_sees_a_month_only_while_it_waits_for_a_second_person(work: Work) -> None:
    september(work)
    assert code_of(closing.preview, work, Q900.actor, MAIN, SEPTEMBER) == "not_found"
    propose(work)
    assert preview(work, Q900).refusal is None
    assert [one.author_name for one in closing.list_waiting(work, Q900.actor)] == ["Ma Ling"]
    closing.confirm(work, Q900.actor, MAIN, SEPTEMBER, preview(work, Q900).fingerprint)
    assert code_of(closing.preview, work, Q900.actor, MAIN, SEPTEMBER) == "not_found"
    assert closing.count_waiting(work, Q900.actor) == 0


@pytest.mark.parametrize("person", [T001, D001, A001])
def test_technicians_dispatchers_and_admins_close_nothing(work: Work, person: Any) -> None:
    september(work)
    seen = propose(work).fingerprint
    for act in (closing.propose, closing.confirm):
        assert code_of(act, work, person.actor, MAIN, SEPTEMBER, seen) == "forbidden"
    assert code_of(closing.preview, work, person.actor, MAIN, SEPTEMBER) == "forbidden"
    assert code_of(closing.withdraw, work, person.actor, MAIN, SEPTEMBER) == "forbidden"


# --- Two people ---------------------------------------------------------------------------------------------------


def test_two_people_close_a_month(work: Work) -> None:
    september(work)
    before = scoring.as_data(scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER))
    row = close(work)
    assert (row.proposed_by, row.confirmed_by, row.closed_at) == ("M001", "Q001", work.now())
    after = scoring.as_data(scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER))
    assert after.pop("closed") == {
        "closed_at": row.closed_at.isoformat(), "proposed_by": "M001", "confirmed_by": "Q001",
        "fingerprint": row.fingerprint, "key": work.seal_key.key_id(),
    }  # fmt: skip
    assert after == before
    assert faults(work) == []


def test_both_steps_stand_in_the_audit_chain_with_what_was_seen(work: Work) -> None:
    september(work)
    row = close(work)
    with work.read() as db:
        rows = db.query(AuditRow.actor, AuditRow.action, AuditRow.subject, AuditRow.facts, AuditRow.entry_id)
        found = rows.filter(AuditRow.branch == MAIN).order_by(AuditRow.number).all()[-2:]
    assert [tuple(one)[:3] for one in found] == [
        ("M001", "month.proposed", "2026-09"),
        ("Q001", "month.closed", "2026-09"),
    ]
    assert row.fingerprint in found[1].facts
    assert found[1].entry_id == row.audit_id


def test_the_first_person_is_never_the_second(work: Work) -> None:
    september(work)
    seen = propose(work)
    assert seen.refusal is not None
    assert seen.refusal.code == "request_own"
    assert code_of(closing.confirm, work, M001.actor, MAIN, SEPTEMBER, seen.fingerprint) == "request_own"
    assert code_of(closing.propose, work, M001.actor, MAIN, SEPTEMBER, seen.fingerprint) == "close_waiting"


def test_whose_own_score_is_among_the_figures_neither_proposes_nor_confirms(work: Work) -> None:
    september(work)
    become(work, "T001", "manager")
    promoted = replace(T001.actor, role="manager")
    seen = preview(work).fingerprint
    assert code_of(closing.propose, work, promoted, MAIN, SEPTEMBER, seen) == "close_benefit"
    propose(work)
    assert code_of(closing.confirm, work, promoted, MAIN, SEPTEMBER, seen) == "request_benefit"


def test_with_too_few_people_head_office_confirms(work: Work) -> None:
    september(work)
    become(work, "M002", "dispatcher")  # Q001 and Q900 are left: who proposed it is not to be chosen from
    seen = propose(work).fingerprint
    assert code_of(closing.confirm, work, Q001.actor, MAIN, SEPTEMBER, seen) == "request_head_office"
    closing.confirm(work, OPERATOR, MAIN, SEPTEMBER, seen)


def test_nothing_is_confirmed_that_nobody_proposed(work: Work) -> None:
    september(work)
    seen = preview(work).fingerprint
    assert code_of(closing.confirm, work, Q001.actor, MAIN, SEPTEMBER, seen) == "close_gone"
    assert code_of(closing.confirm, work, Q900.actor, MAIN, SEPTEMBER, seen) == "not_found"


def test_figures_that_changed_in_between_are_refused_and_proposed_anew(work: Work) -> None:
    september(work)
    seen = propose(work)
    store(work, [finding("WO-1", item="decorum")])
    assert code_of(closing.confirm, work, Q001.actor, MAIN, SEPTEMBER, seen.fingerprint) == "close_changed"
    assert preview(work, Q001).has_changed
    assert code_of(closing.propose, work, Q001.actor, MAIN, SEPTEMBER, seen.fingerprint) == "close_changed"
    anew = propose(work, Q001)
    assert not anew.has_changed
    # The first one's old yes counts for nothing now, and they may be the second for the new figures.
    assert code_of(closing.confirm, work, M002.actor, MAIN, SEPTEMBER, seen.fingerprint) == "close_changed"
    closing.confirm(work, M001.actor, MAIN, SEPTEMBER, anew.fingerprint)
    with work.read() as db:
        states = db.scalars(
            select(MonthProposalRow.state).where(MonthProposalRow.branch == MAIN).order_by(MonthProposalRow.proposal_id)
        )
        assert list(states) == ["overtaken", "closed"]


def test_a_proposal_can_be_taken_back(work: Work) -> None:
    september(work)
    seen = propose(work).fingerprint
    closing.withdraw(work, M001.actor, MAIN, SEPTEMBER)
    assert code_of(closing.confirm, work, Q001.actor, MAIN, SEPTEMBER, seen) == "close_gone"
    assert code_of(closing.withdraw, work, M001.actor, MAIN, SEPTEMBER) == "close_gone"
    close(work)


def test_who_could_not_confirm_does_not_withdraw_either(work: Work) -> None:
    """Not whose own month is in it, given another role, and nobody of another branch's."""
    september(work)
    propose(work)
    become(work, "T001", "manager")
    me = replace(T001.actor, role="manager")
    assert code_of(closing.withdraw, work, me, MAIN, SEPTEMBER) == "request_benefit"
    assert closing.preview(work, me, MAIN, SEPTEMBER).stays is not None
    assert closing.preview(work, M001.actor, MAIN, SEPTEMBER).stays is None
    closing.withdraw(work, Q001.actor, MAIN, SEPTEMBER)


# --- When it cannot be closed -------------------------------------------------------------------------------------


def test_a_month_with_pending_visits_cannot_be_closed(work: Work) -> None:
    september(work)
    store(work, [builders.scheduled("WO-5", NINE), builders.line("visit.arrived", "WO-5", NINE, "T001",
                                                                  gps={"status": "denied"})])  # fmt: skip
    seen = preview(work)
    assert seen.not_ready is not None
    assert (seen.not_ready.code, seen.not_ready.facts["visits"]) == ("month_pending", 1)
    assert code_of(closing.propose, work, M001.actor, MAIN, SEPTEMBER, seen.fingerprint) == "month_pending"
    assert [one.external_id for one in closing.open_visits(work, M001.actor, MAIN, SEPTEMBER)] == ["WO-5"]


def test_a_visit_that_came_to_be_pending_after_the_proposal_stops_the_second_person(work: Work) -> None:
    september(work)
    seen = propose(work).fingerprint
    store(work, [builders.scheduled("WO-5", NINE), builders.line("visit.arrived", "WO-5", NINE, "T001",
                                                                  gps={"status": "denied"})])  # fmt: skip
    assert code_of(closing.confirm, work, Q001.actor, MAIN, SEPTEMBER, seen) == "month_pending"


def test_a_month_that_has_not_ended_cannot_be_closed(work: Work, clock: Any) -> None:
    september(work)
    clock.set(NINE + timedelta(days=20))
    seen = preview(work)
    assert seen.not_ready is not None
    assert seen.not_ready.code == "month_running"
    assert code_of(closing.propose, work, M001.actor, MAIN, SEPTEMBER, seen.fingerprint) == "month_running"


def test_counts_that_differ_from_their_visits_are_closed_by_nobody(work: Work) -> None:
    september(work)
    with work.write() as db:
        db.connection().exec_driver_sql("UPDATE month_verdicts SET met = met + 1 WHERE code = 'uniform'")
    seen = propose(work).fingerprint
    assert code_of(closing.confirm, work, Q001.actor, MAIN, SEPTEMBER, seen) == "close_drift"
    assert sealed_bytes(work) == []


def test_an_empty_month_can_be_closed_too(work: Work) -> None:
    close(work)
    assert scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER).technicians == ()
    assert faults(work) == []


def test_a_closed_month_is_closed_once(work: Work) -> None:
    september(work)
    row = close(work)
    for act in (closing.propose, closing.confirm):
        assert code_of(act, work, M002.actor, MAIN, SEPTEMBER, row.fingerprint) == "month_closed"
    assert code_of(closing.step, work, M002.actor, MAIN, SEPTEMBER) == "month_closed"


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def either(request: Any) -> Work:
    """The same company on each engine."""
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def test_of_many_who_close_at_once_one_closes_and_the_others_are_told(either: Work) -> None:
    september(either)
    seen = propose(either, M001).fingerprint
    start, answers = Barrier(3), []

    def act(who: Any) -> None:
        start.wait()
        try:
            closing.confirm(either, who.actor, MAIN, SEPTEMBER, seen)
            answers.append("closed")
        except DomainError as error:
            answers.append(error.code)

    threads = [Thread(target=act, args=(who,)) for who in (Q001, M002, Q900)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) in (["closed", "month_closed", "month_closed"], ["closed", "month_closed", "not_found"])
    assert len(sealed_bytes(either)) == 3
    assert faults(either) == []


def test_of_two_who_propose_at_once_one_is_the_first_and_the_other_hears_of_it(either: Work) -> None:
    september(either)
    seen = preview(either).fingerprint
    start, answers = Barrier(2), []

    def act(who: Any) -> None:
        start.wait()
        try:
            answers.append(closing.propose(either, who.actor, MAIN, SEPTEMBER, seen).state)
        except Conflict as error:
            answers.append(error.code)

    threads = [Thread(target=act, args=(who,)) for who in (M001, Q001)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["close_waiting", "open"]


# --- What is sealed -----------------------------------------------------------------------------------------------


def test_every_number_of_a_closed_month_opens_what_it_rested_on(work: Work) -> None:
    september(work)
    bad = finding("WO-1", item="uniform")
    store(work, [bad])
    live = scoring.technician_month(work, T001.actor, MAIN, "T001", SEPTEMBER)
    close(work)
    found = scoring.technician_month(work, T001.actor, MAIN, "T001", SEPTEMBER)
    assert found.sealed is not None
    assert (found.sheet, found.visits, found.findings) == (live.sheet, live.visits, live.findings)


def test_later_facts_change_nothing_that_is_shown_of_a_closed_month(work: Work) -> None:
    september(work)
    close(work)
    before = (
        sealed_bytes(work),
        scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER),
        scoring.technician_month(work, M001.actor, MAIN, "T001", SEPTEMBER),
        sheets.past_sheets(work, M001.actor, MAIN, "T001", [SEPTEMBER]),
    )
    gift = finding(None, source="complaint", discipline="gifts")
    late = builders.perfect_visit("WO-9", NINE + timedelta(days=2))
    store(work, [finding("WO-1", item="decorum"), gift, upheld(gift), *late])
    live = scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER, recount=True)
    assert live.technicians[0].sheet.veto == ("gifts",)
    assert before == (
        sealed_bytes(work),
        scoring.month_scores(work, M001.actor, MAIN, SEPTEMBER),
        scoring.technician_month(work, M001.actor, MAIN, "T001", SEPTEMBER),
        sheets.past_sheets(work, M001.actor, MAIN, "T001", [SEPTEMBER]),
    )
    assert faults(work) == []


def test_a_visit_shows_how_it_counted_and_how_it_would_count_now(work: Work) -> None:
    september(work)
    close(work)
    visit = scoring.technician_month(work, M001.actor, MAIN, "T001", SEPTEMBER).visits[0].visit
    assert scoring.visit_score(work, T001.actor, MAIN, visit).later is None
    store(work, [finding("WO-1", item="uniform")])
    found = scoring.visit_score(work, T001.actor, MAIN, visit)
    assert found.later is not None
    then, now = ([v.met for v in one.verdicts if v.code == "uniform"] for one in (found.judgement, found.later))
    assert (then, now, found.is_counted) == ([True], [False], True)


def test_a_visit_that_came_to_a_closed_month_says_that_it_did_not_count(work: Work) -> None:
    september(work)
    close(work)
    store(work, builders.perfect_visit("WO-9", NINE + timedelta(days=2)))
    visit = builders.ids.visit_id(MAIN, "WO-9")
    assert not scoring.visit_score(work, T001.actor, MAIN, visit).is_counted


def test_a_visit_that_left_the_sheet_is_still_opened_from_it(work: Work) -> None:
    september(work)
    close(work)
    store(work, [builders.line("visit.arrived", "WO-3", NINE + timedelta(minutes=1), "T001", gps={"status": "denied"})])
    visit = builders.ids.visit_id(MAIN, "WO-3")
    assert code_of(scoring.visit_score, work, T002.actor, MAIN, visit) == "not_found"
    found = scoring.visit_score(work, T002.actor, MAIN, visit, counted_in=(SEPTEMBER, "T002"))
    assert found.judgement.technician == "T002"
    with pytest.raises(NotFound):
        scoring.visit_score(work, T001.actor, MAIN, visit, counted_in=(SEPTEMBER, "T002"))


def test_closing_one_branch_leaves_the_others_open(work: Work) -> None:
    september(work)
    close(work)
    seen = closing.preview(work, Q900.actor, NORTH, SEPTEMBER)
    assert (seen.sealed, seen.not_ready) == (None, None)


# --- Nobody changes it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE closed_months SET body = 'x' WHERE branch = 'main'",
        "DELETE FROM closed_months WHERE branch = 'main'",
        "UPDATE closed_sheets SET evidence = 'x' WHERE branch = 'main'",
        "DELETE FROM closed_sheets WHERE branch = 'main'",
        "INSERT INTO closed_sheets VALUES ('main', '2026-09', 'T777', 'x', 'x')",
        "INSERT INTO closed_months SELECT * FROM closed_months WHERE branch = 'main'",
    ],
)
def test_the_database_refuses_to_change_what_is_sealed(either: Work, statement: str) -> None:
    september(either)
    close(either)
    before = sealed_bytes(either)
    with pytest.raises(IntegrityError, match="a closed month never changes"), either.write() as db:
        db.connection().exec_driver_sql(statement)
    assert sealed_bytes(either) == before


@pytest.mark.sqlite
def test_replacing_a_row_is_no_way_around_that(work: Work) -> None:
    september(work)
    close(work)
    for statement in (
        "INSERT OR REPLACE INTO closed_months SELECT * FROM closed_months WHERE branch = 'main'",
        "REPLACE INTO closed_sheets SELECT branch, month, technician, x'7b7d', evidence FROM closed_sheets "
        "WHERE branch = 'main'",
    ):
        with pytest.raises(IntegrityError), work.write() as db:
            db.connection().exec_driver_sql(statement)


@pytest.mark.postgres
def test_truncating_is_no_way_around_that(postgres_work: Work) -> None:
    september(postgres_work)
    close(postgres_work)
    for table in ("closed_months", "closed_sheets"):
        with pytest.raises(IntegrityError), postgres_work.write() as db:
            db.connection().exec_driver_sql(f"TRUNCATE {table}")


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        ("UPDATE closed_months SET body = replace(body, '\"currency\":\"CNY\"', '\"currency\":\"HKD\"')",
         "its figures are not what was closed"),
        ("UPDATE closed_months SET body = x'7b7d'", "its figures cannot be read any more"),
        ("UPDATE closed_months SET signature = replace(signature, substr(signature, 1, 2), '00')",
         "its signature is not one of this installation's key"),
        ("UPDATE closed_months SET fingerprint = substr(fingerprint, 2) || 'a'",
         "the audit chain knows no close with its fingerprint"),
        ("UPDATE closed_months SET confirmed_by = 'M002'", "who closed it, or when, is not what was signed"),
        ("DELETE FROM closed_months", "was closed, and is gone"),
        ("UPDATE closed_sheets SET body = replace(body, '\"score\":\"', '\"score\":\"1') WHERE technician = 'T001'",
         "the sheet of T001 is not what was closed"),
        ("UPDATE closed_sheets SET evidence = replace(evidence, '\"met\":true', '\"met\":false')",
         "the sheet of T001 is not what was closed"),
        ("DELETE FROM closed_sheets WHERE technician = 'T002'", "the sheet of T002 is gone"),
        ("INSERT INTO closed_sheets SELECT branch, month, 'T777', body, evidence FROM closed_sheets LIMIT 1",
         "the sheet of T777 is not what was closed"),
    ],
)  # fmt: skip
@pytest.mark.sqlite
def test_whoever_takes_the_triggers_away_is_found_out(work: Work, spoil: str, fault: str) -> None:
    september(work)
    close(work)
    with work.write() as db:
        connection = db.connection()
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(spoil)
    assert f"month 2026-09 of main: {fault}" in faults(work)


@pytest.mark.sqlite
def test_what_was_altered_is_shown_to_nobody(work: Work) -> None:
    september(work)
    close(work)
    with work.write() as db:
        connection = db.connection()
        connection.exec_driver_sql("DROP TRIGGER closed_sheets_no_update")
        connection.exec_driver_sql('UPDATE closed_sheets SET body = replace(body, \'"award":"\', \'"award":"1\')')
    assert code_of(scoring.month_scores, work, M001.actor, MAIN, SEPTEMBER) == "snapshot_altered"
    assert code_of(scoring.technician_month, work, T001.actor, MAIN, "T001", SEPTEMBER) == "snapshot_altered"


def test_another_key_or_none_is_said(work: Work, settings: Any) -> None:
    september(work)
    close(work)
    file = settings.instance / "seal-key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    fresh = replace(work, seal_key=type(work.seal_key)(file))
    assert faults(fresh) == [
        "month 2026-09 of main: the key that signed it is missing; bring seal-key.pem back into the instance folder"
    ]
    assert not file.exists(), "looking makes no key"
    fresh.seal_key.sign(b"another key")
    assert faults(fresh) == ["month 2026-09 of main: its signature is not one of this installation's key"]


def test_the_command_line_takes_one_step_for_each_of_two_people(work: Work) -> None:
    september(work)
    assert closing.step(work, M001.actor, MAIN, SEPTEMBER)[0] == "proposed"
    assert closing.step(work, M001.actor, MAIN, SEPTEMBER)[0] == "proposed"
    store(work, [finding("WO-1", item="decorum")])
    assert closing.step(work, Q001.actor, MAIN, SEPTEMBER)[0] == "changed"
    assert closing.step(work, M001.actor, MAIN, SEPTEMBER)[0] == "closed"
    with pytest.raises(Forbidden):
        closing.step(work, D001.actor, MAIN, SEPTEMBER)
