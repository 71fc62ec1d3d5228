"""Visits that a dispatcher holds where they are planned: what moves them then, and what lets them go."""

from typing import Any

import pytest

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.services import absences, board, calendars, pins, scheduling
from fieldapp.services.absences import CannotCover, Decision, Told
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from tests.cast import D001, D900, MAIN, NOW
from tests.services.test_board import DAY
from tests.services.test_scheduling import ME, actions, at, change, refused, schedule


def pin(work: Work, visit: scheduling.Visit) -> scheduling.Visit:
    return pins.pin_visit(work, ME, MAIN, visit.visit_id, visit.rev)


def assign(work: Work, visit: scheduling.Visit, **slot: Any) -> scheduling.Visit:
    return scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, Slot(**slot))


def is_pinned(work: Work, visit: scheduling.Visit) -> bool:
    found = board.look(work, ME, MAIN, DAY)[1]
    assert found is not None
    shown = {bar.visit.visit_id: bar.pinned for row in found.rows for bar in row.bars}
    return shown.get(visit.visit_id, False)


@pytest.fixture
def pinned(work: Work) -> scheduling.Visit:
    """T001's visit at 14:00, held there."""
    return pin(work, schedule(work))


@pytest.mark.parametrize(
    "slot", [{"technician": "T002"}, {"technician": "T001", "start": at(15)}, {"technician": None}]
)
def test_a_pinned_visit_moves_only_with_a_reason(work: Work, pinned: scheduling.Visit, slot: dict[str, Any]) -> None:
    error = refused(Conflict, "visit_pinned", lambda: assign(work, pinned, **slot))
    assert (error.facts["holder"], error.facts["by"]) == ("T001", "D001")
    assign(work, pinned, **slot, override="the customer knows them")
    assert "visit.moved_from_pin" in actions(work)
    assert not is_pinned(work, pinned)


def test_its_promise_and_its_length_may_change_where_it_stands(work: Work, pinned: scheduling.Visit) -> None:
    longer = assign(work, pinned, technician="T001", start=at(14), minutes=120)
    window, slot = change(13.5, 15), Slot(technician="T001", start=at(14), minutes=120)
    scheduling.move_visit(work, ME, MAIN, longer.visit_id, longer.rev, window, slot)
    assert is_pinned(work, pinned)


def test_putting_it_back_holds_it_again(work: Work, pinned: scheduling.Visit) -> None:
    moved = assign(work, pinned, technician="T002", override="ill")
    assign(work, moved, technician="T001", start=at(14))
    assert is_pinned(work, pinned)


def test_unpinned_it_moves_as_ever_and_both_are_audited_once(work: Work, pinned: scheduling.Visit) -> None:
    pin(work, pinned)
    for _ in range(2):
        pins.unpin_visit(work, ME, MAIN, pinned.visit_id)
    assign(work, pinned, technician="T002")
    told = actions(work)
    assert (told.count("visit.pinned"), told.count("visit.unpinned")) == (1, 1)


def test_the_board_is_new_after_a_pin(work: Work) -> None:
    visit = schedule(work)
    mark, _ = board.look(work, ME, MAIN, DAY)
    pin(work, visit)
    assert board.look(work, ME, MAIN, DAY, mark)[1] is not None


def test_who_may_not_plan_may_not_pin_and_nobody_pins_what_nobody_was_given(work: Work) -> None:
    visit = schedule(work, technician=None)
    refused(Invalid, "pin_nobody", lambda: pin(work, visit))
    for act in (lambda: pins.pin_visit(work, D900.actor, MAIN, visit.visit_id, 1),
                lambda: pins.unpin_visit(work, D900.actor, MAIN, visit.visit_id)):  # fmt: skip
        refused(NotFound, "not_found", act)


def test_who_saw_an_older_plan_pins_nothing(work: Work) -> None:
    visit = schedule(work)
    assign(work, visit, technician="T002")
    refused(Conflict, "visit_changed", lambda: pin(work, visit))


def test_giving_an_absent_technicians_day_away_asks_first(work: Work, pinned: scheduling.Visit) -> None:
    absence = calendars.record_absence(work, ME, MAIN, "T001", Window(at(8), at(18)), "sick")
    [left] = absences.look(work, ME, MAIN, absence.absence_id).left
    assert left.pinned
    told = Told(told_at=NOW, channel="phone", apology=True)

    def cover(**why: str) -> Any:
        decision = Decision(visit=pinned.visit_id, rev=pinned.rev, technician="T002", **why)
        return absences.cover(work, D001.actor, MAIN, absence.absence_id, [decision], told)

    with pytest.raises(CannotCover) as caught:
        cover()
    assert caught.value.refusal.code == "visit_pinned"
    cover(override="ill")
    assert not is_pinned(work, pinned)
