"""Months of a branch as a draft of the norm would have judged them, and how far that is; kept while people look."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.counts import Counts
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.simulations import Simulated
from fieldapp.storage import bulk
from fieldapp.storage.tables.rulebooks import SimulationRow


@dataclass(slots=True)
class Begun:
    """A month under way: counted up to the visit `after`, `seen` of about `total`."""

    month: Month
    total: int
    seen: int = 0
    after: str = ""
    counts: dict[str, Counts] = field(default_factory=dict)
    effects: list[FindingEffect] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """One month's result, or how far it is, and as of when its facts were counted."""

    result: Simulated | None
    begun: Begun | None
    counted_at: datetime


class _Begun(msgspec.Struct):
    total: int
    seen: int
    after: str
    counts: dict[str, tuple[dict[str, int], dict[str, int], dict[str, int]]]
    effects: list[FindingEffect]


_encoder = msgspec.json.Encoder(order="deterministic")
_results, _begun = msgspec.json.Decoder(Simulated), msgspec.json.Decoder(_Begun)


def found(db: Session, branch: str, draft_id: str, content: str, months: Iterable[Month]) -> dict[Month, Kept]:
    """Those of the months that were worked out, or begun, with this content of the draft."""
    query = select(SimulationRow).where(
        SimulationRow.branch == branch, SimulationRow.draft_id == draft_id, SimulationRow.content == content,
        SimulationRow.month.in_(list(months)),
    )  # fmt: skip
    return {Month(row.month): _kept(row) for row in db.scalars(query)}


def keep(
    db: Session, branch: str, draft_id: str, content: str, state: Simulated | Begun, now: datetime
) -> None:  # fmt: skip
    """Keep a month's result, or how far it is, over any older one."""
    row = {
        "branch": branch, "draft_id": draft_id, "month": state.month, "content": content, "counted_at": now,
        "done": isinstance(state, Simulated), "body": _encoder.encode(_written(state)),
    }  # fmt: skip
    bulk.upsert(db, SimulationRow, [row])


def forget(db: Session, branch: str, draft_id: str) -> None:
    """Drop what was worked out for the branch."""
    db.execute(delete(SimulationRow).where(SimulationRow.branch == branch, SimulationRow.draft_id == draft_id))


def _written(state: Simulated | Begun) -> Simulated | _Begun:
    if isinstance(state, Simulated):
        return state
    counts = {code: (dict(one.outcomes), dict(one.met), dict(one.breached)) for code, one in state.counts.items()}
    return _Begun(state.total, state.seen, state.after, counts, state.effects)


def _kept(row: SimulationRow) -> Kept:
    if row.done:
        return Kept(_results.decode(row.body), None, row.counted_at)
    read = _begun.decode(row.body)
    counts = {code: Counts(*(Counter(one) for one in three)) for code, three in read.counts.items()}
    return Kept(None, Begun(Month(row.month), read.total, read.seen, read.after, counts, read.effects), row.counted_at)
