"""The rules: one small pure function for every rate item of the norm sheet (docs/scoring.md, sections 3 and 4).

Owns what the facts of one visit say about one item, and `RULES`, the table of all of them. Findings and appeals are
not its business: `judging` lets them speak over a rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from fieldapp.domain.ids import EventId
from fieldapp.domain.punctuality import excuses, is_own, lateness
from fieldapp.domain.scoring.facts import Fact, VisitFacts
from fieldapp.domain.scoring.findings import forgeries
from fieldapp.domain.scoring.rulebook import Parameters
from fieldapp.domain.visits.events import (
    CustomerCalled,
    Data,
    DoorChecked,
    KitChecked,
    PhotoAdded,
    PromiseChanged,
    SignatureCaptured,
    SiteChecked,
    StatementPresented,
    VisitCompleted,
    VisitLeft,
    VisitNotCompleted,
    VisitScheduled,
)

Source = Literal["appeal", "finding", "answer", "system", "self_check"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One item of one visit: met or breached, by which source, why (a code), and the events that show it.

    `times` and `minutes` are the plain facts behind a system verdict: aware UTC times by name, and the one number
    that decided (minutes late, of notice, ahead, lingered; rounded up where more is worse, down where less is).
    """

    code: str
    met: bool
    source: Source
    why: str
    evidence: tuple[EventId, ...]
    times: Mapping[str, datetime] = field(default_factory=dict)
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule looks at."""

    facts: VisitFacts
    parameters: Parameters


Rule = Callable[[Case], Verdict | None]


# --- Verdicts by source ------------------------------------------------------------------------------------------


def _answered(case: Case, code: str, question: str, *, good: str = "yes") -> Verdict | None:
    """The customer's answer to `question`; `none` and no answer at all fall through."""
    answers = case.facts.answers
    answer = getattr(answers.data, question) if answers else "none"
    if answers is None or answer == "none":
        return None
    return Verdict(code, answer == good, "answer", f"answered_{answer}", answers.basis)


def _checked(code: str, fact: Fact[KitChecked] | Fact[DoorChecked] | Fact[SiteChecked] | None) -> Verdict | None:
    """The technician's own check; the item's code is the name of its field, but where `name` says otherwise."""
    if fact is None:
        return None
    met = getattr(fact.data, {"introduction": "introduced"}.get(code, code))
    return Verdict(code, met, "self_check", "checked_yes" if met else "checked_no", fact.basis)


def _system(
    code: str, met: bool, why: str, *facts: Fact[Data] | None, minutes: int | None = None, **times: datetime | None
) -> Verdict:
    """A verdict by the system's own facts."""
    evidence = tuple(event for fact in facts if fact is not None for event in fact.basis)
    known = {name: moment.astimezone(UTC) for name, moment in times.items() if moment is not None}
    return Verdict(code, met, "system", why, evidence, known, minutes)


