"""Late changes that customers ask for: filed by the dispatcher, decided by a second person (docs/scoring.md, 4).

Owns the request and its one decision. What a move must respect is `services.scheduling`'s, who may be the second
`domain.approvals`'. Reads show no customer: who decides needs the promise, the people and the reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain import approvals as rules
from fieldapp.domain.access import Actor, may, require
from fieldapp.domain.approvals import Outcome, Overtaken
from fieldapp.domain.errors import Conflict, DomainError, Invalid
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits import events as ev
from fieldapp.services import four_eyes, scheduling
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, approvals, audit, branches, visits
from fieldapp.storage.approvals import Approval
from fieldapp.storage.visits import Visit

__all__ = ["Approval", "View", "ask", "count_waiting", "decide", "detail", "list_decided", "list_waiting", "of_visit"]

REASON_LIMIT = 1000
DECIDED_SHOWN = 100
_BEFORE_THE_DOOR = frozenset({"planned", "en_route"})


@dataclass(frozen=True)
class View:
    """A request with what it is about: the visit as it stands, why nothing is left to approve, whether this reader may
    decide (None: yes), and names by login."""

    asked: Approval
    visit: Visit
    overtaken: Overtaken | None
    refusal: DomainError | None
    names: Mapping[str, str]
    branch_name: str


def ask(
    work: Work, actor: Actor, branch: BranchCode, visit: str, rev: int, change: ev.PromiseChanged, slot: Slot
) -> Approval:
    """File a change for which `scheduling.move_visit` wants a second person. Nothing moves until it is approved.

    Raises what `move_visit` does, and `Conflict` request_waiting when one about this visit is still to be decided.
    """
    require(actor, "visits.plan", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        seen = scheduling.movable(db, branch, visit, rev, change, now)
        scheduling.be_others(actor, seen)
        if any(_is_waiting(one, seen) for one in approvals.of_visit(db, branch, visit)):
            raise Conflict("request_waiting", number=seen.external_id)
        scheduling.plan_move(work, db, None, seen, change, slot, now)
        asked = Approval(
            branch=branch, approval_id=work.new_id(), visit_id=seen.visit_id, author=actor.login, asked_at=now,
            technician=seen.technician, window=seen.window, change=scheduling.checked(change),
            planned_technician=slot.technician or None, planned_start=slot.start,
            planned_minutes=None if slot.minutes == scheduling.length(seen) else slot.minutes,
            override=slot.override.strip(),
        )  # fmt: skip
        approvals.add(db, asked)
        _audit(db, work, actor, now, "change.requested", seen, {"approval": asked.approval_id})
        return asked


def decide(
    work: Work, actor: Actor, branch: BranchCode, approval_id: str, outcome: Outcome, reason: str
) -> Approval:  # fmt: skip
    """Approve or decline, once, with a reason. Approved, the change is recorded as its author entered it.

    Raises `NotFound`; `Forbidden` request_own, request_benefit, request_head_office; `Conflict` request_decided,
    request_visit_over, request_moved, visit_disputed, technician_busy; `Invalid` reason_missing, request_outcome.
    """
    require(actor, "changes.approve", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        asked = approvals.get(db, branch, approval_id)
        seen = visits.get(db, branch, asked.visit_id)
        _be_second(db, actor, asked, seen)
        why = rules.settle(asked.state, outcome, reason, asked.decided_by, _overtaken(asked, seen))
        if len(why) > REASON_LIMIT:
            raise Invalid("text_too_long", field="reason", limit=REASON_LIMIT)
        said = _carry_out(work, db, asked, seen, now) if outcome == "approved" else []
        decided = approvals.decide(
            db, branch, approval_id, outcome, by=actor.login, now=now, reason=why, event_id=said[0] if said else None
        )
        if not decided:
            raise Conflict("request_decided", by="")
        facts = {"approval": approval_id, "author": asked.author, "events": said}
        _audit(db, work, actor, now, f"change.{outcome}", seen, facts)
        return approvals.get(db, branch, approval_id)


def list_waiting(work: Work, actor: Actor) -> list[View]:
    """Every open request of the company that the actor may look at: the own branch's first, the oldest first."""
    require(actor, "changes.approve")
    with work.read() as db:
        found = approvals.waiting(db, _branches(db, actor))
        return _views(db, actor, sorted(found, key=lambda one: one.branch != actor.branch))


