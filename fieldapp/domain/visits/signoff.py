"""The customer's sign-off: ink as vectors, the statement and its hash, what a receipt is made of.

Owns the geometry of strokes in their fixed logical box and which facts a receipt shows. Never the answers: those are
between the customer and the company. Drawing, wording and paper are the edges'.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import hypot, isfinite
from typing import Literal

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import VisitState, replay

#: Width and height of the box in which the phone draws.
BOX = (600.0, 300.0)

#: How long after completion a customer may still sign by their own link (visit.md, States).
SIGN_LATER = timedelta(days=7)

Points = Sequence[Sequence[float]]


def statement_hash(doc: str) -> str:
    """SHA-256 of the statement in UTF-8, as the phone takes it."""
    return hashlib.sha256(doc.encode()).hexdigest()


def svg_paths(strokes: Iterable[Points], box: Sequence[float] = BOX) -> tuple[str, ...]:
    """One SVG path per stroke, smoothed through the midpoints of its samples; a dot is a dot.

    Points outside the box are drawn on its edge: nothing that a device sends may paint over the rest of the paper.
    """
    return tuple(_path(_thinned([_within(point, box) for point in stroke])) for stroke in strokes if stroke)


def is_weak(strokes: Iterable[Points]) -> bool:
    """So little ink that it is likelier a slip than a name: a dot, a tick. Asks again, never blocks."""
    lines = [stroke for stroke in strokes if stroke]
    points = [point for stroke in lines for point in stroke]
    if len(points) < 4:
        return True
    spread = hypot(*(max(point[axis] for point in points) - min(point[axis] for point in points) for axis in (0, 1)))
    drawn = sum(
        hypot(after[0] - before[0], after[1] - before[1]) for stroke in lines for before, after in pairwise(stroke)
    )
    return spread < 40 or drawn < 80


@dataclass(frozen=True, slots=True)
class Signature:
    """What the customer left: ink, a typed name, or the reason of a refusal. `paths` are drawn in `box`."""

    kind: Literal["drawn", "typed", "refused"]
    signed_at: datetime
    name: str = ""
    paths: tuple[str, ...] = ()
    box: tuple[float, float] = BOX
    doc_hash: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the visit, by content hash."""

    blob: str
    slot: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt shows of a visit. Times are aware UTC. `statement` is verbatim what was shown and signed.

    `statement_holds`: its text still has the hash that was recorded and, where signed, that the signature names.
    """

    state: VisitState
    statement: str | None
    statement_hash: str | None
    statement_holds: bool
    signature: Signature | None
    photos: tuple[Photo, ...]
    notes: tuple[str, ...] = ()
    equipment: tuple[ev.EquipmentUsed, ...] = ()
    damages: tuple[ev.DamageReported, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether the customer has signed, on the phone or later."""
        return self.signature is not None and self.signature.kind != "refused"

    def may_sign(self, now: datetime) -> bool:
        """Whether the customer may still sign by their own link: completed, unsigned, within seven days."""
        done = self.state.completed_at
        return done is not None and not self.is_signed and self.state.name == "completed" and now <= done + SIGN_LATER


def receipt_of(history: Iterable[Event], held: int = 0) -> Receipt | None:
    """The receipt of a visit from its events, in any order; None when it was never scheduled."""
    facts = sorted({event.id: event for event in history}.values(), key=lambda event: event.order)
    state = replay(facts, held)
    if state is None:
        return None
    signature = _signature(facts)
    shown = _statement(facts, signature)
    holds = shown is not None and statement_hash(shown.doc) == shown.doc_hash
    if shown is not None and signature is not None and signature.doc_hash:
        holds = holds and signature.doc_hash == shown.doc_hash
    return Receipt(
        state=state,
        statement=shown.doc if shown else None,
        statement_hash=shown.doc_hash if shown else None,
        statement_holds=holds,
        signature=signature,
        photos=tuple(
            Photo(event.data.blob, event.data.slot, event.effective_at)
            for event in facts
            if isinstance(event.data, ev.PhotoAdded)
        ),
        notes=tuple(event.data.text for event in facts if isinstance(event.data, ev.NoteAdded)),
        equipment=tuple(event.data for event in facts if isinstance(event.data, ev.EquipmentUsed)),
        damages=tuple(event.data for event in facts if isinstance(event.data, ev.DamageReported)),
    )


def _signature(facts: Sequence[Event]) -> Signature | None:
    """The latest signature; a refusal only where nobody signed."""
    refused = None
    for event in reversed(facts):
        data = event.data
        if isinstance(data, ev.SignatureCaptured):
            box = (data.box[0], data.box[1]) if data.box and min(data.box) > 0 else BOX
            name = data.signer.name or data.typed or ""
            kind: Literal["drawn", "typed"] = "drawn" if data.strokes else "typed"
            paths = svg_paths(data.strokes or (), box)
            return Signature(kind, event.effective_at, name, paths, box, data.doc_hash)
        if isinstance(data, ev.SignatureRefused) and refused is None:
            refused = Signature("refused", event.effective_at, reason=data.reason)
    return refused


def _statement(facts: Sequence[Event], signature: Signature | None) -> ev.StatementPresented | None:
    """The statement that was signed, else the latest one shown."""
    shown = [event.data for event in facts if isinstance(event.data, ev.StatementPresented)]
    if signature is not None and signature.doc_hash:
        for one in reversed(shown):
            if one.doc_hash == signature.doc_hash:
                return one
    return shown[-1] if shown else None


def _within(point: Sequence[float], box: Sequence[float]) -> tuple[float, float]:
    x, y = (min(max(value, 0.0), limit) if isfinite(value) else 0.0 for value, limit in zip(point, box, strict=False))
    return x, y


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without samples too close to see apart: a pen that rests sends thousands."""
    kept = points[:1]
    for point in points[1:]:
        if hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= 0.8:
            kept.append(point)
    return kept if kept[-1] == points[-1] or len(kept) == 1 else [*kept, points[-1]]


def _path(points: Sequence[tuple[float, float]]) -> str:
    start, *rest = points
    parts = [f"M{_pair(start)}"]
    if not rest:
        return parts[0] + "h.1"
    for before, after in pairwise(rest):
        middle = ((before[0] + after[0]) / 2, (before[1] + after[1]) / 2)
        parts.append(f"Q{_pair(before)} {_pair(middle)}")
    parts.append(f"L{_pair(rest[-1])}")
    return "".join(parts)


def _pair(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
