"""PostgreSQL itself gives one technician's time away once, also where the program's own check came too early."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier, local
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict
from fieldapp.domain.visits import events as ev
from fieldapp.services import rearranging, scheduling
from fieldapp.services.rearranging import Change
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Work
from fieldapp.storage import claims
from fieldapp.storage.engine import Database
from tests.cast import MAIN, NORTH
from tests.services.test_scheduling import ME, at, change, schedule

pytestmark = pytest.mark.postgres


class WithoutTurns(Database):
    """A database on which writers do not wait for each other: what the program checked may be so no more."""

    def write(self, about: str | None = None, **options: Any) -> Any:
        return super().write(None, **options)


def hasty(work: Work, url: str, people: int) -> Work:
    """`people` writers who all have checked before the first of them writes: each one's first id waits for all."""
    gate, seen = Barrier(people), local()

    def new_id() -> str:
        if not getattr(seen, "waited", False):
            seen.waited = True
            gate.wait(timeout=20)
        return work.new_id()

    return replace(work, database=WithoutTurns(url), new_id=new_id)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What became of each: "done", or its refusal."""

    def begin(act: Callable[[], Any]) -> Any:
        try:
            act()
        except Conflict as error:
            return error
        return "done"

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(begin, acts))


def held(work: Work) -> list[tuple[str, str]]:
    with work.read() as db:
        rows = db.execute(text("SELECT v.external_id, c.technician FROM claims c JOIN visits v ON v.branch = c.branch"
                               " AND v.visit_id = c.visit_id WHERE c.branch = 'main' ORDER BY 1"))  # fmt: skip
        return [(number, technician) for number, technician in rows]


def give(work: Work, visit: scheduling.Visit, technician: str, hour: float, **more: Any) -> scheduling.Visit:
    slot = Slot(technician=technician, start=at(hour), **more)
    return scheduling.assign_visit(work, ME, MAIN, visit.visit_id, visit.rev, slot)


def test_of_two_who_checked_before_either_wrote_one_gets_the_time_and_the_other_the_usual_refusal(
    postgres_work: Work, postgres_url: str
) -> None:
    one, other = (schedule(postgres_work, number, technician=None) for number in ("WO-1", "WO-2"))
    work = hasty(postgres_work, postgres_url, 2)
    results = at_once(lambda: give(work, one, "T002", 14), lambda: give(work, other, "T002", 15))
    [refusal] = [result for result in results if result != "done"]
    assert (refusal.code, refusal.field) == ("technician_busy", "technician")
    [(winner, _)] = held(postgres_work)
    assert (refusal.facts["technician"], refusal.facts["other"]) == ("T002", winner)
    start = at(14 if winner == "WO-1" else 15)
    assert refusal.facts["start"] == start.isoformat()
    work.database.dispose()


def test_whose_times_touch_or_whose_technicians_differ_are_in_nobodys_way(
    postgres_work: Work, postgres_url: str
) -> None:
    visits = [schedule(postgres_work, f"WO-{number}", technician=None) for number in range(3)]
    work = hasty(postgres_work, postgres_url, 3)
    wanted = [("T002", 14.0), ("T002", 15.5), ("T003", 14.5)]
    acts = [lambda visit=visit, to=to: give(work, visit, *to) for visit, to in zip(visits, wanted, strict=True)]
    assert at_once(*acts) == ["done"] * 3
    assert [code for _, code in held(postgres_work)] == ["T002", "T002", "T003"]
    work.database.dispose()


def test_the_constraint_is_the_databases_own(postgres_work: Work) -> None:
    row = (
        "INSERT INTO claims (branch, visit_id, technician, starts, ends) VALUES (:branch, :visit, 'T001', :start, :end)"
    )
    with postgres_work.write() as db:
        db.execute(text(row), {"branch": MAIN, "visit": "a", "start": at(9), "end": at(10)})
        db.execute(text(row), {"branch": MAIN, "visit": "b", "start": at(10), "end": at(11)})
        db.execute(text(row), {"branch": NORTH, "visit": "c", "start": at(9), "end": at(10)})
    with pytest.raises(IntegrityError) as caught, postgres_work.write() as db:
        db.execute(text(row), {"branch": MAIN, "visit": "d", "start": at(9.5), "end": at(10.5)})
    assert isinstance(caught.value.orig, psycopg.errors.ExclusionViolation)


def test_a_reason_still_plans_two_at_once_and_claims_nothing(postgres_work: Work) -> None:
    schedule(postgres_work, "WO-1")
    schedule(postgres_work, "WO-2", override="they drive together")
    assert held(postgres_work) == [("WO-1", "T001")]


def test_what_is_moved_called_off_or_given_back_is_soon_in_nobodys_way(postgres_work: Work) -> None:
    work = postgres_work
    one, two, three = (schedule(work, f"WO-{n}", 10 + 2 * n, 11 + 2 * n) for n in (1, 2, 3))
    told = ev.VisitCancelled(asked_by="customer", told_at=work.now(), apology=False, cause="customer")
    scheduling.cancel_visit(work, ME, MAIN, one.visit_id, one.rev, told)
    scheduling.move_visit(work, ME, MAIN, two.visit_id, two.rev, change(18, 19), Slot(technician="T001"))
    scheduling.assign_visit(work, ME, MAIN, three.visit_id, three.rev, Slot(technician=None))
    for n in (1, 2, 3):
        schedule(work, f"NEW-{n}", 10 + 2 * n, 11 + 2 * n)
    assert [number for number, _ in held(work)] == ["NEW-1", "NEW-2", "NEW-3", "WO-2"]


def test_a_swap_and_a_ring_claim_what_they_end_with(postgres_work: Work) -> None:
    ring = [schedule(postgres_work, f"WO-{code}", technician=code) for code in ("T001", "T002", "T003")]
    wanted = [
        Change(visit=visit.visit_id, rev=visit.rev, technician=code)
        for visit, code in zip(ring, ("T002", "T003", "T001"), strict=True)
    ]
    rearranging.rearrange(postgres_work, ME, MAIN, wanted)
    assert held(postgres_work) == [("WO-T001", "T002"), ("WO-T002", "T003"), ("WO-T003", "T001")]


@pytest.mark.sqlite
def test_on_sqlite_nothing_is_kept(work: Work) -> None:
    schedule(work)
    with work.read() as db:
        assert not claims.are_kept(db)
        assert db.execute(text("SELECT count(*) FROM claims WHERE branch = 'main'")).scalar() == 0


def test_a_claim_waits_for_one_that_is_about_to_be_made_and_takes_its_place_when_it_is_not(
    postgres_work: Work, postgres_url: str
) -> None:
    """The first writer gives up after the second has begun to wait."""
    visit = schedule(postgres_work, "WO-1", technician=None)
    database = WithoutTurns(postgres_url)
    work_then = Window(at(14), at(15))
    gate = Barrier(2)

    def wait_for_it() -> str | None:
        with database.write() as db:
            gate.wait(timeout=20)
            return claims.take(db, MAIN, visit.visit_id, "T002", work_then)

    with ThreadPoolExecutor(1) as threads:
        with suppress(ZeroDivisionError), database.write() as db:
            assert claims.take(db, MAIN, "other", "T002", work_then) is None
            waiting = threads.submit(wait_for_it)
            gate.wait(timeout=20)
            until_somebody_waits(postgres_work)
            raise ZeroDivisionError
        assert waiting.result(timeout=20) is None
    database.dispose()


def until_somebody_waits(work: Work) -> None:
    """Until a writer waits for another one's transaction."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while True:
        with work.read() as db:
            if db.execute(waiting).scalar():
                return
