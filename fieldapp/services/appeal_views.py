"""Appeals as both sides see them: lists with what is due, and one appeal with all the evidence beside it. Reads only.

Who filed an appeal sees their own; who may decide appeals sees those of every branch, but no customer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, Permission, may, own_branch, require
from fieldapp.domain.appeals import Appeal, answer_ends
from fieldapp.domain.calendar import month_of
from fieldapp.domain.errors import DomainError, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, EventId, StaffCode
from fieldapp.domain.scoring.facts import turned_to
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.visits.events import AppealDecided, AppealFiled, Event, FindingRecorded
from fieldapp.services import appeals as acts
from fieldapp.services import call_backs, evidence, four_eyes, photos
from fieldapp.services.evidence import Entry, Proof
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, appeals, branches, events, findings, planning, scoring, visits
from fieldapp.storage import evidence as facts
from fieldapp.storage.appeals import Filed
from fieldapp.storage.branches import Branch
from fieldapp.storage.findings import Statement
from fieldapp.storage.visits import PromiseLine

__all__ = ["Detail", "Entry", "Filed", "PromiseLine", "Proof", "Said", "View"]

SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An appeal with what it is about: `code` is the item or the discipline article, `number` the order (or empty).

    `due` is the end of the time to answer; `refusal` says why this reader cannot decide it (None: they can).
    """

    filed: Filed
    branch: Branch
    technician: str | None
    code: str
    number: str
    due: datetime
    refusal: DomainError | None
    names: Mapping[str, str]
    #: When filing and decision came with a history; None: here.
    filing_imported_at: datetime | None = None
    decision_imported_at: datetime | None = None

    @property
    def appeal(self) -> Appeal:
        return self.filed.appeal

    def is_overdue(self, now: datetime) -> bool:
        """Whether the answer should have been there."""
        return self.appeal.state == "open" and now >= self.due


@dataclass(frozen=True, slots=True)
class Said:
    """What was written: the technician's words and photos, through which program they came, the decision's reason."""

    text: str = ""
    attachments: Sequence[str] = ()
    handed_in_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One appeal with its words, and everything that is known about what it is about."""

    view: View
    said: Said
    proofs: Sequence[Proof]
    timeline: Sequence[Entry]
    ledger: Sequence[PromiseLine]
    pictures: Sequence[str]
    #: What the technician said about the finding before it was decided.
    statements: Sequence[Statement]
    names: Mapping[str, str]
    #: Other appeals about the same visit.
    others: Sequence[View] = field(default=())
    #: What it is about counts for somebody else by now: this reader is told what was known until then.
    has_left: bool = False


def list_waiting(work: Work, actor: Actor) -> list[View]:
    """Every open appeal of the company that the actor may look at: the own branch's first, the most urgent first."""
    require(actor, "appeals.decide")
    with work.read() as db:
        found = appeals.waiting(db, _branches(db, actor))
        return _views(db, actor, sorted(found, key=lambda one: one.branch != actor.branch))


def list_decided(work: Work, actor: Actor) -> list[View]:
    """The latest decisions, latest first."""
    require(actor, "appeals.decide")
    with work.read() as db:
        return _views(db, actor, appeals.decided(db, _branches(db, actor), SHOWN))


def list_after(
    work: Work, actor: Actor, *, state: str | None, after: str, limit: int
) -> list[tuple[View, Said]]:  # fmt: skip
    """The appeals of the actor's branch by filing, with their words: those that follow the appeal `after`, at most
    `limit`.

    Raises `Invalid` cursor_unknown.
    """
    branch = own_branch(actor, "appeals.read")
    with work.read() as db:
        found = sorted(appeals.every(db, branch), key=lambda one: (one.appeal.filed_at, one.appeal.id))
        start = next((place for place, one in enumerate(found, 1) if one.appeal.id == after), 0)
        if after and not start:
            raise Invalid("cursor_unknown", field="cursor")
        wanted = [one for one in found[start:] if state in (None, one.appeal.state)]
        return [(one, _said(db, one.filed)) for one in _views(db, actor, wanted[:limit])]


def find(work: Work, actor: Actor, appeal_id: str) -> tuple[View, Said]:
    """One appeal of the actor's branch with its words. Raises `NotFound`."""
    branch = own_branch(actor, "appeals.read")
    with work.read() as db:
        filed = appeals.find(db, branch, appeal_id)
        if filed is None:
            raise NotFound()
        return _views(db, actor, [filed])[0], _said(db, filed)


def list_own(work: Work, actor: Actor) -> list[View]:
    """What the actor filed, latest first."""
    branch = own_branch(actor, "appeals.file")
    with work.read() as db:
        return _views(db, actor, appeals.of_technician(db, branch, actor.login, SHOWN))


def every_own(work: Work, actor: Actor) -> list[tuple[View, Said]]:
    """All that the actor filed with its words, latest first."""
    branch = own_branch(actor, "appeals.file")
    with work.read() as db:
        found = appeals.of_technician(db, branch, actor.login)
        return [(one, _said(db, one.filed)) for one in _views(db, actor, found)]


