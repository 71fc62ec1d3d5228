"""What another version of the norm would have meant for a month: who crosses the floor, loses or wins an item, is paid.

Owns the comparison of two sets of sheets that the same engine made of the same facts; makes no sheet itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.engine import ItemStatus, ScoreSheet, SheetStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """One technician's month by one version; `passes`: assessed, and not under that version's floor."""

    status: SheetStatus
    score: Decimal
    award: Decimal
    passes: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """A technician whose month would be another: codes of the items that they would lose and win.

    Lost is what is not achieved by the new version and was not lost before; won what was lost and is so no more.
    """

    technician: str
    before: Standing | None
    after: Standing | None
    lost: tuple[str, ...]
    won: tuple[str, ...]

    @property
    def crosses(self) -> str:
        """`down` or `up` across the floor, empty when on the same side."""
        sides = [one is not None and one.passes for one in (self.before, self.after)]
        return "" if sides[0] == sides[1] else "down" if sides[0] else "up"

    @property
    def awards(self) -> tuple[Decimal, Decimal]:
        """The award before and after."""
        return tuple(one.award if one else Decimal("0.00") for one in (self.before, self.after))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A month by the version that judges it and by another one; `changed` holds only whose month would be another."""

    month: Month
    technicians: int
    award_before: Decimal
    award_after: Decimal
    changed: tuple[Changed, ...]


def compare(
    month: Month, before: Iterable[ScoreSheet], after: Iterable[ScoreSheet], floors: tuple[int, int]
) -> Simulated:  # fmt: skip
    """Both versions' sheets of one month side by side; `floors` are their award floors."""
    old, new = ({one.technician: one for one in sheets} for sheets in (before, after))
    codes = sorted(old.keys() | new.keys())
    pairs = (_changed(code, old.get(code), new.get(code), floors) for code in codes)
    return Simulated(
        month=month,
        technicians=len(codes),
        award_before=_sum(old.values()),
        award_after=_sum(new.values()),
        changed=tuple(one for one in pairs if one is not None),
    )


def _changed(code: str, old: ScoreSheet | None, new: ScoreSheet | None, floors: tuple[int, int]) -> Changed | None:
    before, after = _standing(old, floors[0]), _standing(new, floors[1])
    lost_before, lost_after = _lost(old), _lost(new)
    lost, won = (tuple(one for one in left if one not in right) for left, right in (
        (lost_after, lost_before), (lost_before, lost_after),
    ))  # fmt: skip
    return Changed(code, before, after, lost, won) if before != after or lost or won else None


def _standing(sheet: ScoreSheet | None, floor: int) -> Standing | None:
    if sheet is None:
        return None
    return Standing(sheet.status, sheet.score, sheet.award, sheet.status == "assessed" and sheet.score >= floor)


def _lost(sheet: ScoreSheet | None) -> list[str]:
    lost: ItemStatus = "not_achieved"
    return [item.code for item in sheet.items if item.status == lost] if sheet else []


def _sum(sheets: Iterable[ScoreSheet]) -> Decimal:
    return sum((one.award for one in sheets), Decimal("0.00"))
