"""What may be done with a customer's case, and when (visit.md): taken, put off, closed with an answer, opened again.

A case closes only with an outcome, a reply and, where upheld, an apology; praise that is upheld needs none.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import day_bounds
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.plausible import is_plausible

Kind = Literal["complaint", "repudiation", "commendation"]
Outcome = Literal["upheld", "dismissed"]

#: Within so many whole days after the day of opening a customer has an answer.
DUE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Closing:
    """What a case is closed with; `apology` is empty unless one was owed."""

    outcome: Outcome
    reply: str
    apology: str


def close(kind: str, state: str, outcome: str, reply: str, apology: str) -> Closing:
    """The closing of an open case.

    Raises `Conflict("case_closed")`, `Invalid("case_outcome" | "case_reply" | "case_apology")` naming the field.
    """
    _be_open(state)
    if outcome not in ("upheld", "dismissed"):
        raise Invalid("case_outcome", field="outcome")
    if not reply.strip():
        raise Invalid("case_reply", field="reply")
    owed = outcome == "upheld" and kind != "commendation"
    if owed and not apology.strip():
        raise Invalid("case_apology", field="apology")
    return Closing(outcome, reply.strip(), apology.strip() if owed else "")  # type: ignore[arg-type]


def due_from(opened: datetime, zone: ZoneInfo) -> datetime:
    """By when an answer to what was reported then is due: the end of a day of the branch."""
    return day_bounds(opened.astimezone(zone).date() + timedelta(days=DUE_DAYS), zone)[1]


def take(state: str, owner: str | None, login: str) -> None:
    """Let `login` take an open case, from whoever has it; raises `Conflict` case_closed, case_yours."""
    _be_open(state)
    if owner == login:
        raise Conflict("case_yours")


def put_off(state: str, day: date, reason: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The new end of an open case's time; raises `Conflict` case_closed, `Invalid` case_due, reason_missing."""
    _be_open(state)
    if not is_plausible(day) or day < now.astimezone(zone).date():
        raise Invalid("case_due", field="day")
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    return day_bounds(day, zone)[1]


def reopen(state: str, reason: str) -> None:
    """Let a closed case be answered anew; raises `Conflict` case_open, `Invalid` reason_missing."""
    if state == "open":
        raise Conflict("case_open")
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")


def _be_open(state: str) -> None:
    if state != "open":
        raise Conflict("case_closed")
