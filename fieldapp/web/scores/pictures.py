"""Pictures of scores as plain numbers for SVG templates: what is drawn where. Colours and words are CSS's and Jinja's.

Every picture has its table on the same page; the SVG carries a title and a description for screen readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fieldapp.domain.scoring.engine import ItemScore, ScoreSheet
from fieldapp.domain.scoring.outlook import needed
from fieldapp.domain.scoring.rulebook import Item, Rulebook

#: The bar's own units; the template scales it to the page.
BAR_WIDTH = 1000
#: More good visits in a row than this are no advice to anybody.
REACHABLE = 20


@dataclass(frozen=True)
class ScoreBar:
    """One bar from 0 to 105: where the score ends, where floor and cap stand, all in units of `BAR_WIDTH`."""

    score: float
    base: float
    floor: float
    cap: float
    top: int


def score_bar(sheet: ScoreSheet, floor: int, cap: int, most: int) -> ScoreBar:
    """`most` is the highest possible score (100 plus capped commendations)."""

    def place(points: Decimal | int) -> float:
        return round(float(points) * BAR_WIDTH / most, 1)

    return ScoreBar(place(sheet.score), place(sheet.base), place(floor), place(cap), most)


@dataclass(frozen=True)
class Point:
    """One month of a line: where it is drawn, and what it says."""

    month: str
    x: float
    y: float | None
    score: Decimal | None


def month_line(months: Sequence[tuple[str, Decimal | None]], *, width: int, height: int, low: int = 50) -> list[Point]:
    """Scores of successive months between `low` and 105; months without a score leave a gap."""
    step = width / max(len(months) - 1, 1)
    points = []
    for index, (month, score) in enumerate(months):
        y = None if score is None else height_of(score, height=height, low=low)
        points.append(Point(month, round(index * step, 1), y, score))
    return points


def height_of(score: Decimal | int, *, height: int, low: int = 50) -> float:
    """Where a score is drawn on a picture whose bottom is `low` and whose top is 105."""
    return round(height - (max(float(score), low) - low) * height / (105 - low), 1)


def segments(points: Sequence[Point]) -> list[str]:
    """The line as `points` attributes, one per unbroken run."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point.y is None:
            runs.append([])
        else:
            runs[-1].append(f"{point.x},{point.y}")
    return [" ".join(run) for run in runs if len(run) > 1]


@dataclass(frozen=True)
class ItemRow:
    """One item of the column: its rate in whole percent for reading (what counts is exact), and how many clean visits
    in a row would achieve it, 0 where that is beyond a month's reach."""

    item: ItemScore
    rate: int | None
    missing: int


def item_rows(sheet: ScoreSheet, book: Rulebook) -> list[ItemRow]:
    """The lines of the column, in the order of the norm."""
    return [
        ItemRow(one, one.met * 100 // one.sample if one.sample else None, _missing(rule, one))
        for rule, one in zip(book.items, sheet.items, strict=True)
    ]


def _missing(rule: Item, item: ItemScore) -> int:
    visits = needed(rule, item) if item.status == "not_achieved" else None
    return visits if visits and visits <= REACHABLE else 0


@dataclass(frozen=True)
class Block:
    """One item on the strip of 100 points: where it is drawn, in units of `BAR_WIDTH`."""

    item: ItemScore
    x: float
    width: float


def item_strip(items: Sequence[ItemScore]) -> list[Block]:
    """Every item as wide as its points: what was earned first, then what could not be assessed, then what was lost."""
    order = ("achieved", "not_assessed", "not_achieved")
    total = sum(one.points for one in items)
    blocks, x = [], 0.0
    for one in sorted(items, key=lambda item: order.index(item.status)):
        width = one.points * BAR_WIDTH / total
        blocks.append(Block(one, round(x, 1), round(width, 1)))
        x += width
    return blocks
