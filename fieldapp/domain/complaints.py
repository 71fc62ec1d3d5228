"""When a customer's case may be closed: with an outcome, a reply and, where upheld, an apology (visit.md).

Praise that is upheld needs no apology.
"""

from dataclasses import dataclass
from typing import Literal

from fieldapp.domain.errors import Conflict, Invalid

Kind = Literal["complaint", "repudiation", "commendation"]
Outcome = Literal["upheld", "dismissed"]


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
    if state != "open":
        raise Conflict("case_closed")
    if outcome not in ("upheld", "dismissed"):
        raise Invalid("case_outcome", field="outcome")
    if not reply.strip():
        raise Invalid("case_reply", field="reply")
    owed = outcome == "upheld" and kind != "commendation"
    if owed and not apology.strip():
        raise Invalid("case_apology", field="apology")
    return Closing(outcome, reply.strip(), apology.strip() if owed else "")  # type: ignore[arg-type]
