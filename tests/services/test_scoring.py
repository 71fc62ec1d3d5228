"""The live score: kept in step with every event, equal to a recount, shown to those who may see it."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits.events import Event
from fieldapp.services import recording, recounting, scoring
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import builders, cast
from tests.domain.scoring.history import NOW, as_listed, expected, history

OCTOBER = Month("2026-10")
NINE = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)
VISIT = visit_id(cast.MAIN, "WO-1")


def store(work: Work, events: list[Event], held_code: str | None = None) -> None:
    records = [Record(event=event, origin="import", received_at=work.now(), held_code=held_code) for event in events]
    with work.write() as db:
        recording.record(db, cast.MAIN, records, work.now())


def drift(work: Work) -> list[str]:
    with work.read() as db:
        return recounting.drift(db, cast.MAIN)


def finding(visit: str | None = "WO-1", actor: str = "Q001", **what) -> dict:
    data = {"source": "spot_check", "technician": "T001", "favourable": False, "occurred_on": "2026-10-05"} | what
    return builders.line("finding.recorded", visit, NINE + timedelta(hours=8), actor, **data)


def test_the_sample_month_is_the_same_live_and_recounted(work: Work):
    events = list(history())
    random.Random(7).shuffle(events)
    for start in range(0, len(events), 1500):
        store(work, events[start : start + 1500])
    for recount in (False, True):
        month = scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER, now=NOW, recount=recount)
        assert [as_listed(scored.sheet) for scored in month.technicians] == expected()
    assert drift(work) == []


def test_the_live_score_follows_event_by_event(work: Work):
    entries = [*builders.perfect_visit("WO-1", NINE), finding(item="uniform"), finding(None, item="decorum")]
    entries.append(builders.line("finding.decided", None, NINE, "Q002", finding=entries[-2]["id"], outcome="dismissed"))
    entries.append(
        builders.line("finding.decided", "WO-9", NINE, "Q002", finding=entries[-2]["id"], outcome="dismissed")
    )
    random.Random(3).shuffle(entries)
    for event in builders.as_events(entries):
        store(work, [event])
        assert drift(work) == []
    sheet = scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER, now=NOW).technicians[0].sheet
    assert (sheet.earned, sheet.assessed) == (92, 92)


def test_a_finding_waits_for_its_visit_and_a_decision_for_its_finding(work: Work):
    bad = finding(item="decorum", source="complaint")
    upheld = builders.line("finding.decided", None, NINE, "Q002", finding=bad["id"], outcome="upheld")
    steps = [upheld, bad, builders.scheduled("WO-1", NINE)]
    seen = []
    for entry in steps:
        store(work, builders.as_events([entry]))
        month = scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER, now=NOW)
        seen.append([item.adverse for one in month.technicians for item in one.sheet.items if item.code == "decorum"])
    assert seen == [[], [], [1]]
    assert drift(work) == []


def test_held_facts_make_a_visit_pending_until_they_are_released(work: Work):
    visit = builders.as_events(builders.perfect_visit("WO-1", NINE))
    store(work, visit[:1])
    store(work, visit[1:], held_code="not_assignee")
    month = scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER, now=NOW)
    assert month.technicians == ()
    assert drift(work) == []


def test_a_missed_visit_counts_by_the_clock(work: Work, clock):
    store(work, builders.as_events([builders.scheduled("WO-1", NINE)]))
    clock.set(NINE + timedelta(hours=3))
    assert scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER).technicians == ()
    clock.advance(seconds=1)
    assert scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER).technicians[0].sheet.judged_visits == 1


def test_a_month_names_its_rulebook_currency_and_people(work: Work):
    store(work, builders.as_events(builders.perfect_visit("WO-1", NINE)))
    store(work, builders.as_events(builders.perfect_visit("WO-2", NINE, technician="T777")))
    month = scoring.month_scores(work, cast.M001.actor, cast.MAIN, OCTOBER)
    assert (month.rulebook.name, month.currency, month.timezone) == ("installer/1", "CNY", cast.ZONE)
    assert [(one.name, one.team) for one in month.technicians] == [("Chen Wei", "a"), ("T777", None)]


def test_visits_that_are_nobodys_are_listed_apart(work: Work):
    store(work, builders.as_events([builders.scheduled("WO-1", NINE, technician=None)]))
    month = scoring.month_scores(work, OPERATOR, cast.MAIN, OCTOBER, now=NOW)
    assert (month.technicians, month.unassigned) == ((), (VISIT,))


def test_every_number_of_a_technicians_month_opens_its_visits(work: Work):
    bad = finding(item="uniform")
    store(work, builders.as_events([*builders.perfect_visit("WO-1", NINE), bad]))
    month = scoring.technician_month(work, cast.T001.actor, cast.MAIN, "T001", OCTOBER)
    assert [(one.visit, one.judgement.counted(NOW)[0].code) for one in month.visits] == [(VISIT, "uniform")]
    assert [(one.external_id, one.outcome) for one in month.visits] == [("WO-1", "completed")]
    assert month.findings[bad["id"]].data.source == "spot_check"


def test_a_visit_explains_its_verdicts(work: Work):
    store(work, builders.as_events(builders.perfect_visit("WO-1", NINE)))
    score = scoring.visit_score(work, cast.T001.actor, cast.MAIN, VISIT)
    punctual = next(verdict for verdict in score.judgement.verdicts if verdict.code == "punctual")
    assert (score.external_id, score.technician_name, punctual.why) == ("WO-1", "Chen Wei", "arrived_in_time")


def test_technicians_see_their_own_score_only(work: Work):
    store(work, builders.as_events(builders.perfect_visit("WO-1", NINE)))
    own = scoring.month_scores(work, cast.T002.actor, cast.MAIN, OCTOBER)
    assert [one.sheet.technician for one in own.technicians] == ["T002"]
    assert own.technicians[0].sheet.status == "not_assessed"
    with pytest.raises(NotFound):
        scoring.month_scores(work, cast.T002.actor, cast.MAIN, OCTOBER, technician="T001")
    with pytest.raises(NotFound):
        scoring.technician_month(work, cast.T002.actor, cast.MAIN, "T001", OCTOBER)
    with pytest.raises(NotFound):
        scoring.visit_score(work, cast.T002.actor, cast.MAIN, VISIT)


@pytest.mark.parametrize("person", [cast.T900, cast.Q900])
def test_another_branchs_score_answers_like_one_that_does_not_exist(work: Work, person):
    store(work, builders.as_events(builders.perfect_visit("WO-1", NINE)))
    with pytest.raises(NotFound):
        scoring.month_scores(work, person.actor, cast.MAIN, OCTOBER)
    with pytest.raises(NotFound):
        scoring.visit_score(work, person.actor, cast.MAIN, VISIT)


@pytest.mark.parametrize("person", [cast.D001, cast.A001])
def test_dispatchers_and_admins_see_no_scores(work: Work, person):
    with pytest.raises(Forbidden):
        scoring.month_scores(work, person.actor, cast.MAIN, OCTOBER)


def test_drift_names_what_differs(work: Work):
    store(work, builders.as_events(builders.perfect_visit("WO-1", NINE)))
    with work.write() as db:
        db.connection().exec_driver_sql("DELETE FROM judgements")
    assert drift(work) == [f"judgement of visit {VISIT}: missing"]
