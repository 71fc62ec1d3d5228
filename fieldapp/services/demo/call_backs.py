"""Whom quality staff of the demo called back: last month everybody who was drawn, this month the first few of them.

Most customers say what they had signed; one remembers it otherwise, one does not answer, one will not talk.
"""

from datetime import datetime, timedelta
from random import Random

from fieldapp.domain import call_backs as rules
from fieldapp.domain.call_backs import Attempt, Outcome
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import AnswersGiven, Event
from fieldapp.services.demo.company import BranchPlan
from fieldapp.services.work import Db
from fieldapp.storage import call_backs
from fieldapp.storage.spot_checks import Draw

#: Of ten calls so many are not answered (three days long), refused, answered otherwise than what was signed.
_SILENT, _REFUSED, _OTHERWISE = 1, 1, 2


def call(db: Db, plan: BranchPlan, draw: Draw, events: list[Event], moment: datetime, rng: Random) -> None:
    """The calls of a month about visits that were over three days before `moment`."""
    quality = next(login for login, _, role in plan.office if role == "quality")
    over = {str(one.visit): one.effective_at for one in events if isinstance(one.data, ev.VisitCompleted)}
    said = {str(one.visit): one.data for one in events if isinstance(one.data, AnswersGiven)}
    by_technician: dict[str, dict[str, str]] = {}
    for one in call_backs.completed(db, plan.code, draw.month):
        if one.signed:
            by_technician.setdefault(one.technician, {})[one.number] = one.visit_id
    for _, numbers in sorted(by_technician.items()):
        for number in rules.drawn(draw.seed, numbers, draw.share):
            visit = numbers[number]
            called = over[visit] + timedelta(hours=rng.randint(20, 30))
            if called < moment - timedelta(days=3):
                for attempt in _attempts(rng, said.get(visit), called, quality):
                    call_backs.add(db, plan.code, visit, attempt)


def _attempts(rng: Random, signed: AnswersGiven | None, at: datetime, caller: str) -> list[Attempt]:
    drawn = rng.randrange(10)
    if drawn < _SILENT:
        return [Attempt(day + 1, at + timedelta(days=day), caller, "no_answer", {}, "") for day in range(rules.DAYS)]
    outcome: Outcome = "refused" if drawn < _SILENT + _REFUSED else "reached"
    answers: dict[str, ev.Answer] = {}
    if outcome == "reached":
        answers = {code: _said(signed, code) for code in rules.QUESTIONS} | {rules.SIGNED: "yes"}
        if drawn >= 10 - _OTHERWISE:
            answers["shoe_covers"] = "no"
    return [Attempt(1, at, caller, outcome, answers, "")]


def _said(signed: AnswersGiven | None, code: str) -> ev.Answer:
    answer: ev.Answer = getattr(signed, code) if signed else "none"
    return answer if answer != "none" else ("no" if code == "supplied_tools" else "yes")
