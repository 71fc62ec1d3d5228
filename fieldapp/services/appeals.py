"""Appeals: filed by the technician whom a breach counts against, answered once by somebody who had no hand in it.

Each act is one fact, recorded with its row in the audit, and moves the score at once. What can be appealed until when
is read from `services.evidence`; pages of appeals are `appeal_views`'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fieldapp.domain import appeals as rules
from fieldapp.domain.access import OPERATOR, Actor, may, require
from fieldapp.domain.appeals import Appeal, Outcome, Subject
from fieldapp.domain.calendar import Month, month_of
from fieldapp.domain.errors import Conflict, DomainError, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId
from fieldapp.domain.visits.events import AppealDecided, AppealFiled, Data, Event, FindingDecided, FindingRecorded
from fieldapp.domain.words import needed
from fieldapp.services import evidence, four_eyes
from fieldapp.services.branches import zone_of
from fieldapp.services.evidence import Proof
from fieldapp.services.photos import attachable, keep
from fieldapp.services.recording import record
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, appeals, approvals, audit, branches, events, scoring
from fieldapp.storage.appeals import Filed
from fieldapp.storage.events import Record

__all__ = ["Appeal", "Filed", "Ground", "Subject"]

TEXT_LIMIT = 4000
MOST_PHOTOS = 4
_NOT_STAFF = frozenset({"office", "customer"})


@dataclass(frozen=True, slots=True)
class Ground:
    """What the actor may appeal, with the facts behind it; `answered_by` ends the time to answer what is filed now.

    `names` by login, `numbers` are order numbers by visit; `managers` are whom to ask when the time to file is over.
    """

    proof: Proof
    answered_by: datetime
    names: Mapping[str, str]
    numbers: Mapping[VisitId, str]
    managers: Sequence[str]


def what_counts(work: Work, actor: Actor, branch: BranchCode, subject: Subject) -> Ground:
    """Raises `NotFound` (also for what counts against somebody else), `Conflict` appeal_nothing: it counts for nothing.
    Whether it was appealed already or the time for it is over, the ground itself tells."""
    require(actor, "appeals.file", branch=branch)
    now = work.now()
    with work.read() as db:
        proof = _proof(work, db, actor, branch, subject)
        zone = zone_of(db, branch)
        days = rulebooks(db).in_force(month_of(now, zone)).parameters.answer_days
        return Ground(
            proof=proof,
            answered_by=rules.answer_ends(now, days, zone),
            names=evidence.names_in(db, branch, proof.facts),
            numbers=scoring.external_ids(db, branch, [proof.visit] if proof.visit else []),
            managers=[one.name for one in accounts.accounts(db, branch=branch, role="manager", with_disabled=False)],
        )


def remedy(work: Work, actor: Actor, branch: BranchCode, finding: str) -> Proof | None:
    """What the actor can say, or has said, against a finding; None where nothing of it counts against them."""
    if not may(actor, "appeals.file", branch=branch):
        return None
    with work.read() as db:
        try:
            return _proof(work, db, actor, branch, Subject(finding=EventId(finding)))
        except (Conflict, NotFound):
            return None


def file(
    work: Work, actor: Actor, branch: BranchCode, subject: Subject, text: str, attachments: Sequence[str] = (), *,
    technician: str | None = None,
) -> Filed:  # fmt: skip
    """Appeal, once. `attachments` are hashes of photos that are here already. A program hands in what `technician`
    says; the appeal is theirs, and tells through whom it came.

    Raises `NotFound`; `Conflict` appeal_nothing, appeal_filed, appeal_late; `Invalid` appeal_whose, text_missing,
    text_too_long, photo_many, photo_unreadable, naming the field.
    """
    require(actor, "appeals.file", branch=branch)
    now, speaker = work.now(), StaffCode(technician) if technician and actor.role == "token" else actor.login
    with work.write(branch) as db:
        proof = _proof(work, db, actor, branch, subject)
        assert proof.subject is not None  # noqa: S101 - it counts against somebody
        assert proof.ends is not None  # noqa: S101
        if proof.technician != speaker:
            raise Invalid("appeal_whose", field="technician")
        rules.may_file(proof.appeal, proof.ends, now, by=speaker)
        kept = attachable(db, branch, attachments, MOST_PHOTOS)
        another = proof.appeal.filing if proof.appeal else None
        said = AppealFiled(
            text=_words(text, "text"), finding=proof.subject.finding, item=proof.subject.item, attachments=kept or None,
            handed_in_by=None if speaker == actor.login else actor.login, after=another,
        )  # fmt: skip
        appeal_id = proof.subject.again_by(speaker) if another else proof.subject.appeal_id
        return _say(work, db, actor, branch, proof.visit, said, proof.subject, appeal_id, speaker)


def attach(work: Work, actor: Actor, branch: BranchCode, content: bytes) -> str:
    """Keep a photo for an appeal that is being written; returns its hash. Raises `PhotoTooLarge`, `Invalid`."""
    require(actor, "appeals.file", branch=branch)
    return keep(work, branch, content)


def decide(work: Work, actor: Actor, branch: BranchCode, appeal_id: str, outcome: Outcome, reason: str) -> Filed:
    """Overturn or confirm, once, with a reason.

    Raises `NotFound`; `Forbidden` appeal_own, appeal_handled, appeal_head_office; `Conflict` appeal_decided; `Invalid`
    appeal_outcome, reason_missing, text_too_long.
    """
    require(actor, "appeals.decide", branch=branch)
    with work.write(branch) as db:
        filed = _get(db, branch, appeal_id)
        if filed.appeal.state == "open":
            _be_judge(db, actor, filed, four_eyes.people_with(db, "appeals.decide"))
        why = _words(rules.settle(filed.appeal, outcome, reason), "reason")
        subject = filed.appeal.subject
        decided = AppealDecided(
            finding=subject.finding, item=subject.item, outcome=outcome, reason=why,
            filing=filed.appeal.filing if filed.appeal.again else None,
        )  # fmt: skip
        return _say(work, db, actor, branch, filed.visit, decided, subject, appeal_id)


def refusal(db: Db, actor: Actor, filed: Filed, people: frozenset[str]) -> DomainError | None:
    """Why the actor cannot decide this appeal; None: they can. `people` are all who decide appeals."""
    try:
        _be_judge(db, actor, filed, people)
    except DomainError as error:
        return error
    return None


def open_in(db: Db, branch: str, month: Month) -> Sequence[Filed]:
    """Appeals about this month that wait for an answer, by filing."""
    return appeals.open_in(db, branch, month)


def count_waiting(work: Work, actor: Actor) -> int:
    """How many appeals of the actor's branch wait for an answer; of the whole company for head office."""
    require(actor, "appeals.decide")
    with work.read() as db:
        own = [actor.branch] if actor.branch else [one.code for one in branches.every(db)]
        return appeals.count_waiting(db, own)