def detail(work: Work, actor: Actor, branch: BranchCode, appeal_id: str) -> Detail:
    """One appeal; raises `NotFound`, also for somebody else's where one may not decide."""
    with work.read() as db:
        view = _get(db, actor, branch, appeal_id)
        subject, visit = view.appeal.subject, view.filed.visit
        timeline = _timeline(db, actor, view.filed)
        siblings = appeals.of_visit(db, branch, visit) if visit else []
        has_left = _has_left(db, actor, view.filed)
        proofs = _proofs(work, db, view.filed, actor.login if has_left else None)
        ledger = visits.ledger(db, branch, visit) if visit else []
        if has_left:
            shown = {one.event.id for one in timeline}
            ledger = [one for one in ledger if one.event_id in shown]
        return Detail(
            view=view,
            said=_said(db, view.filed),
            proofs=proofs,
            timeline=timeline,
            ledger=ledger,
            pictures=[*_pictures_of(db, branch, timeline), *evidence.pictures_in(db, branch, timeline)],
            statements=findings.statements(db, branch, [subject.finding])[subject.finding] if subject.finding else [],
            names=evidence.names_in(db, branch, timeline),
            others=_views(db, actor, (one for one in siblings if one.appeal.id != view.appeal.id)),
            has_left=has_left and not proofs,
        )


def picture(work: Work, actor: Actor, branch: BranchCode, appeal_id: str, sha256: str) -> bytes:
    """A photo of an appeal, attached or of its visit, drawn anew; raises `NotFound`."""
    found = detail(work, actor, branch, appeal_id)
    if sha256 not in {*found.said.attachments, *found.pictures}:
        raise NotFound()
    return photos.render(work, branch, sha256)


# --- Inside -------------------------------------------------------------------------------------------------------


def _get(db: Db, actor: Actor, branch: BranchCode, appeal_id: str) -> View:
    permission: Permission = "appeals.decide" if may(actor, "appeals.decide") else "appeals.file"
    require(actor, permission, branch=branch)
    filed = appeals.find(db, branch, appeal_id)
    if filed is None:
        raise NotFound()
    [view] = _views(db, actor, [filed])
    judged = scoring.find_judgement(db, branch, filed.visit) if filed.visit else None
    # Whoever the visit turned out to be of reads what was said about its items when it was somebody else's.
    concerned = {view.technician, _whose(db, filed, _finding(db, filed), judged)}
    whose = actor.login if actor.login in concerned else view.technician
    require(actor, permission, branch=branch, technician=StaffCode(whose or ""))
    return view


def _said(db: Db, filed: Filed) -> Said:
    one = filed.appeal
    told = {event.id: event.data for event in events.by_ids(db, filed.branch, filter(None, (one.filing, one.decision)))}
    said, decided = told.get(one.filing or EventId("")), told.get(one.decision or EventId(""))
    reason = (decided.reason or "") if isinstance(decided, AppealDecided) else ""
    if not isinstance(said, AppealFiled):
        return Said(reason=reason)
    return Said(said.text, said.attachments or (), said.handed_in_by or "", reason)


def _views(db: Db, actor: Actor, found: Iterable[Filed]) -> list[View]:
    places = {one.code: one for one in branches.every(db)}
    people = four_eyes.people_with(db, "appeals.decide")
    names: dict[str, str] = {}
    return [_view(db, actor, one, places[one.branch], people, names) for one in found]


def _view(
    db: Db, actor: Actor, filed: Filed, place: Branch, people: frozenset[str], names: dict[str, str]
) -> View:  # fmt: skip
    finding = _finding(db, filed)
    judgement = scoring.find_judgement(db, filed.branch, filed.visit) if filed.visit else None
    technician = filed.appeal.technician or _whose(db, filed, finding, judgement)
    for login in (technician, filed.appeal.decided_by, finding.actor if finding else None):
        if login and login not in names:
            account = accounts.find_by_login(db, login)
            names[login] = account.name if account else login
    zone = ZoneInfo(place.timezone)
    days = rulebooks(db).in_force(month_of(filed.appeal.filed_at, zone)).parameters.answer_days
    numbers = scoring.external_ids(db, filed.branch, [filed.visit]) if filed.visit else {}
    told = facts.by_ids(db, filed.branch, filter(None, (filed.appeal.filing, filed.appeal.decision)))
    imported = {one: entry.imported_at for one, entry in told.items()}
    return View(
        filed=filed,
        branch=place,
        technician=technician,
        code=filed.appeal.subject.item or _code(finding),
        number=numbers.get(filed.visit, "") if filed.visit else "",
        due=answer_ends(filed.appeal.filed_at, days, zone),
        refusal=acts.refusal(db, actor, filed, people) if filed.appeal.state == "open" else None,
        names=names,
        filing_imported_at=imported.get(filed.appeal.filing) if filed.appeal.filing else None,
        decision_imported_at=imported.get(filed.appeal.decision) if filed.appeal.decision else None,
    )


