"""Outgoing work as kept: adding it, taking it, ending it. Knows nothing of what a job does."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from fieldapp.storage import bulk
from fieldapp.storage.engine import take_turn
from fieldapp.storage.tables.jobs import JobAttemptRow, JobRow

State = Literal["waiting", "running", "done", "dead"]
_OPEN = JobRow.finished_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to do. `attempts` counts those begun; `due_at` of one that runs is when it is taken for broken off."""

    branch: str
    job_id: str
    kind: str
    payload: Mapping[str, Any]
    created_at: datetime
    due_at: datetime
    lane: str | None = None
    target: str | None = None
    state: State = "waiting"
    attempts: int = 0
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; without `ended_at` it is under way or was broken off."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Logged:
    """A job with its attempts, the last first."""

    job: Job
    attempts: Sequence[Attempt] = field(default=())


def add(db: Session, jobs: Sequence[Job]) -> set[str]:
    """Write down what is to be done; what is written down already stays as it is. Returns the ids that were new."""
    rows = [
        {
            "branch": one.branch, "job_id": one.job_id, "kind": one.kind, "lane": one.lane, "target": one.target,
            "payload": _text(one.payload), "state": one.state, "created_at": one.created_at, "due_at": one.due_at,
            "attempts": one.attempts, "finished_at": one.finished_at,
        }
        for one in jobs
    ]  # fmt: skip
    return bulk.insert_new(db, JobRow, rows, "job_id")


def due_branches(db: Session, now: datetime) -> list[str]:
    """Branches with something to do, who waits longest first."""
    query = select(JobRow.branch).where(JobRow.branch.is_not(None), _OPEN, JobRow.due_at <= now)
    return list(db.scalars(query.group_by(JobRow.branch).order_by(func.min(JobRow.due_at))))


def take(db: Session, branch: str, now: datetime, until: datetime) -> Job | None:
    """Begin what is due longest, so that nobody else does before `until`; None when there is nothing to take.

    What was begun and not ended by its time is due again. Whoever comes second waits for the first to have taken:
    else it would not see that a lane is busy.
    """
    take_turn(db, f"jobs {branch}")
    other = aliased(JobRow)
    busy = exists().where(
        other.branch == branch, other.lane == JobRow.lane, other.state == "running", other.due_at > now
    )
    query = select(JobRow).where(JobRow.branch == branch, _OPEN, JobRow.due_at <= now, ~busy)
    row = db.scalar(query.order_by(JobRow.due_at, JobRow.job_id).limit(1).with_for_update())
    if row is None:
        return None
    row.state, row.due_at, row.attempts = "running", until, row.attempts + 1
    began = {"branch": branch, "job_id": row.job_id, "number": row.attempts, "started_at": now, "detail": ""}
    db.flush()
    db.execute(insert(JobAttemptRow).values(**began))
    return _job(row)


def end(db: Session, job: Job, now: datetime, *, state: State, outcome: str, detail: str, due_at: datetime) -> bool:
    """Write down how the attempt ended; False when somebody else took the job meanwhile: then it is theirs."""
    values = {"state": state, "due_at": due_at, "finished_at": now if state in {"done", "dead"} else None}
    mine = _one(job.branch, job.job_id) & (JobRow.attempts == job.attempts) & (JobRow.state == "running")
    if db.scalar(update(JobRow).where(mine).values(**values).returning(JobRow.job_id)) is None:
        return False
    attempt = update(JobAttemptRow).where(
        JobAttemptRow.branch == job.branch, JobAttemptRow.job_id == job.job_id, JobAttemptRow.number == job.attempts
    )
    db.execute(attempt.values(ended_at=now, outcome=outcome, detail=detail))
    return True


def tries(db: Session, job: Job) -> int:
    """How often it was begun since it was made, or since somebody let it be tried anew."""
    query = select(func.count()).where(
        JobAttemptRow.branch == job.branch, JobAttemptRow.job_id == job.job_id,
        JobAttemptRow.started_at >= job.created_at,
    )  # fmt: skip
    return db.scalar(query) or 0


def hold_lane(db: Session, branch: str, lane: str, until: datetime) -> None:
    """What goes the same way waits until then, too: the way is blocked, not the one thing."""
    waiting = (JobRow.branch == branch) & (JobRow.lane == lane) & (JobRow.state == "waiting") & _OPEN
    db.execute(update(JobRow).where(waiting, JobRow.due_at < until).values(due_at=until))


def waiting(db: Session, branch: str, kind: str, target: str) -> Job | None:
    """What of this kind is to be done about the target and under way nowhere; nobody takes it before the transaction
    ends."""
    query = select(JobRow).where(
        JobRow.branch == branch, JobRow.target == target, JobRow.kind == kind, JobRow.state == "waiting"
    )
    row = db.scalar(query.order_by(JobRow.due_at, JobRow.job_id).limit(1).with_for_update())
    return _job(row) if row else None


