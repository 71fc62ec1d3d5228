"""Two dispatchers at the same moment, for real: one slot, one visit, on both engines. One wins, the other is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from fieldapp.domain.errors import Conflict
from fieldapp.services import board, scheduling
from fieldapp.services.board import Asked
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from tests.cast import D001, MAIN, NOW
from tests.services.test_scheduling import at, schedule

ROUNDS = 5


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def company(request: pytest.FixtureRequest) -> Work:
    """The same company on each engine."""
    work: Work = request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")
    return work


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """What became of each: "done", or the code of its refusal."""
    gate = Barrier(len(acts))

    def begin(act: Callable[[], Any]) -> str:
        gate.wait()
        try:
            act()
        except Conflict as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as threads:
        return sorted(threads.map(begin, acts))


def give(work: Work, visit: scheduling.Visit, technician: str, hour: float) -> Callable[[], Any]:
    slot = Slot(technician=technician, start=at(hour))
    return lambda: scheduling.assign_visit(work, D001.actor, MAIN, visit.visit_id, visit.rev, slot)


def row(work: Work, code: str) -> list[str]:
    found = board.look(work, D001.actor, MAIN, Asked(first=NOW.date(), text=code))[1]
    assert found is not None
    return [bar.visit.external_id for bar in found.rows[0].bars]


def test_of_two_visits_for_one_slot_one_gets_it_and_the_other_is_told_who_has_it(company: Work) -> None:
    for turn in range(ROUNDS):
        first, second = (
            schedule(company, f"WO-{turn}-{side}", 10 + 2 * turn, 12 + 2 * turn, technician=None) for side in "ab"
        )
        hour = 10 + 2 * turn
        assert at_once(give(company, first, "T002", hour), give(company, second, "T002", hour + 0.5)) == [
            "done", "technician_busy",
        ]  # fmt: skip
    assert len(row(company, "T002")) == ROUNDS


def test_of_two_who_move_one_visit_one_wins_and_the_other_is_told_that_it_changed(company: Work) -> None:
    for turn in range(ROUNDS):
        visit = schedule(company, f"WO-{turn}", 10 + 2 * turn, 12 + 2 * turn, technician=None)
        acts = (give(company, visit, code, 10 + 2 * turn) for code in ("T002", "T003"))
        assert at_once(*acts) == ["done", "visit_changed"]
    assert len(row(company, "T002")) + len(row(company, "T003")) == ROUNDS
