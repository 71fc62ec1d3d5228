"""The words of visits: jobs, channels, causes, what happened. Codes come from the domain, every text stands here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import UNSET

from fieldapp.domain.calendar import Window
from fieldapp.domain.visits import events as ev
from fieldapp.web import planning_words
from fieldapp.web.context import current_zone
from fieldapp.web.planning_words import CAUSES, REFUSALS
from fieldapp.web.templating import localdate, localmoment, window

JOBS: dict[str, Any] = {"install": _l("Installation"), "move": _l("Relocation"), "repair": _l("Repair")}

PARTIES: dict[str, Any] = {"company": _l("We, the company"), "customer": _l("The customer")}

STATES: dict[str, Any] = {
    "planned": _l("planned"),
    "en_route": _l("on the way"),
    "arrived": _l("arrived"),
    "admitted": _l("at work"),
    "signed": _l("signed"),
    "completed": _l("completed"),
    "not_completed": _l("not completed"),
    "no_access": _l("nobody home"),
    "cancelled": _l("cancelled"),
    "missed": _l("missed"),
    "disputed": _l("to be decided"),
    "void": _l("not counted"),
}

#: Event type -> what happened.
EVENTS: dict[str, Any] = {
    "visit.scheduled": _l("Scheduled"),
    "visit.assigned": _l("Assigned"),
    "visit.amended": _l("Order corrected"),
    "promise.changed": _l("Window moved"),
    "visit.cancelled": _l("Cancelled"),
    "visit.reinstated": _l("Reinstated"),
    "visit.voided": _l("Taken out of the count"),
    "kit.checked": _l("Kit checked"),
    "customer.called": _l("Customer called"),
    "visit.departed": _l("On the way"),
    "visit.arrived": _l("Arrived"),
    "door.checked": _l("Introduced at the door"),
    "consent.given": _l("Customer let the technician in"),
    "access.failed": _l("No access"),
    "photo.added": _l("Photo taken"),
    "note.added": _l("Note written"),
    "damage.reported": _l("Damage reported"),
    "equipment.used": _l("Equipment used"),
    "charge.added": _l("Charge added"),
    "site.checked": _l("Cleaned up"),
    "answers.given": _l("Customer answered"),
    "statement.presented": _l("Statement shown to the customer"),
    "signature.captured": _l("Customer signed"),
    "signature.refused": _l("Signature refused"),
    "visit.completed": _l("Completed"),
    "visit.not_completed": _l("Not completed"),
    "visit.left": _l("Left"),
    "event.corrects": _l("Entry corrected"),
    "finding.recorded": _l("Finding recorded"),
    "finding.decided": _l("Finding decided"),
    "appeal.filed": _l("Appeal filed"),
    "appeal.decided": _l("Appeal decided"),
}

#: Why a phone's fact waits for a decision.
HELD: dict[str, Any] = {
    "visit_cancelled": _l("The visit had been cancelled."),
    "promise_moved": _l("The window had been moved."),
    "not_assignee": _l("The visit had been given to somebody else."),
    "actor_mismatch": _l("Somebody else was signed in on this phone."),
    "unknown_visit": _l("We know no such visit."),
    "other_branch": _l("Sent after its technician had gone to another branch."),
    "after_completion": _l("The visit had been completed before."),
    "device_revoked": _l("The phone had been locked out."),
    "clock_suspect": _l("The phone's clock contradicts itself."),
    "chain_fork": _l("The phone sent two different histories."),
    "needs_second_person": _l(
        "One person alone does not change a promise so: a late wish of the customer, told at another time than it was "
        "written down, or after the arrival."
    ),
    "left_out": _l("It was left out, and does not count."),
}

#: Where a fact came from.
ORIGINS: dict[str, Any] = {
    "push": _l("phone"), "office": _l("office"), "import": _l("import"), "link": _l("customer's link"),
}  # fmt: skip

#: How a promise was told; customers tell themselves what they choose through their link.
CHANNELS: dict[str, Any] = {**planning_words.CHANNELS, "link": ORIGINS["link"]}

_QUESTIONS: dict[str, Any] = {
    "badge": _l("Badge"), "introduced": _l("Introduction"), "courteous": _l("Courtesy"), "explained": _l("Explanation"),
    "shoe_covers": _l("Shoe covers"), "cleanup": _l("Clean-up"), "supplied_tools": _l("Customer had to supply tools"),
}  # fmt: skip

_AMENDED: dict[str, Any] = {
    "customer": _l("customer"), "charges": _l("charges"), "job_type": _l("job"), "note": _l("note"),
}  # fmt: skip


#: Why an arrival has no place.
NO_PLACE: dict[Any, Any] = {
    "denied": _l("without a place: location is not allowed for this app"),
    "unavailable": _l("without a place: the phone found none"),
    "timeout": _l("without a place: the phone found none in time"),
}


def word(words: Mapping[str, Any], code: str | None) -> str:
    """The word for a code; codes that imports brought along and we have no word for stand for themselves."""
    return str(words.get(code or "", code or "–"))


def person(names: Mapping[str, str], code: str | None) -> str:
    """Who that is: name and code, or what stands for nobody, the customer, the office."""
    if not code:
        return _("nobody yet")
    if code in {"customer", "office"}:
        return _("customer") if code == "customer" else _("office")
    return f"{names[code]} ({code})" if code in names else code


def describe(data: ev.Data, names: Mapping[str, str]) -> list[str]:
    """What an event says beside its name, as short lines. What customers answered is not the dispatcher's to read."""
    match data:
        case ev.VisitScheduled():
            return [_window(data.promise), person(names, data.technician)]
        case ev.VisitAssigned():
            start = [_("from %(time)s", time=localmoment(data.planned_start))] if data.planned_start else []
            return [person(names, data.technician), *start, *_given(data.reason)]
        case ev.VisitAmended():
            named = (name for name in _AMENDED if getattr(data, name) is not UNSET)
            return [", ".join(str(_AMENDED[name]) for name in named)]
        case ev.PromiseChanged():
            return [_window(data.promise), *_asked(data.asked_by, data.cause), *_given(data.reason)]
        case ev.VisitCancelled():
            return [*_asked(data.asked_by, data.cause), *_given(data.reason)]
        case ev.VisitReinstated() if data.left_out:
            return [_("the facts that waited are left out"), data.reason]
        case ev.VisitReinstated() | ev.VisitVoided() | ev.SignatureRefused():
            return [data.reason]
        case ev.NoteAdded():
            return [data.text]
        case ev.DamageReported():
            return [data.description]
        case ev.ChargeAdded():
            return [f"{data.label} {data.amount}"]
        case ev.VisitNotCompleted():
            return _given(data.reason)
        case ev.VisitArrived():
            status = data.gps.status if data.gps else UNSET
            return [str(NO_PLACE[status])] if status in NO_PLACE else []
    return []


