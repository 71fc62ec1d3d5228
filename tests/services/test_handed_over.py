"""A visit turns out to be somebody else's, after something was judged about it: another phone came there earlier.

What counts then is read, answered and appealed by whose month it counts in, and decided by neither of the two.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Subject
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.findings import Draft
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeal_views, appeals, finding_views, findings, stored, stored_file
from fieldapp.services.work import Work
from fieldapp.storage.tables.scoring import FindingEffectRow
from tests.builders import line, perfect_visit, promise
from tests.cast import M001, M002, MAIN, Q001, T001, T002
from tests.closing import NINE as SEPTEMBER_NINE
from tests.closing import SEPTEMBER, close, faults, finding, september
from tests.links import store
from tests.services.test_appeals import NINE, appeal, late_visit, sheet
from tests.services.test_approvals import become
from tests.services.test_scheduling import refused

OCTOBER = Month("2026-10")


def done(work: Work, **answers: str) -> Subject:
    store(work, perfect_visit("WO-1", NINE, "T001", **answers))
    return Subject(visit=visit_id(MAIN, "WO-1"), item="cleanup")


def hand_over(work: Work) -> None:
    """T002's phone says that they were at the door three minutes before T001."""
    first = min(
        datetime.fromisoformat(one["at"])
        for one in perfect_visit("WO-1", NINE, "T001")
        if one["type"] == "visit.arrived"
    )
    store(work, [line("visit.arrived", "WO-1", first - timedelta(minutes=3), "T002", gps={"status": "denied"})])


def breached(work: Work, code: str, whose: str) -> int:
    return next(one.breached for one in sheet(work, whose).items if one.code == code)


def spot_check(work: Work, **about: Any) -> str:
    draft = Draft(source="spot_check", item="courtesy", favourable=False, note="Shouted.", **about)
    return findings.record(work, Q001.actor, draft, order="WO-1", finding_id=work.new_id())


def test_a_finding_on_an_item_goes_with_the_visit(work: Work) -> None:
    done(work)
    key = spot_check(work)
    hand_over(work)
    assert (breached(work, "courtesy", "T002"), breached(work, "courtesy", "T001")) == (1, 0)
    assert finding_views.detail(work, T002.actor, MAIN, key).whose == "T002"
    assert [one.finding.id for one in finding_views.list_own(work, T002.actor, MAIN, "T002", OCTOBER)] == [key]
    assert [one.whose for one in finding_views.list_own(work, T001.actor, MAIN, "T001", OCTOBER)] == ["T002"]
    assert appeal(work, Subject(finding=key), T002).appeal.technician == "T002"


def test_whom_it_was_recorded_about_still_reads_it_and_that_it_counts_nothing(work: Work, sign_in: Any) -> None:
    done(work)
    key = spot_check(work)
    hand_over(work)
    mine = sign_in("T001").get(f"/scores/findings/{key}").text
    assert "It counts nothing for you" in mine
    assert "T002" not in mine
    theirs = sign_in("T002").get(f"/scores/findings/{key}").text
    assert "Recorded when the visit was taken for somebody else" in theirs
    assert "T001" not in theirs


def test_a_closed_month_s_list_keeps_what_it_rests_on_though_it_went_on_to_a_third(work: Work, sign_in: Any) -> None:
    september(work)
    rude = finding("WO-1", item="courtesy")
    store(work, [rude])
    start = datetime.fromisoformat(rude["at"]) - timedelta(hours=8)
    came = lambda who, minutes: line("visit.arrived", "WO-1", start + timedelta(minutes=minutes), who,  # noqa: E731
                                     gps={"status": "denied"})  # fmt: skip
    store(work, [came("T002", 2)])
    close(work)
    store(work, [came("T003", 1)])
    for who in (T001, T002):
        listed = finding_views.list_own(work, who.actor, MAIN, who.actor.login, SEPTEMBER)
        assert rude["id"] in [one.finding.id for one in listed]
        assert finding_views.count_own(work, who.actor, MAIN, who.actor.login, SEPTEMBER) == len(listed)
        client = sign_in(who.actor.login)
        assert f"{len(listed)} finding" in client.get(f"/scores/2026-09/{who.actor.login}/").text
        page = client.get(f"/scores/findings/{rude['id']}").text
        assert ("Your month was closed with it" in page) == (who is T002)
        assert ("It counts nothing for you" in page) == (who is T001)
    stranger = lambda: finding_views.detail(work, replace(T002.actor, login="T004"), MAIN, rude["id"])  # noqa: E731
    refused(NotFound, "not_found", stranger)
    assert faults(work) == []


