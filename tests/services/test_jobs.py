"""Outgoing work: done once, tried again, given up, taken by one of many. On SQLite and PostgreSQL."""

import queue
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.jobs import MOST_ATTEMPTS
from fieldapp.domain.retention import read_keeping
from fieldapp.services import jobs, retention
from fieldapp.services.jobs import LEASE, Job, Outcome
from fieldapp.services.runner import Runner
from fieldapp.services.work import Work
from fieldapp.storage import audit
from fieldapp.storage import jobs as store
from tests import cast
from tests.fakes import Clock

DONE = Outcome(kind="done")
AGAIN = Outcome(kind="again", detail="http_500")


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def work(request: pytest.FixtureRequest) -> Work:
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def add(work: Work, *names: str, branch: str = cast.MAIN, lane: str | None = None, **more: Any) -> None:
    made = [
        Job(
            branch=branch, job_id=name, kind="test", lane=lane, target="t", payload={"n": name},
            created_at=work.now(), due_at=work.now(), **more,
        )
        for name in names
    ]  # fmt: skip
    with work.write() as db:
        store.add(db, made)


def state(work: Work, name: str, branch: str = cast.MAIN) -> Job:
    with work.read() as db:
        found = store.find(db, branch, name)
    assert found is not None
    return found


def log(work: Work) -> dict[str, list[tuple[str | None, str]]]:
    with work.read() as db:
        found = store.of_target(db, cast.MAIN, "t")
    return {one.job.job_id: [(each.outcome, each.detail) for each in one.attempts] for one in found}


def begin_in_vain(work: Work, clock: Clock, times: int) -> None:
    """Take the next job so often, each time by a program that dies over it."""
    for _ in range(times):
        with work.write() as db:
            store.take(db, cast.MAIN, clock(), clock())
        clock.advance(seconds=1)


def doing(seen: list[str], *outcomes: Outcome) -> dict[str, Callable[[Work, Job], Outcome]]:
    """A handler that notes what it is given, and ends as told (the last outcome for all that follow)."""

    def handle(_: Work, job: Job) -> Outcome:
        seen.append(job.job_id)
        return outcomes[min(len(seen), len(outcomes)) - 1]

    return {"test": handle}


def test_what_is_done_is_never_done_again(work: Work):
    seen: list[str] = []
    add(work, "a")
    assert jobs.do_next(work, doing(seen, DONE)) is True
    assert jobs.do_next(work, doing(seen, DONE)) is False
    assert (seen, state(work, "a").state) == (["a"], "done")


def test_written_down_twice_it_is_done_once(work: Work):
    seen: list[str] = []
    add(work, "a")
    add(work, "a")
    while jobs.do_next(work, doing(seen, DONE)):
        pass
    add(work, "a")
    assert jobs.do_next(work, doing(seen, DONE)) is False
    assert seen == ["a"]


def test_what_waits_longest_comes_first_in_whichever_branch(work: Work, clock: Clock):
    seen: list[str] = []
    add(work, "b", branch=cast.NORTH)
    clock.advance(seconds=1)
    add(work, "a")
    while jobs.do_next(work, doing(seen, DONE)):
        pass
    assert seen == ["b", "a"]


def test_what_failed_is_tried_again_later_and_the_log_says_why(work: Work, clock: Clock):
    seen: list[str] = []
    add(work, "a")
    handlers = doing(seen, AGAIN, DONE)
    jobs.do_next(work, handlers)
    assert jobs.do_next(work, handlers) is False
    clock.advance(seconds=20)
    assert jobs.do_next(work, handlers) is True
    assert log(work) == {"a": [("done", ""), ("again", "http_500")]}


def test_after_a_day_it_is_given_up_and_an_admin_may_let_it_be_tried_anew(work: Work, clock: Clock):
    seen: list[str] = []
    add(work, "a")
    while state(work, "a").state != "dead":
        jobs.do_next(work, doing(seen, AGAIN))
        clock.advance(minutes=30)
    assert clock() - state(work, "a").created_at <= timedelta(hours=25)
    found = jobs.overview(work, cast.A001.actor)
    assert [(one.job.job_id, one.attempts[0].detail) for one in found.dead] == [("a", "http_500")]
    assert found.counts["dead"] == jobs.count_dead(work, cast.A001.actor) == 1
    jobs.try_again(work, cast.A001.actor, cast.MAIN, "a")
    assert jobs.do_next(work, doing(seen, DONE)) is True
    assert state(work, "a").state == "done"
    with work.read() as db:
        assert [row.subject for row in audit.with_action(db, cast.MAIN, "job.revived")] == ["a"]


