"""What is to be told of new facts, written in their transaction: a job exists if and only if its event was committed.

Owns the note alone, one row for many facts; whom it is told to is found out when it is done (`news`), and costs whoever
records facts nothing. Which types of facts anybody waits for stands on the branch's own row, which is read with every
push anyway: where nobody does, nothing is written.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from fieldapp.domain import day_changes
from fieldapp.domain.jobs import job_id
from fieldapp.domain.messages import Rules
from fieldapp.domain.visits.events import Event
from fieldapp.services.work import Db
from fieldapp.storage import branches, jobs, messages, push_subscriptions, webhooks
from fieldapp.storage.jobs import Job

NEWS = "news"
#: Facts a job: a file of some thousand appointments is told in parts.
PART = 100


def listen(db: Db, branch: str) -> None:
    """Bring what the branch waits for in step with who wants to be told."""
    told = {kind for one in webhooks.of_branch(db, branch) for kind in one.types}
    phones = day_changes.TYPES if push_subscriptions.any_of(db, branch) else frozenset[str]()
    branches.hear(db, branch, {*told, *phones, *messages.rules(db, branch).types})


def announce(db: Db, branch: str, fresh: Sequence[Event], waiting: Sequence[Event], now: datetime) -> None:
    """Note that these facts are new, where somebody waits for facts of their types; and that others were put aside for
    the office, where that is told to anybody."""
    found = branches.find(db, branch)
    wanted = found.hears if found and found.hears is not None else Rules().types
    told = [event.id for event in fresh if event.type in wanted]
    held = [event.id for event in waiting] if day_changes.HELD in wanted else []
    notes: list[dict[str, list[str]]] = [
        *({"events": part} for part in _parts(told)), *({"events": [], "held": part} for part in _parts(held))
    ]  # fmt: skip
    jobs.add(
        db,
        [
            Job(
                branch=branch, job_id=job_id(branch, NEWS, (note.get("held") or note["events"])[0]), kind=NEWS,
                lane=NEWS, payload=note, created_at=now, due_at=now,
            )
            for note in notes
        ],
    )  # fmt: skip


def _parts(told: Sequence[str]) -> Iterator[list[str]]:
    return (list(told[start : start + PART]) for start in range(0, len(told), PART))
