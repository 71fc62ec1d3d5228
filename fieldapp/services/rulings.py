"""Deciding about facts that a phone sent against the plan.

Owns who decides and that a reason is given. Which facts wait is `services.sync_holding`'s, what a decision does to a
score `domain.scoring`'s.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.ids import BranchCode, VisitId
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits import rulings as rules
from fieldapp.domain.visits.lifecycle import replay
from fieldapp.domain.visits.rulings import Decision
from fieldapp.services.scheduling import be_others, say_audited, unchanged
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, scoring
from fieldapp.storage.visits import Visit

__all__ = ["Decision", "leave_facts_out", "reinstate_visit", "void_visit"]


def reinstate_visit(work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, reason: str) -> Visit:
    """Let what was done count: held facts are released, where none are those that were left out; a cancellation is as
    if never made. Wants a reason. Raises `Conflict` visit_changed, nothing_to_decide, `Forbidden("visit_own")`."""

    def ruling(db: Db, seen: Visit) -> ev.Data:
        if not events.release(db, branch, seen.visit_id) and not _is_off(db, seen):
            events.bring_back(db, branch, seen.visit_id)
        return ev.VisitReinstated(reason=reason.strip())

    return _rule(work, actor, branch, visit, rev, reason, "reinstate", ruling)


def leave_facts_out(work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, reason: str) -> Visit:
    """Let held facts of a visit that its customer still waits for never count: the appointment stands as if they had
    not come. They stay stored, and reinstating the visit brings them back. Raises what `reinstate_visit` does."""

    def ruling(db: Db, seen: Visit) -> ev.Data:
        return ev.VisitReinstated(reason=reason.strip(), left_out=events.leave_out(db, branch, seen.visit_id))

    return _rule(work, actor, branch, visit, rev, reason, "leave_out", ruling)


def void_visit(work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, reason: str) -> Visit:
    """Keep what was done against the plan and score none of it. Wants a reason, and facts that wait: a dispatcher
    decides disputes and takes no other visit out of a score. Raises what `reinstate_visit` does, and `Conflict`
    visit_awaited: by facts that nobody came with no appointment falls away."""

    def ruling(db: Db, seen: Visit) -> ev.Data:
        events.release(db, branch, seen.visit_id)
        return ev.VisitVoided(reason=reason.strip())

    return _rule(work, actor, branch, visit, rev, reason, "void", ruling)


def decisions(db: Db, branch: str, visit: VisitId, now: datetime) -> Sequence[Decision]:
    """What may be decided about the visit now."""
    waiting = [one.event for one in events.held_of(db, branch, visit)]
    left_out = bool(events.held_of(db, branch, visit, code=events.LEFT_OUT))
    return rules.decisions(events.histories(db, branch, [visit])[0][visit], waiting, now, left_out=left_out)


def _whose(db: Db, branch: str, visit: VisitId) -> set[str | None]:
    """Who said what is decided about, and whom the visit counts for."""
    judged = scoring.find_judgement(db, branch, visit)
    facts = [*events.held_of(db, branch, visit), *events.held_of(db, branch, visit, code=events.LEFT_OUT)]
    return {judged.technician if judged else None, *(one.event.actor for one in facts)}


def _is_off(db: Db, seen: Visit) -> bool:
    state = replay(events.histories(db, seen.branch, [seen.visit_id])[0][seen.visit_id])
    return state is not None and rules.is_off(state)


def _rule(
    work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, reason: str, decision: Decision,
    ruling: Callable[[Db, Visit], ev.Data],
) -> Visit:  # fmt: skip
    require(actor, "visits.plan", branch=branch)
    if not reason.strip():
        raise Invalid("reason_missing", field="reason")
    with work.write(branch) as db:
        seen = unchanged(db, branch, visit, rev)
        if decision not in decisions(db, branch, seen.visit_id, work.now()):
            is_awaited = decision == "void" and seen.held > 0
            raise Conflict("visit_awaited" if is_awaited else "nothing_to_decide", number=seen.external_id)
        be_others(actor, seen, *_whose(db, branch, seen.visit_id))
        return say_audited(work, db, actor, branch, seen.visit_id, seen.external_id, [ruling(db, seen)])
