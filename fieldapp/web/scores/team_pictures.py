"""Pictures of a branch's month as plain numbers for SVG templates: heat map, lines, histogram, bars.

Colours and words are CSS's and Jinja's. Every picture has its table on the same page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.engine import ItemScore, ScoreSheet
from fieldapp.domain.scoring.outlook import needed
from fieldapp.domain.scoring.rulebook import Item, Rulebook
from fieldapp.services.overview import Loss
from fieldapp.web.scores.pictures import REACHABLE

#: Units of the heat map's cells; a name stands left of them.
CELL_WIDTH, CELL_HEIGHT, NAME_WIDTH, HEAD = 34, 30, 170, 34
#: First and last minute beside the window of each column of the histogram; 0 is within it.
COLUMNS: tuple[tuple[int | None, int | None], ...] = (
    (None, -61), (-60, -31), (-30, -16), (-15, -1), (0, 0), (1, 5), (6, 15), (16, 30), (31, 60), (61, None),
)  # fmt: skip
HISTOGRAM_HEIGHT, COLUMN_WIDTH = 150, 64


@dataclass(frozen=True)
class Cell:
    """One item of one technician: where, what it looks like (`won`, `near`, `far`, `none`), what stands in it."""

    item: ItemScore
    x: int
    look: str
    text: str


@dataclass(frozen=True)
class HeatRow:
    sheet: ScoreSheet
    name: str
    y: int
    cells: tuple[Cell, ...]


def heat_map(sheets: Sequence[tuple[str, ScoreSheet]], book: Rulebook) -> list[HeatRow]:
    """One row each, one cell an item. `near`: lost, but so few clean visits would win it that it is worth a word."""
    return [
        HeatRow(sheet, name, HEAD + place * CELL_HEIGHT, tuple(_cells(sheet, book)))
        for place, (name, sheet) in enumerate(sheets)
    ]


def _cells(sheet: ScoreSheet, book: Rulebook) -> list[Cell]:
    pairs = zip(book.items, sheet.items, strict=True)
    return [
        Cell(item, NAME_WIDTH + place * CELL_WIDTH, _look(rule, item), _text(item))
        for place, (rule, item) in enumerate(pairs)
    ]


def _look(rule: Item, item: ItemScore) -> str:
    if item.status != "not_achieved":
        return "won" if item.status == "achieved" else "none"
    visits = needed(rule, item)
    return "near" if visits is not None and visits <= REACHABLE else "far"


def _text(item: ItemScore) -> str:
    """The rate in whole percent (rounded down: what counts is exact), or the number of findings."""
    if item.kind == "exception":
        return str(item.adverse) if item.adverse else ""
    return str(item.met * 100 // item.sample) if item.sample else "–"


@dataclass(frozen=True)
class Dot:
    month: Month
    x: float
    y: float | None
    percent: float | None


@dataclass(frozen=True)
class Line:
    """The development of one item: its dots, unbroken runs as `points`, and where the target is drawn."""

    item: Item
    dots: tuple[Dot, ...]
    runs: tuple[str, ...]
    target_y: float


def lines(
    book: Rulebook, months: Sequence[Month], shares: Mapping[str, Sequence[Fraction | None]], *, most: int = 4
) -> list[Line]:
    """Those of the items that weigh most, 0 to 100 % cut to where they are."""
    heavy = sorted((item for item in book.items if item.kind == "rate"), key=lambda item: -item.points)[:most]
    return [_line(item, months, shares[item.code]) for item in heavy]


def _line(item: Item, months: Sequence[Month], shares: Sequence[Fraction | None]) -> Line:
    known = [float(one) for one in (*shares, item.rate) if one is not None]
    low = max(0.0, min(known) - 0.05)

    def height(share: float) -> float:
        return round(100 - (share - low) * 100 / (1 - low), 1) if low < 1 else 0.0

    dots = tuple(
        Dot(month, place * 60.0, None if one is None else height(float(one)), _percent(one))
        for place, (month, one) in enumerate(zip(months, shares, strict=True))
    )
    runs: list[list[str]] = [[]]
    for dot in dots:
        if dot.y is None:
            runs.append([])
        else:
            runs[-1].append(f"{dot.x},{dot.y}")
    return Line(item, dots, tuple(" ".join(run) for run in runs if len(run) > 1), height(float(item.rate)))


def _percent(share: Fraction | None) -> float | None:
    return None if share is None else round(float(share) * 100, 1)


@dataclass(frozen=True)
class Column:
    """So many visits between two minutes beside the window; drawn from `y` down to the base line."""

    first: int | None
    last: int | None
    visits: int
    x: int
    y: float
    height: float


def histogram(arrivals: Mapping[int, int]) -> list[Column]:
    """Arrivals by minutes beside the promised window."""
    counts = [sum(n for minutes, n in arrivals.items() if _is_within(minutes, first, last)) for first, last in COLUMNS]
    top = max(counts) or 1
    columns = []
    for place, ((first, last), visits) in enumerate(zip(COLUMNS, counts, strict=True)):
        height = round(visits * HISTOGRAM_HEIGHT / top, 1)
        height = max(height, 2.0) if visits else 0.0
        columns.append(Column(first, last, visits, place * COLUMN_WIDTH, HISTOGRAM_HEIGHT - height, height))
    return columns


def _is_within(minutes: int, first: int | None, last: int | None) -> bool:
    return (first is None or minutes >= first) and (last is None or minutes <= last)


@dataclass(frozen=True)
class Bar:
    """One line of a Pareto table: the loss, its bar in percent of the longest, its share and that of all so far."""

    loss: Loss
    width: float
    share: int
    so_far: int


def pareto(losses: Sequence[Loss]) -> list[Bar]:
    """The greatest first, as they come."""
    total, longest = sum(one.points for one in losses), max((one.points for one in losses), default=0)
    sums = accumulate(one.points for one in losses)
    return [
        Bar(one, round(one.points * 100 / longest, 1), round(one.points * 100 / total), round(so_far * 100 / total))
        for one, so_far in zip(losses, sums, strict=True)
    ]
