"""What a dispatcher may decide about facts that wait, and what those facts are to the customer meanwhile.

Owns which decision makes sense. Who decides is `services.rulings`', what it does to a score `domain.scoring`'s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import VisitState, replay

Decision = Literal["reinstate", "leave_out", "void"]
_OFF = frozenset({"cancelled", "void"})
_AHEAD = frozenset({"planned", "en_route"})


def decisions(
    history: Sequence[Event], waiting: Sequence[Event], now: datetime, *, left_out: bool = False
) -> tuple[Decision, ...]:  # fmt: skip
    """What may be decided: about facts that are `waiting`, else about a visit that is off, or had facts `left_out`.

    While the customer still waits, facts by which nobody has come take no appointment away: they count, or are left
    out. Only what was begun by them can be kept without a score, and nothing be left out that its technician had
    signed or brought to its end: nobody comes for that again. What was left out comes back until somebody has come.
    """
    stands, reached = replay(history), replay([*history, *waiting])
    if stands is None or reached is None:
        return ()
    if not waiting:
        return ("reinstate",) if is_off(stands) or (left_out and stands.arrived_at is None) else ()
    if not is_awaited(stands, now) or _is_done(reached, stands.technician):
        return ("reinstate", "void")
    return ("reinstate", "leave_out", "void") if reached.arrived_at else ("reinstate", "leave_out")


def as_told(history: Sequence[Event], waiting: Sequence[Event]) -> VisitState | None:
    """The visit as its customer sees it: disputed only where somebody has come. Until then facts that wait make nothing
    untrue that they were told."""
    stands = replay(history)
    return replace(stands, held=len(waiting)) if stands and _has_come(history, waiting) else stands


def is_off(state: VisitState) -> bool:
    """Whether nobody is to come any more, by decision."""
    return state.name in _OFF


def calls_off(history: Iterable[Event], now: datetime) -> bool:
    """Whether an appointment that its customer still has falls away where the visit does not count."""
    stands = replay(history)
    return stands is not None and not is_off(stands) and not stands.is_cancelled and now < stands.promise.start


def is_awaited(state: VisitState, now: datetime) -> bool:
    """Whether the customer waits for somebody: nobody has come, and the window is not over."""
    return state.name in _AHEAD and now < state.promise.end


def _is_done(reached: VisitState, technician: str | None) -> bool:
    ended = reached.signed_at or reached.completed_at or reached.not_completed_at
    return bool(ended) and reached.arrived_by is not None and reached.arrived_by == technician


def _has_come(history: Iterable[Event], waiting: Iterable[Event]) -> bool:
    reached = replay([*history, *waiting])
    return reached is not None and reached.arrived_at is not None
