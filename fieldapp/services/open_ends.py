"""What may still move a month's figures: looked at before it is closed, and each of it can be opened. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fieldapp.domain import approvals as approval_rules
from fieldapp.domain.calendar import Month, month_bounds
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.services import arrivals, call_backs, phones
from fieldapp.services.arrivals import Doubtful
from fieldapp.services.call_backs import Entry
from fieldapp.services.phones import Phone
from fieldapp.services.work import Db
from fieldapp.storage import appeals, approvals, closing, events, scoring, visits
from fieldapp.storage.appeals import Filed
from fieldapp.storage.approvals import Approval
from fieldapp.storage.branches import Branch
from fieldapp.storage.closing import KeptVisit, OpenVisit
from fieldapp.storage.events import Held

__all__ = ["Approval", "Doubtful", "Entry", "Filed", "FindingEffect", "Held", "KeptVisit", "OpenVisit", "Phone"]


@dataclass(frozen=True)
class OpenEnds:
    """Approvals, findings and appeals come with the order number of their visit. `waiting` are facts about visits that
    nobody knows (yet): nobody can say of which month they are. `arrivals` are those in doubt, `calls` customers
    who are to be called back, `kept` visits of the month that a closed one keeps: they count there, not here."""

    pending: Sequence[OpenVisit]
    disputed: Sequence[OpenVisit]
    waiting: Sequence[Held]
    approvals: Sequence[tuple[Approval, str]]
    undecided: Sequence[tuple[FindingEffect, str]]
    appeals: Sequence[tuple[Filed, str]]
    phones: Sequence[Phone]
    arrivals: Sequence[Doubtful]
    calls: Sequence[Entry]
    kept: Sequence[KeptVisit]


def of_month(db: Db, place: Branch, month: Month, now: datetime) -> OpenEnds:
    """Everything of the branch that is about this month, as far as that can be known."""
    found = closing.open_visits(db, place.code, month, now)
    start, end = month_bounds(month, ZoneInfo(place.timezone))
    return OpenEnds(
        pending=[one for one in found if not one.held],
        disputed=[one for one in found if one.held],
        waiting=[one for one in events.held_of(db, place.code) if one.code == "unknown_visit"],
        approvals=_approvals(db, place.code, month),
        undecided=_undecided(db, place.code, month),
        appeals=_appeals(db, place.code, month),
        phones=phones.holding(db, BranchCode(place.code), now, end),
        arrivals=arrivals.waiting_in(db, place.code, month, now),
        calls=call_backs.open_in(db, place.code, month),
        kept=closing.kept_elsewhere(db, place.code, month, start, end),
    )


def _approvals(db: Db, branch: str, month: Month) -> list[tuple[Approval, str]]:
    found = []
    for asked in approvals.waiting(db, [branch]):
        seen, judged = visits.get(db, branch, asked.visit_id), scoring.find_judgement(db, branch, asked.visit_id)
        stale = approval_rules.overtaken(asked.window, seen.window, seen.state)
        if judged is not None and judged.month == month and stale is None:
            found.append((asked, seen.external_id))
    return found


def _undecided(db: Db, branch: str, month: Month) -> list[tuple[FindingEffect, str]]:
    """Findings that count nothing yet because nobody has decided them."""
    found = [one for one in scoring.effects(db, branch, month) if one.state == "waiting"]
    numbers = scoring.external_ids(db, branch, (one.visit for one in found if one.visit))
    return [(one, numbers.get(one.visit, "") if one.visit else "") for one in found]


def _appeals(db: Db, branch: str, month: Month) -> list[tuple[Filed, str]]:
    found = appeals.open_in(db, branch, month)
    numbers = scoring.external_ids(db, branch, (one.visit for one in found if one.visit))
    return [(one, numbers.get(one.visit, "") if one.visit else "") for one in found]