def _whose(db: Db, filed: Filed, finding: Event | None, judgement: Judgement | None) -> str | None:
    """Whom it counts against: with an item whose the visit is by now, else whom the finding names."""
    if finding is None or not isinstance(finding.data, FindingRecorded):
        return judgement.technician if judgement else None
    effect = scoring.find_effect(db, filed.branch, finding.id)
    return effect.technician if effect else finding.data.technician


def _finding(db: Db, filed: Filed) -> Event | None:
    subject = filed.appeal.subject
    return next(iter(events.by_ids(db, filed.branch, [subject.finding])), None) if subject.finding else None


def _code(finding: Event | None) -> str:
    data = finding.data if finding else None
    return (data.item or data.discipline or "commendation") if isinstance(data, FindingRecorded) else ""


def _has_left(db: Db, actor: Actor, filed: Filed) -> bool:
    """Whether the visit is somebody else's by now, for who reads what counts for themselves."""
    judged = scoring.find_judgement(db, filed.branch, filed.visit) if filed.visit else None
    return judged is not None and judged.technician != actor.login and not may(actor, "appeals.decide")


def _own(db: Db, filed: Filed, told: Sequence[Entry], login: str) -> list[Entry]:
    """What a technician may read of it: nothing of what was found about colleagues alone, and of a visit that has left
    them what was known until then, and what they said themselves."""
    found = (one.event for one in told if isinstance(one.event.data, FindingRecorded))
    alien = {one.id for one in found if not _is_about(db, filed.branch, one, login)}
    told = [one for one in told if one.event.id not in alien and getattr(one.event.data, "finding", None) not in alien]
    judged = scoring.find_judgement(db, filed.branch, filed.visit) if filed.visit else None
    if judged is None or judged.technician == login:
        return told
    known = sorted((one for one in told if one.held_code is None), key=lambda one: one.received_at)
    turned = turned_to(judged.technician, ((one.received_at, one.event) for one in known))
    return [one for one in told if turned is None or one.received_at < turned or one.event.actor == login]


def _is_about(db: Db, branch: str, event: Event, login: str) -> bool:
    effect = scoring.find_effect(db, branch, event.id)
    return login in {getattr(event.data, "technician", None), effect.technician if effect else None}


def _timeline(db: Db, actor: Actor, filed: Filed) -> list[Entry]:
    """What happened at the visit, and what was found and decided; in the order in which it took effect. Without what
    the customer answered for who may still have to ask them; for its technician what is theirs (`_own`)."""
    told: dict[EventId, Entry] = {}
    if filed.visit:
        judged = scoring.find_judgement(db, filed.branch, filed.visit)
        is_blind = judged and filed.visit in call_backs.hidden_from(
            db, actor, filed.branch, judged.month, judged.technician
        )
        for one in planning.timeline(db, filed.branch, filed.visit):
            if not (is_blind and call_backs.is_answer(one.event.data)):
                told[one.event.id] = one
    findings = {one.event.id for one in told.values() if isinstance(one.event.data, FindingRecorded)}
    if filed.appeal.subject.finding:
        findings.add(filed.appeal.subject.finding)
        told.update(facts.by_ids(db, filed.branch, [filed.appeal.subject.finding]))
    told.update((one.event.id, one) for one in facts.about(db, filed.branch, findings))
    timeline = sorted(told.values(), key=lambda one: one.event.order)
    return timeline if may(actor, "appeals.decide") else _own(db, filed, timeline, actor.login)


def _pictures_of(db: Db, branch: str, timeline: Iterable[Entry]) -> list[str]:
    """The photos that people attached to the findings."""
    found = [one.event.id for one in timeline if isinstance(one.event.data, FindingRecorded)]
    return [photo.sha256 for kept in findings.photos(db, branch, found).values() for photo in kept]


def _proofs(work: Work, db: Db, filed: Filed, only_of: str | None) -> list[Proof]:
    """How it counts now: the finding, and the verdict that it speaks in; or the item of the visit. `only_of`: for who
    reads of a visit that has left them."""
    subject, branch = filed.appeal.subject, filed.branch
    judgement = scoring.find_judgement(db, branch, filed.visit) if filed.visit and not only_of else None
    if subject.item:
        return evidence.verdicts(db, branch, [judgement], work.now(), subject.item) if judgement else []
    effect: FindingEffect | None = scoring.find_effect(db, branch, subject.finding or "")
    if effect is None or only_of not in (None, effect.technician):
        return []
    told = evidence.verdicts(db, branch, [judgement], work.now(), effect.code) if judgement else []
    return [*evidence.findings(db, branch, [effect]), *told]


def _branches(db: Db, actor: Actor) -> list[str]:
    codes = (BranchCode(one.code) for one in branches.every(db))
    return [code for code in codes if may(actor, "appeals.decide", branch=code)]
