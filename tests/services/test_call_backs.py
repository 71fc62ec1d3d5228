"""Call-backs through the services: drawn by the month's seed, asked blind, compared, led to findings."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fieldapp.domain import call_backs as rules
from fieldapp.domain import spot_checks as draws
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import call_backs, contacts, finding_views, spot_checks
from fieldapp.services.call_backs import Call
from fieldapp.services.doctor import examine
from fieldapp.services.work import Work
from fieldapp.storage import spot_checks as store
from fieldapp.storage.tables.audit import AuditRow
from tests import builders, links
from tests.cast import M001, MAIN, NOW, Q001, Q900, T001, T002
from tests.moves import move
from tests.services.test_findings import either, sheet  # noqa: F401 - a fixture
from tests.services.test_scheduling import refused

SEED, OCTOBER = "the seed of October", Month("2026-10")
WELL = {code: "no" if code == "supplied_tools" else "yes" for code in rules.ASKED}


@pytest.fixture
def draw(work: Work) -> store.Draw:
    """October's, sealed in September; its seed is always the same."""
    made = store.Draw(MAIN, OCTOBER, SEED, draws.commitment(SEED), 2, NOW - timedelta(days=20), "Q001", 10)
    with work.write(MAIN) as db:
        store.add(db, made)
    return made


@pytest.fixture
def visit(work: Work) -> str:
    return links.signed_visit(work)


def listed(work: Work, month: Month = OCTOBER) -> list[tuple[str, str]]:
    return [(one.visit.external_id, one.reason) for one in call_backs.board(work, Q001.actor, month).open]


def called(work: Work, visit: str, outcome: str = "reached", comment: str = "", **answers: str) -> Call:
    seen = len(call_backs.detail(work, Q001.actor, visit).entry.attempts)
    return call_backs.save(work, Q001.actor, visit, outcome, {**WELL, **answers}, comment, seen=seen)


def record(work: Work, visit: str, *questions: str, note: str = "the customer said so") -> list[str]:
    key = work.new_id()
    return list(call_backs.record_findings(work, Q001.actor, visit, questions, note, finding_id=key))


def test_a_tenth_of_each_technicians_signed_visits_is_drawn_and_everybody_has_one(work: Work, draw: Any) -> None:
    numbers = [f"WO-{number}" for number in range(12)]
    for number in numbers:
        links.signed_visit(work, number)
    links.signed_visit(work, "WO-99", technician="T002")
    expected = {(one, "drawn") for one in (*rules.drawn(SEED, numbers, 10), "WO-99")}
    assert len(expected) == 3
    assert set(listed(work)) == expected
    lanes = {one.technician: (one.signed, one.drawn, one.done) for one in
             call_backs.board(work, Q001.actor, OCTOBER).lanes}  # fmt: skip
    assert lanes == {"T001": (12, 2, 0), "T002": (1, 1, 0)}


def test_who_signed_nothing_is_called_first_draw_or_not(work: Work) -> None:
    links.signed_visit(work, "WO-1")
    links.unsigned_visit(work, "WO-2")
    assert listed(work) == [("WO-2", "unsigned")]
    with work.write(MAIN) as db:
        store.add(db, store.Draw(MAIN, OCTOBER, SEED, "x", 2, NOW - timedelta(days=20), "Q001"))
    assert listed(work) == [("WO-2", "unsigned"), ("WO-1", "drawn")]


def test_of_visits_that_look_odd_half_are_drawn_besides(work: Work, draw: Any) -> None:
    fast = {"doc_hash": "0" * 64, "typed": "王芳", "signer": {"name": "王芳"}, "shown_ms": 900}
    odd = [f"WO-{number}" for number in range(4)]
    for number in odd:
        links.done(work, number, signature=fast)
    fine = [f"WO-{number}" for number in range(10, 16)]
    for number in fine:
        links.signed_visit(work, number)
    found = listed(work)
    flagged = {number for number, reason in found if reason == "flagged"}
    assert flagged >= set(rules.drawn(SEED, odd, 50))
    assert flagged | {number for number, reason in found if reason == "drawn"} == {
        *rules.drawn(SEED, [*odd, *fine], 10), *rules.drawn(SEED, odd, 50),
    }  # fmt: skip
    assert found[0][1] == "flagged"


def test_a_seal_of_today_draws_only_visits_of_the_days_after_it(work: Work, clock: Any) -> None:
    made = spot_checks.commit(work, Q001.actor, MAIN, OCTOBER, 2, 100)
    links.signed_visit(work, "WO-1")
    clock.advance(days=1)
    links.signed_visit(work, "WO-2")
    assert made.share == 100
    assert listed(work) == [("WO-2", "drawn")]


