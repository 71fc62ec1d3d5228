"""A draft of the norm run over the last months: exactly what the engine says, and nothing that anybody is paid by."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.domain.scoring.engine import recount
from fieldapp.domain.scoring.rulebook import Rulebooks
from fieldapp.domain.scoring.simulations import Changed
from fieldapp.services import rulebook_drafts, scoring, simulations
from fieldapp.services.work import Work
from fieldapp.storage import events as log
from tests import builders, cast
from tests.cast import M001, M002, MAIN, Q001, T001
from tests.domain.scoring.history import history
from tests.services.test_rulebook_drafts import draft
from tests.services.test_scoring import store

OCTOBER = Month("2026-10")
DAY = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)
ALL_DAY = timedelta(days=1)


def run(work: Work, one: Any, **how: Any) -> simulations.Simulation:
    return simulations.go_on(work, M001.actor, one.draft_id, **{"for_at_most": ALL_DAY, **how})


def october(found: simulations.Simulation) -> Any:
    kept = found.months[OCTOBER]
    assert kept is not None
    assert kept.result is not None
    return kept.result


def late_visit(number: str, start: datetime, minutes: int, technician: str = "T001") -> list[dict[str, Any]]:
    """A perfect visit but for an arrival so many minutes after the end of the window; everything else follows it."""
    entries = builders.perfect_visit(number, start, technician)
    delay = timedelta(minutes=55 + minutes)
    told = {"visit.scheduled", "kit.checked", "visit.departed", "customer.called"}
    return [
        one if one["type"] in told else {**one, "at": (datetime.fromisoformat(one["at"]) + delay).isoformat()}
        for one in entries
    ]


def test_a_draft_that_changes_nothing_would_have_meant_nothing(work: Work) -> None:
    store(work, list(history()))
    found = run(work, draft(work, grace_minutes="0"))
    assert found.is_done
    result = october(found)
    assert (result.technicians > 5, result.changed, result.award_before) == (True, (), result.award_after)


@pytest.mark.parametrize(
    "changes",
    [
        {"grace_minutes": "30"}, {"notice_minutes": "240", "missed_after_minutes": "30"},
        {"punctual__points": "25", "sign_off__use": "", "award_floor": "90"},
        {"kit__kind": "exception", "decorum__kind": "rate", "decorum__target": "1", "award_base": "1234.56"},
        {"shoe_covers__target": "0.5", "cleanup__min_sample": "20", "commendation_points": "3", "min_visits": "12"},
    ],
)  # fmt: skip
def test_it_says_exactly_what_a_recount_of_the_events_by_the_draft_says(work: Work, changes: dict[str, str]) -> None:
    events = list(history())
    random.Random(5).shuffle(events)
    store(work, events)
    one = draft(work, **changes)
    book = rulebook_drafts.detail(work, M001.actor, one.draft_id).book
    result = october(run(work, one))
    always = Rulebooks((replace(book, version=1, in_force_from=None),))
    with work.read() as db:
        facts = list(log.all_events(db, MAIN))
    sheets = recount(facts, always, ZoneInfo(cast.ZONE), OCTOBER, work.now())
    before = {
        one.sheet.technician: one.sheet for one in scoring.month_scores(work, OPERATOR, MAIN, OCTOBER).technicians
    }
    assert result.technicians == len(sheets)
    assert result.award_after == sum((sheet.award for sheet in sheets), Decimal())
    changed = {line.technician: line for line in result.changed}
    assert changed
    for sheet in sheets:
        line, old = changed.get(sheet.technician), before[sheet.technician]
        if line is None:
            assert (sheet.score, sheet.award, sheet.status) == (old.score, old.award, old.status)
        else:
            assert line.after is not None
            assert (line.after.score, line.after.award, line.after.status) == (sheet.score, sheet.award, sheet.status)
            assert set(line.lost) == lost(sheet) - lost(old)
            assert set(line.won) == lost(old) - lost(sheet)


def lost(sheet: Any) -> set[str]:
    return {item.code for item in sheet.items if item.status == "not_achieved"}


def test_who_crosses_the_floor_loses_or_wins_an_item_is_named(work: Work) -> None:
    store(work, builders.as_events([*late_visit("WO-1", DAY, 8), *builders.perfect_visit("WO-2", DAY, "T002")]))
    lenient, strict = draft(work), draft(work, grace_minutes="0", award_floor="90")
    [won] = october(run(work, lenient)).changed
    assert (won.technician, won.won, won.lost, won.crosses) == ("T001", ("punctual",), (), "")
    [fell] = october(run(work, strict)).changed
    assert (fell.technician, fell.won, fell.lost, fell.crosses) == ("T001", (), (), "down")
    assert fell.awards[1] == Decimal("0.00")
    assert Changed("T", fell.after, fell.before, (), ()).crosses == "up"


def test_a_draft_that_moves_a_visit_into_another_month_counts_it_there(work: Work) -> None:
    start = datetime(
        2026, 9, 30, 15, 0, tzinfo=UTC
    )  # 23:00 in Shanghai; moved to the next day at half an hour's notice
    moved = builders.promise(start + timedelta(hours=10), told_before=timedelta(hours=10, minutes=30))
    changed = builders.line("promise.changed", "WO-1", start - timedelta(minutes=30), "office", asked_by="company",
                            promise=moved, apology=True, cause="plan")  # fmt: skip
    store(work, builders.as_events([builders.scheduled("WO-1", start), changed]))
    found = run(work, draft(work, notice_minutes="20"))
    counted = {month: kept.result.technicians for month, kept in found.months.items() if kept and kept.result}
    assert (counted[Month("2026-09")], counted[OCTOBER]) == (1, 1)
    [gone] = found.months[Month("2026-09")].result.changed  # type: ignore[union-attr]
    [come] = october(found).changed
    assert (gone.after, come.before) == (None, None)


def test_it_goes_on_a_month_at_a_time_and_keeps_what_is_done(work: Work) -> None:
    one = draft(work)
    assert not simulations.look(work, M001.actor, one.draft_id).results
    for done in range(1, 8):
        assert len(run(work, one, for_at_most=timedelta(0)).results) == done
    assert simulations.look(work, M002.actor, one.draft_id).is_done
    assert list(simulations.look(work, M002.actor, one.draft_id).months)[::6] == [OCTOBER, Month("2026-04")]


def test_a_month_of_many_visits_goes_on_in_the_middle_and_ends_the_same(work: Work) -> None:
    more = [entry for number in range(30) for entry in late_visit(f"WO-{number}", DAY, number, f"T00{number % 5}")]
    store(work, [*history(), *builders.as_events(more)])
    one, other = draft(work, grace_minutes="30"), draft(work, grace_minutes="30")
    found, seen = run(work, one, for_at_most=timedelta(0)), []
    while found.begun is not None:
        seen.append((found.begun.month, found.begun.seen, found.begun.total))
        found = run(work, one, for_at_most=timedelta(0))
    assert len(seen) > 1
    assert seen == [(OCTOBER, min(400 * (number + 1), seen[0][2]), seen[0][2]) for number in range(len(seen))]
    assert october(found) == october(run(work, other))


def test_changed_numbers_are_worked_out_anew_and_another_first_month_is_not(work: Work) -> None:
    one = draft(work)
    run(work, one)
    form = rulebook_drafts.form_of(work, M001.actor, one.draft_id)
    later = {**form.typed, "in_force_from": "2026-12"}
    rulebook_drafts.change(work, M001.actor, one.draft_id, 1, later, "later")
    assert simulations.look(work, M001.actor, one.draft_id).is_done
    rulebook_drafts.change(work, M001.actor, one.draft_id, 2, {**later, "grace_minutes": "9"}, "less")
    assert not simulations.look(work, M001.actor, one.draft_id).results


def test_later_facts_count_when_it_is_worked_out_anew(work: Work) -> None:
    one = draft(work)
    run(work, one)
    store(work, builders.as_events(late_visit("WO-1", DAY, 8)))
    assert october(run(work, one)).changed == ()
    assert [line.won for line in october(run(work, one, anew=True)).changed] == [("punctual",)]


def test_nothing_that_anybody_is_paid_by_is_touched(work: Work) -> None:
    store(work, list(history()))
    before = scoring.month_scores(work, OPERATOR, MAIN, OCTOBER)
    run(work, draft(work, award_base="1.00"))
    assert scoring.month_scores(work, OPERATOR, MAIN, OCTOBER) == before


def test_a_manager_simulates_their_own_branch_and_nobody_else_does(work: Work) -> None:
    store(work, builders.as_events(late_visit("WO-1", DAY, 8)))
    one, northern = draft(work), replace(cast.Q900, role="manager")
    found = simulations.go_on(work, northern.actor, one.draft_id, for_at_most=ALL_DAY)
    assert (found.branch, october(found).technicians) == ("north", 0)
    for person in (Q001, T001, cast.A001, cast.D001):
        with pytest.raises(Forbidden):
            simulations.look(work, person.actor, one.draft_id)
        with pytest.raises(Forbidden):
            simulations.go_on(work, person.actor, one.draft_id, for_at_most=ALL_DAY)
    with pytest.raises(NotFound):
        simulations.look(work, M001.actor, work.new_id())
    with pytest.raises(NotFound):
        list(simulations.each_month(work, M001.actor, cast.NORTH, one.draft_id))


@pytest.mark.postgres
def test_it_says_the_same_on_postgresql(postgres_work: Work) -> None:
    store(postgres_work, builders.as_events(late_visit("WO-1", DAY, 8)))
    [won] = october(run(postgres_work, draft(postgres_work))).changed
    assert won.won == ("punctual",)