def answered(data: ev.Data) -> list[str]:
    """What a customer answered, for those who may read it; empty for any other event."""
    if not isinstance(data, ev.AnswersGiven):
        return []
    said = ((label, getattr(data, name)) for name, label in _QUESTIONS.items())
    lines = [
        _("%(label)s: yes", label=label) if answer == "yes" else _("%(label)s: no", label=label)
        for label, answer in said
        if answer != "none"
    ]
    rating = [_("Rating: %(rating)s of 5", rating=data.rating)] if data.rating else []
    return [" · ".join([*lines, *rating]), *([data.comment] if data.comment else [])]


def held_because(code: str | None) -> str:
    """Why a fact waits, or does not count."""
    return str(HELD.get(code or "", _("It needs a decision.")))


def day(at: datetime) -> str:
    """The day of a moment in the branch's zone, as addresses write it."""
    return at.astimezone(current_zone()).date().isoformat()


def moment(iso: str) -> str:
    """A time out of a refusal's facts, as this page writes times."""
    return localmoment(datetime.fromisoformat(iso))


def overtaken(code: str) -> str:
    """Why a request has nothing left to approve."""
    return str(REFUSALS[code])


def _window(promise: ev.Promise) -> str:
    return f"{localdate(promise.start)} {window(Window(promise.start, promise.end))}"


def _asked(party: str, cause: str) -> list[str]:
    return [_("asked by: %(party)s", party=word(PARTIES, party)), _("cause: %(cause)s", cause=word(CAUSES, cause))]


def _given(reason: str | None) -> list[str]:
    return [reason] if reason else []
