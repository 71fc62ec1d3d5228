"""Events and whole visits with sensible defaults; a test names only what it is about.

Everything is made in the form of a history file (a dict per event), which `as_event` reads into the domain's.
"""

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from fieldapp.domain import ids
from fieldapp.domain.visits import codec
from fieldapp.domain.visits.events import Event
from tests import cast

_EVENTS = UUID("0c7b9f6e-6c5d-4a8a-8f36-5f1f2a3b4c5d")
_numbers = itertools.count(1)

ALL_WELL = {
    "badge": "yes", "introduced": "yes", "courteous": "yes", "explained": "yes", "shoe_covers": "yes",
    "cleanup": "yes", "supplied_tools": "no", "rating": 5, "comment": "",
}  # fmt: skip
DOC_HASH = "0" * 64


def line(
    kind: str, visit: str | None, at: datetime, actor: str = "T001", *, event_id: str | None = None, **data: Any
) -> dict[str, Any]:
    """One line of an event history; ids are new for each call unless given."""
    made = event_id or str(uuid5(_EVENTS, f"{kind} {visit} {at} {actor} {next(_numbers)}"))
    found = {"id": made, "type": kind, "at": at.isoformat(), "actor": actor, "data": data}
    return found if visit is None else {**found, "visit": visit}


def as_event(entry: dict[str, Any], branch: str = cast.MAIN) -> Event:
    """A history line as the domain's event."""
    visit = entry.get("visit")
    return Event(
        id=entry["id"], type=entry["type"], visit=None if visit is None else ids.visit_id(branch, visit),
        effective_at=datetime.fromisoformat(entry["at"]), actor=entry["actor"],
        data=codec.read_data(entry["type"], entry["data"]),
    )  # fmt: skip


def as_events(entries: Iterable[dict[str, Any]], branch: str = cast.MAIN) -> list[Event]:
    """Several lines, in their order."""
    return [as_event(entry, branch) for entry in entries]


def customer(**other: Any) -> dict[str, Any]:
    """A customer in Shanghai who reads English."""
    return {
        "name": "Wang Fang", "phone": "13800000001", "address": "12 Harbour Road", "lat": 31.23, "lon": 121.47,
        "language": "en", **other,
    }  # fmt: skip


def promise(start: datetime, *, minutes: int = 60, told_before: timedelta = timedelta(days=2), **other: Any) -> Any:
    """An agreed window of `minutes`, told two days ahead."""
    return {
        "start": start.isoformat(), "end": (start + timedelta(minutes=minutes)).isoformat(), "agreed": True,
        "told_at": (start - told_before).isoformat(), "channel": "phone", **other,
    }  # fmt: skip


def scheduled(visit: str, start: datetime, technician: str | None = "T001", **other: Any) -> dict[str, Any]:
    """`visit.scheduled`, two days before the window."""
    data = {
        "external_id": visit, "job_type": "install", "customer": customer(), "promise": promise(start),
        "technician": technician, "charges": [], "note": "", **other,
    }  # fmt: skip
    return line("visit.scheduled", visit, start - timedelta(days=2), "office", **data)


def perfect_visit(visit: str, start: datetime, technician: str = "T001", **answers: Any) -> list[dict[str, Any]]:
    """A whole visit with nothing to complain about: on time, consent, covers, clean, signed, left."""

    def after(minutes: int) -> datetime:
        return start + timedelta(minutes=minutes)

    signature = {"doc_hash": DOC_HASH, "strokes": [[[1, 1, 0, 0.5], [90, 40, 200, 0.5]]], "box": [600, 200],
                 "signer": {"name": "Wang Fang", "relation": "self"}, "shown_ms": 20_000}  # fmt: skip
    return [
        scheduled(visit, start, technician),
        line("kit.checked", visit, after(-90), technician, uniform=True, badge=True, shoe_covers=True, kit=True),
        line("visit.departed", visit, after(-40), technician),
        line("customer.called", visit, after(-35), technician, outcome="agreed"),
        line("visit.arrived", visit, after(5), technician, gps={"status": "denied"}),
        line("door.checked", visit, after(6), technician, introduced=True, shoe_covers=True),
        line("consent.given", visit, after(7), technician, by="customer", method="spoken"),
        line("site.checked", visit, after(50), technician, cleanup=True, belongings=True),
        line("statement.presented", visit, after(52), technician, doc_hash=DOC_HASH, doc="x"),
        line("answers.given", visit, after(54), "customer", **{**ALL_WELL, **answers}),
        line("signature.captured", visit, after(55), "customer", **signature),
        line("visit.completed", visit, after(56), technician, manifest=[]),
        line("visit.left", visit, after(58), technician),
    ]
