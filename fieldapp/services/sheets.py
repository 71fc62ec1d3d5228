"""Many sheets for one page: a page of the team's month, one technician's last months. What is not shown is not counted.

Owns which sheets a page needs; what a sheet is, and who may see whose, is `scoring`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fieldapp.domain.access import Actor, require
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import sheet_with
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.engine import ScoreSheet, listed, score, score_month
from fieldapp.services import adjusted, closed, scoring
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.scoring import MonthScores, Scored
from fieldapp.services.work import Db, Work
from fieldapp.storage import branches, closing
from fieldapp.storage import scoring as stored

__all__ = ["TeamPage"]


@dataclass(frozen=True, slots=True)
class TeamPage:
    """Some of a month's technicians, by staff code: page `number` of `count`."""

    scores: MonthScores
    number: int
    count: int


def team_page(work: Work, actor: Actor, branch: BranchCode, month: Month, *, number: int, size: int) -> TeamPage:
    """The page of this number, or the last one before it. Raises `Forbidden`, `NotFound`."""
    require(actor, "scores.team", branch=branch)
    with work.read() as db:
        is_closed = closing.closed_among(db, branch, [month])
        if not is_closed:
            return _open_page(db, work, branch, month, number, size)
    whole = scoring.month_scores(work, actor, branch, month)
    number, count, part = _page(len(whole.technicians), number, size)
    return TeamPage(replace(whole, technicians=whole.technicians[part]), number, count)


def _open_page(db: Db, work: Work, branch: BranchCode, month: Month, number: int, size: int) -> TeamPage:
    found, now, books = branches.find(db, branch), work.now(), rulebooks(db)
    if found is None:
        raise NotFound()
    counts, effects = stored.outcomes(db, branch, month, now), stored.effects(db, branch, month)
    everybody = listed(counts, effects, month)
    number, count, part = _page(len(everybody), number, size)
    shown = everybody[part]
    if shown:
        stored.add_verdicts(db, branch, month, counts, shown[0], shown[-1])
    people = stored.people(db, branch, shown)
    sheets = score_month(counts, effects, books, month, shown)
    scores = MonthScores(
        branch=branch, month=month, now=now, timezone=found.timezone, currency=found.currency,
        rulebook=books.in_force(month), unassigned=(),
        technicians=tuple(Scored(*people.get(one.technician, (one.technician, None)), one) for one in sheets),
    )  # fmt: skip
    return TeamPage(scores, number, count)


def _page(total: int, number: int, size: int) -> tuple[int, int, slice]:
    count = max(1, -(-total // size))
    number = min(count, max(1, number))
    return number, count, slice((number - 1) * size, number * size)


def past_sheets(
    work: Work, actor: Actor, branch: str, technician: str, months: Sequence[Month]
) -> dict[Month, ScoreSheet]:
    """One technician's sheet of each of the months, closed ones as they stand. Raises `Forbidden`, `NotFound` like
    `scoring.technician_month`."""
    scoring.scope(actor, branch, technician)
    with work.read() as db:
        books, is_closed = rulebooks(db), closing.closed_among(db, branch, months)
        live = [month for month in months if month not in is_closed]
        counts = stored.counts_of_months(db, branch, live, technician, work.now())
        effects = stored.effects_of_months(db, branch, live, technician)
        found = {month: score(technician, month, counts[month], effects, books.in_force(month)) for month in live}
        for month in is_closed:
            sealed = closed.find(db, branch, month)
            if sealed is not None:
                stands = adjusted.of_one(db, sealed, technician).figure
                found[month] = sheet_with(stands, technician, sealed.book, month)
        return {month: found[month] for month in months}
