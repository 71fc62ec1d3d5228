"""Holding a visit where it is planned, and letting it go again.

Owns who may and that it is audited; that moving a pinned visit wants a reason is `services.claims`'s.
"""

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.services.scheduling import get_open
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, pins, visits
from fieldapp.storage.pins import Pin
from fieldapp.storage.visits import Visit

__all__ = ["Pin", "let_go", "pin_visit", "unpin_visit"]


def pin_visit(work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int) -> Visit:
    """Hold the visit with its technician at its planned start, as the planner saw it at `rev`.

    Raises `Invalid` pin_nobody, `Conflict` visit_changed, visit_over, visit_started, visit_disputed.
    """
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        seen = get_open(db, branch, visit, rev)
        if seen.technician is None:
            raise Invalid("pin_nobody", number=seen.external_id)
        if pins.find(db, branch, visit) is None:
            pins.put(db, branch, visit, Pin(seen.technician, seen.planned.start, actor.login, now))
            facts = {"technician": seen.technician, "start": seen.planned.start.isoformat()}
            _tell(work, db, actor.login, seen, "visit.pinned", facts)
        return seen


def unpin_visit(work: Work, actor: Actor, branch: BranchCode, visit: str) -> Visit:
    """Let planners move it again, whatever became of it meanwhile; raises `NotFound`."""
    require(actor, "visits.plan", branch=branch)
    with work.write(branch) as db:
        seen = visits.get(db, branch, visit)
        let_go(work, db, actor.login, seen)
        return seen


def let_go(work: Work, db: Db, author: str, seen: Visit) -> None:
    """Inside an open transaction: nothing holds the visit any more."""
    if pins.find(db, seen.branch, seen.visit_id) is not None:
        pins.remove(db, seen.branch, seen.visit_id)
        _tell(work, db, author, seen, "visit.unpinned", {})


def _tell(work: Work, db: Db, author: str, seen: Visit, action: str, facts: dict[str, str]) -> None:
    audit.append(
        db, seen.branch, entry_id=work.new_id(), now=work.now(), actor=author, action=action,
        subject=seen.external_id, facts=facts,
    )  # fmt: skip