def test_visits_that_are_not_completed_are_no_calls(work: Work, draw: Any) -> None:
    planned = links.planned_visit(work)
    assert listed(work) == []
    for visit in (planned, "x"):
        refused(NotFound, "not_found", lambda visit=visit: call_backs.detail(work, Q001.actor, visit))
        refused(NotFound, "not_found", lambda visit=visit: call_backs.reveal_number(work, Q001.actor, visit))


def test_the_signed_answers_are_out_of_sight_until_the_call_is_saved(work: Work, visit: str) -> None:
    for _ in range(2):
        before = call_backs.detail(work, Q001.actor, visit)
        assert (before.lines, before.comment_signed, before.refusal) == ((), "", "")
        called(work, visit, "no_answer")
    after = called(work, visit, shoe_covers="no")
    assert after.comment_signed == "a secret word between us"
    assert {(one.question, one.signed, one.called) for one in after.lines if one.differs} == {
        ("shoe_covers", "yes", "no")
    }


def test_an_entry_ends_after_three_days_without_an_answer(work: Work, draw: Any, visit: str, clock: Any) -> None:
    for _ in range(3):
        assert listed(work) == [("WO-1", "drawn")]
        called(work, visit, "no_answer")
        clock.advance(days=1)
    board = call_backs.board(work, Q001.actor, OCTOBER)
    assert ([one.state for one in board.ended], board.open, board.lanes[0].done) == (["unreachable"], [], 1)
    refused(Conflict, "call_over", lambda: called(work, visit))


def test_who_was_tried_today_comes_after_the_others(work: Work, clock: Any) -> None:
    first = links.unsigned_visit(work, "WO-1")
    links.unsigned_visit(work, "WO-2")
    called(work, first, "no_answer")
    assert [number for number, _ in listed(work)] == ["WO-2", "WO-1"]
    clock.advance(days=1)
    assert [number for number, _ in listed(work)] == ["WO-1", "WO-2"]


def test_of_two_who_call_at_once_the_second_is_told(work: Work, visit: str) -> None:
    called(work, visit, "no_answer")
    refused(
        Conflict, "call_changed", lambda: call_backs.save(work, Q001.actor, visit, "reached", WELL, "", seen=0)
    )  # fmt: skip


def test_a_call_that_nobody_drew_stands_beside_the_draw(work: Work, visit: str) -> None:
    called(work, visit)
    board = call_backs.board(work, Q001.actor, OCTOBER)
    assert [(one.reason, one.state) for one in board.ended] == [("chosen", "reached")]
    assert (board.lanes[0].drawn, board.lanes[0].extra) == (0, 1)


def test_calls_of_the_month_before_are_not_forgotten(work: Work, clock: Any) -> None:
    links.unsigned_visit(work)
    clock.advance(days=20)
    board = call_backs.board(work, Q001.actor, Month("2026-11"))
    assert (board.open, board.left_before) == ([], 1)


def test_a_difference_on_an_item_counts_at_once_and_over_the_signed_answer(work: Work, visit: str) -> None:
    called(work, visit, shoe_covers="no", cleanup="no")
    [made] = record(work, visit, "shoe_covers")
    view = finding_views.detail(work, Q001.actor, MAIN, made)
    assert (view.finding.source, view.standing.state, view.call_of) == ("call_back", "upheld", visit)
    assert (view.finding.technician, view.visit_number) == ("T001", "WO-1")
    assert [item.breached for item in sheet(work).items if item.code == "shoe_covers"] == [1]
    left = call_backs.detail(work, Q001.actor, visit)
    assert [one.question for one in left.differing] == ["cleanup"]
    assert [one.finding.id for one in left.found] == [made]


def test_the_whole_way_is_the_same_on_each_engine(either: Work) -> None:  # noqa: F811 - the fixture
    spot_checks.commit(either, Q001.actor, MAIN, OCTOBER)
    visit = links.unsigned_visit(either)
    called(either, visit, "no_answer")
    called(either, visit, cleanup="no", comment="灰尘")
    assert len(record(either, visit, "cleanup")) == 1
    [entry] = call_backs.board(either, Q001.actor, OCTOBER).ended
    assert [(one.outcome, one.answers.get("cleanup"), one.comment) for one in entry.attempts] == [
        ("no_answer", None, ""), ("reached", "no", "灰尘"),
    ]  # fmt: skip
    assert [one.about for one in call_backs.detail(either, Q001.actor, visit).found] == ["cleanup"]