def change(db: Session, job: Job) -> None:
    """What it says and when it is due, of one that `waiting` found."""
    values = {"payload": _text(job.payload), "due_at": job.due_at}
    db.execute(update(JobRow).where(_one(job.branch, job.job_id)).values(**values))


def find(db: Session, branch: str, job_id: str) -> Job | None:
    """One job."""
    row = db.get(JobRow, (branch, job_id))
    return _job(row) if row else None


def revive(db: Session, branch: str, job_id: str, now: datetime) -> bool:
    """Let a dead one be tried again from the beginning; False when it is not dead."""
    again = update(JobRow).where(_one(branch, job_id), JobRow.state == "dead")
    values = {"state": "waiting", "due_at": now, "created_at": now, "finished_at": None}
    return db.scalar(again.values(**values).returning(JobRow.job_id)) is not None


def drop(db: Session, branch: str, target: str) -> None:
    """Forget everything about what is gone, with its log."""
    _delete(db, branch, JobRow.target == target)


def forget(db: Session, branch: str, before: datetime, limit: int) -> int:
    """Drop so much of what was done before then, with its log; returns how much. What was given up stays: somebody has
    to look at it."""
    old = select(JobRow.job_id).where(JobRow.branch == branch, JobRow.state == "done", JobRow.finished_at < before)
    ids = list(db.scalars(old.limit(limit)))
    _delete(db, branch, JobRow.job_id.in_(ids))
    return len(ids)


def counts(db: Session, now: datetime) -> dict[str, int]:
    """Over all branches: how many wait (their time has come), are under way, come later, and are dead."""
    late = (JobRow.due_at <= now).label("late")
    query = select(JobRow.state, late, func.count()).where(JobRow.branch.is_not(None), JobRow.state != "done")
    found: dict[str, int] = defaultdict(int)
    for state, is_due, number in db.execute(query.group_by(JobRow.state, late)):
        found["later" if state == "waiting" and not is_due else state] += number
    return found


def count_dead(db: Session) -> int:
    """How many were given up, over all branches."""
    return db.scalar(select(func.count()).where(JobRow.branch.is_not(None), JobRow.state == "dead")) or 0


def oldest_due(db: Session, now: datetime) -> datetime | None:
    """Since when the one waits that is due longest, over all branches."""
    query = select(func.min(JobRow.due_at)).where(JobRow.branch.is_not(None), _OPEN, JobRow.due_at <= now)
    return db.scalar(query)


def dead(db: Session, limit: int) -> list[Logged]:
    """What was given up, over all branches, the latest first."""
    query = select(JobRow).where(JobRow.branch.is_not(None), JobRow.state == "dead")
    rows = db.scalars(query.order_by(JobRow.finished_at.desc(), JobRow.job_id).limit(limit)).all()
    return [logged for row in rows for logged in _with_log(db, row.branch, [row])]


def of_target(
    db: Session, branch: str, target: str, *, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[Logged]:
    """What there is about one target, the latest first, from the one `after` (when it was made, its id) on."""
    query = select(JobRow).where(JobRow.branch == branch, JobRow.target == target)
    if after is not None:
        made_at, job_id = after
        same_time = (JobRow.created_at == made_at) & (JobRow.job_id > job_id)
        query = query.where((JobRow.created_at < made_at) | same_time)
    rows = db.scalars(query.order_by(JobRow.created_at.desc(), JobRow.job_id).limit(limit)).all()
    return _with_log(db, branch, rows)


def _with_log(db: Session, branch: str, rows: Sequence[JobRow]) -> list[Logged]:
    ids = [row.job_id for row in rows]
    query = select(JobAttemptRow).where(JobAttemptRow.branch == branch, JobAttemptRow.job_id.in_(ids))
    log: dict[str, list[Attempt]] = defaultdict(list)
    for one in db.scalars(query.order_by(JobAttemptRow.number.desc())) if ids else ():
        log[one.job_id].append(Attempt(one.number, one.started_at, one.ended_at, one.outcome, one.detail))
    return [Logged(_job(row), log[row.job_id]) for row in rows]


def _delete(db: Session, branch: str, condition: ColumnElement[bool]) -> None:
    gone = select(JobRow.job_id).where(JobRow.branch == branch, condition)
    db.execute(delete(JobAttemptRow).where(JobAttemptRow.branch == branch, JobAttemptRow.job_id.in_(gone)))
    db.execute(delete(JobRow).where(JobRow.branch == branch, condition))


def _text(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"))


def _one(branch: str, job_id: str) -> ColumnElement[bool]:
    return (JobRow.branch == branch) & (JobRow.job_id == job_id)


def _job(row: JobRow) -> Job:
    return Job(
        branch=row.branch, job_id=row.job_id, kind=row.kind, payload=json.loads(row.payload),
        created_at=row.created_at, due_at=row.due_at, lane=row.lane, target=row.target,
        state=row.state, attempts=row.attempts, finished_at=row.finished_at,  # type: ignore[arg-type]
    )  # fmt: skip
