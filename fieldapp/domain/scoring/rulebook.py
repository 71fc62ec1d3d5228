"""The norm sheet with its numbers, as versioned data: parsed, checked, and chosen by month.

Owns what a sheet may say and whether it is whole; never reads a file, and judges nothing.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from fieldapp.domain.calendar import Month, parse_month
from fieldapp.domain.errors import Invalid

BASE_POINTS = 100

Kind = Literal["rate", "exception"]
Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,31}\Z")]
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,7}(\.[0-9]{1,4})?\Z")]


@cache
def _exact(number: str) -> Fraction:
    return Fraction(number)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a sheet: a code, the field at fault (`punctual.target`, `award_floor`; empty: the
    sheet as a whole), and what fills the sentence."""

    code: str
    where: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        return " ".join(part for part in (self.where, self.code, facts and f"({facts})") if part)


class Unsound(Invalid):
    """A sheet that is no norm; `faults` names everything that is wrong with it."""

    code = "rulebook_invalid"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(problem="; ".join(str(fault) for fault in self.faults))


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sub-goal. A `rate` has a target and a smallest sample; an `exception` allows so many adverse findings."""

    code: Code
    article: str
    points: Annotated[int, msgspec.Meta(ge=1, le=BASE_POINTS)]
    kind: Kind
    target: Number | None = None
    min_sample: Annotated[int, msgspec.Meta(ge=1)] = 1
    allow: Count = 0

    @property
    def rate(self) -> Fraction:
        """The target as an exact number; 0 for an exception."""
        return _exact(self.target or "0")


class Discipline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An article of service discipline; `house` marks what the company added to the scheme."""

    code: Code
    article: str | None = None
    house: bool = False


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The numbers of one version; minutes as whole numbers here, as durations through the properties."""

    notice_minutes: Count
    call_ahead_minutes: Count
    grace_minutes: Count
    linger_minutes: Count
    missed_after_minutes: Count
    award_floor: Count
    award_cap: Count
    commendation_points: Count
    commendation_cap: Count
    min_visits: Count
    appeal_days: Count
    answer_days: Count
    award_base: Number

    @property
    def notice(self) -> timedelta:
        return timedelta(minutes=self.notice_minutes)

    @property
    def call_ahead(self) -> timedelta:
        return timedelta(minutes=self.call_ahead_minutes)

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)

    @property
    def linger(self) -> timedelta:
        return timedelta(minutes=self.linger_minutes)

    @property
    def missed_after(self) -> timedelta:
        return timedelta(minutes=self.missed_after_minutes)

    @property
    def award(self) -> Decimal:
        """What a score of 100 pays, in the branch's currency."""
        return Decimal(self.award_base)


