"""Bringing an installation up to this program: its schema, then the read models that steps of it may have emptied.

Facts survive every step; what is derived from them is made anew here, so that no page is empty after an upgrade.
"""

from datetime import datetime

from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.visits.events import Event
from fieldapp.services import installation, outbox, recording, scoring, sync_strays
from fieldapp.services.work import Db, Work
from fieldapp.storage import appeals, branches, events


def upgrade(work: Work, *, timezone: str) -> str:
    """Upgrade as `installation.upgrade` does; returns the revision. An older database gets its read models anew."""
    before = installation.schema(work).found
    head = installation.upgrade(work, timezone=timezone)
    if before not in {"empty", head}:
        with work.read() as db:
            codes = [branch.code for branch in branches.every(db)]
        for code in codes:
            with work.write(code) as db:
                _rebuild(db, code, work.now())
                # What a branch waits for was written down by a program that knew of fewer things to tell.
                if (found := branches.find(db, code)) and found.hears is not None:
                    outbox.listen(db, code)
        for code in codes:
            sync_strays.bring_home(work, BranchCode(code))
    return head


def _rebuild(db: Db, branch: str, now: datetime) -> None:
    """States, promises and judgements of every visit of the branch, what its findings do, where its appeals stand."""
    visits: dict[VisitId, None] = {}
    loose: list[Event] = []
    for event in events.all_events(db, branch):
        if event.visit is None:
            loose.append(event)
        else:
            visits[event.visit] = None
    recording.refresh(db, branch, list(visits), now)
    scoring.rejudge_findings(db, branch, loose)
    appeals.rebuild(db, branch)
