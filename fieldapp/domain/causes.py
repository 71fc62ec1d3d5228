"""Causes of lateness: said by whoever knows, confirmed by somebody else. They change no score, and no verdict.

Owns what may be said when; which visits were late is `scoring.circumstances`'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.visits.events import Cause

CAUSES: tuple[Cause, ...] = get_args(Cause)
NOTE_LIMIT = 1000
State = Literal["missing", "recorded", "confirmed"]


@dataclass(frozen=True, slots=True)
class Saying:
    """Why one visit was late, as one person said at one time; `number` counts from one, `confirms` settles it."""

    number: int
    cause: str
    note: str
    said_by: str
    said_at: datetime
    confirms: bool


def state_of(said: Sequence[Saying]) -> State:
    """Where it stands, by the sayings in their order."""
    if not said:
        return "missing"
    return "confirmed" if said[-1].confirms else "recorded"


def record(said: Sequence[Saying], *, seen: int, cause: str, note: str, login: str, now: datetime) -> Saying:
    """What somebody says; until it is confirmed, what was said last counts.

    `seen`: how many sayings there were when they looked. Raises `Conflict` cause_settled, cause_overtaken; `Invalid`
    cause_missing, text_too_long.
    """
    if state_of(said) == "confirmed":
        raise Conflict("cause_settled")
    return _say(said, seen, cause, note, login, now, confirms=False)


def confirm(
    said: Sequence[Saying], *, seen: int, cause: str, note: str, login: str, technician: str | None, now: datetime
) -> Saying:
    """What a second person confirms: the same cause, or another one with words.

    Raises `Forbidden("cause_own")` to who said it and to who was late; `Conflict` cause_settled, cause_nothing,
    cause_overtaken; `Invalid` cause_missing, reason_missing, text_too_long.
    """
    if state_of(said) == "confirmed":
        raise Conflict("cause_settled")
    if not said:
        raise Conflict("cause_nothing")
    if login in {said[-1].said_by, technician}:
        raise Forbidden("cause_own")
    found = _say(said, seen, cause, note, login, now, confirms=True)
    if found.cause != said[-1].cause and not found.note:
        raise Invalid("reason_missing", field="note")
    return found


def _say(
    said: Sequence[Saying], seen: int, cause: str, note: str, login: str, now: datetime, *, confirms: bool
) -> Saying:
    if seen != len(said):
        raise Conflict("cause_overtaken")
    if cause not in CAUSES:
        raise Invalid("cause_missing", field="cause")
    text = note.strip()
    if len(text) > NOTE_LIMIT:
        raise Invalid("text_too_long", field="note", limit=NOTE_LIMIT)
    return Saying(len(said) + 1, cause, text, login, now, confirms)
