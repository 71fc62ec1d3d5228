"""What the busy hours count, and that the list behind each number has exactly so many visits."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from fieldapp.domain.busy_hours import BYS, Hours, Tally
from fieldapp.services import busy_hours, planning
from fieldapp.services.busy_hours import Busy
from fieldapp.services.work import Work
from tests import builders
from tests.cast import D001, MAIN, NOW
from tests.closing import store
from tests.web.test_score_overview import arriving

#: 14 October 2026 is a Wednesday; the tests' clock stands at half past nine.
WEDNESDAY_NINE, THURSDAY_NINE = Hours(2, 9), Hours(3, 9)


def week(work: Work, clock: Any) -> None:
    """One visit came late, one in time, one was nobody's, one was called off; one of the day after was in time."""
    cancel = builders.line("visit.cancelled", "WO-4", NOW - timedelta(days=1), "office", asked_by="customer",
                           told_at=(NOW - timedelta(days=1)).isoformat(), apology=False, cause="customer")  # fmt: skip
    store(work, [*arriving("WO-1", 100), *arriving("WO-2", 5, "T002"), builders.scheduled("WO-3", NOW, None),
                 builders.scheduled("WO-4", NOW), cancel, *arriving("WO-5", 5, day=1)])  # fmt: skip
    clock.advance(days=8)


def look(work: Work, **wish: Any) -> Busy:
    return busy_hours.look(work, D001.actor, MAIN, **{"weeks": 4, "by": "window", **wish})


def test_late_and_missed_visits_broke_their_promise_and_what_was_called_off_is_no_demand(work, clock):
    week(work, clock)
    assert look(work).tallies == {WEDNESDAY_NINE: Tally(3, 2), THURSDAY_NINE: Tally(1, 0)}


def test_a_visit_that_nobody_came_to_breaks_its_promise_only_once_it_is_missed(work, clock):
    """Its window ends half an hour before midnight; it is missed two hours later."""
    store(work, [builders.scheduled("WO-3", NOW + timedelta(hours=13), None)])
    clock.advance(hours=15)
    assert look(work).tallies == {Hours(2, 22): Tally(1, 0)}
    clock.advance(hours=2)
    assert look(work).tallies == {Hours(2, 22): Tally(1, 1)}


def test_today_is_not_counted_nor_what_is_older_than_the_span(work, clock):
    store(work, [builders.scheduled("WO-3", NOW, None)])
    assert look(work).tallies == {}
    clock.advance(days=28)
    assert sum(one.visits for one in look(work).tallies.values()) == 1
    clock.advance(days=1)
    assert look(work).tallies == {}
    assert look(work, weeks=13).of() == Tally(1, 1)


def test_work_may_be_counted_by_when_it_was_planned_to_begin(work, clock):
    later = (NOW + timedelta(hours=2)).isoformat()
    store(work, [builders.scheduled("WO-1", NOW, planned_start=later, duration=60)])
    clock.advance(days=8)
    assert list(look(work).tallies) == [Hours(2, 9)]
    assert list(look(work, by="planned").tallies) == [Hours(2, 11)]


def test_an_unknown_span_is_four_weeks(work):
    assert look(work, weeks=1000).weeks == 4


@pytest.mark.postgres
@pytest.mark.parametrize("by", BYS)
def test_behind_every_number_is_a_list_of_as_many(postgres_work, clock, by):
    week(postgres_work, clock)
    busy = look(postgres_work, by=by)
    for wanted in (WEDNESDAY_NINE, THURSDAY_NINE, Hours(2), Hours(hour=9), Hours(hour=8), Hours()):
        between = {"first": busy.first, "last": busy.last, "still_on": True, "hours": wanted, "by": by}
        listed = planning.list_visits(postgres_work, D001.actor, MAIN, **between)
        broken = planning.list_visits(postgres_work, D001.actor, MAIN, **between, broken=True)
        assert Tally(listed.total, broken.total) == busy.of(wanted.weekday, wanted.hour), wanted
    assert busy.of().visits == 4


@pytest.mark.sqlite
def test_the_span_is_read_along_its_index_in_one_statement(work, clock):
    week(work, clock)
    said: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        said.append((statement, values))

    event.listen(work.database.engine, "before_cursor_execute", listen)
    look(work)
    event.remove(work.database.engine, "before_cursor_execute", listen)
    [(counting, values)] = [one for one in said if "circumstances" in one[0]]
    with work.read() as db:
        plan = " ".join(str(row) for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {counting}", values))
    assert "ix_visits_day (branch=? AND window_start>? AND window_start<?)" in plan
    assert "SCAN" not in plan
