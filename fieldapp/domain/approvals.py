"""Four eyes on late changes (docs/scoring.md, section 4): when a second person has to say yes, who that may be, what
can be approved no more, and what nobody enters afterwards. By person: author, approver and beneficiary are three
different people.

Owns the rules; who has which permission is `access`'s, what a change does to a promise is `punctuality`'s.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from fieldapp.domain.visits.events import Party
from fieldapp.domain.visits.lifecycle import ENDED

Outcome = Literal["approved", "declined"]
State = Literal["open", "approved", "declined"]
Overtaken = Literal["request_visit_over", "request_moved"]

#: With fewer people to choose from, colleagues would only decide for each other: head office does.
FEWEST = 3
#: Entered so soon after it was said, a change is taken for entered then.
PROMPTLY = timedelta(minutes=10)


def is_late(asked_by: Party, start: datetime, now: datetime, notice: timedelta) -> bool:
    """Whether staff alone may not enter now that the customer asked to move the promise that starts at `start`."""
    return asked_by == "customer" and now > start - notice


def be_told_in_time(told_at: datetime, now: datetime, limit: datetime) -> None:
    """What counts only when the customer was told by `limit` is not entered afterwards as if they had been, by one
    person alone; raises `Invalid("told_afterwards")`. Whoever enters it while they talk is not late."""
    if told_at <= limit < now and now - told_at > PROMPTLY:
        raise Invalid("told_afterwards", field="told_at")


def is_told_elsewhere(told_at: datetime, written_at: datetime) -> bool:
    """Whether a note of what the customer was told is of another time than the talk itself."""
    return abs(written_at - told_at) > PROMPTLY


def overtaken(asked_from: Window, window: Window, visit_state: str) -> Overtaken | None:
    """Why an open request has nothing left to approve: the visit ended, or its promise is another one by now."""
    if visit_state in ENDED:
        return "request_visit_over"
    return "request_moved" if window != asked_from else None


def be_second(login: str, *, author: str, beneficiaries: Collection[str], eligible: int, is_head_office: bool) -> None:
    """Let `login` decide; raises `Forbidden`: request_own, request_benefit, request_head_office (with how few).

    `beneficiaries` are the technicians whose score the change can move; `eligible` counts who else might decide.
    """
    if login == author:
        raise Forbidden("request_own")
    if login in beneficiaries:
        raise Forbidden("request_benefit")
    if eligible < FEWEST and not is_head_office:
        raise Forbidden("request_head_office", fewest=FEWEST)


def settle(state: State, outcome: str, reason: str, decided_by: str | None, stale: Overtaken | None) -> str:
    """The reason of a decision that may be made now.

    Raises `Conflict` request_decided, or what `overtaken` said (such a request can only be declined); `Invalid`
    request_outcome, reason_missing.
    """
    if state != "open":
        raise Conflict("request_decided", by=decided_by or "")
    if outcome not in ("approved", "declined"):
        raise Invalid("request_outcome", field="outcome")
    if outcome == "approved" and stale is not None:
        raise Conflict(stale)
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    return reason.strip()
