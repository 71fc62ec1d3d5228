"""Adjusting a closed month: one person's proposal of what later facts changed, another one's yes or no.

Owns the two steps and what is signed by the second. What differs is `domain.adjustments`', who may be the second
`domain.approvals`', reading what was adjusted `services.adjusted`'. No figure is ever typed: "after" is what facts say.
"""

from datetime import datetime

from fieldapp.domain import adjustments as rules
from fieldapp.domain.access import Actor, require
from fieldapp.domain.adjustments import Adjustment, Decision
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import canonical, fingerprint
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import adjusted
from fieldapp.services.adjustment_views import Draft, be_second, draft_of
from fieldapp.services.work import Db, Work
from fieldapp.storage import adjustments, audit
from fieldapp.storage.adjustments import Kept, Proposal

__all__ = ["Proposal"]


# --- The steps ----------------------------------------------------------------------------------------------------


def propose(
    work: Work, actor: Actor, branch: BranchCode, month: Month, technician: str, seen: str, reason: str
) -> Proposal:  # fmt: skip
    """Propose to adjust the month as the actor saw it (`seen`: the difference's fingerprint).

    Raises `NotFound`; `Forbidden` adjust_benefit; `Conflict` adjust_open, adjust_changed, adjust_pending,
    adjust_nothing, adjust_waiting; `Invalid` reason_missing, text_too_long.
    """
    require(actor, "adjustments.propose", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        rules.be_disinterested(actor.login, technician)
        _, draft = draft_of(db, branch, month, technician, now)
        waiting = _open(db, branch, month, technician)
        if waiting is not None and waiting.fingerprint == draft.fingerprint:
            raise Conflict("adjust_waiting", technician=technician, month=month, by=waiting.author)
        rules.be_adjustable(draft.difference, draft.pending)
        rules.be_unchanged(seen, draft.fingerprint)
        why = rules.why(reason, "reason")
        if waiting is not None:
            adjustments.settle(db, waiting, "overtaken", by=actor.login, now=now)
        proposal = Proposal(
            branch=branch, proposal_id=work.new_id(), month=month, technician=technician,
            body=canonical(draft.difference), fingerprint=draft.fingerprint, author=actor.login,
            proposed_at=now, reason=why,
        )  # fmt: skip
        adjustments.propose(db, proposal)
        _audit(db, work, actor, proposal, "adjustment.proposed", now, fingerprint=proposal.fingerprint)
        return proposal


def decide(
    work: Work, actor: Actor, branch: BranchCode, proposal_id: str, outcome: Decision, seen: str, answer: str
) -> Proposal:  # fmt: skip
    """Be the second person: confirm exactly what was proposed and seen, or refuse it; with a reason, once.

    Raises `NotFound`; `Forbidden` request_own, request_benefit, request_head_office; `Conflict` adjust_decided,
    and, when confirming, adjust_changed, adjust_pending, adjust_nothing; `Invalid` reason_missing, text_too_long.
    """
    require(actor, "changes.approve", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        proposal = _proposal(db, branch, proposal_id)
        be_second(db, actor, proposal)
        why = rules.why(answer, "answer")
        if outcome == "confirmed":
            _, draft = draft_of(db, branch, proposal.month, proposal.technician, now)
            rules.be_adjustable(draft.difference, draft.pending)
            rules.be_unchanged(proposal.fingerprint, draft.fingerprint)
            rules.be_unchanged(seen, draft.fingerprint)
            _adjust(work, db, actor, proposal, draft, why, now)
        else:
            _audit(db, work, actor, proposal, "adjustment.refused", now, author=proposal.author)
        adjustments.settle(db, proposal, outcome, by=actor.login, now=now, answer=why)
        return _proposal_of(db, branch, proposal_id)


def withdraw(work: Work, actor: Actor, branch: BranchCode, proposal_id: str) -> None:
    """Take one's own open proposal back. Raises `NotFound`, `Conflict("adjust_decided")`, `Forbidden`
    adjust_foreign."""
    require(actor, "adjustments.propose", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        proposal = _proposal(db, branch, proposal_id)
        if proposal.author != actor.login:
            raise Forbidden("adjust_foreign", by=proposal.author)
        adjustments.settle(db, proposal, "withdrawn", by=actor.login, now=now)
        _audit(db, work, actor, proposal, "adjustment.withdrawn", now)


def _adjust(work: Work, db: Db, actor: Actor, proposal: Proposal, draft: Draft, answer: str, now: datetime) -> None:
    evidence = canonical(draft.evidence)
    standing = draft.standing
    body = canonical(
        Adjustment(
            format=rules.FORMAT, adjustment_id=proposal.proposal_id, difference=draft.difference, name=standing.name,
            previous=adjusted.previous_of(draft.sealed, standing.technician, standing.adjustments),
            evidence=fingerprint(evidence), author=proposal.author, proposed_at=proposal.proposed_at,
            reason=proposal.reason, approver=actor.login, confirmed_at=now, answer=answer,
            key=work.seal_key.key_id(make=True),
        )
    )  # fmt: skip
    mark = fingerprint(body)
    entry = _audit(db, work, actor, proposal, adjusted.ADJUSTED, now, fingerprint=mark, author=proposal.author)
    adjustments.add(
        db,
        Kept(
            branch=proposal.branch, month=proposal.month, technician=proposal.technician,
            number=draft.difference.number, adjustment_id=proposal.proposal_id, author=proposal.author,
            approver=actor.login, confirmed_at=now, body=body, fingerprint=mark, signature=work.seal_key.sign(body),
            audit_id=entry,
        ),
        evidence,
    )  # fmt: skip


# --- Inside -----------------------------------------------------------------------------------------------------------


def _open(db: Db, branch: str, month: Month, technician: str) -> Proposal | None:
    every = adjustments.proposals(db, branch, month, technician)
    return next((one for one in every if one.state == "open"), None)


def _proposal(db: Db, branch: str, proposal_id: str) -> Proposal:
    """One that is still to be decided."""
    found = _proposal_of(db, branch, proposal_id)
    if found.state != "open":
        raise Conflict("adjust_decided", by=found.settled_by or "")
    return found


def _proposal_of(db: Db, branch: str, proposal_id: str) -> Proposal:
    found = adjustments.find_proposal(db, branch, proposal_id)
    if found is None:
        raise NotFound()
    return found


def _audit(
    db: Db, work: Work, actor: Actor, proposal: Proposal, action: str, now: datetime, **facts: object
) -> str:  # fmt: skip
    entry = work.new_id()
    audit.append(
        db, proposal.branch, entry_id=entry, now=now, actor=actor.login, action=action,
        subject=f"{proposal.month} {proposal.technician}",
        facts={"adjustment": proposal.proposal_id, **actor.way, **facts},
    )  # fmt: skip
    return entry
