"""Words for hours of the week, and the picture of a branch's busy hours as plain numbers for an SVG template."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import get_locale
from flask_babel import gettext as _

from fieldapp.domain.busy_hours import Hours, Tally
from fieldapp.services.busy_hours import FEW, Busy

__all__ = ["FEW"]

#: Units of a cell; the hours stand left of them, the weekdays above.
CELL_WIDTH, CELL_HEIGHT, NAME_WIDTH, HEAD = 42, 30, 52, 26
#: From these shares of the greatest number, and from these shares of broken promises on, a cell is a step darker.
DEMAND_STEPS, BROKEN_STEPS = (0.2, 0.4, 0.6, 0.8), (0.02, 0.05, 0.1, 0.2)
WEEK = range(7)


@dataclass(frozen=True)
class Cell:
    """One hour of the week: where, how dark (0 to 5, 0 where nothing is), what stands in it."""

    hours: Hours
    tally: Tally
    x: int
    y: int
    level: int
    text: str


def cells(busy: Busy, *, broken: bool) -> Sequence[Cell]:
    """The cells of the picture of visits, or of the share of broken promises in whole percent (rounded to the nearest:
    what counts is beside it)."""
    top = max((one.visits for one in busy.tallies.values()), default=0)
    found = []
    for row, hour in enumerate(busy.hours):
        for weekday in WEEK:
            sums = busy.of(weekday, hour)
            level, text = _share(sums) if broken else _number(sums, top)
            place = NAME_WIDTH + weekday * CELL_WIDTH, HEAD + row * CELL_HEIGHT
            found.append(Cell(Hours(weekday, hour), sums, *place, level, text))
    return found


def _number(sums: Tally, top: int) -> tuple[int, str]:
    if not sums.visits:
        return 0, ""
    return 1 + sum(sums.visits >= step * top for step in DEMAND_STEPS), str(sums.visits)


def _share(sums: Tally) -> tuple[int, str]:
    """A share of few visits is told, and coloured like a small one."""
    if not sums.broken:
        return 0, ""
    share = sums.broken / sums.visits
    level = 1 + sum(share >= step for step in BROKEN_STEPS) if sums.visits >= FEW else 1
    return level, percent(sums)


def percent(sums: Tally) -> str:
    """The share of broken promises in whole percent, or what stands for a small one."""
    share = sums.broken * 100 / sums.visits if sums.visits else 0
    return "<1" if 0 < share < 1 else str(round(share))


def weekday(number: int, width: str = "wide") -> str:
    """The name of a weekday, 0 is Monday; `width` "wide" or "abbreviated"."""
    return str(get_locale().days["stand-alone"][width][number])


def clock(hour: int) -> str:
    """From when to when an hour lasts."""
    return f"{hour:02}:00–{(hour + 1) % 24:02}:00"


def named(hours: Hours) -> str:
    """What these hours are called."""
    if hours.weekday is None:
        return _("every day, %(hour)s", hour=clock(hours.hour)) if hours.hour is not None else _("at any hour")
    if hours.hour is None:
        return _("every %(weekday)s", weekday=weekday(hours.weekday))
    return _("%(weekday)s, %(hour)s", weekday=weekday(hours.weekday), hour=clock(hours.hour))


def told(hours: Hours, sums: Tally) -> str:
    """What a number of them says, read aloud."""
    return _(
        "%(hours)s: %(visits)s visits, %(broken)s broken promises", hours=named(hours), visits=sums.visits,
        broken=sums.broken,
    )  # fmt: skip


def weekly(sums: Tally, weeks: int) -> str:
    """How many that is in a week, to one decimal."""
    return f"{sums.visits / weeks:.1f}"


def narrowed(hours: Hours, by: str | None) -> str:
    """What a list says that shows nothing else."""
    name = named(hours)
    if by == "planned":
        return _("Work is planned to begin: %(hours)s", hours=name)
    return _("The window begins: %(hours)s", hours=name)
