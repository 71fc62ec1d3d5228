"""What is kept about people goes by itself once its time is over (`domain.retention`): every day, a few at a time.

Owns what that means for each kind, and that the audit says how many of which went. A customer is erased like one who
asked for it, but stands on no list: a restored backup that is older is gone through by the same timers the same day.

Nothing goes by a clock that jumped ahead (`services.clocks`): what went comes back no more when the clock does.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.jobs import job_id
from fieldapp.domain.retention import KINDS, Keeping, Kind
from fieldapp.services import access_notes, clocks, erasing, kept_answers, recording
from fieldapp.services.jobs import Handler, Job, Outcome
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, branches, jobs, photos, retention, server
from fieldapp.storage.erasures import Erasure

RETENTION = "retention"
DONE = "retention.done"
#: So many at a time: one transaction must not keep phones waiting.
PIECE, PIECE_OF_CUSTOMERS = 100, 20
#: So long before others get their turn.
ONE_GO = timedelta(seconds=30)
#: And so often on one day: what is left is tomorrow's.
MOST_GOES = 50
#: A phone that was offline brings arrivals late: so far back they are looked for every day, not only once.
LATE = timedelta(days=31)
#: What goes without being asked; an employee is erased by hand.
BY_ITSELF: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "employees")

#: How many of a kind went, of a branch, where it was kept before the moment.
Step = Callable[[Work, BranchCode, datetime], int]


def doubt(work: Work) -> str | None:
    """Why nothing may go now, and what to do about it; None: it may."""
    now = work.now()
    with work.read() as db:
        last = clocks.doubted(db, now)
    if last is None:
        return None
    return (
        f"nothing is let go: the clock says {now:%Y-%m-%d %H:%M} UTC and said {last:%Y-%m-%d %H:%M} when something was "
        "last; put it right, or if it is right: fieldapp retention --clock-is-right"
    )


def plan(work: Work) -> None:
    """Write down today's work, once for each branch however often it is asked; nothing while the clock is doubted."""
    if why := doubt(work):
        structlog.get_logger().warning(f"retention: {why}")
        return
    believe_clock(work)
    # Door codes and answers under keys have no time of their own to choose: nobody needs them for longer.
    access_notes.tidy(work)
    kept_answers.tidy(work)
    now = work.now()
    for code in codes(work):
        day = f"{now:%Y-%m-%d}"
        with work.write() as db:
            one = Job(
                branch=code, job_id=job_id(code, RETENTION, day), kind=RETENTION, payload={}, created_at=now,
                due_at=now, lane=RETENTION,
            )  # fmt: skip
            jobs.add(db, [one])


def codes(work: Work) -> list[str]:
    """Every branch."""
    with work.read() as db:
        return branches.codes(db)


def keeper(keeping: Keeping) -> Handler:
    """Who does that work."""

    def act(work: Work, job: Job) -> Outcome:
        if doubt(work):
            return Outcome(kind="done", detail="clock_doubted")  # a day on which it is not makes up for it
        until = work.now() + ONE_GO
        is_over = carry_out(work, BranchCode(job.branch), keeping, until=until)[1]
        enough = is_over or job.attempts >= MOST_GOES
        return Outcome(kind="done") if enough else Outcome(kind="later", due_at=work.now())

    return act


def carry_out(
    work: Work, branch: BranchCode, keeping: Keeping, *, until: datetime | None = None
) -> tuple[dict[Kind, int], bool]:
    """Let go what is due of a branch; how many of which, and whether that was all (not, where it took past `until`)."""
    gone: dict[Kind, int] = {}
    now = work.now()  # all by the moment at which the clock was looked at
    for kind in BY_ITSELF:
        time = keeping.time(kind)
        if time is None:
            continue
        before = now - time
        while number := _STEPS[kind](work, branch, before):
            gone[kind] = gone.get(kind, 0) + number
            if until is not None and work.now() > until:
                work.database.scrub()
                return gone, False
    if gone:
        work.database.scrub()
    return gone, True


def believe_clock(work: Work) -> None:
    """Things are let go by the clock, and nothing speaks against it."""
    with work.write() as db:
        clocks.believe(db, work.now())


def confirm_clock(work: Work) -> None:
    """The operator looked at the clock."""
    with work.write() as db:
        clocks.confirm(db, work.now())


def due(work: Work, branch: BranchCode, keeping: Keeping) -> dict[Kind, int]:
    """How many of which are due now."""
    now, found = work.now(), dict[Kind, int]()
    with work.read() as db:
        for kind in BY_ITSELF:
            time = keeping.time(kind)
            found[kind] = 0 if time is None else retention.count(db, branch, kind, now - time, now)
    return found


# --- Kind by kind -------------------------------------------------------------------------------------------------


def _photos(work: Work, branch: BranchCode, before: datetime) -> int:
    with work.write(branch) as db:
        hashes = photos.received_before(db, branch, before, PIECE)
        photos.drop(db, branch, hashes, work.now())
        _told(work, db, branch, "photos", len(hashes))
    erasing.take_photos(work, branch, hashes)
    return len(hashes)


def _locations(work: Work, branch: BranchCode, before: datetime) -> int:
    mark = f"{RETENTION} locations {branch}"
    with work.write(branch) as db:
        told = server.find(db, mark)
        start = datetime.fromisoformat(told) - LATE if told else retention.EVER
        visits = retention.located(db, branch, start, before, PIECE)
        retention.forget_places(db, branch, visits, work.now())
        recording.refresh(db, branch, visits, work.now(), promises=False)
        _told(work, db, branch, "locations", len(visits))
        if not visits:
            server.save(db, mark, before.isoformat())
    return len(visits)


def _messages(work: Work, branch: BranchCode, before: datetime) -> int:
    with work.write(branch) as db:
        number = retention.drop_messages(db, branch, before, PIECE)
        _told(work, db, branch, "messages", number)
    return number


def _attempts(work: Work, branch: BranchCode, before: datetime) -> int:
    with work.write(branch) as db:
        number = jobs.forget(db, branch, before, PIECE)
        _told(work, db, branch, "attempts", number)
    return number


def _quarantine(work: Work, branch: BranchCode, before: datetime) -> int:
    with work.write(branch) as db:
        number = retention.erase_quarantine(db, branch, before, PIECE, work.now())
        _told(work, db, branch, "quarantine", number)
    return number


def _sessions(work: Work, _: BranchCode, before: datetime) -> int:
    with work.write() as db:
        number = retention.drop_sessions(db, before, work.now())
        _told(work, db, None, "sessions", number)
    return number


def _customers(work: Work, branch: BranchCode, before: datetime) -> int:
    with work.write(branch) as db:
        visits = retention.old_visits(db, branch, before, PIECE_OF_CUSTOMERS)
        some = [Erasure(branch, visit, work.now(), "expired") for visit in visits]
        if not some:
            return 0
        done, gone = erasing.empty(db, work, OPERATOR, branch, some)
        _told(work, db, branch, "customers", done.visits)
    for code, hashes in gone.items():
        erasing.take_photos(work, code, hashes)
    return len(some)


_STEPS: dict[Kind, Step] = {
    "photos": _photos, "locations": _locations, "messages": _messages, "attempts": _attempts,
    "quarantine": _quarantine, "sessions": _sessions, "customers": _customers,
}  # fmt: skip


def _told(work: Work, db: Db, branch: str | None, kind: Kind, number: int) -> None:
    if number:
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=OPERATOR.login, action=DONE, subject=kind,
            facts={"number": number},
        )  # fmt: skip
