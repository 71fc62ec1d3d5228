"""A new version of the norm sheet from what somebody typed, with everything that is wrong with it; and what it changes.

Owns the form's fields (`punctual.points`, `award_floor`) and their limits; what a whole sheet may say is `rulebook`'s.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from fieldapp.domain.calendar import Month, parse_month, shifted
from fieldapp.domain.errors import Invalid
from fieldapp.domain.scoring.rulebook import (
    BASE_POINTS,
    Fault,
    Item,
    Kind,
    Parameters,
    Rulebook,
    floor_fault,
    parse_rulebook,
    points_fault,
    refuse,
)

KINDS: tuple[Kind, ...] = get_args(Kind)
WEEK, DAY, YEAR = 7 * 24 * 60, 24 * 60, 366
#: Every whole-number parameter with the least and the most that makes sense.
LIMITS: dict[str, tuple[int, int]] = {
    "notice_minutes": (0, WEEK),
    "call_ahead_minutes": (0, DAY),
    "grace_minutes": (0, DAY),
    "linger_minutes": (0, DAY),
    "missed_after_minutes": (0, WEEK),
    "award_floor": (0, 200),
    "award_cap": (1, 200),
    "commendation_points": (0, 100),
    "commendation_cap": (0, 100),
    "min_visits": (1, 1000),
    "appeal_days": (1, YEAR),
    "answer_days": (1, YEAR),
}
#: How many months ahead of the next one a version may begin: what is farther off is a slip of the finger.
FARTHEST = 24
AMOUNT = "award_base"
MONTH = "in_force_from"
#: Of an item: the least and the most.
POINTS, SAMPLE, ALLOWED = (1, BASE_POINTS), (1, 10_000), (0, 1000)

_TARGET = re.compile(r"[01](\.[0-9]{1,4})?")
_AMOUNT = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions: what, and both values as typed; None: not there."""

    where: str
    before: str | None
    after: str | None


def typed_as(book: Rulebook, catalogue: Iterable[Item]) -> dict[str, str]:
    """The form of a sheet; items of the catalogue that it leaves out keep their last numbers, not ticked."""
    parameters = {name: str(getattr(book.parameters, name)) for name in (*LIMITS, AMOUNT)}
    fields = {MONTH: str(book.in_force_from or ""), **parameters}
    for known in catalogue:
        own = book.find_item(known.code)
        fields |= {f"{known.code}.{name}": value for name, value in _numbers(own or known).items()}
        fields[f"{known.code}.use"] = "yes" if own else ""
    return fields


def read_draft(typed: Mapping[str, str], catalogue: Sequence[Item], last: Rulebook, earliest: Month) -> Rulebook:
    """The version after `last` that the form describes, in force from `earliest` at the soonest.

    Raises `Unsound` with all faults. Fields that no item of the catalogue has are nothing; discipline articles stay.
    """
    reader = _Reader(typed)
    items = [_read_item(reader, known) for known in catalogue if reader.text(f"{known.code}.use")]
    parameters = {name: reader.number(name, limits) for name, limits in LIMITS.items()}
    amount = reader.matching(AMOUNT, _AMOUNT, "amount_malformed")
    month = _read_month(reader, last, earliest)
    points = [item["points"] for item in items]
    if None not in points:
        reader.faults += points_fault(points)
    floor, cap = parameters["award_floor"], parameters["award_cap"]
    if floor is not None and cap is not None:
        reader.faults += floor_fault(floor, cap)
    refuse(reader.faults)
    raw = {
        "sheet": last.sheet, "version": last.version + 1, MONTH: month, "item": items,
        "parameters": {**parameters, AMOUNT: f"{Decimal(amount):.2f}"},
        "discipline": [{"code": one.code, "article": one.article, "house": one.house} for one in last.disciplines],
    }  # fmt: skip
    return parse_rulebook(raw, {item.code for item in catalogue})


