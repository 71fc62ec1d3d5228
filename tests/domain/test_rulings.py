"""What a dispatcher may decide about facts that wait."""

from datetime import timedelta

import pytest

from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.rulings import as_told, calls_off, decisions
from tests import builders
from tests.cast import NOW

START = NOW + timedelta(hours=2)
SCHEDULED = builders.as_event(builders.scheduled("WO-1", START))
BEFORE, DURING, AFTER = NOW, START + timedelta(minutes=59), START + timedelta(minutes=60)


def said(kind: str, minutes: int = 10, **data: object) -> Event:
    """What was recorded so long after the day's beginning."""
    return builders.as_event(builders.line(kind, "WO-1", NOW + timedelta(minutes=minutes), "T001", **data))


CANCELLED = said("visit.cancelled", asked_by="customer", told_at=NOW.isoformat(), apology=False, cause="customer")


@pytest.mark.parametrize("now", [BEFORE, DURING])
@pytest.mark.parametrize("kind", ["visit.departed", "customer.called"])
def test_facts_by_which_nobody_came_take_no_appointment_away_that_is_still_to_come(now, kind):
    stray = said(kind, **({"outcome": "agreed"} if kind == "customer.called" else {}))
    assert decisions([SCHEDULED], [stray], now) == ("reinstate", "leave_out")
    assert decisions([SCHEDULED, said("visit.departed")], [stray], now) == ("reinstate", "leave_out")


def test_work_that_was_begun_by_them_can_be_kept_without_a_score():
    assert decisions([SCHEDULED], [said("visit.arrived")], BEFORE) == ("reinstate", "leave_out", "void")


@pytest.mark.parametrize(
    ("kind", "data"),
    [("visit.completed", {}), ("visit.not_completed", {"reason": "no line"}),
     ("signature.captured", {"doc_hash": "0" * 64, "signer": {}, "typed": "Wang", "shown_ms": 9000})],
)  # fmt: skip
def test_work_that_was_done_or_signed_is_not_left_out_though_the_window_is_still_to_come(kind, data):
    """It would be a missed visit, of whoever did it."""
    done = [said("visit.arrived"), said(kind, 50, **data)]
    assert decisions([SCHEDULED], done, BEFORE) == ("reinstate", "void")


def test_what_another_did_there_or_was_signed_without_an_arrival_can_be_left_out():
    """A wrong order that was tapped, or a signature that follows an arrival which was left out."""
    other = builders.as_event(builders.line("visit.arrived", "WO-1", NOW + timedelta(minutes=10), "T009"))
    assert "leave_out" in decisions([SCHEDULED], [other, said("visit.completed", 50)], BEFORE)
    assert decisions([SCHEDULED], [said("visit.completed", 50)], BEFORE) == ("reinstate", "leave_out")


def test_who_found_nobody_there_by_the_old_plan_can_be_left_out_for_the_customer_still_waits():
    held = [said("visit.arrived"), said("access.failed", 30, reason="absent", waited_minutes=20, call_attempts=1)]
    assert "leave_out" in decisions([SCHEDULED], held, BEFORE)


def test_what_was_left_out_comes_back_only_until_somebody_else_has_come():
    assert decisions([SCHEDULED, said("visit.departed")], [], AFTER, left_out=True) == ("reinstate",)
    assert decisions([SCHEDULED, said("visit.arrived")], [], AFTER, left_out=True) == ()


def test_once_the_window_is_over_or_somebody_came_or_it_was_called_off_nobody_waits_any_more():
    stray = said("visit.departed", 11)
    assert decisions([SCHEDULED], [stray], AFTER) == ("reinstate", "void")
    assert decisions([SCHEDULED, said("visit.arrived")], [stray], DURING) == ("reinstate", "void")
    assert decisions([SCHEDULED, CANCELLED], [stray], BEFORE) == ("reinstate", "void")


def test_without_facts_that_wait_only_what_is_off_or_left_out_is_brought_back():
    assert decisions([SCHEDULED], [], BEFORE) == ()
    assert decisions([SCHEDULED, CANCELLED], [], BEFORE) == ("reinstate",)
    assert decisions([SCHEDULED], [], BEFORE, left_out=True) == ("reinstate",)


def test_a_visit_that_was_never_scheduled_leaves_nothing_to_decide():
    assert decisions([], [said("visit.departed")], BEFORE) == ()


def test_to_the_customer_a_visit_is_disputed_only_where_somebody_has_come():
    held = [said("visit.departed", 11)]
    assert as_told([SCHEDULED], held).name == "planned"
    assert as_told([SCHEDULED, said("visit.departed")], held).name == "en_route"
    assert as_told([SCHEDULED, CANCELLED], held).name == "cancelled"
    assert as_told([SCHEDULED], [said("visit.arrived")]).name == "disputed"
    assert as_told([SCHEDULED, said("visit.arrived")], held).name == "disputed"
    assert as_told([SCHEDULED, said("visit.arrived")], []).name == "arrived"


def test_only_whose_appointment_stands_and_is_still_to_come_is_called_off_where_it_does_not_count():
    assert calls_off([SCHEDULED], BEFORE)
    assert not calls_off([SCHEDULED], DURING)
    assert not calls_off([SCHEDULED, CANCELLED], BEFORE)
    assert not calls_off([SCHEDULED, said("visit.voided", reason="not paid for")], BEFORE)
