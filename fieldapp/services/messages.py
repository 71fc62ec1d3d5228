"""Messages to customers as the office sees them: the log of a visit, the branch's words and rules.

Owns who may look and who may edit. Which message follows from what is `domain.messages`', sending `message_sending`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import cast

from fieldapp.domain import messages as rules
from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Invalid, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.messages import Kind, Rules
from fieldapp.domain.words import cleaned
from fieldapp.services import message_sending, message_texts, outbox
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Work
from fieldapp.storage import audit, branches, jobs, messages, visits
from fieldapp.storage.messages import Message, Template

__all__ = ["Kind", "Message", "Rules", "Template"]


@dataclass(frozen=True, slots=True)
class Told:
    """One message with its attempts so far and the time of the next one."""

    message: Message
    attempts: int
    next_at: datetime | None


def of_visit(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> list[Told]:
    """What the visit's customer was, will be and was not told, the latest first; as things stand: what waits and is not
    true any more will not be sent."""
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.read() as db:
        visit, zone = visits.find(db, branch, visit_id), zone_of(db, branch)
        state = message_sending.state_told(db, visit) if visit else ""
        found = []
        for one in messages.of_visit(db, branch, visit_id):
            logged = next(iter(jobs.of_target(db, branch, one.message_id, limit=1)), None)
            waits = logged.job.due_at if logged and logged.job.state == "waiting" else None
            if logged and logged.job.state == "dead" and one.state == "waiting":
                # Given up without its sender: the program died over it too often, or knew no such work.
                last = next(iter(logged.attempts), None)
                code, ended_at = (last.detail, last.ended_at) if last else ("broken_off", None)
                one = replace(one, state="failed", code=code, ended_at=ended_at)
            elif one.state == "waiting" and visit is not None:
                # Its job finds that out only when it is due; by then somebody may have asked why the customer is told.
                window = visit.window if one.kind == "who_comes" else one.window
                why = rules.untrue(one.kind, window, visit.window, state, one.since, max(waits or now, now), zone)
                one, waits = (replace(one, state="dropped", code=why), None) if why else (one, waits)
            found.append(Told(one, len(logged.attempts) if logged else 0, waits))
        return found


@dataclass(frozen=True, slots=True)
class Book:
    """The branch's rules, and its words by kind and language."""

    rules: Rules
    words: dict[tuple[str, str], Template]


def book(work: Work, actor: Actor, branch: BranchCode) -> Book:
    """Everything that the branch sends; its own words before the usual ones."""
    require(actor, "messages.write", branch=branch)
    with work.read() as db:
        own = messages.templates(db, branch)
        usual: dict[tuple[str, str], Template] = {
            (kind, language): message_texts.usual(kind, language)
            for kind in rules.KINDS
            for language in message_texts.LANGUAGES
        }
        return Book(messages.rules(db, branch), {**usual, **own})


def save_rules(work: Work, actor: Actor, branch: BranchCode, on: Sequence[str], start: time, end: time) -> None:
    """Send these kinds from now on, and nothing that has time between `start` and `end`."""
    require(actor, "messages.write", branch=branch)
    wanted = Rules(frozenset(kind for kind in rules.KINDS if kind not in on), start, end)
    with work.write(branch) as db:
        messages.save_rules(db, branch, wanted)
        outbox.listen(db, branch)
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="messages.rules",
            subject=branch, facts={"off": sorted(wanted.off), "quiet": f"{start:%H:%M}-{end:%H:%M}"},
        )  # fmt: skip


def save_words(
    work: Work, actor: Actor, branch: BranchCode, kind: str, language: str, subject: str, body: str
) -> None:  # fmt: skip
    """From now on these words; the usual ones again where they are the same. Raises `Invalid`, `NotFound`."""
    require(actor, "messages.write", branch=branch)
    _known(kind, language)
    words = Template(" ".join(cleaned(subject).split()), cleaned(body), actor.login, work.now())
    rules.check_template(words.subject, words.body)
    usual = message_texts.usual(cast(Kind, kind), language)
    with work.write(branch) as db:
        if (words.subject, words.body) == (usual.subject, usual.body.strip()):
            messages.drop_template(db, branch, kind, language)
        else:
            messages.save_template(db, branch, kind, language, words)
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="messages.words",
            subject=f"{kind}/{language}",
        )  # fmt: skip


def preview(
    work: Work, actor: Actor, branch: BranchCode, kind: str, language: str, subject: str, body: str
) -> tuple[str, str]:  # fmt: skip
    """The words filled in with an invented customer's visit. Raises `Invalid`, `NotFound`."""
    require(actor, "messages.write", branch=branch)
    _known(kind, language)
    rules.check_template(subject, body)
    with work.read() as db:
        place = branches.find(db, branch)
    sample = {
        "en": ("Wang Fang", "Li Wei (T001)"),
        "zh-Hans": ("王芳", "李伟 (T001)"),
        "zh-Hant": ("王芳", "李偉 (T001)"),
    }
    customer, technician = sample[language]
    values = {
        "customer": customer, "number": "WO-1001", "day": message_texts.told_day(date(2026, 10, 15), language),
        "window": "09:00–10:30", "technician": technician, "company": place.name if place else branch,
        "apology": message_texts.APOLOGY[language] if kind in {"late", "moved", "cancelled"} else "",
        "link": f"https://…/c/{branch}.…",
    }  # fmt: skip
    return rules.fill(subject, values), rules.fill(body, values)


def _known(kind: str, language: str) -> None:
    if kind not in rules.KINDS or language not in message_texts.LANGUAGES:
        raise NotFound()


def read_time(text: str, field: str) -> time:
    """`HH:MM` as a form sends it. Raises `Invalid` time_malformed."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Invalid("time_malformed", field=field) from None
