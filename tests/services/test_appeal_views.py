"""Appeals as both sides see them: what is due, what was said, the evidence, and nothing of anybody else's."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from fieldapp.domain.appeals import Subject
from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeal_views, findings
from fieldapp.services.work import Work
from tests.builders import line
from tests.cast import D001, M001, MAIN, Q001, Q900, T001, T002
from tests.services.test_appeals import LATE, NINE, TEXT, WHY, appeal, decide, found, late_visit, store_lines
from tests.services.test_scheduling import refused

SECOND = replace(LATE, visit=visit_id(MAIN, "WO-2"))


def look(work: Work, who: Any, appeal_id: str = LATE.appeal_id, branch: str = MAIN) -> appeal_views.Detail:
    return appeal_views.detail(work, who.actor, branch, appeal_id)


def test_both_sides_read_the_words_the_decision_and_who_and_when(work: Work, clock: Any) -> None:
    late_visit(work)
    filed = appeal(work)
    clock.advance(days=1)
    decide(work, filed)
    for person in (T001, Q001):
        told = look(work, person)
        assert (told.said.text, told.said.reason, told.view.appeal.state) == (TEXT, WHY, "overturned")
        assert told.view.appeal.decided_at == clock()
        assert told.view.names == {"T001": "Chen Wei", "M001": "Ma Ling"}
        assert (told.view.number, told.view.code) == ("WO-1", "punctual")


def test_the_evidence_is_the_visits_whole_story_and_how_it_counts_now(work: Work) -> None:
    late_visit(work)
    filed = appeal(work)
    told = look(work, M001)
    assert [entry.event.type for entry in told.timeline][-2:] == ["visit.left", "appeal.filed"]
    assert len(told.timeline) == 14
    assert [line.recorded_by for line in told.ledger] == ["office"]
    assert [(proof.verdict.met, proof.verdict.why) for proof in told.proofs] == [(False, "arrived_late")]
    decide(work, filed)
    assert [(proof.verdict.met, proof.verdict.why) for proof in look(work, M001).proofs] == [(True, "overturned")]


def test_a_finding_is_shown_with_the_verdict_that_it_speaks_in(work: Work) -> None:
    late_visit(work)
    filed = appeal(work, found(work, "WO-1", item="uniform"))
    finding, verdict = look(work, M001, filed.appeal.id).proofs
    assert (finding.effect.does, verdict.verdict.why) == ("breached", "found_breached")
    assert look(work, M001, filed.appeal.id).view.code == "uniform"


def test_a_decision_without_a_filing_is_theirs_whom_the_finding_counts_against(work: Work) -> None:
    late_visit(work)
    for what, whose in (({"item": "decorum"}, "T002"), ({"item": "uniform"}, "T001")):
        subject = found(work, "WO-1", technician="T002", **what)
        answer = {"finding": subject.finding, "outcome": "confirmed", "reason": "It was so."}
        store_lines(work, line("appeal.decided", "WO-1", NINE, "M002", **answer))
        assert look(work, M001, subject.appeal_id).view.technician == whose


def test_one_without_a_visit_shows_the_finding_alone(work: Work) -> None:
    late_visit(work)
    filed = appeal(work, found(work, discipline="gifts"))
    told = look(work, M001, filed.appeal.id)
    assert [entry.event.type for entry in told.timeline] == ["finding.decided", "finding.recorded", "appeal.filed"]
    assert (told.view.number, told.view.code, told.ledger) == ("", "gifts", [])


def test_appeals_about_one_visit_stand_beside_each_other(work: Work) -> None:
    late_visit(work)
    appeal(work)
    other = appeal(work, found(work, "WO-1", item="decorum"))
    assert [one.appeal.id for one in look(work, T001).others] == [other.appeal.id]


def test_an_answer_is_overdue_after_whole_days(work: Work, clock: Any) -> None:
    late_visit(work)
    appeal(work)
    [view] = appeal_views.list_waiting(work, M001.actor)
    assert view.due == datetime(2026, 10, 21, 16, tzinfo=UTC)
    assert not view.is_overdue(datetime(2026, 10, 21, 15, 59, tzinfo=UTC))
    assert view.is_overdue(view.due)


def test_the_list_begins_with_the_own_branch_and_what_waits_longest(work: Work, clock: Any) -> None:
    late_visit(work)
    late_visit(work, "WO-2", "T002")
    appeal(work, SECOND, T002)
    clock.advance(hours=1)
    appeal(work)
    for person in (M001, Q900):
        listed = appeal_views.list_waiting(work, person.actor)
        assert [view.number for view in listed] == ["WO-2", "WO-1"]
        assert [view.refusal for view in listed] == [None, None]
    assert [view.number for view in appeal_views.list_own(work, T001.actor)] == ["WO-1"]
    assert appeal_views.list_decided(work, M001.actor) == []


def test_the_list_says_beforehand_what_is_not_ones_own_to_decide(work: Work) -> None:
    late_visit(work)
    appeal(work, found(work, "WO-1", item="decorum"))
    [view] = appeal_views.list_waiting(work, Q001.actor)
    assert view.refusal is not None
    assert view.refusal.code == "appeal_handled"


def test_nobody_else_sees_an_appeal(work: Work) -> None:
    late_visit(work)
    appeal(work)
    refused(NotFound, "not_found", look, work, T002)
    refused(NotFound, "not_found", look, work, T001, LATE.appeal_id, "north")
    refused(NotFound, "not_found", look, work, M001, LATE.appeal_id, "north")
    refused(NotFound, "not_found", look, work, M001, SECOND.appeal_id)
    refused(Forbidden, "forbidden", look, work, D001)
    refused(NotFound, "not_found", lambda: appeal_views.picture(work, T001.actor, MAIN, LATE.appeal_id, "a" * 64))


def test_what_was_said_and_photographed_about_a_finding_stands_beside_its_appeal(work: Work) -> None:
    late_visit(work)
    draft = findings.Draft(source="complaint", technician="T001", item="decorum", favourable=False, note="Shouted.")
    finding = findings.record(work, Q001.actor, draft, order="WO-1", finding_id=work.new_id())
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    findings.add_photos(work, Q001.actor, finding, [stream.getvalue()])
    findings.answer(work, T001.actor, finding, "It was the radio.")
    findings.decide(work, M001.actor, MAIN, finding, "upheld", "Two neighbours heard it.", seen=0)
    filed = appeal(work, Subject(finding=finding))
    told = look(work, T001, filed.appeal.id)
    assert [one.text for one in told.statements] == ["It was the radio."]
    assert appeal_views.picture(work, T001.actor, MAIN, filed.appeal.id, told.pictures[0])
    [view] = appeal_views.list_waiting(work, M001.actor)
    assert view.refusal is not None
    assert view.refusal.code == "appeal_handled"