def differences(before: Rulebook, after: Rulebook) -> tuple[Change, ...]:
    """What `after` changes, item by item in its order, then what it drops, then the parameters."""
    codes = dict.fromkeys(item.code for book in (after, before) for item in book.items)
    found = [change for code in codes for change in _item_changes(before.find_item(code), after.find_item(code))]
    for name in Parameters.__struct_fields__:
        found += _change(name, str(getattr(before.parameters, name)), str(getattr(after.parameters, name)))
    articles = [{one.code: one.article or "" for one in book.disciplines} for book in (before, after)]
    for code in dict.fromkeys([*articles[0], *articles[1]]):
        found += _change(f"discipline.{code}", articles[0].get(code), articles[1].get(code))
    return tuple(found)


# --- Inside -------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads fields and remembers what is wrong with them; a field at fault reads as None or empty."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self.faults: list[Fault] = []

    def text(self, field: str) -> str:
        """As typed, in plain digits and signs (whoever types Chinese types full-width ones)."""
        return unicodedata.normalize("NFKC", self._typed.get(field, "")).strip()

    def number(self, field: str, limits: tuple[int, int]) -> int | None:
        """A whole number within the limits."""
        text, (least, most) = self.text(field), limits
        if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
            self.faults.append(Fault("number_range", field, {"least": least, "most": most}))
            return None
        return int(text)

    def matching(self, field: str, pattern: re.Pattern[str], code: str) -> str:
        """A text of that form."""
        text = self.text(field)
        if not pattern.fullmatch(text):
            self.faults.append(Fault(code, field))
        return text


def _read_item(reader: _Reader, known: Item) -> dict[str, Any]:
    code = known.code
    kind = reader.text(f"{code}.kind")
    if kind not in KINDS:
        reader.faults.append(Fault("kind_unknown", f"{code}.kind"))
    item = {
        "code": code, "article": known.article, "kind": kind, "points": reader.number(f"{code}.points", POINTS),
    }  # fmt: skip
    if kind == "rate":
        target = reader.matching(f"{code}.target", _TARGET, "target_range")
        if _TARGET.fullmatch(target) and not 0 < Decimal(target) <= 1:
            reader.faults.append(Fault("target_range", f"{code}.target"))
        return {**item, "target": target, "min_sample": reader.number(f"{code}.min_sample", SAMPLE)}
    return {**item, "allow": reader.number(f"{code}.allow", ALLOWED)} if kind == "exception" else item


def _read_month(reader: _Reader, last: Rulebook, earliest: Month) -> Month | None:
    """Never retroactive, and never before the version that it follows."""
    try:
        month = parse_month(reader.text(MONTH))
    except Invalid:
        reader.faults.append(Fault("month_malformed", MONTH, {"value": reader.text(MONTH)}))
        return None
    reader.faults += month_fault(month, last, earliest)
    return month


def month_fault(month: Month, last: Rulebook, earliest: Month) -> Iterator[Fault]:
    """That a version cannot be in force from `month`, if so."""
    if month < earliest:
        yield Fault("month_past", MONTH, {"earliest": earliest})
    elif month > shifted(earliest, FARTHEST):
        yield Fault("month_far", MONTH, {"latest": shifted(earliest, FARTHEST)})
    elif month < (last.in_force_from or ""):
        yield Fault("month_before_last", MONTH, {"last": last.in_force_from})


def _numbers(item: Item) -> dict[str, str]:
    return {
        "kind": item.kind, "points": str(item.points), "target": item.target or "",
        "min_sample": str(item.min_sample), "allow": str(item.allow),
    }  # fmt: skip


def _item_changes(before: Item | None, after: Item | None) -> Iterator[Change]:
    if before is None or after is None:
        points = [str(item.points) if item else None for item in (before, after)]
        code = (before or after).code  # type: ignore[union-attr]
        yield Change(code, *points)
        return
    old, new = _numbers(before), _numbers(after)
    needless = {"rate": "allow", "exception": "target"}
    for name in new:
        if name == needless[after.kind] or (name == "min_sample" and after.kind == "exception"):
            continue
        yield from _change(f"{after.code}.{name}", old[name], new[name])


def _change(field: str, before: str | None, after: str | None) -> Iterator[Change]:
    if before != after:
        yield Change(field, before, after)