def test_it_is_among_what_is_stored_about_whom_it_was_recorded_about(work: Work) -> None:
    done(work)
    key = spot_check(work)
    hand_over(work)
    told = list(stored_file.everything(work, T001.actor))
    [mine] = [one for one in told if one["kind"] == "finding"]
    assert (mine["id"], mine["counts_for_me"]) == (key, False)
    assert stored.about_me(work, T001.actor).total("findings") == 1


def test_the_doctor_knows_whom_each_was_recorded_about(work: Work) -> None:
    done(work)
    key = spot_check(work)
    hand_over(work)
    assert faults(work) == []
    with work.write() as db:
        db.execute(update(FindingEffectRow).where(FindingEffectRow.branch == MAIN).values(recorded_about=None))
    assert faults(work) == [f"whom was recorded about in finding {key}: missing"]


def test_whose_it_is_by_now_is_asked_for_an_answer_of_their_own(work: Work, sign_in: Any) -> None:
    done(work)
    draft = Draft(source="complaint", item="courtesy", favourable=False, note="Shouted.")
    key = findings.record(work, Q001.actor, draft, order="WO-1", finding_id=work.new_id())
    findings.answer(work, T001.actor, key, "I was polite.")
    hand_over(work)
    assert [one.finding.id for one in finding_views.list_to_answer(work, T002.actor)] == [key]
    page = sign_in("T002").get(f"/scores/findings/{key}").text
    assert "Add to your answer" not in page
    assert "I was polite." in page
    assert "T001" not in page
    findings.answer(work, T002.actor, key, "So was I.")
    assert finding_views.list_to_answer(work, T002.actor) == []
    assert "T002" not in sign_in("T001").get(f"/scores/findings/{key}").text


@pytest.mark.parametrize("login", ["T001", "T002"])
def test_neither_decides_it_in_another_role(work: Work, login: str) -> None:
    done(work)
    key = spot_check(work)
    hand_over(work)
    become(work, login, "quality")
    me = replace(Q001.actor, login=login)
    act = lambda: findings.decide(work, me, MAIN, key, "dismissed", "Mine.", seen=0)  # noqa: E731
    refused(Forbidden, "request_benefit", act)


def test_a_breach_of_discipline_stays_with_whom_it_is_about_and_what_it_costs_the_other_can_be_appealed(
    work: Work, sign_in: Any
) -> None:
    done(work)
    forged = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="call_back", technician="T001",
                  favourable=False, occurred_on="2026-10-05", discipline="forgery")  # fmt: skip
    upheld = line("finding.decided", "WO-1", NINE + timedelta(hours=10), "M002", finding=forged["id"], outcome="upheld")
    store(work, [forged, upheld])
    hand_over(work)
    assert (sheet(work, "T001").veto, breached(work, "sign_off", "T002")) == (("forgery",), 1)
    page = sign_in("T002").get("/scores/2026-10/T002/sign_off").text
    assert "Open finding" not in page
    assert "/appeal/sign_off" in page
    filed = appeal(work, Subject(visit=visit_id(MAIN, "WO-1"), item="sign_off"), T002)
    appeals.decide(work, OPERATOR, MAIN, filed.appeal.id, "overturned", "They did not do it.")
    assert breached(work, "sign_off", "T002") == 0
    assert sheet(work, "T001").veto == ("forgery",)