def test_what_is_tried_anew_has_all_its_attempts_before_it_again(work: Work, clock: Clock):
    """However often it was begun before: neither is it given up at once, nor does it begin with the longest wait."""
    add(work, "a")
    begin_in_vain(work, clock, MOST_ATTEMPTS)
    jobs.do_next(work, doing([], DONE))
    assert state(work, "a").state == "dead"
    clock.advance(minutes=5)
    jobs.try_again(work, cast.A001.actor, cast.MAIN, "a")
    seen: list[str] = []
    handlers = doing(seen, AGAIN, DONE)
    jobs.do_next(work, handlers)
    clock.advance(seconds=30)
    jobs.do_next(work, handlers)
    assert (seen, state(work, "a").state) == (["a", "a"], "done")


def test_only_what_was_given_up_is_tried_anew_and_only_by_an_admin(work: Work):
    add(work, "a")
    with pytest.raises(Conflict, match="job_not_dead"):
        jobs.try_again(work, OPERATOR, cast.MAIN, "a")
    for branch, name in ((cast.NORTH, "a"), (cast.MAIN, "x")):
        with pytest.raises(NotFound):
            jobs.try_again(work, OPERATOR, branch, name)
    with pytest.raises(Forbidden):
        jobs.try_again(work, cast.M001.actor, cast.MAIN, "a")
    with pytest.raises(Forbidden):
        jobs.overview(work, cast.D001.actor)


def test_what_will_always_fail_is_given_up_at_once(work: Work):
    add(work, "a")
    jobs.do_next(work, doing([], Outcome(kind="dead", detail="gone")))
    assert state(work, "a").state == "dead"


def test_what_has_time_waits_for_it(work: Work, clock: Clock):
    seen: list[str] = []
    add(work, "a")
    handlers = doing(seen, Outcome(kind="later", due_at=clock() + timedelta(hours=9)), DONE)
    assert [jobs.do_next(work, handlers), jobs.do_next(work, handlers)] == [True, False]
    assert jobs.overview(work, OPERATOR).counts == {"later": 1}
    clock.advance(hours=9)
    assert jobs.do_next(work, handlers) is True


def test_a_blocked_way_keeps_back_what_goes_the_same_way_and_nothing_else(work: Work, clock: Clock):
    seen: list[str] = []
    add(work, "a1", "a2", lane="a")
    add(work, "b1", lane="b")
    blocked = Outcome(kind="again", detail="refused", is_blocked=True)
    handlers = {"test": lambda work, job: (seen.append(job.job_id), blocked if job.lane == "a" else DONE)[1]}
    while jobs.do_next(work, handlers):
        pass
    assert seen == ["a1", "b1"]
    clock.advance(seconds=30)
    assert jobs.do_next(work, handlers) is True


def test_what_goes_the_same_way_goes_one_after_the_other(work: Work):
    add(work, "a1", "a2", lane="a")
    with work.write() as db:
        assert store.take(db, cast.MAIN, work.now(), work.now() + LEASE)
    with work.write() as db:
        assert store.take(db, cast.MAIN, work.now(), work.now() + LEASE) is None


def test_two_that_look_at_once_do_not_both_go_the_same_way(work: Work):
    add(work, "a1", "a2", lane="a")
    found: list[Job | None] = []

    def look() -> None:
        with work.write() as db:
            found.append(store.take(db, cast.MAIN, work.now(), work.now() + LEASE))

    second = threading.Thread(target=look)
    with work.write() as db:
        assert store.take(db, cast.MAIN, work.now(), work.now() + LEASE)
        second.start()
        second.join(0.5)  # long enough to take the other one, if it could
    second.join()
    assert found == [None]


def test_what_was_broken_off_is_due_again_and_who_comes_back_late_changes_nothing(work: Work, clock: Clock):
    add(work, "a")
    with work.write() as db:
        lost = store.take(db, cast.MAIN, work.now(), work.now() + LEASE)
    assert lost is not None
    assert jobs.do_next(work, doing([], DONE)) is False
    clock.advance(minutes=5)
    assert jobs.do_next(work, doing([], DONE)) is True
    with work.write() as db:
        late = store.end(db, lost, clock(), state="waiting", outcome="again", detail="late", due_at=clock())
    assert late is False
    assert state(work, "a").state == "done"
    assert log(work) == {"a": [("done", ""), (None, "")]}


