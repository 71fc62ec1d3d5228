"""What the API gives and takes about adjustments of closed months; the other structures are `shapes`'."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Staff
from fieldapp.web.api.v1.shapes import Asked, Month, Paged

State = Literal["open", "confirmed", "refused", "withdrawn", "overtaken"]


class Figure(Struct, frozen=True):
    """What a technician's month comes to. `score` has one decimal, `award` two."""

    status: Literal["assessed", "not_assessed"]
    judged_visits: int
    assessed: int
    earned: int
    commendations: int
    score: str
    veto: list[str]
    award: str


class CountedVerdict(Struct, frozen=True):
    """What an item of a visit counted as and counts as: met, breached, or null for no verdict."""

    item: str
    before: bool | None
    after: bool | None
    source: str
    why: str


class CountedVisit(Struct, frozen=True):
    """A visit that counts otherwise; an outcome that is null: it was, or is, none of this technician's month."""

    external_id: str
    before: str | None
    after: str | None
    verdicts: list[CountedVerdict]


class CountedFinding(Struct, frozen=True):
    """A finding that counts otherwise by itself: what it did and does."""

    finding: str
    about: str
    before: str | None
    after: str | None


class Difference(Struct, frozen=True):
    """What later facts changed of a closed month: what stands (`before`), what the facts say by now (`after`), and why.

    `seen` is what a proposal has to name. `refused`: why it cannot be proposed now (a code). `proposal`: one that
    waits.
    """

    month: str
    technician: str
    name: str
    currency: str
    before: Figure
    after: Figure
    visits: list[CountedVisit]
    findings: list[CountedFinding]
    seen: str
    refused: str | None
    proposal: str | None


class AdjustmentQuery(Paged, frozen=True, kw_only=True):
    """Proposals about a closed month, of one technician or in one state, where these are named."""

    month: Month
    technician: Staff | UnsetType = UNSET
    state: State | UnsetType = UNSET


class NewAdjustment(Asked, frozen=True):
    """A proposal to let a difference stand, exactly as `seen` names it. No figure is sent: what facts say counts."""

    month: Month
    technician: Staff
    seen: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    reason: Annotated[ev.Text, Meta(min_length=1)]


class Adjustment(Struct, frozen=True):
    """A proposal and what became of it; `confirmed`, it is the technician's adjustment `number` of that month."""

    id: str
    month: str
    technician: str
    number: int
    state: State
    before: Figure
    after: Figure
    visits: list[CountedVisit]
    findings: list[CountedFinding]
    seen: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str