def drift(db: Db, branch: str) -> list[str]:
    """One line per appeal that is not stored as its events say."""
    stored = {one.appeal.id: one for one in appeals.every(db, branch)}
    counted = {one.appeal.id: one for one in appeals.recount(db, branch)}
    differing = (one for one in sorted(stored.keys() | counted.keys()) if stored.get(one) != counted.get(one))
    return [f"appeal {one}: differs" for one in differing]


# --- Inside -------------------------------------------------------------------------------------------------------


def _proof(work: Work, db: Db, actor: Actor, branch: BranchCode, subject: Subject) -> Proof:
    found = _of_finding(work, db, branch, subject.finding) if subject.finding else _of_item(work, db, branch, subject)
    require(actor, "appeals.file", branch=branch, technician=StaffCode(found.technician or ""))
    if found.subject is None:
        raise Conflict("appeal_nothing")
    return found


def _of_item(work: Work, db: Db, branch: str, subject: Subject) -> Proof:
    """The verdict on an item of a visit; where a finding speaks in it, that is what is appealed."""
    judgement = scoring.find_judgement(db, branch, subject.visit or "")
    if judgement is None:
        raise NotFound()
    for proof in evidence.verdicts(db, branch, [judgement], work.now(), subject.item or ""):
        return proof
    return Proof(
        code=subject.item or "", month=judgement.month, rulebook=judgement.rulebook, article="", facts=(),
        technician=judgement.technician, judgement=judgement,
    )  # fmt: skip