def test_what_breaks_the_program_every_time_is_given_up_in_the_end(work: Work, clock: Clock):
    add(work, "a")
    begin_in_vain(work, clock, MOST_ATTEMPTS)
    seen: list[str] = []
    jobs.do_next(work, doing(seen, DONE))
    assert (seen, state(work, "a").state) == ([], "dead")


def test_how_it_ended_and_what_follows_are_one_transaction(work: Work):
    def then(_db: Any, _state: str) -> None:
        raise RuntimeError("no room")

    add(work, "a")
    with pytest.raises(RuntimeError):
        jobs.do_next(work, doing([], Outcome(kind="done", then=then)))
    assert state(work, "a").state == "running"


def test_a_kind_that_this_release_does_not_know_waits_for_one_that_does(work: Work):
    add(work, "a")
    jobs.do_next(work, {})
    assert state(work, "a").state == "waiting"


def test_many_threads_of_two_processes_do_each_thing_once(work: Work):
    names = [f"j{number:02}" for number in range(40)]
    add(work, *names)
    seen: list[str] = []
    enough = threading.Event()

    def handle(_: Work, job: Job) -> Outcome:
        seen.append(job.job_id)
        if len(seen) >= len(names):
            enough.set()
        return DONE

    runners = [Runner(work, {"test": handle}, pause=0.01) for _ in range(2)]
    for one in runners:
        one.start()
    assert enough.wait(60)
    for one in runners:
        one.stop()
    assert sorted(seen) == names
    assert {state(work, name).state for name in names} == {"done"}


def test_stopping_waits_for_what_is_under_way_and_takes_nothing_more(work: Work):
    add(work, "a", "b")
    begun, go_on = threading.Event(), threading.Event()

    def handle(_: Work, job: Job) -> Outcome:
        begun.set()
        go_on.wait(30)
        return DONE

    runner = Runner(work, {"test": handle}, threads=1, pause=0.01)
    runner.start()
    assert begun.wait(30)
    stopping = threading.Thread(target=runner.stop)
    stopping.start()
    go_on.set()
    stopping.join(30)
    assert sorted(state(work, name).state for name in "ab") == ["done", "waiting"]


def test_one_that_breaks_off_breaks_off_nothing_else(work: Work):
    add(work, "a")
    add(work, "b")
    enough = threading.Event()

    def handle(_: Work, job: Job) -> Outcome:
        if job.job_id == "a":
            raise RuntimeError("a mistake of ours")
        enough.set()
        return DONE

    runner = Runner(work, {"test": handle}, threads=1, pause=0.01)
    runner.start()
    assert enough.wait(30)
    runner.stop()
    assert (state(work, "a").state, state(work, "b").state) == ("running", "done")


def test_a_clock_that_was_put_back_puts_off_nothing_that_is_done_once_a_day(work: Work, clock: Clock):
    looks: queue.Queue[datetime] = queue.Queue()
    runner = Runner(work, {}, threads=1, pause=0.01, tidy=lambda work: looks.put(work.now()))
    runner.start()
    try:
        seen = [looks.get(timeout=30)]
        for days in (190, -190):
            clock.advance(days=days)
            seen.append(looks.get(timeout=30))
    finally:
        runner.stop()
    assert seen == [cast.NOW, cast.NOW + timedelta(days=190), cast.NOW]


def test_what_was_done_long_ago_is_forgotten_and_what_was_given_up_is_not(work: Work, clock: Clock):
    add(work, "b")
    jobs.do_next(work, doing([], Outcome(kind="dead")))
    many = [f"a{number}" for number in range(retention.PIECE + 1)]
    add(work, *many)
    for _ in many:
        jobs.do_next(work, doing([], DONE))
    clock.advance(days=31)
    keeping = read_keeping("sessions=never")
    assert retention.carry_out(work, cast.MAIN, keeping, until=work.now() - LEASE) == ({"attempts": 100}, False)
    assert retention.carry_out(work, cast.MAIN, keeping) == ({"attempts": 1}, True)
    assert list(log(work)) == ["b"]
