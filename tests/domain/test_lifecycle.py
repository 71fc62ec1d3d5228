"""The state machine: names of states, order of facts, what may come next."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.lifecycle import NEXT, StateName, may_follow, replay
from tests.builders import as_events, line, perfect_visit, promise, scheduled

START = datetime(2026, 10, 14, 2, 0, tzinfo=UTC)


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def cancellation(minutes: int) -> dict:
    told = after(minutes)
    data = {"asked_by": "company", "told_at": told.isoformat(), "apology": True, "cause": "plan"}
    return line("visit.cancelled", "WO-1", told, "office", **data)


def name_of(*entries: dict, held: int = 0) -> str:
    state = replay(as_events(entries), held)
    assert state is not None
    return state.name


def test_a_visit_that_was_never_scheduled_has_no_state():
    assert replay(as_events([line("visit.arrived", "WO-1", START)])) is None


@pytest.mark.parametrize(
    ("count", "name"),
    [(2, "planned"), (3, "en_route"), (5, "arrived"), (7, "admitted"), (11, "signed"), (12, "completed")],
)
def test_each_step_of_a_normal_visit_names_its_state(count: int, name: StateName):
    assert name_of(*perfect_visit("WO-1", START)[:count]) == name


def test_any_order_and_any_duplicates_give_the_same_state():
    history = as_events(perfect_visit("WO-1", START))
    expected = replay(history)
    for seed in range(20):
        mixed = history + random.Random(seed).sample(history, 5)
        random.Random(seed).shuffle(mixed)
        assert replay(mixed) == expected


def test_held_facts_make_a_visit_disputed_until_somebody_decides():
    assert name_of(*perfect_visit("WO-1", START), held=1) == "disputed"


def test_the_latest_ruling_of_the_office_decides():
    cancelled = cancellation(-300)
    reinstated = line("visit.reinstated", "WO-1", after(-200), "office", reason="a mistake")
    voided = line("visit.voided", "WO-1", after(-100), "office", reason="twice in the book")
    first = scheduled("WO-1", START)
    assert name_of(first, cancelled) == "cancelled"
    assert name_of(first, cancelled, reinstated) == "planned"
    assert name_of(first, cancelled, reinstated, voided) == "void"


def test_a_cancellation_told_after_the_arrival_is_none():
    arrived = line("visit.arrived", "WO-1", START, gps={"status": "denied"})
    cancelled = cancellation(30)
    assert name_of(scheduled("WO-1", START), arrived, cancelled) == "arrived"


def test_cancelled_on_paper_but_completed_on_site_is_completed():
    cancelled = cancellation(-90)
    assert name_of(*perfect_visit("WO-1", START), cancelled) == "completed"


def test_nobody_home_needs_an_arrival():
    failed = line("access.failed", "WO-1", after(20), reason="absent", call_attempts=2, waited_minutes=15)
    assert name_of(scheduled("WO-1", START), failed) == "planned"
    assert name_of(scheduled("WO-1", START), line("visit.arrived", "WO-1", START), failed) == "no_access"


def test_the_first_arrival_stays_the_arrival():
    state = replay(
        as_events([
            scheduled("WO-1", START), line("visit.arrived", "WO-1", after(9), "T002"),
            line("visit.arrived", "WO-1", after(3), "T001"),
        ])
    )  # fmt: skip
    assert state is not None
    assert (state.arrived_at, state.arrived_by) == (after(3), "T001")


def test_a_moved_promise_takes_the_plan_with_it():
    moved = line("promise.changed", "WO-1", after(-600), "office", asked_by="customer", promise=promise(after(1440)),
                 apology=False, cause="customer")  # fmt: skip
    state = replay(as_events([scheduled("WO-1", START, planned_start=after(15).isoformat()), moved]))
    assert state is not None
    assert state.planned_start == after(1440)
    assert state.planned_end == after(1440 + 90)


def test_an_amendment_changes_what_it_names_and_nothing_else():
    state = replay(
        as_events([scheduled("WO-1", START), line("visit.amended", "WO-1", after(-60), "office", note="ring twice")])
    )
    assert state is not None
    assert (state.note, state.customer.name) == ("ring twice", "Wang Fang")


def test_nobody_came_counts_as_missed_by_the_clock_only():
    state = replay(as_events([scheduled("WO-1", START)]))
    assert state is not None
    two_hours = timedelta(hours=2)
    assert state.seen_at(after(180), two_hours) == "planned"
    assert state.seen_at(after(181), two_hours) == "missed"


def test_after_completion_only_leaving_and_corrections_follow():
    assert {kind for kind in ev.BY_PHONE if may_follow("completed", kind)} == {"visit.left", "event.corrects"}


def test_whatever_may_follow_is_something_a_phone_may_say():
    assert all(kinds <= ev.BY_PHONE for kinds in NEXT.values())
