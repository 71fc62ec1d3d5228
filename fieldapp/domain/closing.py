"""A month under seal: what is kept of it, in which bytes, and who may close it when (docs/scoring.md, section 10).

Owns the snapshot's form. It is a chain of hashes: the snapshot names the hash of every sheet, a sheet that of the
evidence its numbers rest on; whoever signs the snapshot has signed all of it. Neither signs nor stores anything.
"""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict, Forbidden
from fieldapp.domain.scoring.engine import (
    ItemScore,
    ItemStatus,
    ScoreSheet,
    SheetStatus,
    counting_by_themselves,
)
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.scoring.rulebook import Item, Rulebook

FORMAT = "fieldapp-month/1"
ProposalState = Literal["open", "closed", "withdrawn", "overtaken"]
T = TypeVar("T")

#: RFC 8785 for what stands in these structures: no floats, names in ASCII. A test compares it with another writer.
_encoder = msgspec.json.Encoder(order="sorted")


class ItemFigure(Struct, frozen=True):
    """One item's counts. Points, kind and target are the rulebook's."""

    code: str
    status: ItemStatus
    met: int
    breached: int
    adverse: int


class Figure(Struct, frozen=True):
    """All numbers of one technician's month."""

    status: SheetStatus
    judged_visits: int
    assessed: int
    earned: int
    commendations: int
    base: Decimal
    bonus: int
    score: Decimal
    veto: tuple[str, ...]
    award: Decimal
    items: tuple[ItemFigure, ...]


class ClosedVisit(Struct, frozen=True):
    """A visit as it counted: its order number and its judgement with every verdict, reason and time."""

    external_id: str
    judgement: Judgement


class Evidence(Struct, frozen=True):
    """What one sheet's numbers rest on."""

    visits: tuple[ClosedVisit, ...]
    effects: tuple[FindingEffect, ...]


class ClosedSheet(Struct, frozen=True):
    """One technician's month; `evidence` is the SHA-256 of its `Evidence`."""

    technician: str
    name: str
    team: str | None
    figure: Figure
    evidence: str


class Figures(Struct, frozen=True):
    """What two people see before they close a month: staff codes with their numbers, the order numbers of judged visits
    that are nobody's. Equal figures give equal bytes."""

    branch: str
    month: Month
    currency: str
    rulebook: Rulebook
    sheets: tuple[tuple[str, Figure], ...]
    unassigned: tuple[str, ...]


class Snapshot(Struct, frozen=True):
    """What is signed. `sheets` are staff codes with the SHA-256 of their `ClosedSheet`, `figures` is the fingerprint of
    the `Figures` that both people saw, `key` names the key that signs."""

    format: str
    branch: str
    month: Month
    timezone: str
    currency: str
    rulebook: Rulebook
    sheets: tuple[tuple[str, str], ...]
    unassigned: tuple[str, ...]
    figures: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    closed_at: datetime
    key: str


def canonical(value: Struct) -> bytes:
    """The one form of equal values, as JSON."""
    return _encoder.encode(value)


def fingerprint(content: bytes) -> str:
    """SHA-256, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def read(content: bytes, kind: type[T]) -> T | None:
    """What `canonical` wrote; None for bytes that are nothing of the kind."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, ValueError):
        return None


# --- Sheets ---------------------------------------------------------------------------------------------------------


def figure_of(sheet: ScoreSheet) -> Figure:
    """The numbers of a live sheet."""
    return Figure(
        status=sheet.status, judged_visits=sheet.judged_visits, assessed=sheet.assessed, earned=sheet.earned,
        commendations=sheet.commendations, base=sheet.base, bonus=sheet.bonus, score=sheet.score, veto=sheet.veto,
        award=sheet.award,
        items=tuple(ItemFigure(one.code, one.status, one.met, one.breached, one.adverse) for one in sheet.items),
    )  # fmt: skip


def close_sheet(
    sheet: ScoreSheet, name: str, team: str | None, visits: Iterable[ClosedVisit]
) -> tuple[ClosedSheet, bytes]:
    """One technician's part of a snapshot, and the bytes of the evidence that it names."""
    ordered = sorted(visits, key=lambda one: (one.judgement.promised_start, one.judgement.visit))
    evidence = canonical(Evidence(tuple(ordered), sheet.effects))
    return ClosedSheet(sheet.technician, name, team, figure_of(sheet), fingerprint(evidence)), evidence


def sheet_of(closed: ClosedSheet, book: Rulebook, month: Month, evidence: Evidence | None = None) -> ScoreSheet:
    """The closed sheet in the form of a live one, like `sheet_with`; without `evidence`, no findings behind it."""
    return sheet_with(closed.figure, closed.technician, book, month, evidence.effects if evidence else ())


def sheet_with(
    figure: Figure, technician: str, book: Rulebook, month: Month, effects: tuple[FindingEffect, ...] = ()
) -> ScoreSheet:  # fmt: skip
    """Figures that two people agreed to, in the form of a live sheet. Nothing is counted again."""
    counts = {one.code: one for one in figure.items}
    return ScoreSheet(
        technician=technician, month=month, rulebook=book.name, status=figure.status,
        judged_visits=figure.judged_visits, pending_visits=0, assessed=figure.assessed, earned=figure.earned,
        commendations=figure.commendations, base=figure.base, bonus=figure.bonus, score=figure.score,
        veto=figure.veto, award=figure.award, effects=effects,
        items=tuple(_item(counts[item.code], item, effects) for item in book.items),
    )  # fmt: skip


def _item(counts: ItemFigure, item: Item, effects: Iterable[FindingEffect]) -> ItemScore:
    return ItemScore(
        code=item.code, article=item.article, kind=item.kind, points=item.points, target=item.rate, allow=item.allow,
        status=counts.status, met=counts.met, breached=counts.breached, adverse=counts.adverse,
        findings=tuple(one.finding for one in counting_by_themselves(item.code, effects)),
    )  # fmt: skip


# --- Rules ----------------------------------------------------------------------------------------------------------


def be_ready(month: Month, *, ends_at: datetime, now: datetime, pending: int) -> None:
    """Raises `Conflict`: month_running (with when it ends), month_pending (with how many visits)."""
    if now < ends_at:
        raise Conflict("month_running", month=month)
    if pending:
        raise Conflict("month_pending", month=month, visits=pending)


def be_disinterested(login: str, beneficiaries: Collection[str]) -> None:
    """Nobody proposes a close that holds their own sheet; raises `Forbidden("close_benefit")`."""
    if login in beneficiaries:
        raise Forbidden("close_benefit")


def be_unchanged(seen: str, found: str) -> None:
    """Raises `Conflict("close_changed")` when the figures are not those that the first person saw."""
    if seen != found:
        raise Conflict("close_changed")
