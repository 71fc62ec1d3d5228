"""What follows from new facts: who has to be told, each as a job of its own. Owns the fan-out, no sending."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from fieldapp.domain import messages as rules
from fieldapp.domain.calendar import Window
from fieldapp.domain.jobs import job_id
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.rulings import is_off
from fieldapp.services import message_names, message_sending, push_sending
from fieldapp.services.branches import zone_of
from fieldapp.services.jobs import Handler, Job, Outcome, State
from fieldapp.services.message_sending import MESSAGE, Channels
from fieldapp.services.webhook_sending import WEBHOOK
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, jobs, messages, visits, webhooks
from fieldapp.storage.messages import Message
from fieldapp.storage.visits import Visit

#: States in which somebody is still to come, as far as is known.
_AHEAD = frozenset({"planned", "en_route", "disputed"})
#: What is told by what was until then.
_CHANGES = ev.VisitAmended | ev.PromiseChanged | ev.VisitCancelled | ev.VisitVoided | ev.VisitReinstated


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
    changed = [one.visit for one in fresh if one.visit and isinstance(one.data, _CHANGES)]
    histories = events.histories(db, job.branch, changed)[0] if changed else {}
    for event in fresh:
        visit = visits.find(db, job.branch, event.visit) if event.visit else None
        if visit is None:
            continue
        history = histories.get(visit.visit_id, ())
        if event.type == "visit.voided" and _was_off(event, history):
            continue  # they were told when it was called off
        before = message_sending.windows_before(db, job.branch, event, history) if history else ()
        for kind in rules.follows(event, zone, rules.window_before(history, event), visit.state):
            said = _window(event) or visit.window
            due = rules.due_at(kind, said, now, wanted, zone, before)
            if kind in wanted.off or due is None or (said.end <= now and kind not in {"receipt", "on_way"}):
                continue
            if kind == "who_comes" and not _is_other(db, event, visit):
                continue
            if event.type == "visit.reinstated" and kind != "receipt" and _stands(db, event, visit, history, kind):
                continue
            name = job_id(job.branch, MESSAGE, f"{event.id}/{kind}")
            message = Message(
                branch=job.branch, message_id=name, visit_id=visit.visit_id, event_id=event.id, kind=kind, window=said,
                since=event.effective_at, created_at=now,
            )  # fmt: skip
            is_urgent = rules.is_urgent(kind, said, now, wanted, zone, before)
            goes = channels.pick(visit, is_urgent=is_urgent)
            if event.type == "visit.amended":
                goes = _put_right(event, visit, history, channels)
                if goes is None:
                    continue
                message = replace(message, channel=goes[0])
            lane = message_sending.lane(goes[0] if goes else None, is_urgent=is_urgent)
            yield message, Job(
                branch=job.branch, job_id=name, kind=MESSAGE, lane=lane, target=name, payload={}, created_at=due,
                due_at=due,
            )  # fmt: skip


def _was_off(event: Event, history: Sequence[Event]) -> bool:
    """Whether nobody was to come any more, as far as the customer knew, before the office decided so."""
    before = rules.state_before(history, event)
    return before is not None and (is_off(before) or before.is_cancelled)


def _is_other(db: Db, event: Event, visit: Visit) -> bool:
    """Whether somebody else is to come than the customer was told; who was told nobody expects nobody else."""
    data = event.data
    if not isinstance(data, ev.VisitAssigned) or data.technician is None:
        return False
    return message_names.last_named(db, visit) not in {None, data.technician}


def _put_right(
    event: Event, visit: Visit, history: Sequence[Event], channels: Channels
) -> tuple[str, str] | None:  # fmt: skip
    """Where a customer is told whose number or address was put right, and who is still to be visited: there alone."""
    before = rules.state_before(history, event)
    ways = rules.put_right(before.customer, event.data) if before else frozenset[str]()
    if not ways or visit.state not in _AHEAD:
        return None
    goes = channels.pick(visit, is_urgent=False, tried=min(ways) if len(ways) == 1 else None)
    return goes if goes and goes[0] in ways else None


def _stands(db: Db, event: Event, visit: Visit, history: Sequence[Event], kind: rules.Kind) -> bool:
    """Whether a reinstated visit had never been off, and its customer was told of the window that it has, or is about
    to be: it was only disputed, and there is no news in that."""
    before = rules.state_before(history, event)
    if before is None or is_off(before):
        return False
    log = messages.of_visit(db, visit.branch, visit.visit_id)
    told = [one for one in log if one.kind in (rules.CONFIRMS if kind == "confirmation" else {kind})]
    return any(one.window == visit.window and one.state in {"sent", "waiting"} for one in told)


def _window(event: Event) -> Window | None:
    """The promise that the fact itself speaks of."""
    data = event.data
    if isinstance(data, ev.VisitScheduled | ev.PromiseChanged):
        return Window(data.promise.start, data.promise.end)
    return None
