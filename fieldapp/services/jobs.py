"""Doing outgoing work: take one job, do it outside of any transaction, write down how it ended.

Owns that a job is tried until it is done, given up or broken off once too often. A job exists if and only if what it
follows from was committed (`services.outbox`); what a job of some kind does is its handler's. A program that dies
between doing and writing it down does it again after `LEASE`: so every handler sends a name of the thing along that
stays the same (docs/adr/0014).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, cast, runtime_checkable

from fieldapp.domain import jobs as rules
from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, jobs
from fieldapp.storage.jobs import Attempt, Job, Logged, State

__all__ = ["Attempt", "Handlers", "Job", "Logged", "Outcome", "Overview", "State"]

#: Longer than anything that is sent may take; then it is taken for broken off.
LEASE = timedelta(minutes=2)
SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt ended.

    `done`: never again. `again`: it failed, and may not fail later. `dead`: it will always fail. `later`: nothing was
    tried, it is not time yet (`due_at`). `detail` is a code or what the other side answered, never a person's data.
    `then` is written in the transaction that ends the attempt, and is told how the job stands after it.
    """

    kind: Literal["done", "again", "dead", "later"]
    detail: str = ""
    due_at: datetime | None = None
    #: Whether the way is blocked for everything in the job's lane, not for this job alone.
    is_blocked: bool = False
    then: Callable[[Db, State], None] | None = None


Handler = Callable[[Work, Job], Outcome]
Handlers = Mapping[str, Handler]


@runtime_checkable
class Bookkeeper(Protocol):
    """A handler with books of its own, which have to say, too, that a job was given up over its head."""

    def given_up(self, db: Db, job: Job, code: str, now: datetime) -> None:
        """In the transaction that gives it up."""


def do_next(work: Work, handlers: Handlers) -> bool:
    """Take what is due longest, in whichever branch, and do it. False when there was nothing to take."""
    with work.read() as db:
        waiting = jobs.due_branches(db, work.now())
    for branch in waiting:
        with work.write() as db:
            job = jobs.take(db, branch, work.now(), work.now() + LEASE)
        if job is not None:
            _do(work, job, handlers)
            return True
    return False


def _do(work: Work, job: Job, handlers: Handlers) -> None:
    handler = handlers.get(job.kind)
    if handler is None:
        # Another release's: it may be there again after the next restart.
        outcome = Outcome(kind="again", detail="kind_unknown")
    elif job.attempts > rules.MOST_ATTEMPTS and _tries(work, job) > rules.MOST_ATTEMPTS:
        outcome = _broken_off(handler, job, work.now())
    else:
        outcome = handler(work, job)
    with work.write() as db:
        _end(db, job, outcome, work.now())


def _broken_off(handler: Handler, job: Job, now: datetime) -> Outcome:
    code, books = "broken_off", cast(object, handler)
    if isinstance(books, Bookkeeper):
        return Outcome(kind="dead", detail=code, then=lambda db, _: books.given_up(db, job, code, now))
    return Outcome(kind="dead", detail=code)


def _tries(work: Work, job: Job) -> int:
    with work.read() as db:
        return jobs.tries(db, job)


def _end(db: Db, job: Job, outcome: Outcome, now: datetime) -> None:
    tries = jobs.tries(db, job) if outcome.kind == "again" else 0
    state, due_at = _state_after(job, outcome, tries, now)
    ended = jobs.end(db, job, now, state=state, outcome=outcome.kind, detail=outcome.detail[:200], due_at=due_at)
    if not ended:
        return
    if outcome.is_blocked and job.lane is not None and state == "waiting":
        jobs.hold_lane(db, job.branch, job.lane, due_at)
    if outcome.then is not None:
        outcome.then(db, state)


def _state_after(job: Job, outcome: Outcome, tries: int, now: datetime) -> tuple[State, datetime]:
    if outcome.kind == "later" and outcome.due_at is not None:
        return "waiting", outcome.due_at
    if outcome.kind == "again":
        due = rules.next_attempt(job.job_id, tries, job.created_at, now)
        return ("dead", now) if due is None else ("waiting", due)
    return ("done" if outcome.kind == "done" else "dead"), now


# --- For the admin ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overview:
    """How outgoing work stands, over all branches, and what was given up."""

    counts: Mapping[str, int]
    oldest: datetime | None
    dead: list[Logged]


def overview(work: Work, actor: Actor) -> Overview:
    """For the admin's page."""
    require(actor, "jobs.manage")
    now = work.now()
    with work.read() as db:
        return Overview(jobs.counts(db, now), jobs.oldest_due(db, now), jobs.dead(db, SHOWN))


def standing(work: Work) -> tuple[Mapping[str, int], timedelta]:
    """How much of it stands how, and for how long the one waits that is due longest; for monitors."""
    now = work.now()
    with work.read() as db:
        oldest = jobs.oldest_due(db, now)
        return jobs.counts(db, now), now - oldest if oldest else timedelta(0)


def count_dead(work: Work, actor: Actor) -> int:
    """How much was given up."""
    require(actor, "jobs.manage")
    with work.read() as db:
        return jobs.count_dead(db)


def try_again(work: Work, actor: Actor, branch: str, job_id: str) -> None:
    """Let what was given up be tried anew, now. Raises `NotFound`, `Conflict` job_not_dead."""
    require(actor, "jobs.manage")
    with work.write(branch) as db:
        job = jobs.find(db, branch, job_id)
        if job is None:
            raise NotFound()
        if not jobs.revive(db, branch, job_id, work.now()):
            raise Conflict("job_not_dead")
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="job.revived",
            subject=job_id, facts={"kind": job.kind},
        )  # fmt: skip