def test_a_signature_that_is_not_theirs_waits_for_the_technician_and_a_second_person(work: Work, visit: str) -> None:
    called(work, visit, signed="no")
    [made] = record(work, visit, "signed")
    view = finding_views.detail(work, Q001.actor, MAIN, made)
    assert (view.about, view.standing.state, view.standing.is_unheard(work.now())) == ("forgery", "waiting", True)
    assert sheet(work).veto == ()


def test_differences_are_recorded_once_and_only_they(work: Work, visit: str) -> None:
    refused(Invalid, "call_no_difference", lambda: record(work, visit, "badge"))
    called(work, visit, badge="no")
    refused(Invalid, "call_no_difference", lambda: record(work, visit, "cleanup"))
    refused(Invalid, "finding_note", lambda: record(work, visit, "badge", note=" "))
    key = work.new_id()
    for _ in range(2):
        assert list(call_backs.record_findings(work, Q001.actor, visit, ["badge"], "no badge", finding_id=key)) == [key]
    refused(Invalid, "call_no_difference", lambda: record(work, visit, "badge"))
    assert finding_views.list_month(work, Q001.actor, OCTOBER).total == 1


def test_why_nobody_signed_is_shown_beside_what_was_said(work: Work) -> None:
    start = NOW - timedelta(hours=2)
    entries = [one for one in builders.perfect_visit("WO-1", start) if one["type"] != "signature.captured"]
    entries.insert(-2, builders.line("signature.refused", "WO-1", start + timedelta(minutes=55), reason="in a hurry"))
    visit = links.store(work, entries)
    assert called(work, visit, signed="no").refusal == "in a hurry"


def test_who_may_call_and_who_may_only_read(work: Work, visit: str) -> None:
    assert call_backs.board(work, M001.actor, OCTOBER).open == []
    refused(Forbidden, "forbidden", lambda: call_backs.board(work, T001.actor, OCTOBER))
    refused(
        Forbidden, "forbidden", lambda: call_backs.save(work, M001.actor, visit, "reached", WELL, "", seen=0)
    )  # fmt: skip
    refused(Forbidden, "forbidden", lambda: call_backs.reveal_number(work, M001.actor, visit))
    refused(NotFound, "not_found", lambda: call_backs.detail(work, Q900.actor, visit))
    refused(NotFound, "not_found", lambda: call_backs.own(work, T002.actor, MAIN, "T001", OCTOBER))


def test_nobody_calls_the_customer_of_their_own_visit(work: Work, visit: str) -> None:
    """Whoever was a technician until yesterday."""
    move(work, branch=MAIN, role="quality", team="a")
    me = replace(Q001.actor, login="T001")
    refused(Forbidden, "call_own", lambda: call_backs.save(work, me, visit, "reached", WELL, "", seen=0))
    assert not call_backs.detail(work, Q001.actor, visit).entry.attempts


def test_the_number_is_masked_and_who_looks_at_it_is_written_down_like_every_call(work: Work, visit: str) -> None:
    assert call_backs.detail(work, Q001.actor, visit).masked_phone == contacts.masked("13800000001")
    assert call_backs.reveal_number(work, Q001.actor, visit) == "13800000001"
    called(work, visit, comment="He was very kind.")
    with work.read() as db:
        rows = list(db.scalars(select(AuditRow).where(AuditRow.branch == MAIN).order_by(AuditRow.number)))[-2:]
        assert [(row.action, row.actor, row.subject) for row in rows] == [
            ("customer.number_shown", "Q001", "WO-1"),
            ("call_back.made", "Q001", "WO-1"),
        ]
        assert "kind" not in rows[1].facts
    assert [fault for check in examine(work) for fault in check.faults] == []


def test_a_technician_learns_the_share_at_once_and_their_drawn_visits_after_the_month(
    work: Work, draw: Any, visit: str, clock: Any
) -> None:
    mine = call_backs.own(work, T001.actor, MAIN, "T001", OCTOBER)
    assert mine == call_backs.Own(10, (), False)
    clock.advance(days=20)
    mine = call_backs.own(work, T001.actor, MAIN, "T001", OCTOBER)
    assert mine == call_backs.Own(10, ["WO-1"], True)
    assert call_backs.own(work, T001.actor, MAIN, "T001", Month("2026-11")) is None