def list_decided(work: Work, actor: Actor) -> list[View]:
    """The latest decisions, latest first."""
    require(actor, "changes.approve")
    with work.read() as db:
        return _views(db, actor, approvals.decided(db, _branches(db, actor), DECIDED_SHOWN))


def detail(work: Work, actor: Actor, branch: BranchCode, approval_id: str) -> View:
    """One request; raises `NotFound`."""
    require(actor, "changes.approve", branch=branch)
    with work.read() as db:
        return _views(db, actor, [approvals.get(db, branch, approval_id)])[0]


def count_waiting(work: Work, actor: Actor) -> int:
    """How many requests are open."""
    require(actor, "changes.approve")
    with work.read() as db:
        return approvals.count_waiting(db, _branches(db, actor))


def of_visit(db: Db, visit: Visit) -> list[tuple[Approval, Overtaken | None]]:
    """What was asked about a visit, latest first, each with why nothing is left to approve."""
    found = approvals.of_visit(db, visit.branch, visit.visit_id)
    return [(one, _overtaken(one, visit)) for one in found]


# --- Inside -------------------------------------------------------------------------------------------------------


def _is_waiting(asked: Approval, seen: Visit) -> bool:
    return asked.state == "open" and _overtaken(asked, seen) is None


def _overtaken(asked: Approval, seen: Visit) -> Overtaken | None:
    return rules.overtaken(asked.window, seen.window, seen.state) if asked.state == "open" else None


def _carry_out(work: Work, db: Db, asked: Approval, seen: Visit, now: datetime) -> list[str]:
    """Record the change as its author's; returns the ids of the facts, the change's first."""
    if seen.held:
        raise Conflict("visit_disputed", number=seen.external_id)
    said: list[ev.Data] = [asked.change]
    slot: Slot | None = None
    if seen.state in _BEFORE_THE_DOOR:
        kept = asked.planned_technician == asked.technician
        slot = Slot(
            technician=seen.technician if kept else asked.planned_technician, start=asked.planned_start,
            minutes=asked.planned_minutes, override=asked.override,
        )  # fmt: skip
        said = scheduling.plan_move(work, db, asked.author, seen, asked.change, slot, now)
    branch = BranchCode(asked.branch)
    return [one.id for one in scheduling.say(work, db, asked.author, branch, seen.visit_id, said, now, slot)]


def _be_second(db: Db, actor: Actor, asked: Approval, seen: Visit) -> None:
    """Raises `Forbidden` when the actor cannot be the second person for this request."""
    gaining = {one for one in (asked.technician, asked.planned_technician, seen.technician) if one}
    people = four_eyes.people_with(db, "changes.approve")
    four_eyes.be_second(actor, people, author=asked.author, beneficiaries=gaining)


def _branches(db: Db, actor: Actor) -> list[str]:
    codes = (BranchCode(one.code) for one in branches.every(db))
    return [code for code in codes if may(actor, "changes.approve", branch=code)]


def _views(db: Db, actor: Actor, found: Iterable[Approval]) -> list[View]:
    places = {one.code: one.name for one in branches.every(db)}
    people: dict[str, str] = {}
    views = []
    for asked in found:
        seen = visits.get(db, asked.branch, asked.visit_id)
        for login in (asked.author, asked.decided_by, asked.technician, asked.planned_technician, seen.technician):
            if login and login not in people:
                account = accounts.find_by_login(db, login)
                people[login] = account.name if account else login
        refusal = _refusal(db, actor, asked, seen)
        views.append(
            View(asked, seen, _overtaken(asked, seen), refusal, people, places.get(asked.branch, asked.branch))
        )
    return views


def _refusal(db: Db, actor: Actor, asked: Approval, seen: Visit) -> DomainError | None:
    try:
        _be_second(db, actor, asked, seen)
    except DomainError as error:
        return error
    return None


def _audit(
    db: Db, work: Work, actor: Actor, now: datetime, action: str, seen: Visit, facts: Mapping[str, object]
) -> None:  # fmt: skip
    audit.append(
        db, seen.branch, entry_id=work.new_id(), now=now, actor=actor.login, action=action, subject=seen.external_id,
        facts=facts,
    )  # fmt: skip
