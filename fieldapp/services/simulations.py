"""What a draft of the norm would have meant: the last months of a branch judged by it, from the bare events.

Works visit by visit, a few seconds at a time: memory for one month's counts, and what is counted is kept, so that
whoever looks sees how far it is. Nothing that anybody is paid by is touched.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from fieldapp.domain.access import Actor, own_branch, require
from fieldapp.domain.calendar import Month, month_bounds, month_of, shifted
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.counts import Counts
from fieldapp.domain.scoring.engine import effects_without_visit, score_month
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import judge_with_findings
from fieldapp.domain.scoring.rulebook import Rulebook, Rulebooks, fingerprint
from fieldapp.domain.scoring.simulations import Simulated, compare
from fieldapp.services import closed, scoring
from fieldapp.services.branches import zone_of
from fieldapp.services.kept_visits import Keepers
from fieldapp.services.rulebooks import read_sheet, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, rulebook_drafts, simulations, visits
from fieldapp.storage import scoring as stored
from fieldapp.storage.rulebook_drafts import Draft
from fieldapp.storage.simulations import Begun, Kept

__all__ = ["Kept", "Simulation"]

#: The current month so far, and so many whole ones before it.
WHOLE_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Simulation:
    """A draft and the months of the actor's branch by it, the newest first; None: not begun."""

    draft: Draft
    book: Rulebook
    branch: str
    months: dict[Month, Kept | None]
    names: dict[str, str]

    @property
    def results(self) -> list[Simulated]:
        """Months that are worked out."""
        return [one.result for one in self.months.values() if one and one.result]

    @property
    def is_done(self) -> bool:
        return len(self.results) == len(self.months)

    @property
    def begun(self) -> Begun | None:
        """The month that is under way."""
        return next((one.begun for one in self.months.values() if one and one.begun), None)


def look(work: Work, actor: Actor, draft_id: str) -> Simulation:
    """How far the simulation of the actor's branch is, and what it found. Raises `NotFound`."""
    branch = _branch(actor)
    with work.read() as db:
        draft = rulebook_drafts.get(db, draft_id)
        book, months = read_sheet(draft.body), _months(db, branch, work.now())
        kept = simulations.found(db, branch, draft_id, _content(book), months)
        names = {code: name for code, (name, _) in stored.staff(db, branch).items()}
    return Simulation(draft, book, branch, {month: kept.get(month) for month in months}, names)


def closed_awards(work: Work, actor: Actor, months: Iterable[Month]) -> dict[Month, Decimal]:
    """What those of the months were closed with in the actor's branch: no later fact changes it."""
    branch = _branch(actor)
    with work.read() as db:
        each = {month: _closed_award(db, branch, month) for month in months}
    return {month: award for month, award in each.items() if award is not None}


def go_on(work: Work, actor: Actor, draft_id: str, *, for_at_most: timedelta, anew: bool = False) -> Simulation:
    """Work on until the time is up, at least through one chunk of visits; `anew`: from the beginning."""
    branch, until = _branch(actor), work.now() + for_at_most
    if anew:
        with work.write(branch) as db:
            simulations.forget(db, branch, draft_id)
    while not (simulation := look(work, actor, draft_id)).is_done:
        month = next(month for month, kept in simulation.months.items() if kept is None or kept.result is None)
        with work.read() as db:
            begun = simulation.begun or _begin(db, branch, month)
            state = _work_on(db, branch, begun, simulation.book, work.now(), lambda: work.now() >= until)
        with work.write(branch) as db:
            simulations.keep(db, branch, draft_id, _content(simulation.book), state, work.now())
        if work.now() >= until:
            break
    return look(work, actor, draft_id)


def each_month(
    work: Work, actor: Actor, branch: BranchCode, draft_id: str
) -> Iterator[tuple[Simulated, Decimal | None]]:  # fmt: skip
    """The months of a branch by a draft, the newest first, nothing kept (for the command line); each with what it was
    closed with (None: it is open)."""
    require(actor, "rulebooks.write")
    require(actor, "scores.team", branch=branch)
    with work.read() as db:
        book, months = read_sheet(rulebook_drafts.get(db, draft_id).body), _months(db, branch, work.now())
    for month in months:
        with work.read() as db:
            state = _work_on(db, branch, _begin(db, branch, month), book, work.now(), lambda: False)
            award = _closed_award(db, branch, month)
        assert isinstance(state, Simulated)  # noqa: S101 - nobody stops it
        yield state, award


# --- Inside -------------------------------------------------------------------------------------------------------


def _closed_award(db: Db, branch: str, month: Month) -> Decimal | None:
    sealed = closed.find(db, branch, month)
    return None if sealed is None else sum((one.figure.award for one in closed.everybody(db, sealed)), Decimal())


def _begin(db: Db, branch: str, month: Month) -> Begun:
    bounds = month_bounds(month, zone_of(db, branch))
    return Begun(month, visits.count_promised_between(db, branch, *bounds))


def _work_on(
    db: Db, branch: str, begun: Begun, book: Rulebook, now: datetime, is_time_up: Callable[[], bool]
) -> Simulated | Begun:  # fmt: skip
    """Count the month's visits by `book` as if it had always been the norm, chunk by chunk from where it stands; the
    result once all are counted."""
    always, zone, month = _always(book), zone_of(db, branch), begun.month
    bounds, keepers = month_bounds(month, zone), Keepers(db, branch, zone)
    while chunk := visits.promised_between(db, branch, *bounds, after=begun.after):
        histories, held = events.histories(db, branch, chunk)
        for visit, history in histories.items():
            kept_in = keepers.month_of(visit, history)
            judged = judge_with_findings(history, always, zone, disputed=held.get(visit, 0) > 0, kept_in=kept_in)
            if judged is not None and judged[0].month == month:
                begun.effects += judged[1]
                if judged[0].technician:
                    begun.counts.setdefault(judged[0].technician, Counts()).add(judged[0], now)
        begun.after, begun.seen = chunk[-1], begun.seen + len(chunk)
        if is_time_up():
            return begun
    effects = [*begun.effects, *_without_visit(db, branch, month, always)]
    after = score_month(begun.counts, effects, always, month)
    floor = rulebooks(db).in_force(month).parameters.award_floor
    before = scoring.live_sheets(db, branch, month, now)
    return compare(month, before, after, (floor, book.parameters.award_floor))


def _without_visit(db: Db, branch: str, month: Month, books: Rulebooks) -> list[FindingEffect]:
    loose = [one.finding for one in stored.loose_effects(db, branch) if one.month == month]
    recorded = events.by_ids(db, branch, loose)
    return list(effects_without_visit([*recorded, *events.about(db, branch, loose)], books))


def _branch(actor: Actor) -> BranchCode:
    require(actor, "rulebooks.write")
    return own_branch(actor, "scores.team")


def _months(db: Db, branch: str, now: datetime) -> list[Month]:
    this = month_of(now, zone_of(db, branch))
    return [shifted(this, -back) for back in range(WHOLE_MONTHS + 1)]


def _always(book: Rulebook) -> Rulebooks:
    """The draft as the only version that there ever was."""
    return Rulebooks((replace(book, version=1, in_force_from=None),))


def _content(book: Rulebook) -> str:
    """What a result depends on: every number, but not from when they are in force."""
    return fingerprint(_always(book).last)
