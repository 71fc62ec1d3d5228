"""Which days and times can be meant at all: others are slips of a clock or a pen, and break sums of times."""

from datetime import date


def is_plausible(moment: date) -> bool:
    """Whether a day or time lies in this century."""
    return 2000 <= moment.year < 2100


def refuse_implausible(*moments: date | None) -> None:
    """Raise ValueError where one of them does not."""
    if not all(moment is None or is_plausible(moment) for moment in moments):
        raise ValueError("time is not in this century")
