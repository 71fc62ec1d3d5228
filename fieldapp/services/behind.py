"""What is behind a sum over a branch's month: the visits, and for an item the findings. For who reads single people's.

Owns who may look. The sums are `overview`'s and `fairness`'; which visits are in one, `storage.circumstances`' filter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.calendar import Month
from fieldapp.domain.call_backs import QUESTIONS
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.services import call_backs
from fieldapp.services.work import Work
from fieldapp.storage import circumstances, planning, scoring
from fieldapp.storage.circumstances import Found, Wanted

__all__ = ["Behind", "Wanted"]

PAGE = 100


@dataclass(frozen=True, slots=True)
class Behind:
    """One page of the visits, `total` of all; findings that cost the item by themselves; names by login."""

    visits: Sequence[Found]
    total: int
    number: int
    count: int
    findings: Sequence[FindingEffect]
    #: Visits of this page whose breaches are not told yet: the reader may still have to call their customers.
    hidden: frozenset[str]
    names: Mapping[str, str]


def look(work: Work, actor: Actor, month: Month, wanted: Wanted, *, number: int) -> Behind:
    """The visits behind a number of the actor's own branch. Raises `Forbidden`."""
    branch, now = own_branch(actor, "scores.team"), work.now()
    with work.read() as db:
        visits, total = circumstances.search(
            db, branch, month, now, wanted, offset=(max(number, 1) - 1) * PAGE, limit=PAGE
        )  # fmt: skip
        effects = scoring.effects(db, branch, month) if wanted.item else []
        findings = [
            one
            for one in effects
            if one.code == wanted.item and (one.does == "adverse" or (one.does == "breached" and one.visit is None))
        ]
        hidden = frozenset(call_backs.hidden_from(db, actor, branch, month)) & {one.visit for one in visits}
        if wanted.item in QUESTIONS.values():
            visits = [one for one in visits if one.visit not in hidden]
        return Behind(
            visits, total, max(number, 1), max(1, -(-total // PAGE)), findings, hidden, planning.names(db, branch)
        )  # fmt: skip
