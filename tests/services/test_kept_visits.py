"""A visit counts in one month: the closed one that it was closed with keeps it, wherever its promise moves later."""

from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.engine import ScoreSheet
from fieldapp.services import adjustments, recounting, scoring
from fieldapp.services.work import Work
from tests import builders
from tests.cast import M001, M002, MAIN, T001
from tests.closing import (
    NINE,
    SEPTEMBER,
    adjust,
    close,
    faults,
    finding,
    look,
    preview,
    propose_adjustment,
    september,
    store,
)
from tests.services.test_closing import code_of

OCTOBER = Month("2026-10")
#: When WO-5 was promised first, and when it was done.
FIRST, MOVED = NINE + timedelta(days=21), NINE + timedelta(days=29)
VISIT = builders.ids.visit_id(MAIN, "WO-5")


@pytest.fixture
def closed(work: Work) -> Work:
    """September is closed, with WO-5 that nobody came to."""
    september(work)
    store(work, [builders.scheduled("WO-5", FIRST)])
    close(work)
    return work


def moved(visit: str = "WO-5", first: Any = FIRST) -> dict[str, Any]:
    """The customer had asked in time for a day in October; a history says so only now."""
    promise = builders.promise(MOVED) | {"told_at": (first - timedelta(days=1)).isoformat()}
    return builders.line("promise.changed", visit, first - timedelta(days=1), "office", asked_by="customer",
                         promise=promise, apology=False, cause="customer")  # fmt: skip


def done(visit: str = "WO-5", technician: str = "T001") -> list[dict[str, Any]]:
    """The visit as it was made on that day, all well."""
    return builders.perfect_visit(visit, MOVED, technician)[1:]


def sheet(work: Work, month: Month, technician: str = "T001", *, recount: bool = False) -> ScoreSheet | None:
    found = scoring.month_scores(work, M001.actor, MAIN, month, recount=recount).technicians
    return next((one.sheet for one in found if one.sheet.technician == technician), None)


def drift(work: Work) -> list[str]:
    with work.read() as db:
        return recounting.drift(db, MAIN)


def test_what_later_facts_say_of_it_becomes_an_adjustment_of_the_month_that_it_was_closed_with(closed: Work) -> None:
    store(closed, [moved(), *done()])
    assert (sheet(closed, OCTOBER), sheet(closed, OCTOBER, recount=True)) == (None, None)
    seen = look(closed).difference
    assert [(one.external_id, one.before, one.after) for one in seen.visits] == [("WO-5", "missed", "completed")]
    assert seen.after.score > seen.before.score
    assert drift(closed) == []
    adjust(closed)
    counted = sheet(closed, SEPTEMBER, recount=True)
    assert counted is not None
    assert (counted.score, counted.judged_visits) == (seen.after.score, 3)
    assert not look(closed).differs
    assert (sheet(closed, OCTOBER), drift(closed), faults(closed)) == (None, [], [])


def test_refused_it_counts_as_it_was_closed_and_nowhere_else(closed: Work) -> None:
    store(closed, [moved(), *done()])
    asked = propose_adjustment(closed)
    adjustments.decide(closed, M002.actor, MAIN, asked.proposal_id, "refused", asked.fingerprint, "Not so.")
    assert (sheet(closed, OCTOBER), drift(closed)) == (None, [])
    assert look(closed).differs


def test_in_whatever_order_the_facts_come(closed: Work) -> None:
    for one in (*reversed(done()), moved()):
        store(closed, [one])
        assert drift(closed) == []
    assert sheet(closed, OCTOBER) is None
    assert look(closed).difference.visits[0].after == "completed"


def test_the_adjustment_waits_for_its_outcome(closed: Work) -> None:
    store(closed, [moved(), *(one for one in done() if one["type"] == "visit.arrived")])
    assert code_of(propose_adjustment, closed) == "adjust_pending"
    assert preview(closed, month=OCTOBER).open_ends.pending == []  # type: ignore[union-attr]


def test_findings_go_with_it(closed: Work) -> None:
    found = finding("WO-5", item="decorum", occurred_on=MOVED.date().isoformat())
    store(closed, [moved(), *done(), found])
    assert [one.finding for one in look(closed).difference.findings] == [found["id"]]
    assert sheet(closed, OCTOBER) is None


def test_a_visit_that_came_to_the_month_by_an_adjustment_is_kept_by_it_too(closed: Work) -> None:
    store(closed, [builders.scheduled("WO-6", FIRST)])
    adjust(closed)
    store(closed, [moved("WO-6"), *done("WO-6")])
    assert (sheet(closed, OCTOBER), drift(closed)) == (None, [])
    assert [(one.external_id, one.before) for one in look(closed).difference.visits] == [("WO-6", "missed")]


def test_a_visit_that_no_closed_month_holds_goes_with_its_promise(closed: Work) -> None:
    store(closed, [builders.scheduled("WO-6", FIRST), moved("WO-6"), *done("WO-6")])
    found = sheet(closed, OCTOBER)
    assert found is not None
    assert (found.judged_visits, drift(closed)) == (1, [])
    assert not look(closed).differs


@pytest.mark.parametrize("order", [("T001", "T002"), ("T002", "T001")])
def test_whoever_it_turns_out_to_belong_to_has_it_in_that_month_in_whatever_order_people_confirm(
    closed: Work, order: tuple[str, str]
) -> None:
    about = finding("WO-5", item="decorum", occurred_on=MOVED.date().isoformat())
    store(closed, [moved(), *done(technician="T002"), about])
    for technician in order:
        assert sheet(closed, OCTOBER, "T002") is None
        adjust(closed, technician)
    assert (sheet(closed, OCTOBER, "T001"), sheet(closed, OCTOBER, "T002")) == (None, None)
    for technician, judged in (("T001", 2), ("T002", 2)):
        view = look(closed, technician)
        assert (view.differs, view.standing.figure.judged_visits) == (False, judged)
    assert (drift(closed), faults(closed)) == ([], [])


def test_the_month_in_which_it_does_not_count_lists_it(closed: Work) -> None:
    store(closed, [moved(), *done(), *builders.perfect_visit("WO-7", MOVED)])
    ends = preview(closed, month=OCTOBER).open_ends
    assert ends is not None
    assert [(one.external_id, one.technician, one.month) for one in ends.kept] == [("WO-5", "T001", SEPTEMBER)]
    found = scoring.visit_score(closed, T001.actor, MAIN, VISIT)
    assert found.later is not None
    assert (found.judgement.outcome, found.later.outcome, found.later.month) == ("missed", "completed", SEPTEMBER)
