"""Whom a visit is for, as its row keeps that: one sealed value, or columns that everybody can read where sealing has
not begun. Owns both forms, and the marks by which visits at one place are found."""

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.orm import Session

from fieldapp.domain import numbers
from fieldapp.domain.visits.lifecycle import VisitState
from fieldapp.storage import sealing
from fieldapp.storage.tables.visits import VisitRow

COLUMN = "visits.person"
_V = VisitRow.__table__.c
#: What `of_row` reads beside the visit's id.
COLUMNS = (_V.person, _V.customer_name, _V.phone, _V.address, _V.email, _V.note, _V.lat, _V.lon)


class Person(Struct, frozen=True, array_like=True):
    """The customer of one visit, and where they live. What is added to it comes last, with a default."""

    name: str
    phone: str
    address: str
    email: str
    note: str
    lat: float | None
    lon: float | None


#: By which form two of them are the same.
_BARE = {"phone": numbers.bare, "address": numbers.bare_address}
_decoder = msgspec.json.Decoder(Person)
_encoder = msgspec.json.Encoder()


def of_state(state: VisitState) -> Person:
    """As the facts have it."""
    one = state.customer
    return Person(one.name, one.phone, one.address, one.email or "", state.note, one.lat, one.lon)


def of_row(db: Session, branch: str, row: Any) -> Person:
    """As a row of visits has it. Raises `Unreadable`."""
    if row.person is None:
        return Person(row.customer_name, row.phone, row.address, row.email or "", row.note, row.lat, row.lon)
    return _decoder.decode(sealing.reveal(db, COLUMN, branch, row.visit_id, row.person))


def columns(db: Session, branch: str, visit_id: str, person: Person) -> dict[str, Any]:
    """What a row of visits holds of the person."""
    if not sealing.has_begun(db):
        return {
            "customer_name": person.name, "phone": person.phone, "address": person.address,
            "email": person.email or None, "note": person.note, "lat": person.lat, "lon": person.lon,
            "person": None, "phone_mark": None, "address_mark": None,
        }  # fmt: skip
    return {
        "customer_name": "", "phone": "", "address": "", "email": None, "note": "", "lat": None, "lon": None,
        "person": sealing.close(db, COLUMN, branch, visit_id, _encoder.encode(person)),
        "phone_mark": _mark(db, "phone", branch, person.phone),
        "address_mark": _mark(db, "address", branch, person.address),
    }  # fmt: skip


def is_at(db: Session, branch: str, *, address: str = "", phone: str = "") -> ColumnElement[bool]:
    """Whether a row of visits has this address or this telephone number, however they are written; those that are not
    sealed yet, as it is written here. What is not known, or erased, is nobody's."""
    said: list[ColumnElement[bool]] = []
    for name, text in (("address", address), ("phone", phone)):
        if mark := _mark(db, name, branch, text):
            said += [getattr(VisitRow, name) == text, getattr(VisitRow, f"{name}_mark") == mark]
    return or_(false(), *said)


def _mark(db: Session, name: str, branch: str, text: str) -> str | None:
    bare = _BARE[name](text)
    return sealing.mark(db, f"visits.{name}", branch, bare) if bare else None
