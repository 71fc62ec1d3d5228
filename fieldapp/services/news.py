"""What follows from new facts: who has to be told, each as a job of its own. Owns the fan-out, no sending."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from fieldapp.domain import messages as rules
from fieldapp.domain.calendar import Window
from fieldapp.domain.jobs import job_id
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services import message_names, message_sending, push_sending
from fieldapp.services.branches import zone_of
from fieldapp.services.jobs import Handler, Job, Outcome, State
from fieldapp.services.message_sending import MESSAGE, Channels
from fieldapp.services.webhook_sending import WEBHOOK
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, jobs, messages, visits, webhooks
from fieldapp.storage.messages import Message
from fieldapp.storage.visits import Visit


def spreader(channels: Channels | None) -> Handler:
    """The handler of news. Without `channels` (none is set up) customers are told nothing."""

    def spread(work: Work, job: Job) -> Outcome:
        """Make the jobs that follow from the facts of one note, in the transaction that ends it."""

        def then(db: Db, _: State) -> None:
            fresh = sorted(events.by_ids(db, job.branch, job.payload["events"]), key=lambda one: one.order)
            jobs.add(db, list(_to_programs(db, job, fresh, work.now())))
            push_sending.follow(db, job, fresh, work.now())
            if channels is not None:
                told = list(_to_customers(db, job, fresh, channels, work.now()))
                messages.add(db, [one for one, _ in told])
                jobs.add(db, [each for _, each in told])

        return Outcome(kind="done", then=then)

    return spread


def _to_programs(db: Db, job: Job, fresh: Sequence[Event], now: datetime) -> Iterator[Job]:
    # Who asked after it happened was not waiting for it.
    heard = [one for one in webhooks.of_branch(db, job.branch) if one.created_at <= job.created_at]
    for event in fresh:
        for one in heard:
            if event.type in one.types:
                yield Job(
                    branch=job.branch, job_id=job_id(job.branch, WEBHOOK, f"{event.id}/{one.webhook_id}"), kind=WEBHOOK,
                    lane=one.webhook_id, target=one.webhook_id, payload={"event": event.id, "type": event.type},
                    created_at=job.created_at, due_at=now,
                )  # fmt: skip


def _to_customers(
    db: Db, job: Job, fresh: Sequence[Event], channels: Channels, now: datetime
) -> Iterator[tuple[Message, Job]]:  # fmt: skip
    """The messages that follow and still have time, each with its job. Whether one is true is asked when it is sent."""
    wanted, zone = messages.rules(db, job.branch), zone_of(db, job.branch)
    changed = [one.visit for one in fresh if one.visit and isinstance(one.data, ev.PromiseChanged | ev.VisitCancelled)]
    histories = events.histories(db, job.branch, changed)[0] if changed else {}
    for event in fresh:
        visit = visits.find(db, job.branch, event.visit) if event.visit else None
        if visit is None:
            continue
        history = histories.get(visit.visit_id, ())
        before = message_sending.windows_before(db, job.branch, event, history) if history else ()
        for kind in rules.follows(event, zone, rules.window_before(history, event), visit.state):
            said = _window(event) or visit.window
            due = rules.due_at(kind, said, now, wanted, zone, before)
            if kind in wanted.off or due is None or (said.end <= now and kind not in {"receipt", "on_way"}):
                continue
            if kind == "who_comes" and not _is_other(db, event, visit):
                continue
            name = job_id(job.branch, MESSAGE, f"{event.id}/{kind}")
            message = Message(
                branch=job.branch, message_id=name, visit_id=visit.visit_id, event_id=event.id, kind=kind, window=said,
                since=event.effective_at, created_at=now,
            )  # fmt: skip
            is_urgent = rules.is_urgent(kind, said, now, wanted, zone, before)
            goes = channels.pick(visit, is_urgent=is_urgent)
            lane = message_sending.lane(goes[0] if goes else None, is_urgent=is_urgent)
            yield message, Job(
                branch=job.branch, job_id=name, kind=MESSAGE, lane=lane, target=name, payload={}, created_at=due,
                due_at=due,
            )  # fmt: skip


def _is_other(db: Db, event: Event, visit: Visit) -> bool:
    """Whether somebody else is to come than the customer was told; who was told nobody expects nobody else."""
    data = event.data
    if not isinstance(data, ev.VisitAssigned) or data.technician is None:
        return False
    return message_names.last_named(db, visit) not in {None, data.technician}


def _window(event: Event) -> Window | None:
    """The promise that the fact itself speaks of."""
    data = event.data
    if isinstance(data, ev.VisitScheduled | ev.PromiseChanged):
        return Window(data.promise.start, data.promise.end)
    return None
