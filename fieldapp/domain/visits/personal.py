"""What of an event names or shows a person, and what is left of it when that person is erased.

Owns which fields these are. What is left is an event of the same type that judges the same: a text that was there is a
mark, an answer stays an answer. Hashes of photos, labels and amounts, staff codes, times and the part of town stay.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Data
from fieldapp.domain.visits.signoff import statement_hash

T = TypeVar("T", bound=msgspec.Struct)
#: Stands where words stood.
ERASED = "∅"
#: What the customer's page says of who somebody is; anything else was typed.
_PARTIES = frozenset({"customer", "family", "representative", "other", "self", ""})
#: What a correction may hold beside checks and numbers: texts that name nobody.
_PLAIN = frozenset({"slot", "blob"})


def erased(data: Data) -> Data:
    """The same event without the person. Again it changes nothing."""
    match data:
        case ev.VisitScheduled():
            return _with(data, customer=_customer(data.customer), note=_mark(data.note))
        case ev.VisitAmended():
            who = UNSET if data.customer is UNSET else _customer(data.customer)
            return _with(data, customer=who, note=UNSET if data.note is UNSET else _mark(data.note))
        case ev.VisitArrived():
            return without_place(data)
        case ev.ConsentGiven():
            return _with(data, by=data.by if data.by in _PARTIES else ERASED)
        case ev.NoteAdded():
            return _with(data, text=_mark(data.text))
        case ev.DamageReported():
            return _with(data, description=_mark(data.description), compensation=_mark(data.compensation))
        case ev.EquipmentUsed():
            return _with(data, serial=_mark(data.serial))
        case ev.AnswersGiven():
            return _with(data, comment=_mark(data.comment))
        case ev.StatementPresented():
            return _with(data, doc=ERASED, doc_hash=statement_hash(ERASED))
        case ev.SignatureCaptured():
            return _with(
                data, doc_hash=statement_hash(ERASED), signer=_signer(data.signer), strokes=UNSET, typed=ERASED,
                box=None, strokes_hash=None, bind=None,
            )  # fmt: skip
        case ev.EventCorrects():
            return _with(
                data, reason=_mark(data.reason), data={key: _plain(key, one) for key, one in data.data.items()}
            )
        case (
            ev.VisitAssigned()
            | ev.PromiseChanged()
            | ev.VisitCancelled()
            | ev.VisitReinstated()
            | ev.VisitVoided()
            | ev.SignatureRefused()
            | ev.VisitNotCompleted()
        ):
            return _with(data, reason=_mark(data.reason))
    return data


def without_place(data: ev.VisitArrived) -> ev.VisitArrived:
    """An arrival without where it was: that there was a reading stays."""
    if data.gps is None or data.gps.lat is UNSET:
        return data
    return _with(data, gps=ev.Fix(status=ERASED))


def photographed(data: Data) -> tuple[str, ...]:
    """The photos of the visit that an event names, by hash."""
    match data:
        case ev.PhotoAdded():
            return (data.blob,)
        case ev.AccessFailed() | ev.DamageReported():
            return (data.photo,) if data.photo else ()
    return ()


def pictured(data: Data) -> tuple[str, ...]:
    """All photos that an event names: those of the visit, and those that somebody attached to their words."""
    return tuple(data.attachments or ()) if isinstance(data, ev.AppealFiled) else photographed(data)


#: The types of events that name photos.
PICTURED = frozenset({"photo.added", "access.failed", "damage.reported", "appeal.filed"})

#: The types of events in which nothing is anybody's: they hold answers, codes and hashes. Any other is kept sealed.
WORDLESS = frozenset({
    "kit.checked", "customer.called", "visit.departed", "door.checked", "access.failed", "photo.added", "site.checked",
    "visit.completed", "visit.left",
})  # fmt: skip


def _with(one: T, /, **fields: Any) -> T:
    return msgspec.structs.replace(one, **fields)


def _mark(text: str | None) -> str | None:
    return ERASED if text and text.strip() else text


def _customer(one: ev.Customer) -> ev.Customer:
    email = one.email if one.email is UNSET else ""
    return _with(one, name=ERASED, phone="", address=ERASED, lat=None, lon=None, email=email)


def _signer(one: ev.Signer) -> ev.Signer:
    return _with(one, name=ERASED, relation=one.relation if one.relation in _PARTIES else None)


def _plain(key: str, value: object) -> object:
    """A part of a correction: what fitted its target still does, what did not still does not."""
    if isinstance(value, str):
        return value if key in _PLAIN else _mark(value)
    return value if isinstance(value, bool | int | float) else None
