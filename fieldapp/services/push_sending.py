"""Telling a technician's phone that the day changed: that, and nothing of what or whose, in the person's language.

Owns what is said and what becomes of it. Several changes that come together, or wait for the morning, are one message;
whose day a fact changes is `domain.day_changes`'. A phone whose push service says that it is gone is told nothing more.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from fieldapp.domain import day_changes
from fieldapp.domain.calendar import Window
from fieldapp.domain.day_changes import Change
from fieldapp.domain.ids import VisitId
from fieldapp.domain.jobs import job_id
from fieldapp.domain.visits.events import Event
from fieldapp.services import posting, sync_day, web_push
from fieldapp.services.branches import zone_of
from fieldapp.services.jobs import Handler, Job, Outcome
from fieldapp.services.web_push import PushKey
from fieldapp.services.work import Db, Unreadable, Work
from fieldapp.storage import events, jobs, messages, push_subscriptions, visits
from fieldapp.storage.push_subscriptions import Subscription

PUSH = "push"
#: What a dispatcher does within so many seconds is one message.
GATHER = timedelta(seconds=10)
#: How long a push service keeps it for a phone that is off, in seconds.
KEPT = 12 * 3600
_GONE = frozenset({404, 410})
#: Refusals that may pass; 429 and those from 500 on are about the push service, not about this phone.
_PASSING = frozenset({408, 425, 429})

_SAID = {
    "en": ("Your day has changed", "Tap to see what is new."),
    "zh-Hans": ("您的日程有变动", "点按查看。"),
    "zh-Hant": ("您的行程有變動", "點按查看。"),
}


def follow(db: Db, job: Job, fresh: Sequence[Event], now: datetime) -> None:
    """Note whom to tell of what is new, and of what waits for the office, each phone once."""
    waiting = [event for one in job.payload.get("held", ()) if (event := events.find(db, job.branch, one))]
    fresh = [event for event in fresh if event.visit and event.type in day_changes.TYPES]
    if not (fresh or waiting) or not push_subscriptions.any_of(db, job.branch):
        return
    zone, wanted = zone_of(db, job.branch), messages.rules(db, job.branch)
    changes = _changes(db, job.branch, fresh, waiting, sync_day.shown(now, zone))
    concerned = {login for change, _ in changes for login in change.technicians}
    for one in push_subscriptions.of_technicians(db, job.branch, concerned, now):
        if one.created_at > job.created_at:
            continue  # asked after it happened, with the day before their eyes
        mine = [(change, visit) for change, visit in changes if one.login in change.technicians]
        due = min(day_changes.due_at(change.begins, now, wanted, zone) for change, _ in mine)
        named = {visit for _, visit in mine}
        _note(db, job, one, named.pop() if len(named) == 1 else None, max(due, now + GATHER), now)


def _changes(
    db: Db, branch: str, fresh: Sequence[Event], waiting: Sequence[Event], shown: Window
) -> list[tuple[Change, VisitId | None]]:
    histories, _ = events.histories(db, branch, [event.visit for event in fresh if event.visit])
    found: list[tuple[Change, VisitId | None]] = [
        (day_changes.change(histories[one.visit], one, shown), one.visit) for one in fresh if one.visit
    ]
    for one in waiting:
        visit = visits.find(db, branch, one.visit) if one.visit else None
        found.append((day_changes.held(one, visit.technician if visit else None), one.visit))
    return found


def _note(db: Db, job: Job, to: Subscription, visit: str | None, due: datetime, now: datetime) -> None:
    """One more thing to say; what is to be said already says it, too."""
    other = jobs.waiting(db, job.branch, PUSH, to.device_id)
    if other is None:
        name = job_id(job.branch, PUSH, f"{job.job_id}/{to.device_id}")
        made = Job(
            branch=job.branch, job_id=name, kind=PUSH, lane=f"{PUSH} {to.service}"[:64], target=to.device_id,
            payload={"visit": visit}, created_at=due, due_at=due,
        )  # fmt: skip
        jobs.add(db, [made])
        return
    same = visit if other.payload.get("visit") == visit else None
    # What failed before keeps its own time: the way is blocked.
    earlier = other.attempts == 0 and due < other.due_at
    jobs.change(db, replace(other, payload={"visit": same}, due_at=due if earlier else other.due_at))


def sender(key: Callable[[], PushKey], subject: str, *, loopback: bool) -> Handler:
    """The handler of these. `subject`: whom a push service may complain to, `mailto:` or `https:`; `loopback`: this
    machine may be told, too."""

    def send(work: Work, job: Job) -> Outcome:
        now = work.now()
        with work.read() as db:
            to = push_subscriptions.find(db, job.branch, job.target or "", now)
            visit = visits.find(db, job.branch, job.payload["visit"]) if to and job.payload["visit"] else None
        if to is None:
            return Outcome(kind="done", detail="subscription_gone")
        try:
            address = to.address(work.vault)
        except Unreadable:
            return Outcome(kind="dead", detail="address_sealed")
        # What was given to somebody else is not on this phone any more: then the list of the day says so.
        told = {"visit": visit.visit_id if visit and visit.technician == to.login else None, **said(to.locale)}
        body = web_push.encrypted(msgspec.json.encode(told), address)
        headers = {
            "Authorization": key().authorization(address.endpoint, subject, now), "TTL": str(KEPT), "Urgency": "high",
            "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
            "Topic": web_push.topic(to.device_id),
        }  # fmt: skip
        try:
            status = posting.post(address.endpoint, body, headers, loopback=loopback)
        except posting.Unreached as error:
            return Outcome(kind="again", detail=str(error), is_blocked=True)
        return _outcome(status, to)

    return send


def said(language: str) -> dict[str, str]:
    """The words, with the language that they are in."""
    title, body = _SAID[language]
    return {"title": title, "body": body, "lang": language}


def _outcome(status: int, to: Subscription) -> Outcome:
    code = f"http_{status}"
    if 200 <= status < 300:
        return Outcome(kind="done", detail=code)
    if status in _GONE:

        def end(db: Db, _: object) -> None:
            push_subscriptions.drop(db, to.branch, to.device_id, made_at=to.created_at)

        return Outcome(kind="done", detail=code, then=end)
    if status in _PASSING or status >= 500:
        return Outcome(kind="again", detail=code, is_blocked=status == 429 or status >= 500)
    return Outcome(kind="dead", detail=code)


def subject(mail_from: str | None, address: str) -> str:
    """Whom push services may write to about what comes from here."""
    return f"mailto:{mail_from}" if mail_from else f"https://{urlsplit(address).netloc}"
