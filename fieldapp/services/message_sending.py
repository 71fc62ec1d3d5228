"""Sending one message to a customer: whether it is still true, where to, in which words, with the customer's own link.

Owns the choice of the channel and what becomes of the message. Nothing is said twice: a message that was sent about a
promise is not sent again, and a repeated attempt carries the same name (docs/messages.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from fieldapp.domain import messages as rules
from fieldapp.domain.calendar import Window
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.rulings import as_told
from fieldapp.domain.webhooks import signature
from fieldapp.services import links, mail, message_names, message_texts, posting
from fieldapp.services.contacts import masked
from fieldapp.services.jobs import Job, Outcome
from fieldapp.services.mail import MailServer
from fieldapp.services.work import Db, Work
from fieldapp.storage import branches, events, messages, visits
from fieldapp.storage.messages import Message
from fieldapp.storage.visits import Visit

MESSAGE = "message"
_ONCE = frozenset({"reminder", "on_way", "receipt"})
#: Refusals of a gateway that may pass, and those that are about the gateway and not about this one number.
_PASSING = frozenset({408, 409, 425, 429})
_CLOSED = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where short messages are handed to, and the secret that signs them."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Channels:
    """How this installation reaches customers; `page` makes the address of a link's page from its token."""

    mail: MailServer | None
    sms: Gateway | None
    page: Callable[[str], str]

    def pick(self, visit: Visit, *, is_urgent: bool, tried: str | None = None) -> tuple[str, str] | None:
        """The channel and the address: what is urgent goes to the number, the rest by mail, where there is a choice.
        What was tried one way goes on that way: the first try may have arrived, and only there it is known again."""
        found = []
        if self.mail is not None and rules.is_email(visit.email):
            found.append(("mail", visit.email))
        if self.sms is not None and visit.phone.strip():
            found.append(("sms", visit.phone.strip()))
        same = [one for one in found if one[0] == tried] or found
        return (same[-1] if is_urgent else same[0]) if same else None


@dataclass(frozen=True)
class _Facts:
    """All that a message is made of."""

    message: Message
    visit: Visit
    event: Event
    company: str
    zone: ZoneInfo
    rules: rules.Rules
    own: messages.Template | None
    technician: str | None
    #: The way it was to go when it was noted; by now it may go another one.
    lane: str | None
    #: Whether it was said before: reminders and departures are said once about a promise, whatever was undone between,
    #: and receipts once about a visit. Who comes was said by whatever named them last.
    is_said: bool
    #: The windows that it may be news to the customer are gone.
    before: Sequence[Window]

    def is_urgent(self, now: datetime) -> bool:
        """Whether somebody may be waiting for it."""
        return rules.is_urgent(self.message.kind, self.visit.window, now, self.rules, self.zone, self.before)


def shown(channel: str, address: str) -> str:
    """The address as the office reads it: enough to tell two customers apart."""
    return rules.masked_email(address) if channel == "mail" else masked(address)


def lane(channel: str | None, *, is_urgent: bool) -> str:
    """The way a message goes, where one waits for the other: to the mail server or to the gateway, and what is urgent
    behind nothing that is not."""
    return "-".join(filter(None, (MESSAGE, channel, "now" if is_urgent else "")))


def windows_before(db: Db, branch: str, event: Event, history: Sequence[Event]) -> Sequence[Window]:
    """What the customer of this fact's visit may still go by: what was promised until then, and what they were told
    last, where another change was not told yet."""
    told = messages.last_told(db, branch, event.visit) if event.visit else None
    return [one for one in (rules.window_before(history, event), told) if one is not None]


@dataclass(frozen=True)
class Sender:
    """The handler of messages, which keeps their log."""

    channels: Channels

    def __call__(self, work: Work, job: Job) -> Outcome:
        """Send one, unless it is untrue by now, or has to wait."""
        facts = _load(work, job)
        if facts is None:
            return Outcome(kind="done", detail="visit_gone")
        now = work.now()
        due = rules.not_before(facts.message.kind, facts.visit.window, now, facts.rules, facts.zone, facts.before)
        # What would not be true any more when it may be sent does not wait for that.
        why_not = _why_not(facts, now) or _why_not(facts, due)
        if why_not is not None:
            return _ended(work, facts, "done", why_not)
        if due > now:
            return Outcome(kind="later", due_at=due, detail="quiet_hours")
        goes = self.channels.pick(facts.visit, is_urgent=facts.is_urgent(now), tried=facts.message.channel)
        # A number that was put right is told, or nobody: where the customer was reached before, it is no news.
        if goes is None or (facts.event.type == "visit.amended" and goes[0] != facts.message.channel):
            return _ended(work, facts, "done", "no_address")
        return _send(work, self.channels, facts, *goes)

    def given_up(self, db: Db, job: Job, code: str, now: datetime) -> None:
        """The program died over it too often: it waits no more."""
        message = messages.find(db, job.branch, job.target or "")
        if message is not None and message.state == "waiting":
            messages.end(db, message, now, state="failed", code=code, channel=message.channel, address=message.address)


