"""September 2026 in branch `main`, ready to be closed, and the people who close it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fieldapp.domain.calendar import Month
from fieldapp.services import adjustment_views, adjustments, closing, recording
from fieldapp.services.adjustment_views import View
from fieldapp.services.adjustments import Proposal
from fieldapp.services.closing import ClosedMonth, Preview
from fieldapp.services.doctor import examine
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import builders
from tests.cast import M001, M002, MAIN, Q001, Person

SEPTEMBER = Month("2026-09")
NINE = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)


def store(work: Work, lines: list[dict[str, Any]], branch: str = MAIN) -> None:
    """Record the lines as imported facts."""
    now = work.now()
    records = [Record(event=event, origin="import", received_at=now) for event in builders.as_events(lines, branch)]
    with work.write() as db:
        recording.record(db, branch, records, now)


def september(work: Work) -> None:
    """Two visits of T001 (the second unsigned), one of T002 with praise, one that was nobody's."""
    unsigned = [
        one
        for one in builders.perfect_visit("WO-2", NINE + timedelta(days=1))
        if one["type"] not in {"signature.captured"}
    ]
    praise = finding("WO-3", technician="T002", source="praise", commendation=True, favourable=True)
    store(work, [
        *builders.perfect_visit("WO-1", NINE), *unsigned, *builders.perfect_visit("WO-3", NINE, "T002"),
        praise, upheld(praise), builders.scheduled("WO-4", NINE, technician=None),
    ])  # fmt: skip


def finding(visit: str | None = None, *, technician: str = "T001", **what: Any) -> dict[str, Any]:
    """An adverse spot check of September, unless said otherwise."""
    data = {"source": "spot_check", "technician": technician, "favourable": False, "occurred_on": "2026-09-07"}
    return builders.line("finding.recorded", visit, NINE + timedelta(hours=8), "Q001", **{**data, **what})


def upheld(about: dict[str, Any]) -> dict[str, Any]:
    """The decision that the finding stands."""
    return builders.line("finding.decided", None, NINE + timedelta(hours=9), "M001", finding=about["id"],
                         outcome="upheld")  # fmt: skip


def preview(work: Work, who: Person = M001, month: Month = SEPTEMBER) -> Preview:
    return closing.preview(work, who.actor, MAIN, month)


def propose(work: Work, who: Person = M001) -> Preview:
    """Propose what is seen; returns what is seen then."""
    closing.propose(work, who.actor, MAIN, SEPTEMBER, preview(work, who).fingerprint)
    return preview(work, who)


def close(work: Work, first: Person = M001, second: Person = Q001) -> ClosedMonth:
    """Both steps."""
    seen = propose(work, first)
    return closing.confirm(work, second.actor, MAIN, SEPTEMBER, seen.fingerprint)


def look(work: Work, technician: str = "T001", who: Person = M001) -> View:
    """What later facts changed of September."""
    return adjustment_views.look(work, who.actor, MAIN, SEPTEMBER, technician)


def propose_adjustment(work: Work, technician: str = "T001", who: Person = M001) -> Proposal:
    """Propose what is seen."""
    seen = look(work, technician, who).seen
    return adjustments.propose(work, who.actor, MAIN, SEPTEMBER, technician, seen, "It was found out later.")


def adjust(work: Work, technician: str = "T001", first: Person = M001, second: Person = M002) -> Proposal:
    """Both steps."""
    asked = propose_adjustment(work, technician, first)
    return adjustments.decide(
        work, second.actor, MAIN, asked.proposal_id, "confirmed", asked.fingerprint, "I have looked at it."
    )


def faults(work: Work) -> list[str]:
    """What the doctor says."""
    return [fault for check in examine(work) for fault in check.faults]


def as_jsonl(lines: list[dict[str, Any]]) -> bytes:
    """The lines as a history file."""
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in lines).encode()