def _minutes(span: timedelta) -> int:
    """Whole minutes, rounded up: a second late is a minute late, a second short of an hour is an hour at most."""
    return -(-span // timedelta(minutes=1))


# --- The rules, in the order of the norm sheet -------------------------------------------------------------------


def uniform(case: Case) -> Verdict | None:
    return _checked("uniform", case.facts.last(KitChecked)) if case.facts.arrival else None


def badge(case: Case) -> Verdict | None:
    if case.facts.arrival is None:
        return None
    return _answered(case, "badge", "badge") or _checked("badge", case.facts.last(KitChecked))


def introduction(case: Case) -> Verdict | None:
    if case.facts.arrival is None:
        return None
    return _answered(case, "introduction", "introduced") or _checked("introduction", case.facts.last(DoorChecked))


def courtesy(case: Case) -> Verdict | None:
    return _answered(case, "courtesy", "courteous")


def explained(case: Case) -> Verdict | None:
    return _answered(case, "explained", "explained")


def follow_up(case: Case) -> Verdict | None:
    """Not completed: with a reason, and a return window that the customer agreed to."""
    ending = case.facts.last(VisitNotCompleted)
    if case.facts.outcome != "not_completed" or ending is None:
        return None
    window = ending.data.return_
    has_window = window is not None and window.start is not None and window.end is not None
    if not (ending.data.reason or "").strip():
        return _system("follow_up", False, "no_reason", ending)
    if not has_window:
        return _system("follow_up", False, "no_return", ending)
    if not ending.data.agreed:
        return _system("follow_up", False, "return_not_agreed", ending)
    return _system("follow_up", True, "return_agreed", ending)


def booked(case: Case) -> Verdict | None:
    """The window was agreed in good time, or the customer agreed on the phone before the door."""
    facts, promise = case.facts, case.facts.ledger.in_force
    if promise.agreed and promise.told_at <= promise.start - case.parameters.notice:
        source = _promise_event(facts)
        return _system("booked", True, "window_agreed", source, told=promise.told_at, promised_start=promise.start)
    arrival = facts.arrival
    if arrival is not None:
        latest = arrival.when - case.parameters.call_ahead
        calls = [c for c in facts.all(CustomerCalled) if c.data.outcome == "agreed" and c.when <= latest]
        if calls:
            return _system(
                "booked", True, "called_ahead", calls[-1], arrival, called=calls[-1].when, arrived=arrival.when
            )
    why = "window_told_late" if promise.agreed else "window_not_agreed"
    return _system("booked", False, why, _promise_event(facts), told=promise.told_at, promised_start=promise.start)


def punctual(case: Case) -> Verdict | None:
    """The earliest arrival against the end of the promise in force."""
    promise, arrival = case.facts.ledger.in_force, case.facts.arrival
    if arrival is None:
        why = "nobody_came" if case.facts.outcome == "missed" else "no_arrival"
        return _system("punctual", False, why, _promise_event(case.facts), promised_end=promise.end)
    if punctual_doubt(case) is not None:
        return None
    late = lateness(promise, arrival.when)
    met = late <= case.parameters.grace
    return _system(
        "punctual",
        met,
        "arrived_in_time" if met else "arrived_late",
        arrival,
        _promise_event(case.facts),
        minutes=max(_minutes(late), 0),
        arrived=arrival.when,
        promised_end=promise.end,
    )


def punctual_doubt(case: Case) -> str | None:
    """Why an arrival gives no verdict on punctuality: its time is in doubt, or it was late for a promise that the
    company broke. An arrival that kept the promise in force is met, whatever the company told."""
    arrival, ledger, grace = case.facts.arrival, case.facts.ledger, case.parameters.grace
    if arrival is None:
        return None
    if arrival.grade == "C":
        return "time_in_doubt"
    is_late = lateness(ledger.in_force, arrival.when) > grace
    return "company_told_late" if is_late and excuses(ledger, arrival.when, grace) else None


def change_notice(case: Case) -> Verdict | None:
    """Every change or cancellation for an own cause: told in good time, with an apology."""
    changes = _own_changes(case.facts)
    if not changes:
        return None
    faulty = next((one for one in changes if not one.is_fair(case.parameters.notice)), None)
    shown = faulty or changes[-1]
    why = "told_in_time" if faulty is None else "no_apology" if faulty.notice >= case.parameters.notice else "told_late"
    verdict = _system(
        "change_notice", faulty is None, why, minutes=shown.notice // timedelta(minutes=1), told=shown.told_at
    )
    return replace(verdict, evidence=tuple(one.event for one in changes))


def kit(case: Case) -> Verdict | None:
    if case.facts.arrival is None:
        return None
    supplied = _answered(case, "kit", "supplied_tools", good="no")
    # "no" only says that nothing had to be supplied; whether the kit was complete is the check's to say.
    return supplied if supplied and not supplied.met else _checked("kit", case.facts.last(KitChecked))


def consent(case: Case) -> Verdict | None:
    """Consent to enter, recorded before anything that is done inside."""
    facts, given = case.facts, case.facts.consent
    if not facts.is_admitted:
        return None
    inside = _first_inside(facts)
    if given is None:
        return _system("consent", False, "no_consent", inside, entered=inside.when if inside else None)
    met = inside is None or given.when <= inside.when
    return _system(
        "consent",
        met,
        "consent_first" if met else "consent_late",
        given,
        inside,
        consented=given.when,
        entered=inside.when if inside else None,
    )


def shoe_covers(case: Case) -> Verdict | None:
    if not case.facts.is_admitted:
        return None
    return _answered(case, "shoe_covers", "shoe_covers") or _checked("shoe_covers", case.facts.last(DoorChecked))


def cleanup(case: Case) -> Verdict | None:
    if not case.facts.is_admitted:
        return None
    return _answered(case, "cleanup", "cleanup") or _checked("cleanup", case.facts.last(SiteChecked))


def sign_off(case: Case) -> Verdict | None:
    """The customer signed, and nobody has established that it was somebody else's hand."""
    facts, signed = case.facts, case.facts.last(SignatureCaptured)
    if facts.outcome != "completed":
        return None
    forged = forgeries(facts.findings)
    if forged:
        return Verdict("sign_off", False, "finding", "forged", forged[-1].basis)
    if signed is None:
        return _system("sign_off", False, "unsigned", facts.last(VisitCompleted))
    return _system("sign_off", True, "signed", signed, signed=signed.when)


def departure(case: Case) -> Verdict | None:
    """Left soon after the signature."""
    facts = case.facts
    signed, left = facts.last(SignatureCaptured), facts.last(VisitLeft)
    if facts.outcome != "completed" or signed is None or left is None:
        return None
    stayed = left.when - signed.when
    met = stayed <= case.parameters.linger
    why = "left_soon" if met else "lingered"
    minutes = max(_minutes(stayed), 0)
    return _system("departure", met, why, left, signed, minutes=minutes, signed=signed.when, left=left.when)


#: Every rate item that one visit can speak about. A rate item of a sheet without a rule has verdicts by findings only.
RULES: dict[str, Rule] = {
    "uniform": uniform,
    "badge": badge,
    "introduction": introduction,
    "courtesy": courtesy,
    "explained": explained,
    "follow_up": follow_up,
    "booked": booked,
    "punctual": punctual,
    "change_notice": change_notice,
    "kit": kit,
    "consent": consent,
    "shoe_covers": shoe_covers,
    "cleanup": cleanup,
    "sign_off": sign_off,
    "departure": departure,
}


# --- Facts that several rules need -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _OwnChange:
    event: EventId
    told_at: datetime
    notice: timedelta
    apology: bool

    def is_fair(self, notice: timedelta) -> bool:
        return self.apology and self.notice >= notice


def _own_changes(facts: VisitFacts) -> list[_OwnChange]:
    """What the company changed or cancelled for an own cause before any arrival, in the order of telling."""
    entries = [e for e in facts.ledger.entries if e.is_own and e.fate != "after_arrival"]
    changes = [_OwnChange(e.event, e.change.promise.told_at, e.notice, e.change.apology) for e in entries]
    cancelled = facts.cancellation
    if cancelled is not None and is_own(cancelled.data.asked_by, cancelled.data.cause):
        told_at = cancelled.data.told_at
        broken = facts.ledger.in_force_when((told_at, cancelled.when, cancelled.id))
        changes.append(_OwnChange(cancelled.id, told_at, broken.start - told_at, cancelled.data.apology))
    return changes


def _promise_event(facts: VisitFacts) -> Fact[Data] | None:
    """The event that made the promise in force."""
    moved = [entry.event for entry in facts.ledger.entries if entry.fate == "moved"]
    if not moved:
        return facts.first(VisitScheduled)
    return next(fact for fact in facts.all(PromiseChanged) if fact.id == moved[-1])


def _first_inside(facts: VisitFacts) -> Fact[Data] | None:
    """The first thing that happens only inside a home."""
    inside: list[Fact[Data]] = [
        photo for photo in facts.all(PhotoAdded) if photo.data.slot in ("before", "after", "damage")
    ]
    for kind in (SiteChecked, StatementPresented, SignatureCaptured, VisitCompleted):
        inside.extend(facts.all(kind))
    return min(inside, key=lambda fact: fact.order, default=None)
