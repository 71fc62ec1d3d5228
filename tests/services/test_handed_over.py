"""A visit turns out to be somebody else's, after something was judged about it: another phone came there earlier.

What counts then is read, answered and appealed by whose month it counts in, and decided by neither of the two.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Subject
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.findings import Draft
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeal_views, appeals, finding_views, findings
from fieldapp.services.work import Work
from tests.builders import line, perfect_visit
from tests.cast import M001, M002, MAIN, Q001, T001, T002
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
    assert finding_views.list_own(work, T001.actor, MAIN, "T001", OCTOBER) == []
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


def test_what_the_other_appealed_can_be_read_and_is_not_called_one_s_own(work: Work) -> None:
    subject = done(work, cleanup="no")
    filed = appeal(work, subject, T001)
    appeals.decide(work, M001.actor, MAIN, filed.appeal.id, "confirmed", "It stays.")
    hand_over(work)
    refused(Conflict, "appeal_of_other", lambda: appeal(work, subject, T002))
    assert appeal_views.detail(work, T002.actor, MAIN, filed.appeal.id).said.reason == "It stays."
    with pytest.raises(NotFound):
        appeal_views.detail(work, replace(T002.actor, login="T003"), MAIN, filed.appeal.id)


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