def test_what_the_other_appealed_in_vain_can_be_read_and_appealed_again_with_the_full_time(
    work: Work, clock: Any, sign_in: Any
) -> None:
    subject = done(work, cleanup="no")
    first = appeal(work, subject, T001)
    hand_over(work)
    refused(Conflict, "appeal_of_other", lambda: appeal(work, subject, T002))
    page = sign_in("T002").get("/scores/2026-10/T002/cleanup").text
    assert "you can appeal yourself then" in page
    assert "/appeal/cleanup" not in page
    assert "Your appeal" not in sign_in("T002").get(f"/scores/appeals/{first.appeal.id}").text
    assert "Your appeal" in sign_in("T001").get(f"/scores/appeals/{first.appeal.id}").text
    clock.advance(days=60)
    appeals.decide(work, M001.actor, MAIN, first.appeal.id, "confirmed", "It stays.")
    assert appeal_views.detail(work, T002.actor, MAIN, first.appeal.id).said.reason == "It stays."
    with pytest.raises(NotFound):
        appeal_views.detail(work, replace(T002.actor, login="T003"), MAIN, first.appeal.id)
    page = sign_in("T002").get("/scores/2026-10/T002/cleanup").text
    assert "Filed by another technician" in page
    assert "/appeal/cleanup" in page
    second = appeal(work, subject, T002)
    refused(Conflict, "appeal_filed", lambda: appeal(work, subject, T002))
    refused(Forbidden, "appeal_handled", lambda: decide(work, M001, second))
    decide(work, M002, second)
    assert breached(work, "cleanup", "T002") == 0
    assert [[one.appeal.state for one in appeal_views.list_own(work, who.actor)] for who in (T001, T002)] == [
        ["confirmed"], ["overturned"],
    ]  # fmt: skip
    with work.read() as db:
        assert appeals.drift(db, MAIN) == []


def decide(work: Work, who: Any, filed: Any) -> None:
    appeals.decide(work, who.actor, MAIN, filed.appeal.id, "overturned", "It was clean.")


# --- The time to appeal begins when it comes to stand -------------------------------------------------------------


def test_what_a_dismissed_finding_had_covered_can_be_appealed_from_then_on(work: Work, clock: Any) -> None:
    late_visit(work)
    good = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="spot_check", technician="T001",
                favourable=True, occurred_on="2026-10-05", item="punctual")  # fmt: skip
    store(work, [good])
    clock.advance(days=40)
    findings.decide(work, M001.actor, MAIN, good["id"], "dismissed", "It was the wrong day.", seen=0)
    assert breached(work, "punctual", "T001") == 1
    appeal(work, Subject(visit=visit_id(MAIN, "WO-1"), item="punctual"), T001)


def test_what_an_overturned_finding_had_covered_can_be_appealed_from_then_on(work: Work, clock: Any) -> None:
    late_visit(work)
    bad = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="spot_check", technician="T001",
               favourable=False, occurred_on="2026-10-05", item="punctual")  # fmt: skip
    store(work, [bad])
    filed = appeal(work, Subject(finding=bad["id"]), T001)
    clock.advance(days=40)
    appeals.decide(work, M002.actor, MAIN, filed.appeal.id, "overturned", "It was another day.")
    appeal(work, Subject(visit=visit_id(MAIN, "WO-1"), item="punctual"), T001)


def test_who_is_given_a_visit_late_appeals_what_it_brings_from_then_on(work: Work, clock: Any) -> None:
    subject = done(work, cleanup="no")
    clock.advance(days=40)
    refused(Conflict, "appeal_late", lambda: appeal(work, subject, T001))
    hand_over(work)
    appeal(work, subject, T002)


# --- Heard before it is decided -----------------------------------------------------------------------------------


def test_the_hearing_begins_when_the_visit_is_known(work: Work, clock: Any) -> None:
    """Imports bring a complaint first, and the visit that says in whose month it counts much later."""
    gifts = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="complaint", technician="T001",
                 favourable=False, occurred_on="2026-10-05", discipline="gifts")  # fmt: skip
    store(work, [gifts])
    clock.advance(days=20)
    act = lambda: findings.decide(work, M001.actor, MAIN, gifts["id"], "upheld", "They say so.", seen=0)  # noqa: E731
    refused(Conflict, "finding_unscheduled", act)
    done(work)
    refused(Conflict, "finding_unheard", act)
    assert [one.finding.id for one in finding_views.list_to_answer(work, T001.actor)] == [gifts["id"]]
    clock.advance(days=8)
    act()


