"""Everything that is stored about a technician as one file, thing by thing, for themselves alone.

Owns which things there are and what each tells. Customers are in it by order number only; what they answered stands in
the verdicts that rest on it. A month at a time is in memory.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fieldapp.domain.access import Actor, oneself_in, own_branch
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import canonical
from fieldapp.domain.errors import Forbidden
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.visits.codec import plain
from fieldapp.domain.visits.events import Event
from fieldapp.services import (
    adjustment_views,
    appeal_views,
    call_backs,
    finding_views,
    oneself,
    phones,
    scoring,
    sign_ins,
    stored,
)
from fieldapp.services.finding_views import View
from fieldapp.services.scoring import ScoredVisit
from fieldapp.services.work import Work
from fieldapp.storage import adjustments, events
from fieldapp.storage import scoring as judged
from fieldapp.storage import stored as rows

Thing = dict[str, Any]
#: Entries of the audit chain that are read at once.
PART = 500
#: What names the customer in a fact of their technician's.
_CUSTOMERS = frozenset({"doc", "customer", "signer", "strokes"})


def everything(work: Work, actor: Actor) -> Iterator[Thing]:
    """Each thing with its `kind`, and its `branch` where it belongs to one: of every branch in which anything counts
    about the actor, who is here as what they are today. Raises `Forbidden`, before the first thing, for who never was a
    technician of a branch."""
    selves = [actor] if actor.role == "technician" else []
    selves += [oneself_in(actor, BranchCode(one.code)) for one in oneself.places(work, actor)]
    if not selves:
        raise Forbidden(permission="scores.own", role=actor.role)
    return _all(work, actor, [(one, stored.about_me(work, one)) for one in selves])


def elsewhere(work: Work, actor: Actor) -> Iterator[Thing]:
    """The same things, without the account, of the branches in which the actor is no technician today, and was one."""
    for place in oneself.places(work, actor):
        me = oneself_in(actor, BranchCode(place.code))
        yield from _of_branch(work, me, stored.about_me(work, me))


def _all(work: Work, actor: Actor, selves: Sequence[tuple[Actor, stored.Stored]]) -> Iterator[Thing]:
    yield from _of_account(work, actor, selves[0][1])
    for me, found in selves:
        yield from _of_branch(work, me, found)


def _of_branch(work: Work, actor: Actor, found: stored.Stored) -> Iterator[Thing]:
    branch = own_branch(actor, "scores.own")
    yield from ({**one, "branch": branch} for one in _in_branch(work, actor, branch, found))


def _in_branch(work: Work, actor: Actor, branch: BranchCode, found: stored.Stored) -> Iterator[Thing]:
    for phone in phones.list_own(work, actor):
        device = phone.device
        yield {"kind": "phone", "name": device.name, "since": device.registered_at, "contact": device.seen_at,
               "revoked_at": device.revoked_at, "client": device.client, "clock": device.clock}  # fmt: skip
    if found.calendar_since is not None:
        yield {"kind": "calendar_address", "since": found.calendar_since}
    for since in found.told_since:
        yield {"kind": "push_subscription", "since": since}
    for line in found.months:
        yield from _of_month(work, actor, branch, line.month)
    for view, said in appeal_views.every_own(work, actor):
        one = view.appeal
        yield {
            "kind": "appeal", "id": one.id, "visit": view.number, "about": view.code, "filed_at": one.filed_at,
            "text": said.text, "photos": said.attachments, "handed_in_by": said.handed_in_by, "state": one.state,
            "decided_by": one.decided_by, "decided_at": one.decided_at, "reason": said.reason,
        }  # fmt: skip
    with work.read() as db:
        causes = list(rows.sayings(db, branch, actor.login))
        told = [*rows.calls(db, branch, actor.login), *rows.cases(db, branch, actor.login)]
    for number, saying in causes:
        yield {"kind": "cause_of_lateness", "visit": number, "cause": saying.cause, "note": saying.note,
               "said_by": saying.said_by, "said_at": saying.said_at, "confirms": saying.confirms}  # fmt: skip
    for each in told:
        yield {"kind": each.kind, "visit": each.number, "outcome": each.outcome, "ended_at": each.ended_at}
    yield from _noted(work, actor, branch)


def _of_account(work: Work, actor: Actor, found: stored.Stored) -> Iterator[Thing]:
    one = found.account
    yield {"kind": "account", "login": one.login, "name": one.name, "role": one.role, "branch": one.branch,
           "team": one.team, "locale": one.locale, "created_at": one.created_at}  # fmt: skip
    for sign_in in sign_ins.list_own(work, actor):
        yield {"kind": "sign_in", "browser": sign_in.agent, "since": sign_in.created_at, "used": sign_in.seen_at}


def _of_month(work: Work, actor: Actor, branch: BranchCode, month: Month) -> Iterator[Thing]:
    login = actor.login
    scores = scoring.month_scores(work, actor, branch, month, technician=login)
    yield {"kind": "score", **scoring.as_data(scores)}
    hidden = call_backs.to_be_made(work, actor, branch, month, login)
    for visit in scoring.technician_month(work, actor, branch, login, month).visits:
        yield _visit(visit, month, is_blind=visit.visit in hidden)
    for view in finding_views.list_own(work, actor, branch, login, month):
        yield _finding(view, login)
    with work.read() as db:
        proposed = adjustments.proposals(db, branch, month, login)
        ids = [one.visit for one in judged.judgements(db, branch, month, login)]
        histories, _ = events.histories(db, branch, ids)
        numbers = judged.external_ids(db, branch, ids)
    for one in proposed:
        yield {"kind": "adjustment", "id": one.proposal_id, "month": month, "state": one.state, "reason": one.reason,
               "proposed_by": one.author, "proposed_at": one.proposed_at, "decided_by": one.settled_by,
               "decided_at": one.settled_at, "answer": one.answer,
               "difference": msgspec.Raw(canonical(adjustment_views.difference_as_told(work, actor, one)))}  # fmt: skip
    for visit_id, history in histories.items():
        mine = sorted((event for event in history if event.actor == login), key=lambda event: event.order)
        yield from (_fact(event, numbers[visit_id]) for event in mine)


def _visit(one: ScoredVisit, month: Month, *, is_blind: bool) -> Thing:
    """`is_blind`: the reader is by now of those who may still have to ask the customer, and learns no answer before."""
    verdicts = [
        {"item": it.code, "met": it.met, "source": it.source, "why": it.why, "minutes": it.minutes, "times": it.times,
         "evidence": it.evidence}
        for it in one.judgement.verdicts
        if not (is_blind and it.source == "answer")
    ]  # fmt: skip
    return {
        "kind": "visit", "month": month, "visit": one.external_id, "job": one.judgement.job_type,
        "outcome": one.outcome, "promised_start": one.judgement.promised_start,
        "promised_end": one.judgement.promised_end, "arrived_at": one.judgement.arrived_at, "verdicts": verdicts,
        "rulebook": one.judgement.rulebook,
    }  # fmt: skip


def _finding(view: View, login: str) -> Thing:
    """`counts_for_me`: False of one whose visit turned out to be somebody else's; what they answered is not told."""
    one = view.finding
    return {
        "kind": "finding", "id": one.id, "month": view.month, "visit": view.visit_number, "source": one.source,
        "about": view.about, "favourable": one.favourable, "occurred_on": one.occurred_on, "note": view.note,
        "state": one.state, "recorded_by": view.recorded_by, "recorded_at": one.recorded_at,
        "answers": [
            {"text": said.text, "written_at": said.written_at} for said in view.statements if said.actor == login
        ],
        "counts_for_me": view.whose == login,
        "photos": [photo.sha256 for photo in view.photos],
        "decisions": [
            {"outcome": step.outcome, "reason": step.reason, "by": step.event.actor, "on": step.event.effective_at}
            for step in view.steps
        ],
    }  # fmt: skip


def _fact(event: Event, number: str) -> Thing:
    data = {name: value for name, value in plain(event.data).items() if name not in _CUSTOMERS}
    return {"kind": "fact", "visit": number, "id": event.id, "type": event.type, "recorded_at": event.effective_at,
            "grade": event.grade, "data": data}  # fmt: skip


def _noted(work: Work, actor: Actor, branch: BranchCode) -> Iterator[Thing]:
    before: int | None = None
    while True:
        with work.read() as db:
            part = rows.noted(db, branch, actor.login, PART, before, names_others=not actor.is_oneself)
        for one in part:
            yield {"kind": "audit", "number": one.number, "recorded_at": one.at, "action": one.action,
                   "subject": one.subject, "actor": one.by}  # fmt: skip
        if len(part) < PART:
            return
        before = part[-1].number