def _load(work: Work, job: Job) -> _Facts | None:
    with work.read() as db:
        message = messages.find(db, job.branch, job.target or "")
        visit = visits.find(db, job.branch, message.visit_id) if message else None
        event = events.find(db, job.branch, message.event_id) if message else None
        place = branches.find(db, job.branch)
        if message is None or visit is None or event is None or place is None:
            return None
        if message.kind == "who_comes":
            # Not about a promise: whoever comes, comes when it is promised by now.
            message = replace(message, window=visit.window)
        visit = replace(visit, state=state_told(db, visit))
        comes = message_names.who_comes(db, visit, visit.technician)
        return _Facts(
            message=message, visit=visit, event=event, company=place.name, zone=ZoneInfo(place.timezone),
            rules=messages.rules(db, job.branch),
            own=messages.template(db, job.branch, message.kind, visit.language),
            lane=job.lane, technician=f"{comes.name} ({comes.code})" if comes else None,
            is_said=_is_said(db, message, visit),
            before=_before(db, message, event),
        )  # fmt: skip


def state_told(db: Db, visit: Visit) -> str:
    """The state that a visit is in for its customer, disputed or not."""
    if not visit.held:
        return visit.state
    history = events.histories(db, visit.branch, [visit.visit_id])[0][visit.visit_id]
    told = as_told(history, [one.event for one in events.held_of(db, visit.branch, visit.visit_id)])
    return told.name if told else visit.state


def _is_said(db: Db, message: Message, visit: Visit) -> bool:
    if message.kind == "who_comes":
        return message_names.last_named(db, visit, but=message.message_id) == visit.technician
    if message.kind == "confirmation":
        return messages.said_since(db, message)
    return message.kind in _ONCE and messages.said_already(db, message)


def _before(db: Db, message: Message, event: Event) -> Sequence[Window]:
    if message.kind not in rules.CALLS_OFF or event.visit is None:
        return ()
    history = events.histories(db, message.branch, [event.visit])[0][event.visit]
    return windows_before(db, message.branch, event, history)


def _why_not(facts: _Facts, now: datetime) -> str | None:
    message, visit = facts.message, facts.visit
    if message.kind in facts.rules.off:
        return "switched_off"
    if facts.is_said:
        return "said_already"
    if message.kind == "who_comes" and facts.technician is None:
        return "overtaken"
    return rules.untrue(message.kind, message.window, visit.window, visit.state, message.since, now, facts.zone)


def _send(work: Work, channels: Channels, facts: _Facts, channel: str, address: str) -> Outcome:
    visit, name = facts.visit, facts.message.message_id
    subject, body = words(facts, channels.page(links.token_for_message(work, visit)))
    reached = (channel, shown(channel, address))
    if channel == "mail" and channels.mail is not None:
        try:
            mail.send(channels.mail, address, subject, body, visit.language, name, work.now())
        except mail.Unsent as error:
            kind = "dead" if error.is_final else "again"
            return _ended(work, facts, kind, str(error), is_blocked=error.is_blocked, reached=reached)
        return _ended(work, facts, "done", "", reached=reached)
    assert channels.sms is not None  # noqa: S101 - picked
    try:
        status = _hand_over(work, channels.sms, facts, address, body)
    except posting.Unreached as error:
        return _ended(work, facts, "again", str(error), is_blocked=True, reached=reached)
    if 200 <= status < 300:
        return _ended(work, facts, "done", "", reached=reached)
    is_final = 400 <= status < 500 and status not in _PASSING
    kind = "dead" if is_final else "again"
    return _ended(work, facts, kind, f"http_{status}", is_blocked=status in _CLOSED, reached=reached)


def _hand_over(work: Work, gateway: Gateway, facts: _Facts, number: str, text: str) -> int:
    name = facts.message.message_id
    told = {
        "id": name, "to": number, "text": text, "language": facts.visit.language, "branch": facts.visit.branch,
        "kind": facts.message.kind,
    }  # fmt: skip
    body = msgspec.json.encode(told)
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": name,
        "Fieldapp-Signature": signature(gateway.secret, body, work.now()),
    }  # fmt: skip
    return posting.post(gateway.url, body, headers, anywhere=True)


def _ended(
    work: Work, facts: _Facts, kind: str, code: str, *, is_blocked: bool = False,
    reached: tuple[str, str] | None = None,
) -> Outcome:  # fmt: skip
    """The attempt's end, and with it the message's: sent, dropped since it is not true any more, failed, or waiting."""

    def then(db: Db, job_state: str) -> None:
        state: messages.State = "waiting"
        if job_state != "waiting":
            state = "failed" if job_state == "dead" else ("sent" if reached else "dropped")
        channel, address = reached or (None, "")
        ended_at = None if state == "waiting" else work.now()
        messages.end(db, facts.message, ended_at, state=state, code=code, channel=channel, address=address)

    # A way that is blocked holds back what goes there, not what this one was noted among.
    is_its = reached is not None and facts.lane == lane(reached[0], is_urgent=facts.is_urgent(work.now()))
    return Outcome(kind=kind, detail=code, is_blocked=is_blocked and is_its, then=then)  # type: ignore[arg-type]


def words(facts: _Facts, link: str) -> tuple[str, str]:
    """Subject and body, filled in."""
    visit, language = facts.visit, facts.visit.language
    template = facts.own or message_texts.usual(facts.message.kind, language)
    window = facts.message.window
    data = facts.event.data
    sorry = isinstance(data, ev.PromiseChanged | ev.VisitCancelled) and (data.apology or facts.message.kind == "late")
    values = {
        "customer": visit.customer_name, "number": visit.external_id,
        "day": message_texts.told_day(window.start.astimezone(facts.zone).date(), language),
        "window": message_texts.told_window(window, facts.zone),
        "technician": facts.technician or message_texts.NOBODY[language], "company": facts.company,
        "apology": message_texts.APOLOGY[language] if sorry else "", "link": link,
    }  # fmt: skip
    return rules.fill(template.subject, values), rules.fill(template.body, values)