def test_who_comes_again_and_again_puts_off_neither_hearing_nor_appeal(work: Work, clock: Any) -> None:
    """Another arrival of whose visit it is tells nobody anything new: a phone could write one every few days."""
    subject = done(work, cleanup="no")
    gifts = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="complaint", technician="T001",
                 favourable=False, occurred_on="2026-10-05", discipline="gifts")  # fmt: skip
    store(work, [gifts])
    clock.advance(days=40)
    # Also one that claims to have been a little earlier than the last one said.
    for minutes in (10, 20, 4, 3):
        again = NINE + timedelta(minutes=minutes)
        store(work, [line("visit.arrived", "WO-1", again, "T001", gps={"status": "denied"})])
    refused(Conflict, "appeal_late", lambda: appeal(work, subject, T001))
    findings.decide(work, M001.actor, MAIN, gifts["id"], "upheld", "They say so.", seen=0)
    assert sheet(work, "T001").veto == ("gifts",)


def test_what_an_arrival_that_comes_late_brings_can_be_appealed_from_then_on(work: Work, clock: Any) -> None:
    """Before it nobody had a verdict to appeal, however early everything else was there."""
    facts = perfect_visit("WO-1", NINE, "T001")
    kit = next(one for one in facts if one["type"] == "kit.checked")
    kit["data"]["uniform"] = False
    came = [one for one in facts if one["type"] == "visit.arrived"]
    store(work, [one for one in facts if one not in came])
    clock.advance(days=60)
    store(work, came)
    assert breached(work, "uniform", "T001") == 1
    appeal(work, Subject(visit=visit_id(MAIN, "WO-1"), item="uniform"), T001)


def test_an_answer_that_an_import_brings_late_leaves_the_full_time_from_then(work: Work, clock: Any) -> None:
    subject = done(work, cleanup="no")
    said = line("appeal.filed", "WO-1", NINE + timedelta(days=1), "T001", item="cleanup", text="It was clean.")
    store(work, [said])
    hand_over(work)
    clock.advance(days=60)
    refused(Conflict, "appeal_of_other", lambda: appeal(work, subject, T002))
    store(work, [line("appeal.decided", "WO-1", NINE + timedelta(days=3), "M001", item="cleanup", outcome="confirmed",
                      filing=said["id"])])  # fmt: skip
    assert appeal(work, subject, T002).appeal.technician == "T002"


# --- What is not theirs to read, or to decide ---------------------------------------------------------------------


def test_whose_visit_it_is_reads_no_appeal_about_a_colleague_s_discipline(work: Work) -> None:
    done(work, cleanup="no")
    gifts = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="complaint", technician="T001",
                 favourable=False, occurred_on="2026-10-05", discipline="gifts")  # fmt: skip
    upheld = line("finding.decided", "WO-1", NINE + timedelta(hours=10), "M002", finding=gifts["id"], outcome="upheld")
    store(work, [gifts, upheld])
    filed = appeal(work, Subject(finding=gifts["id"]), T001)
    hand_over(work)
    refused(NotFound, "not_found", lambda: appeal_views.detail(work, T002.actor, MAIN, filed.appeal.id))
    mine = appeal_views.detail(work, T001.actor, MAIN, filed.appeal.id)
    assert [one.code for one in mine.proofs] == ["gifts"]
    item = Subject(visit=visit_id(MAIN, "WO-1"), item="cleanup")
    theirs = appeal_views.detail(work, T002.actor, MAIN, appeal(work, item, T002).appeal.id)
    assert not [one for one in theirs.timeline if getattr(one.event.data, "finding", one.event.id) == gifts["id"]]


