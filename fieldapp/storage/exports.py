"""A month's visits as they are exported: judged, with what their read model adds. Streamed, never sorted as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Month, Window
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.storage.tables.scoring import JudgementRow
from fieldapp.storage.tables.visits import VisitRow

_decoder = msgspec.json.Decoder(Judgement)


@dataclass(frozen=True, slots=True)
class Exported:
    """One visit. `window` is the latest promise told, which need not be the one in force."""

    judgement: Judgement
    external_id: str
    state: str
    window: Window
    signed: bool
    held: int


def visits(db: Session, branch: str, month: Month) -> Iterator[Exported]:
    """Every visit that belongs to the month: technician by technician, each one's by start."""
    judged, seen = JudgementRow, VisitRow
    query = (
        select(
            judged.technician, judged.body, seen.external_id, seen.state, seen.window_start, seen.window_end,
            seen.signed, seen.held,
        )
        .join(seen, (seen.branch == judged.branch) & (seen.visit_id == judged.visit_id))
        .where(judged.branch == branch, judged.month == month)
        # In the order of the index: sorting a million visits would take them all into memory.
        .order_by(judged.technician)
        .execution_options(yield_per=500)
    )  # fmt: skip
    for _, group in groupby(db.execute(query), key=lambda row: row.technician):
        own = [
            Exported(
                _decoder.decode(row.body), row.external_id, row.state, Window(row.window_start, row.window_end),
                row.signed, row.held,
            )
            for row in group
        ]  # fmt: skip
        yield from sorted(own, key=lambda one: (one.judgement.promised_start, one.external_id))