def _of_finding(work: Work, db: Db, branch: str, finding: str) -> Proof:
    """The finding; one on a rate of a visit is that technician's whose visit it is, where it is what speaks."""
    effect = scoring.find_effect(db, branch, finding)
    if effect is None:
        raise NotFound()
    if effect.visit is not None and effect.does in ("met", "breached"):
        found = _of_item(work, db, branch, Subject(visit=effect.visit, item=effect.code))
        return found if found.subject == Subject(finding=effect.finding) else replace(found, subject=None)
    return evidence.findings(db, branch, [effect])[0]


def _be_judge(db: Db, actor: Actor, filed: Filed, people: frozenset[str]) -> None:
    handled, gaining = _involved(db, filed)
    rules.be_judge(
        actor.login, technicians=gaining, handled=handled, eligible=len(people - handled - gaining),
        head_office=actor is OPERATOR,
    )  # fmt: skip


def _involved(db: Db, filed: Filed) -> tuple[frozenset[str], frozenset[str]]:
    """Who recorded or decided what is appealed, and whose score it is."""
    subject, visit = filed.appeal.subject, filed.visit
    judgement = scoring.find_judgement(db, filed.branch, visit) if visit else None
    verdicts = judgement.verdicts if judgement else ()
    spoken = {event for one in verdicts if one.code == subject.item for event in one.evidence}
    history = _history(db, filed.branch, subject, visit)
    gaining = {filed.appeal.technician, judgement.technician if judgement else None}
    gaining |= {one.data.technician for one in history if isinstance(one.data, FindingRecorded)}
    handled: set[str | None] = {one.actor for one in (*history, *events.by_ids(db, filed.branch, spoken))}
    if visit:
        handled |= {one.decided_by for one in approvals.of_visit(db, filed.branch, visit) if one.event_id in spoken}
    technicians = frozenset(one for one in gaining if one)
    return frozenset(one for one in handled if one) - technicians - _NOT_STAFF, technicians


def _history(db: Db, branch: str, subject: Subject, visit: VisitId | None) -> list[Event]:
    """The findings that are meant, or that say something about the item, and what was appealed and decided of them."""
    if subject.finding:
        return [*events.by_ids(db, branch, [subject.finding]), *events.about(db, branch, [subject.finding])]
    told = events.histories(db, branch, [visit])[0][visit] if visit else []
    meant = {one.id for one in told if isinstance(one.data, FindingRecorded) and one.data.item == subject.item}
    decided = [one for one in told if isinstance(one.data, FindingDecided | AppealDecided | AppealFiled)]
    return [
        *(one for one in told if one.id in meant),
        *(one for one in decided if getattr(one.data, "finding", None) in meant),
        *(one for one in decided if getattr(one.data, "item", None) == subject.item),
    ]


def _say(
    work: Work, db: Db, actor: Actor, branch: BranchCode, visit: VisitId | None, said: Data, subject: Subject,
    appeal_id: str, speaker: StaffCode | None = None,
) -> Filed:  # fmt: skip
    """Record it; returns the appeal as it stands then."""
    now = work.now()
    event = Event(
        id=EventId(work.new_id()), type=said.event_type, visit=visit, effective_at=now, actor=speaker or actor.login,
        data=said,
    )  # fmt: skip
    record(db, branch, [Record(event=event, origin="office", received_at=now)], now)
    filed = _get(db, branch, appeal_id)
    about = {"finding": subject.finding} if subject.finding else {"visit": visit, "item": subject.item}
    outcome = {"outcome": said.outcome} if isinstance(said, AppealDecided) else {}
    audit.append(
        db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action=said.event_type,
        subject=appeal_id, facts={"event": event.id, **about, **outcome},
    )  # fmt: skip
    return filed


def _get(db: Db, branch: str, appeal_id: str) -> Filed:
    filed = appeals.find(db, branch, appeal_id)
    if filed is None:
        raise NotFound()
    return filed


def _words(text: str, field: str) -> str:
    return needed(text, field, TEXT_LIMIT)