def test_an_appellant_whom_the_visit_left_reads_what_was_known_until_then(work: Work, clock: Any, sign_in: Any) -> None:
    filed = appeal(work, done(work, cleanup="no"), T001)
    before = appeal_views.detail(work, T001.actor, MAIN, filed.appeal.id)
    clock.advance(days=1)
    hand_over(work)
    window = promise(NINE) | {"told_at": (NINE + timedelta(minutes=40)).isoformat()}
    change = {"asked_by": "company", "apology": True, "cause": "plan", "promise": window, "reason": "My own."}
    store(work, [line("note.added", "WO-1", NINE + timedelta(hours=3), "T002", text="Behind the fridge."),
                 line("promise.changed", "WO-1", NINE + timedelta(minutes=40), "T002", **change)])  # fmt: skip
    appeals.decide(work, M001.actor, MAIN, filed.appeal.id, "confirmed", "It stays.")
    appeal(work, filed.appeal.subject, T002)
    assert "The visit turned out to be somebody else" in sign_in("T001").get(f"/scores/appeals/{filed.appeal.id}").text
    after = appeal_views.detail(work, T001.actor, MAIN, filed.appeal.id)
    assert {one.event.id for one in after.timeline} == {one.event.id for one in before.timeline}
    assert (after.said.reason, after.proofs) == ("It stays.", [])
    assert len(after.ledger) == 1
    whole = appeal_views.detail(work, M002.actor, MAIN, filed.appeal.id)
    assert "note.added" in [one.event.type for one in whole.timeline]


def test_who_appealed_it_in_vain_decides_no_second_appeal_in_another_role(work: Work) -> None:
    subject = done(work, cleanup="no")
    first = appeal(work, subject, T001)
    hand_over(work)
    appeals.decide(work, M001.actor, MAIN, first.appeal.id, "confirmed", "It stays.")
    second = appeal(work, subject, T002)
    become(work, "T001", "quality")
    me = replace(Q001.actor, login=T001.actor.login)
    refused(Forbidden, "appeal_handled", lambda: appeals.decide(
        work, me, MAIN, second.appeal.id, "overturned", "It was clean."))  # fmt: skip


def test_what_an_import_says_was_answered_stays_answered_when_the_visit_goes_on(work: Work) -> None:
    """An exception is whom it names's, wherever the visit goes, though the history knows no filing."""
    done(work)
    rude = line("finding.recorded", "WO-1", NINE + timedelta(hours=9), "Q001", source="complaint", technician="T001",
                favourable=False, occurred_on="2026-10-05", item="decorum")  # fmt: skip
    upheld = line("finding.decided", "WO-1", NINE + timedelta(hours=10), "M002", finding=rude["id"], outcome="upheld")
    answered = line("appeal.decided", "WO-1", NINE + timedelta(hours=30), "M001", finding=rude["id"],
                    outcome="confirmed")  # fmt: skip
    store(work, [rude, upheld, answered])
    subject = Subject(finding=rude["id"])
    refused(Conflict, "appeal_filed", lambda: appeal(work, subject, T001))
    hand_over(work)
    refused(Conflict, "appeal_filed", lambda: appeal(work, subject, T001))


def test_a_month_that_is_closed_for_somebody_is_among_what_is_stored_about_them(work: Work) -> None:
    september(work)
    store(work, perfect_visit("WO-9", SEPTEMBER_NINE, "T003"))
    close(work)
    first = SEPTEMBER_NINE - timedelta(minutes=30)
    store(work, [line("visit.arrived", "WO-9", first, "T001", gps={"status": "denied"})])
    me = replace(T002.actor, login="T003")
    assert [one.month for one in stored.about_me(work, me).months] == [SEPTEMBER]
    assert "score" in {one["kind"] for one in stored_file.everything(work, me)}


def test_a_closed_month_leads_to_no_appeal_that_its_reader_may_not_open(work: Work, sign_in: Any) -> None:
    """A history knows the answer and no filing; then the visit goes on."""
    september(work)
    store(work, [line("appeal.decided", "WO-1", SEPTEMBER_NINE, "M001", item="sign_off", outcome="confirmed")])
    close(work)
    first = SEPTEMBER_NINE - timedelta(minutes=30)
    store(work, [line("visit.arrived", "WO-1", first, "T002", gps={"status": "denied"})])
    assert "Open appeal" not in sign_in("T001").get("/scores/2026-09/T001/sign_off").text
