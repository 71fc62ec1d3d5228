"""What clean visits can still bring in a month: the next mark, the fewest visits that reach it, what is lost for good.

A clean visit is finished, signed, and meets every item that such a visit is judged by. Owns looking ahead; what that
is worth is `engine`'s arithmetic, so that no promise on a page differs from what will be counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil

from fieldapp.domain.scoring.engine import ItemScore, ScoreSheet, add_up, status_of
from fieldapp.domain.scoring.rulebook import Item, Rulebook
from fieldapp.domain.scoring.rules import RULES

#: What only an unfinished visit, or one that the company moved, is judged by: a clean visit says nothing about it.
SILENT = frozenset({"follow_up", "change_notice"})


@dataclass(frozen=True, slots=True)
class Step:
    """After so many clean visits in a row these items are won, and the score is `score`."""

    visits: int
    won: tuple[ItemScore, ...]
    score: Decimal


@dataclass(frozen=True, slots=True)
class Outlook:
    """The way ahead of one sheet.

    `mark` is the next figure that changes the award: the floor, then the cap; None when both are reached. `visits` are
    the fewest clean visits that reach it, and `commendations` the fewest upheld ones that would by themselves; None
    where none do. `unjudged` is how many judged visits are missing before there is a score at all. `lost` can no longer
    be won by clean visits; `best` is the score when everything else is.
    """

    mark: int | None
    visits: int | None
    commendations: int | None
    unjudged: int
    steps: tuple[Step, ...]
    lost: tuple[ItemScore, ...]
    best: Decimal
    vetoed: bool


def look_ahead(sheet: ScoreSheet, book: Rulebook, most: int | None = None) -> Outlook:
    """The outlook of a sheet that was counted by `book`. `most`: no more visits than this can come."""
    known = dict(zip(book.items, sheet.items, strict=True))
    steps = tuple(_steps(sheet, known, most))
    parameters = book.parameters
    unjudged = max(parameters.min_visits - sheet.judged_visits, 0)
    mark = next((one for one in (parameters.award_floor, parameters.award_cap) if sheet.score < one), None)
    if unjudged and mark is None:
        mark = parameters.award_floor
    reach = [unjudged] if mark is not None and sheet.score >= mark else []
    reach += [max(step.visits, unjudged) for step in steps if mark is not None and step.score >= mark]
    visits = next((one for one in reach if most is None or one <= most), None)
    won = {one.code for step in steps for one in step.won}
    return Outlook(
        mark=mark,
        visits=visits,
        commendations=_commendations(sheet, book, mark),
        unjudged=unjudged,
        steps=steps,
        lost=tuple(one for one in sheet.items if one.lost and one.code not in won),
        best=steps[-1].score if steps else sheet.score,
        vetoed=bool(sheet.veto),
    )


def needed(rule: Item, item: ItemScore) -> int | None:
    """How many clean visits in a row achieve the item: 0 where it is achieved, None where none ever do."""
    if item.status == "achieved":
        return 0
    if rule.kind != "rate" or rule.code in SILENT or rule.code not in RULES:
        return None
    if item.breached and rule.rate >= 1:
        return None
    # met + n >= rate * (met + breached + n), solved for the smallest whole n, exactly
    gap = rule.rate * item.sample - item.met
    by_rate = -(-gap // (1 - rule.rate)) if rule.rate < 1 else 0
    return max(by_rate, rule.min_sample - item.sample)


def _steps(sheet: ScoreSheet, known: dict[Item, ItemScore], most: int | None) -> Iterator[Step]:
    """The numbers of clean visits at which something is won, each with what the score is then."""
    wins = {rule.code: needed(rule, item) for rule, item in known.items()}
    before: tuple[ItemScore, ...] = sheet.items
    for visits in sorted({one for one in wins.values() if one and (most is None or one <= most)}):
        items = tuple(_after(rule, item, visits) for rule, item in known.items())
        old = {item.code for item in before if item.status == "achieved"}
        won = tuple(item for item in items if item.status == "achieved" and item.code not in old)
        yield Step(visits, won, add_up(items)[2] + sheet.bonus)
        before = items


def _after(rule: Item, item: ItemScore, visits: int) -> ItemScore:
    """The item after so many clean visits."""
    if rule.kind != "rate" or rule.code in SILENT or rule.code not in RULES:
        return item
    met = item.met + visits
    return replace(item, met=met, status=status_of(rule, met, item.breached, item.adverse))


def _commendations(sheet: ScoreSheet, book: Rulebook, mark: int | None) -> int | None:
    """How many more upheld commendations would reach the mark by themselves; None where the capped ones do not."""
    parameters = book.parameters
    if mark is None or sheet.score >= mark or not parameters.commendation_points:
        return None
    missing = mark - sheet.score
    if missing > parameters.commendation_cap - sheet.bonus:
        return None
    return ceil(missing / parameters.commendation_points)
