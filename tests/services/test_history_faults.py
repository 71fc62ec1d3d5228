"""What a history cannot bring: findings about whom or when they cannot be, times to come, what is decided here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Subject
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.findings import Draft
from fieldapp.domain.ids import visit_id
from fieldapp.services import accounts as people
from fieldapp.services import appeals, finding_views, findings, recording, scoring
from fieldapp.services.histories import Fault, HistoryReport
from fieldapp.services.work import Work
from fieldapp.storage import accounts, events
from fieldapp.storage.events import Record
from tests import builders, cast
from tests.domain.scoring.history import NOW
from tests.fakes import Clock
from tests.services.test_histories import NINE, imported, jsonl, stored

# --- Findings that cannot be --------------------------------------------------------------------------------------


def judged(visit: str | None = None, **what: Any) -> dict:
    """A spot check on T900, who belongs to branch north."""
    said = {"source": "spot_check", "technician": "T900", "favourable": False, "occurred_on": "2026-10-05",
            "item": "grooming"}  # fmt: skip
    return builders.line("finding.recorded", visit, NINE, "Q001", **(said | what))


ELSEWHERE = Fault(1, "data.technician", "T900", "technician_elsewhere")


@pytest.mark.parametrize("visit", [None, "WO-1", "WO-2"])
def test_nobody_of_another_branch_has_a_finding_but_about_their_own_visit(work: Work, visit: str | None):
    """WO-1 is another technician's, WO-2 nobody knows; who took part in neither is in no score of this branch."""
    imported(work, jsonl(builders.perfect_visit("WO-1", NINE)))
    finding = judged(visit)
    for more in ([], [judged(visit, technician="T002"), decision(finding["id"], outcome="upheld")]):
        report = imported(work, jsonl([finding, *more]), create_staff=True)
        assert report.faults == (ELSEWHERE,)
    assert stored(work) == 13
    month = scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW)
    assert [one.sheet.technician for one in month.technicians] == ["T001"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_finding_about_a_visit_stays_with_who_moved_to_another_branch(work: Work, at_once: bool):
    """In whatever order the lines come, and when the visit is here already. Their month can be opened."""
    visit, finding = builders.perfect_visit("WO-1", NINE, technician="T900"), judged("WO-1")
    if not at_once:
        imported(work, jsonl(visit))
    assert imported(work, jsonl([finding, *(visit if at_once else [])])).faults == ()
    month = scoring.technician_month(work, cast.M001.actor, cast.MAIN, "T900", Month("2026-10"), now=NOW)
    assert [one.code for one in month.sheet.effects] == ["grooming"]
    assert len(finding_views.list_own(work, cast.M001.actor, cast.MAIN, "T900", Month("2026-10"))) == 1
    with pytest.raises(NotFound):
        scoring.technician_month(work, cast.M001.actor, cast.MAIN, "T900", Month("2026-09"), now=NOW)
    with pytest.raises(NotFound):
        finding_views.list_own(work, cast.M001.actor, cast.MAIN, "T900", Month("2026-09"))


def test_a_finding_that_is_here_may_come_again_after_its_technician_moved(work: Work):
    finding = judged(technician="T001")
    assert imported(work, jsonl([finding])).new == 1
    with work.write() as db:
        accounts.save(db, replace(accounts.find_by_login(db, "T001"), branch=cast.NORTH, team="n"))
    report = imported(work, jsonl([finding]))
    assert (report.faults, report.known) == ((), 1)
    assert imported(work, jsonl([judged(technician="T001")])).faults[0].reason == "technician_elsewhere"


def test_no_finding_is_about_a_day_to_come(work: Work, clock: Clock):
    """In the branch's zone: in Shanghai the 15th begins while it is the 14th in Greenwich."""
    lines = jsonl([judged(technician="T001"), judged(technician="T002", occurred_on="2026-10-15")])
    clock.set(datetime(2026, 10, 14, 15, 59, tzinfo=UTC))
    assert imported(work, lines).faults == (Fault(2, "data.occurred_on", "2026-10-15", "finding_future"),)
    assert stored(work) == 0
    clock.set(datetime(2026, 10, 14, 16, 0, tzinfo=UTC))
    assert imported(work, lines).new == 2


@pytest.mark.parametrize("kind", ["note.added", "photo.added", "visit.left"])
def test_who_only_wrote_something_about_a_visit_was_not_its_technician(work: Work, kind: str):
    said = {
        "note.added": {"text": "I was there."}, "visit.left": {},
        "photo.added": {"slot": "other", "blob": "a" * 64, "bytes": 1, "w": 1, "h": 1},
    }  # fmt: skip
    visit = [*builders.perfect_visit("WO-1", NINE), builders.line(kind, "WO-1", NINE, "T900", **said[kind])]
    assert imported(work, jsonl([judged("WO-1"), *visit])).faults == (ELSEWHERE,)


@pytest.mark.parametrize("kind", ["visit.assigned", "visit.arrived"])
def test_who_was_sent_to_a_visit_or_came_was_its_technician_for_a_time(work: Work, kind: str):
    sent = builders.line("visit.assigned", "WO-1", NINE, "office", technician="T900", reason="plan")
    came = builders.line("visit.arrived", "WO-1", NINE, "T900", gps=None)
    more = sent if kind == "visit.assigned" else came
    assert imported(work, jsonl([judged("WO-1"), *builders.perfect_visit("WO-1", NINE), more])).faults == ()


@pytest.mark.parametrize("code", ["M001", "D001", "Q900", "A001"])
def test_no_finding_is_about_somebody_who_never_was_a_technician(work: Work, code: str):
    """They would have a score sheet of their own, and be no second person for the month any more."""
    [fault, *_] = imported(work, jsonl([judged(technician=code)]), create_staff=True).faults
    assert fault == Fault(1, "data.technician", code, "never_technician")
    assert scoring.month_scores(work, OPERATOR, cast.MAIN, Month("2026-10"), now=NOW).technicians == ()


def test_a_finding_stays_with_a_technician_who_was_given_another_role(work: Work):
    as_person = {"name": "Was One", "branch": cast.MAIN, "team": None}
    people.change_account(work, cast.A001.actor, "T002", role="dispatcher", **as_person)
    assert imported(work, jsonl([judged(technician="T002")])).faults == ()


@pytest.mark.parametrize("years", [0, 73])
def test_no_event_is_of_a_time_to_come(work: Work, clock: Clock, years: int):
    """A finding of a past day would be heard for as long as its `at` lies ahead, a decision would outlast every other
    one. A clock may be five minutes ahead of this one."""
    clock.set(datetime(2026, 10, 14, tzinfo=UTC))
    latest = clock() + timedelta(minutes=5)
    late = (latest + timedelta(seconds=1)).replace(year=2026 + years)
    answers = builders.line("answers.given", "WO-1", late, "customer", **builders.ALL_WELL)
    finding = judged(technician="T001") | {"at": late.isoformat()}
    for one in (answers, finding):
        report = imported(work, jsonl([builders.scheduled("WO-1", NINE), one]))
        assert report.faults == (Fault(2, "at", late.isoformat(), "at_future"),)
    assert stored(work) == 0
    assert imported(work, jsonl([answers | {"at": latest.isoformat()}])).new == 1
    clock.advance(days=-1)
    assert imported(work, jsonl([answers | {"at": latest.isoformat()}])).known == 1, "what is here may come again"


def test_nobody_was_told_of_a_promise_that_is_still_to_be_told(work: Work, clock: Clock):
    clock.set(NINE - timedelta(days=1))
    ahead = clock() + timedelta(hours=1)
    scheduled = builders.scheduled("WO-1", NINE) | {"at": clock().isoformat()}
    scheduled["data"]["promise"]["told_at"] = ahead.isoformat()
    cancelled = builders.line("visit.cancelled", "WO-1", clock(), "D001", asked_by="customer", apology=False,
                              told_at=ahead.isoformat(), cause="customer")  # fmt: skip
    faults = imported(work, jsonl([scheduled, cancelled])).faults
    assert [(one.line, one.column, one.reason) for one in faults] == [
        (1, "data.promise.told_at", "at_future"), (2, "data.told_at", "at_future"),
    ]  # fmt: skip


# --- What this system decides itself ------------------------------------------------------------------------------


def recorded_here(work: Work, **what: object) -> str:
    """A complaint about discipline that quality staff wrote down: its technician is to be heard first."""
    draft = Draft(source="complaint", technician="T001", discipline="gifts", note="An envelope.", **what)
    return findings.record(work, cast.Q001.actor, draft, finding_id=work.new_id())


def decision(finding: str, kind: str = "finding.decided", outcome: str = "upheld") -> dict:
    return builders.line(kind, None, NINE, "office", finding=finding, outcome=outcome)


def test_no_import_decides_a_finding_that_was_recorded_here(work: Work):
    """Neither before its technician was heard, nor for the second person, nor instead of whoever answers appeals."""
    found = recorded_here(work)
    other = builders.scheduled("WO-1", NINE)
    for one in (decision(found), decision(found, "appeal.decided", "overturned")):
        report = imported(work, jsonl([other, one]))
        assert [(fault.line, fault.value, fault.reason) for fault in report.faults] == [(2, found, "decided_here")]
    assert stored(work) == 1
    assert finding_views.detail(work, cast.M001.actor, cast.MAIN, found).standing.state == "waiting"


def test_who_is_accused_by_an_import_is_heard_from_the_day_on_which_it_came(work: Work, clock: Clock):
    """However long ago it was recorded elsewhere: nobody here could have read it before."""
    finding = builders.line("finding.recorded", None, datetime(2026, 9, 1, 1, 0, tzinfo=UTC), "Q001",
                            source="complaint", technician="T001", favourable=False, occurred_on="2026-09-01",
                            discipline="gifts")  # fmt: skip
    imported(work, jsonl([finding]))
    [waiting] = finding_views.list_to_answer(work, cast.T001.actor)
    assert waiting.standing.last_day.isoformat() == "2026-10-21"
    with pytest.raises(Conflict, match="finding_unheard"):
        findings.decide(work, cast.M001.actor, cast.MAIN, finding["id"], "upheld", "They say so.", seen=0)
    clock.advance(days=8)
    decided = findings.decide(work, cast.M001.actor, cast.MAIN, finding["id"], "upheld", "They say so.", seen=0)
    assert decided.standing.state == "upheld"


def test_what_was_decided_here_may_come_again_and_changes_nothing(work: Work, clock: Any):
    """A history that was taken from this very system."""
    found = recorded_here(work)
    clock.advance(days=9)
    findings.decide(work, cast.M001.actor, cast.MAIN, found, "upheld", "They say so.", seen=0)
    with work.read() as db:
        [event] = events.about(db, cast.MAIN, [found])
    line = builders.line("finding.decided", None, event.effective_at, event.actor, finding=found, outcome="upheld",
                         reason="They say so.") | {"id": event.id}  # fmt: skip
    report = imported(work, jsonl([line]))
    assert (report.faults, report.known) == ((), 1)


def test_no_decision_waits_for_a_finding_that_is_yet_to_be_recorded_here(work: Work):
    """Whoever fills in the form could choose the finding's id, and bring the decision first."""
    key = work.new_id()
    assert imported(work, jsonl([decision(key)])).waiting == 1
    draft = Draft(source="complaint", technician="T001", discipline="gifts", note="An envelope.")
    with pytest.raises(Conflict, match="finding_id"):
        findings.record(work, cast.Q001.actor, draft, finding_id=key)


def appealed_here(work: Work) -> None:
    """An imported visit that nobody signed, and what its technician says of that in this system."""
    visit = [one for one in builders.perfect_visit("WO-1", NINE) if one["type"] != "signature.captured"]
    imported(work, jsonl(visit))
    subject = Subject(visit=visit_id(cast.MAIN, "WO-1"), item="sign_off")
    appeals.file(work, cast.T001.actor, cast.MAIN, subject, "She signed the paper.")


def test_no_import_decides_an_appeal_that_was_filed_here(work: Work, clock: Any):
    appealed_here(work)
    decided = builders.line("appeal.decided", "WO-1", NINE, "office", item="sign_off", outcome="confirmed")
    [fault] = imported(work, jsonl([decided])).faults
    assert (fault.value, fault.reason) == ("sign_off", "decided_here")
    other = builders.line("appeal.decided", "WO-1", NINE, "office", item="explained", outcome="overturned")
    assert imported(work, jsonl([other])).new == 1, "of what nobody appealed here, a history may know the end only"


def test_no_import_appeals_what_was_appealed_here(work: Work, clock: Any):
    """An earlier filing would take its place, and the answer with it."""
    appealed_here(work)
    earlier = builders.line("appeal.filed", "WO-1", NINE, "T002", item="sign_off", text="Not me.")
    [fault] = imported(work, jsonl([earlier])).faults
    assert (fault.value, fault.reason) == ("sign_off", "appealed_here")
    other = builders.line("appeal.filed", "WO-1", NINE, item="cleanup", text="It was clean.")
    assert imported(work, jsonl([other])).new == 1


def test_no_import_overturns_an_item_of_a_visit_that_was_recorded_here(work: Work):
    """Nobody here would have read an appeal about it."""
    imported(work, jsonl([builders.scheduled("WO-1", NINE)]))
    [came] = builders.as_events([builders.line("visit.arrived", "WO-1", NINE, gps=None)], cast.MAIN)
    with work.write(cast.MAIN) as db:
        recording.record(db, cast.MAIN, [Record(event=came, origin="push", received_at=work.now())], work.now())
    overturned = builders.line("appeal.decided", "WO-1", NINE, "office", item="cleanup", outcome="overturned")
    [fault] = imported(work, jsonl([overturned])).faults
    assert (fault.value, fault.reason) == ("cleanup", "decided_here")


# --- What came with an earlier import, and is heard here since -----------------------------------------------------

#: What every such line is refused for.
HERE = ("heard_here",)


def accused(work: Work, **what: Any) -> dict:
    """A complaint about discipline that an import brought."""
    said = {"source": "complaint", "technician": "T001", "favourable": False, "occurred_on": "2026-10-05",
            "discipline": "gifts"}  # fmt: skip
    finding = builders.line("finding.recorded", None, NINE, "Q001", **(said | what))
    assert imported(work, jsonl([finding])).new == 1
    return finding


def reasons(report: HistoryReport) -> tuple[str, ...]:
    return tuple(fault.reason for fault in report.faults)


@pytest.mark.parametrize("kind", ["finding.decided", "appeal.decided"])
def test_what_nobody_here_has_touched_a_later_file_of_the_history_decides(work: Work, kind: str):
    """In whatever file it comes: a history may be cut anywhere."""
    found = accused(work)["id"]
    one = decision(found, kind, "dismissed" if kind == "finding.decided" else "overturned")
    assert imported(work, jsonl([one])).faults == ()
    assert finding_views.list_to_answer(work, cast.T001.actor) == []


@pytest.mark.parametrize("outcome", ["upheld", "dismissed"])
def test_no_later_import_overturns_what_was_decided_here(work: Work, clock: Clock, outcome: Any):
    found = accused(work)["id"]
    clock.advance(days=9)
    findings.decide(work, cast.M001.actor, cast.MAIN, found, outcome, "I looked at it.", seen=0)
    for one in (decision(found), decision(found, outcome="dismissed"), decision(found, "appeal.decided", "overturned")):
        assert reasons(imported(work, jsonl([one | {"at": clock().isoformat()}]))) == HERE
    assert finding_views.detail(work, cast.M001.actor, cast.MAIN, found).standing.state == outcome


def test_a_decision_that_waited_for_its_finding_counts_and_so_does_a_further_one(work: Work):
    """Nobody here was asked: all of it is the other system's past."""
    finding = builders.line("finding.recorded", None, NINE, "Q001", source="complaint", technician="T001",
                            favourable=False, occurred_on="2026-10-05", discipline="gifts")  # fmt: skip
    upheld = decision(finding["id"])
    assert imported(work, jsonl([upheld])).waiting == 1
    assert reasons(imported(work, jsonl([finding]))) == ()
    later = decision(finding["id"], outcome="dismissed") | {"at": (NINE + timedelta(days=1)).isoformat()}
    assert reasons(imported(work, jsonl([later]))) == ()
    assert finding_views.detail(work, cast.M001.actor, cast.MAIN, finding["id"]).standing.state == "dismissed"


def test_finding_and_decision_together_count_and_change_nothing_the_second_time(work: Work, clock: Clock):
    """Nor when somebody here has reversed it meanwhile; in whatever order the lines come."""
    finding = builders.line("finding.recorded", None, NINE, "Q001", source="complaint", technician="T001",
                            favourable=False, occurred_on="2026-10-05", discipline="gifts")  # fmt: skip
    lines = [finding, decision(finding["id"]), *builders.perfect_visit("WO-1", NINE)]
    Random(3).shuffle(lines)
    assert imported(work, jsonl(lines)).new == len(lines)
    findings.decide(work, cast.M001.actor, cast.MAIN, finding["id"], "dismissed", "Nothing in it.", seen=1)
    for seed in range(3):
        Random(seed).shuffle(lines)
        assert (imported(work, jsonl(lines)).faults, imported(work, jsonl(lines)).new) == ((), 0)
    assert finding_views.detail(work, cast.M001.actor, cast.MAIN, finding["id"]).standing.state == "dismissed"
    more = decision(finding["id"]) | {"at": clock().isoformat()}
    assert reasons(imported(work, jsonl([*lines, more]))) == HERE


def test_no_import_decides_what_was_answered_here(work: Work):
    """Also where a second import brings the decision after its technician has spoken."""
    finding = accused(work, item="grooming", discipline=None)
    findings.answer(work, cast.T001.actor, finding["id"], "It was raining.")
    assert reasons(imported(work, jsonl([decision(finding["id"])]))) == HERE


def test_no_import_decides_about_a_finding_that_was_appealed_here(work: Work):
    finding = judged(technician="T001")
    assert imported(work, jsonl([finding])).new == 1
    appeals.file(work, cast.T001.actor, cast.MAIN, Subject(finding=finding["id"]), "Not so.")
    for one in (decision(finding["id"]), decision(finding["id"], "appeal.decided", "confirmed")):
        assert reasons(imported(work, jsonl([one]))) == ("decided_here",)


def test_what_was_answered_here_of_an_appeal_that_an_import_brought_open_no_import_answers(work: Work):
    visit = [one for one in builders.perfect_visit("WO-1", NINE) if one["type"] != "signature.captured"]
    filed = builders.line("appeal.filed", "WO-1", NINE, item="sign_off", text="She signed the paper.")
    assert reasons(imported(work, jsonl([*visit, filed]))) == ()
    subject = Subject(visit=visit_id(cast.MAIN, "WO-1"), item="sign_off")
    appeals.decide(work, cast.M001.actor, cast.MAIN, subject.appeal_id, "confirmed", "I saw no paper.")
    overturned = builders.line("appeal.decided", "WO-1", NINE, "office", item="sign_off", outcome="overturned")
    assert reasons(imported(work, jsonl([overturned]))) == HERE
