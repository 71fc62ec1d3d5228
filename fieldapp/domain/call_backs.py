"""Whom quality staff call back, what they ask, when a call is over, and what the answers differ in (docs/findings.md).

Owns these rules. The seed is that of the month's spot checks (`spot_checks`); what a finding does is `scoring`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.findings import Draft, checked_words
from fieldapp.domain.spot_checks import rank
from fieldapp.domain.visits.events import Answer, AnswersGiven

Outcome = Literal["no_answer", "refused", "reached"]
State = Literal["open", "reached", "refused", "unreachable"]
Reason = Literal["unsigned", "flagged", "drawn", "chosen"]

#: Of a hundred signed visits of a technician so many are called back, rounded up; and the most that can be asked for.
SHARE, MOST_SHARE = 10, 100
#: The same of those among them that look odd (`signals`), drawn by themselves.
FLAGGED_SHARE = 50
#: Whoever did not answer on so many days is not called again.
DAYS = 3
#: What is asked, in the order of the customer's own form -> the item of the norm that the answer speaks about.
QUESTIONS = {
    "badge": "badge", "introduced": "introduction", "courteous": "courtesy", "explained": "explained",
    "shoe_covers": "shoe_covers", "cleanup": "cleanup", "supplied_tools": "kit",
}  # fmt: skip
#: Whether the customer, or somebody for them, signed; and the article that a “no” to a signed visit is about.
SIGNED, FORGERY = "signed", "forgery"
ASKED = (*QUESTIONS, SIGNED)
#: Where “no” is the good answer.
_GOOD_IS_NO = frozenset({"supplied_tools"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call. `answers` by question, of whoever was reached only; `comment` is what was said besides."""

    number: int
    called_at: datetime
    caller: str
    outcome: Outcome
    answers: Mapping[str, Answer]
    comment: str


@dataclass(frozen=True, slots=True)
class Line:
    """One question with the answer that was signed (None: the customer gave none) and the one of the call."""

    question: str
    signed: Answer | None
    called: Answer

    @property
    def is_good(self) -> bool:
        """Whether what was said on the phone is as it should be."""
        return self.called == ("no" if self.question in _GOOD_IS_NO else "yes")

    @property
    def differs(self) -> bool:
        """Whether the call says something else than what was signed, or something bad that nobody had signed."""
        if self.called == "none":
            return False
        if self.signed in (None, "none"):
            return not self.is_good
        return self.called != self.signed

    @property
    def about(self) -> str:
        """The item or article that a finding from this difference is about; empty where there is none to record."""
        if self.question != SIGNED:
            return QUESTIONS[self.question]
        return FORGERY if self.signed == "yes" and self.called == "no" else ""


def check_share(share: int) -> int:
    """The share in percent, if there can be one; raises `Invalid` call_share."""
    if not 1 <= share <= MOST_SHARE:
        raise Invalid("call_share", field="share", most=MOST_SHARE)
    return share


def drawn(seed: str, numbers: Iterable[str], share: int) -> tuple[str, ...]:
    """Which of one technician's signed visits are called back, by order number: those of the lowest rank.

    As many as `share` percent, rounded up: whoever has a signed visit has a call.
    """
    ordered = sorted(numbers, key=lambda number: rank(seed, "call", number))
    return tuple(ordered[: -(-len(ordered) * share // 100)])


def state_of(attempts: Sequence[Attempt], zone: ZoneInfo) -> State:
    """Where an entry of the list stands: over once somebody talked, refused to, or did not answer on `DAYS` days."""
    ends: dict[Outcome, State] = {"reached": "reached", "refused": "refused"}
    ended = next((ends[one.outcome] for one in attempts if one.outcome in ends), None)
    if ended is not None:
        return ended
    return "unreachable" if len(days_tried(attempts, zone)) >= DAYS else "open"


def days_tried(attempts: Iterable[Attempt], zone: ZoneInfo) -> set[date]:
    """The days on which nobody answered; several calls of a day are one try."""
    return {one.called_at.astimezone(zone).date() for one in attempts if one.outcome == "no_answer"}


def attempt(
    before: Sequence[Attempt], outcome: str, answers: Mapping[str, str], comment: str, *, caller: str, now: datetime,
    zone: ZoneInfo, seen: int,
) -> Attempt:  # fmt: skip
    """The next call, by whoever saw `seen` earlier ones.

    Raises `Conflict` call_changed (somebody was faster), call_over; `Invalid` call_outcome, call_nothing (reached, and
    no question answered), text_too_long.
    """
    if seen != len(before):
        raise Conflict("call_changed")
    if state_of(before, zone) != "open":
        raise Conflict("call_over")
    if outcome not in get_args(Outcome):
        raise Invalid("call_outcome")
    said = {code: answers[code] for code in ASKED if answers.get(code) in ("yes", "no")}
    if outcome == "reached" and not said:
        raise Invalid("call_nothing")
    words = checked_words(comment, "comment") if comment.strip() else ""
    kept: Mapping[str, Answer] = said if outcome == "reached" else {}  # type: ignore[assignment]
    return Attempt(len(before) + 1, now, caller, outcome, kept, words)  # type: ignore[arg-type]


def compare(answers: AnswersGiven | None, is_signed: bool, attempts: Sequence[Attempt]) -> tuple[Line, ...]:
    """Every question with both answers; nothing before somebody was reached."""
    reached = next((one for one in attempts if one.outcome == "reached"), None)
    if reached is None:
        return ()
    told = [Line(code, getattr(answers, code) if answers else None, reached.answers.get(code, "none"))
            for code in QUESTIONS]  # fmt: skip
    return (*told, Line(SIGNED, "yes" if is_signed else "no", reached.answers.get(SIGNED, "none")))


def draft(line: Line, note: str) -> Draft:
    """The finding that a difference leads to: about an item it counts at once, a forgery waits for a second person."""
    is_forgery = line.about == FORGERY
    return Draft(
        source="call_back", item="" if is_forgery else line.about, discipline=FORGERY if is_forgery else "",
        favourable=False if is_forgery else line.is_good, note=note,
    )  # fmt: skip