class _Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    sheet: Code
    version: Annotated[int, msgspec.Meta(ge=1)]
    parameters: Parameters
    item: list[Item]
    discipline: list[Discipline]
    in_force_from: str | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One version of one norm sheet; items in the order in which every page and file shows them."""

    sheet: str
    version: int
    in_force_from: Month | None
    parameters: Parameters
    items: tuple[Item, ...]
    disciplines: tuple[Discipline, ...]

    @property
    def name(self) -> str:
        """`installer/1`: how data files and pages call this version."""
        return f"{self.sheet}/{self.version}"

    def find_item(self, code: str | None) -> Item | None:
        """The item of that code, if the sheet has it."""
        return next((item for item in self.items if item.code == code), None)

    def has_discipline(self, code: str | None) -> bool:
        """Whether the sheet has this discipline article."""
        return any(article.code == code for article in self.disciplines)


def parse_rulebook(raw: Mapping[str, Any], known: Collection[str] | None = None) -> Rulebook:
    """A norm sheet from plain values (as a TOML reader gives them).

    Raises `Unsound` unless it is whole: known kinds, unique codes (of `known` items, where given), points that add up
    to 100, a target above 0 and up to 1 for every rate and for nothing else.
    """
    try:
        sheet = msgspec.convert(dict(raw), _Sheet)
    except msgspec.ValidationError as error:
        raise Unsound([Fault("malformed", facts={"problem": str(error)})]) from None
    refuse(_faults(sheet, known))
    return Rulebook(
        sheet=sheet.sheet,
        version=sheet.version,
        in_force_from=parse_month(sheet.in_force_from) if sheet.in_force_from else None,
        parameters=sheet.parameters,
        items=tuple(sheet.item),
        disciplines=tuple(sheet.discipline),
    )


def encode_rulebook(book: Rulebook) -> bytes:
    """The sheet as canonical JSON, the form in which it is stored and hashed; `parse_rulebook` reads it."""
    sheet = _Sheet(
        sheet=book.sheet, version=book.version, parameters=book.parameters, item=list(book.items),
        discipline=list(book.disciplines), in_force_from=book.in_force_from,
    )  # fmt: skip
    return msgspec.json.encode(sheet, order="deterministic")


def fingerprint(book: Rulebook) -> str:
    """SHA-256 of the whole version, number and month included: what a second person confirms."""
    return hashlib.sha256(encode_rulebook(book)).hexdigest()


def _faults(sheet: _Sheet, known: Collection[str] | None) -> Iterable[Fault]:
    yield from points_fault(item.points for item in sheet.item)
    yield from floor_fault(sheet.parameters.award_floor, sheet.parameters.award_cap)
    codes = [item.code for item in sheet.item] + [article.code for article in sheet.discipline]
    yield from (Fault("code_twice", code) for code in sorted({code for code in codes if codes.count(code) > 1}))
    for item in sheet.item:
        if known is not None and item.code not in known:
            yield Fault("item_unknown", item.code)
        if (item.kind == "rate") != (item.target is not None):
            yield Fault("target_missing" if item.kind == "rate" else "target_needless", f"{item.code}.target")
        elif item.target is not None and not 0 < item.rate <= 1:
            yield Fault("target_range", f"{item.code}.target")
    if (sheet.version == 1) != (sheet.in_force_from is None):
        yield Fault("month_missing", "in_force_from")


def points_fault(points: Iterable[int]) -> Iterable[Fault]:
    """That the base points do not add up to 100, if so; `missing` is negative where there are too many."""
    total = sum(points)
    if total != BASE_POINTS:
        yield Fault("points_sum", facts={"total": total, "missing": BASE_POINTS - total})


def floor_fault(floor: int, cap: int) -> Iterable[Fault]:
    """That an award could never be earned, if so."""
    if floor > cap:
        yield Fault("floor_over_cap", "award_floor", {"cap": cap})


def refuse(faults: Iterable[Fault]) -> None:
    """Raise `Unsound` when there is any."""
    listed = list(faults)
    if listed:
        raise Unsound(listed)


@dataclass(frozen=True, slots=True)
class Rulebooks:
    """All versions of one sheet, the oldest first."""

    versions: tuple[Rulebook, ...]

    @classmethod
    def of(cls, books: Iterable[Rulebook]) -> "Rulebooks":
        """The versions in order; raises `Unsound` when they are not 1, 2, 3 ... of one sheet, none from an earlier
        month than the one before. One from the same month takes the place of a version that was never in force."""
        versions = tuple(sorted(books, key=lambda book: book.version))
        months = [book.in_force_from or "" for book in versions]
        if [book.version for book in versions] != list(range(1, len(versions) + 1)) or not versions:
            raise Unsound([Fault("versions_gap")])
        if len({book.sheet for book in versions}) > 1 or sorted(months) != months:
            raise Unsound([Fault("versions_order")])
        return cls(versions)

    @property
    def last(self) -> Rulebook:
        """The newest version, in force already or not."""
        return self.versions[-1]

    def in_force(self, month: Month) -> Rulebook:
        """The version in force on the first day of `month`."""
        return next(book for book in reversed(self.versions) if (book.in_force_from or "") <= month)
