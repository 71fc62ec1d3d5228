"""A branch's month at a glance: who lost what, where the points went, how punctual arrivals were, how items developed.

Owns who may look. Sheets are those of the scores (of a closed month as it was closed); arrivals and developments are
sums that the database makes of what is known now, so that a branch of any size opens at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Month, shifted
from fieldapp.domain.ids import BranchCode
from fieldapp.services import scoring as scores
from fieldapp.services.scoring import MonthScores
from fieldapp.services.work import Work
from fieldapp.storage import circumstances, scoring

#: How many months a development shows.
HISTORY = 6


@dataclass(frozen=True, slots=True)
class Loss:
    """One item: points that it cost the whole branch, and how many technicians lost it."""

    code: str
    points: int
    technicians: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A month of a branch. `losses` come with the greatest first; `arrivals` are visits by minutes beside the window
    (early is negative); `shares` are met verdicts of all, by item and month, None where there was none."""

    scores: MonthScores
    losses: tuple[Loss, ...]
    arrivals: Mapping[int, int]
    months: tuple[Month, ...]
    shares: Mapping[str, tuple[Fraction | None, ...]]


def overview(work: Work, actor: Actor, branch: str, month: Month) -> Overview:
    """The month at a glance. Raises `Forbidden`, `NotFound` (a branch that is not this actor's to see)."""
    require(actor, "scores.team", branch=BranchCode(branch))
    found = scores.month_scores(work, actor, branch, month)
    months = tuple(shifted(month, -back) for back in reversed(range(HISTORY)))
    with work.read() as db:
        arrivals = circumstances.arrivals(db, branch, month, found.now)
        totals = scoring.item_totals(db, branch, months, found.now)
    rates = [item.code for item in found.rulebook.items if item.kind == "rate"]
    return Overview(
        scores=found,
        losses=_losses(found),
        arrivals=arrivals,
        months=months,
        shares={code: tuple(_share(totals, one, code) for one in months) for code in rates},
    )


def _losses(found: MonthScores) -> tuple[Loss, ...]:
    lost = [item for one in found.technicians for item in one.sheet.items if item.lost]
    each = (
        Loss(item.code, sum(one.lost for one in lost if one.code == item.code),
             sum(one.code == item.code for one in lost))
        for item in found.rulebook.items
    )  # fmt: skip
    return tuple(sorted((one for one in each if one.points), key=lambda one: (-one.points, one.code)))


def _share(totals: Mapping[tuple[Month, str], tuple[int, int]], month: Month, code: str) -> Fraction | None:
    met, breached = totals.get((month, code), (0, 0))
    return Fraction(met, met + breached) if met + breached else None


def most_lost_first(found: MonthScores) -> Sequence[scores.Scored]:
    """Technicians by the points that they lost; at equal points by staff code."""
    return sorted(
        found.technicians,
        key=lambda one: (-sum(item.lost for item in one.sheet.items), one.sheet.technician),
    )  # fmt: skip
