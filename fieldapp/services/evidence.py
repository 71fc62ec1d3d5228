"""What stands behind a score: each verdict and each finding with its facts, and what can still be said against it.

Reads only. What counts is `domain.scoring`'s, whether an appeal may be filed `domain.appeals`'.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, Permission, may, require
from fieldapp.domain.appeals import Appeal, Subject, filing_ends, heard_of, is_by_another, said_before
from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement, excused_by
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.scoring.rules import Verdict
from fieldapp.domain.signals import Signal, read_signals
from fieldapp.domain.visits.events import FindingRecorded
from fieldapp.domain.visits.personal import photographed
from fieldapp.services import call_backs, closed
from fieldapp.services.branches import zone_of
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.scoring import ScoredVisit, TechnicianMonth
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, appeals, bulk, evidence, photos, planning, scoring, visits
from fieldapp.storage.evidence import Admitted
from fieldapp.storage.planning import Entry
from fieldapp.storage.visits import PromiseLine

Norms = Callable[[Month], Rulebook]
Appealed = Mapping[Subject, Sequence[Appeal]]
Answers = Mapping[EventId, Entry]

__all__ = ["Doubt", "Entry", "PromiseLine", "Proof", "Signal", "Story"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One verdict on a visit, or one finding, with the facts behind it: `facts` begin with the one that speaks.

    `subject`, `appeal` and `ends` (the end of the time to appeal) are those of what counts against `technician`; a
    finding that speaks in the verdict of its visit is appealed there. `answer_imported_at`: when the appeal's answer
    came with a history; None: there is none, or it was given here.
    """

    code: str
    month: Month
    rulebook: str
    article: str
    technician: str | None
    facts: tuple[Entry, ...]
    verdict: Verdict | None = None
    judgement: Judgement | None = None
    effect: FindingEffect | None = None
    subject: Subject | None = None
    appeal: Appeal | None = None
    ends: datetime | None = None
    answer_imported_at: datetime | None = None

    @property
    def visit(self) -> VisitId | None:
        """The visit behind it, if there is one."""
        if self.judgement is not None:
            return self.judgement.visit
        return self.effect.visit if self.effect else None

    @property
    def is_open_to_appeal(self) -> bool:
        """Whether its technician may appeal it, where there is time: nobody did, or somebody else in vain."""
        return self.subject is not None and said_before(self.appeal, self.technician or "") is None

    @property
    def readers(self) -> Collection[str]:
        """Which technicians read the finding that speaks: whom it was recorded about, and whose it is by now where it
        goes with the visit. A colleague's breach of discipline is theirs alone, whomever it costs an item."""
        said = self.facts[0].event.data if self.facts else None
        if not isinstance(said, FindingRecorded):
            return ()
        return (said.technician, self.technician) if said.item and self.technician else (said.technician,)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An item on which a visit has no verdict (or none that may be told yet, `call_open`), and why; `fact` is the
    arrival whose time would have decided."""

    judgement: Judgement
    code: str
    why: str
    fact: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything behind one visit's judgement: its verdicts, findings that do not speak in one, why an item has no
    verdict, what happened, what was promised, which photos there are, what is worth a second look. `names` by login."""

    proofs: Sequence[Proof]
    findings: Sequence[Proof]
    doubts: Sequence[Doubt]
    timeline: Sequence[Entry]
    ledger: Sequence[PromiseLine]
    pictures: Sequence[str]
    signals: Sequence[Signal]
    names: Mapping[str, str]
    #: Whether what the customer answered is left out: the reader may still have to ask them.
    is_blind: bool = False


# --- Asked for ----------------------------------------------------------------------------------------------------


def of_item(
    work: Work, actor: Actor, found: TechnicianMonth, code: str
) -> tuple[Sequence[Proof], Sequence[Doubt], Mapping[str, str]]:  # fmt: skip
    """What is behind one item (or discipline article, or the commendations) of a technician's month: verdicts of
    visits, findings that do not speak in one, why visits have no verdict; and names by login."""
    _require_sight(actor, found.branch, found.sheet.technician)
    judged = [one.judgement for one in found.visits]
    with work.read() as db:
        hidden = call_backs.hidden_from(db, actor, found.branch, found.month, found.sheet.technician)
        norms = _norms(db, found.branch, found.rulebook)
        proofs, unsaid = _veiled(verdicts(db, found.branch, judged, found.now, code, norms), hidden)
        loose = (one for one in found.sheet.effects if one.code == code)
        told = [*proofs, *_silent(db, found.branch, loose, proofs, norms)]
        unjudged = [*unsaid, *doubts(db, found.branch, judged, found.now, code)]
        return told, unjudged, names_in(db, found.branch, _facts(told))


def of_visits(work: Work, actor: Actor, found: TechnicianMonth, wanted: Iterable[ScoredVisit]) -> Sequence[Proof]:
    """The verdicts that count of some visits of a technician's month."""
    _require_sight(actor, found.branch, found.sheet.technician)
    with work.read() as db:
        unique = {one.visit: one.judgement for one in wanted}
        return verdicts(db, found.branch, unique.values(), found.now, norms=_norms(db, found.branch, found.rulebook))


def of_month(work: Work, actor: Actor, found: TechnicianMonth, wanted: Iterable[FindingEffect]) -> Sequence[Proof]:
    """The findings that have these effects on a technician's month."""
    _require_sight(actor, found.branch, found.sheet.technician)
    with work.read() as db:
        return findings(db, found.branch, wanted, _norms(db, found.branch, found.rulebook))


def of_visit(
    work: Work, actor: Actor, branch: str, judgement: Judgement, effects: Sequence[FindingEffect] | None = None
) -> Story:  # fmt: skip
    """What is behind one visit's judgement; `effects` of its findings as they counted, where that is not as of now."""
    _require_sight(actor, branch, judgement.technician or "")
    visit, now = judgement.visit, work.now()
    with work.read() as db:
        if effects is None:
            effects = scoring.effects_of_visit(db, branch, judgement.month, visit, judgement.technician or "")
        timeline = sorted(planning.timeline(db, branch, visit), key=lambda one: one.event.order)
        hidden = call_backs.hidden_from(db, actor, branch, judgement.month, judgement.technician)
        norms = _norms(db, branch)
        proofs, unsaid = _veiled(verdicts(db, branch, [judgement], now, norms=norms), hidden)
        found = _silent(db, branch, effects, proofs, norms)
        is_blind = visit in hidden
        if is_blind:
            timeline = [one for one in timeline if not call_backs.is_answer(one.event.data)]
        counting = [entry.event for entry in timeline if entry.held_code is None]
        return Story(
            proofs=proofs,
            findings=found,
            doubts=[*unsaid, *doubts(db, branch, [judgement], now)],
            timeline=timeline,
            ledger=visits.ledger(db, branch, visit),
            pictures=pictures_in(db, branch, timeline),
            signals=read_signals(
                counting, excused_by(judgement, counting, norms(judgement.month), zone_of(db, branch))
            ),
            names=names_in(db, branch, [*timeline, *_facts(found)]),
            is_blind=is_blind,
        )


def _veiled(proofs: Iterable[Proof], hidden: Collection[str]) -> tuple[list[Proof], list[Doubt]]:
    """What may be told, and in the place of a verdict by a customer's answer to a `hidden` visit, that it waits."""
    told, unsaid = list[Proof](), list[Doubt]()
    for one in proofs:
        if one.judgement and one.verdict and one.verdict.source == "answer" and one.judgement.visit in hidden:
            unsaid.append(Doubt(one.judgement, one.code, "call_open", None))
        else:
            told.append(one)
    return told, unsaid


def _silent(
    db: Db, branch: str, effects: Iterable[FindingEffect], proofs: Iterable[Proof], norms: Norms
) -> list[Proof]:  # fmt: skip
    """The findings that do not speak in one of the verdicts."""
    spoken = {one.facts[0].event.id for one in proofs if one.facts}
    return findings(db, branch, (one for one in effects if one.finding not in spoken), norms)


def pictures_in(db: Db, branch: str, timeline: Iterable[Entry]) -> list[str]:
    """The photos that facts name and that can be shown, each once."""
    named = dict.fromkeys(sha for entry in timeline for sha in photographed(entry.event.data))
    readable = photos.readable(db, branch, named)
    return [sha for sha in named if sha in readable]


def _require_sight(actor: Actor, branch: str, technician: str) -> None:
    permission: Permission = "scores.team" if may(actor, "scores.team") else "scores.own"
    require(actor, permission, branch=BranchCode(branch), technician=StaffCode(technician))


def names_in(db: Db, branch: str, facts: Iterable[Entry]) -> Mapping[str, str]:
    """Everybody of the branch, and who recorded one of the facts from elsewhere, by login."""
    known = planning.names(db, branch)
    for login in {entry.event.actor for entry in facts} - known.keys():
        account = accounts.find_by_login(db, login)
        known[login] = account.name if account else login
    return known


def _facts(proofs: Iterable[Proof]) -> Iterator[Entry]:
    for proof in proofs:
        yield from proof.facts


# --- In the caller's transaction ----------------------------------------------------------------------------------


def _norms(db: Db, branch: str, known: Rulebook | None = None) -> Norms:
    """The norm of a month (`known`: of every month that is asked for): of a closed one that which was sealed with it,
    whatever became of the table of norms since."""

    @cache
    def find(month: Month) -> Rulebook:
        if known is not None:
            return known
        sealed = closed.find(db, branch, month)
        return sealed.book if sealed else rulebooks(db).in_force(month)

    return find


def doubts(db: Db, branch: str, judgements: Iterable[Judgement], now: datetime, code: str | None = None) -> list[Doubt]:
    """Why visits that are judged have no verdict on an item (on this one, or on any)."""
    pairs = [
        (one, item, why)
        for one in judgements
        if one.is_judged(now)
        for item, why in one.unjudged.items()
        if code in (None, item)
    ]
    arrivals = evidence.arrivals(db, branch, (one.visit for one, _, _ in pairs))
    return [
        Doubt(one, item, why, next((fact for fact in arrivals if _is_arrival_of(fact, one)), None))
        for one, item, why in pairs
    ]


def _is_arrival_of(fact: Entry, judgement: Judgement) -> bool:
    return fact.event.visit == judgement.visit and fact.event.effective_at == judgement.arrived_at


def verdicts(
    db: Db, branch: str, judgements: Iterable[Judgement], now: datetime, code: str | None = None,
    norms: Norms | None = None,
) -> list[Proof]:  # fmt: skip
    """The verdicts that count at `now`: all of these visits, or those on one item."""
    pairs = [(one, verdict) for one in judgements for verdict in one.counted(now) if code in (None, verdict.code)]
    facts = evidence.by_ids(db, branch, (event for _, verdict in pairs for event in verdict.evidence))
    admitted = evidence.admitted(db, branch, {one.visit: one.technician for one, verdict in pairs if not verdict.met})
    turned = evidence.turned_at(db, branch, (one.visit for one, verdict in pairs if not verdict.met))
    known = appeals.about(db, branch, (_subject_of(one, verdict, facts) for one, verdict in pairs))
    norms, zone = norms or _norms(db, branch), zone_of(db, branch)
    answers = _answers(db, branch, known)
    told = [_of_verdict(one, verdict, facts, admitted, turned, known, answers, norms, zone) for one, verdict in pairs]
    return _still_theirs(db, branch, _still_against(db, branch, told))


def _live(db: Db, branch: str, proofs: Iterable[Proof]) -> Mapping[VisitId, Judgement]:
    """How the visits behind the proofs count by now."""
    wanted = sorted({one.visit for one in proofs if one.visit})
    found: dict[VisitId, Judgement] = {}
    for start in range(0, len(wanted), bulk.CHUNK):
        found |= scoring.judgements_of(db, branch, wanted[start : start + bulk.CHUNK])
    return found


def _still_against(db: Db, branch: str, proofs: Sequence[Proof]) -> list[Proof]:
    """The same; nothing is to be appealed of a breach that later facts have mended, or made somebody else's: what
    counted in a closed month is an adjustment's to change then."""
    live = _live(db, branch, (one for one in proofs if one.subject))
    return [
        one if _counts_in(live.get(one.visit or VisitId("")), one) else replace(one, subject=None) for one in proofs
    ]


def _still_theirs(db: Db, branch: str, proofs: Sequence[Proof]) -> list[Proof]:
    """The same without appeals by others, but for whose the visit is by now. Whoever it went to says nothing about the
    technician whose closed month still has it, and is not theirs to read."""

    def is_another_s(one: Proof) -> bool:
        # What only one of the two can be meant by, an exception or a breach of discipline, stays theirs.
        is_theirs = one.effect is not None and one.effect.does in ("adverse", "veto")
        return not is_theirs and one.appeal is not None and one.appeal.technician != one.technician

    live = _live(db, branch, filter(is_another_s, proofs))

    def has_left(one: Proof) -> bool:
        now = live.get(one.visit or VisitId(""))
        return now is not None and now.technician != one.technician

    return [replace(one, appeal=None) if is_another_s(one) and has_left(one) else one for one in proofs]


def _counts_in(live: Judgement | None, proof: Proof) -> bool:
    if live is None or live.technician != proof.technician:
        return False
    return any(one.code == proof.code and not one.met for one in live.verdicts)


def _answers(db: Db, branch: str, known: Appealed) -> Answers:
    """The decisions about the appeals."""
    wanted = {one.decision for about in known.values() for one in about if one.decision}
    return evidence.by_ids(db, branch, wanted) if wanted else {}


def _subject_of(judgement: Judgement, verdict: Verdict, facts: Mapping[EventId, Entry]) -> Subject:
    """What an appeal against this verdict is about: the finding that it rests on, else the item of the visit. So where
    that finding is a breach of discipline by whoever the visit was taken for: it is not this technician's to appeal."""
    if verdict.source == "finding":
        found = facts[verdict.evidence[0]].event.data if verdict.evidence[0] in facts else None
        if not isinstance(found, FindingRecorded) or found.item or found.technician == judgement.technician:
            return Subject(finding=verdict.evidence[0])
    return Subject(visit=judgement.visit, item=verdict.code)


def _of_verdict(
    judgement: Judgement, verdict: Verdict, facts: Mapping[EventId, Entry], admitted: Mapping[VisitId, Admitted],
    turned: Mapping[tuple[VisitId, str], datetime], known: Appealed, answers: Answers, norms: Norms, zone: ZoneInfo,
) -> Proof:  # fmt: skip
    book, subject = norms(judgement.month), _subject_of(judgement, verdict, facts)
    behind = tuple(facts[event] for event in verdict.evidence if event in facts)
    item = book.find_item(verdict.code)
    moments = [one.received_at for one in behind]
    counts = admitted.get(judgement.visit)
    since = [counts.counts_at, counts.arrived_at] if counts else []
    appeal = heard_of(known.get(subject, ()), judgement.technician)
    answer = answers.get(appeal.decision or EventId("")) if appeal else None
    if answer and is_by_another(appeal, judgement.technician):
        # Before that nobody could file their own.
        since += [answer.event.effective_at, answer.received_at]
    since += [turned.get((judgement.visit, verdict.code)), judgement.counts_from]
    moments += [one for one in since if one is not None]
    ends = filing_ends(judgement.month, max(moments), book.parameters.appeal_days, zone) if not verdict.met else None
    return Proof(
        code=verdict.code, month=judgement.month, rulebook=book.name, article=item.article if item else "",
        technician=judgement.technician, facts=behind, verdict=verdict, judgement=judgement,
        subject=None if verdict.met else subject, appeal=appeal, ends=ends,
        answer_imported_at=answer.imported_at if answer else None,
    )  # fmt: skip


def findings(
    db: Db, branch: str, effects: Iterable[FindingEffect], norms: Norms | None = None
) -> list[Proof]:  # fmt: skip
    """The findings that have these effects, each followed by what was decided about it."""
    found = sorted(effects, key=lambda one: one.finding)
    ids = [one.finding for one in found]
    recorded, later = evidence.by_ids(db, branch, ids), dict[str, list[Entry]]()
    for entry in sorted(evidence.about(db, branch, ids), key=lambda one: one.event.order):
        later.setdefault(getattr(entry.event.data, "finding", ""), []).append(entry)
    known = appeals.about(db, branch, (Subject(finding=one) for one in ids))
    norms, zone, answers = norms or _norms(db, branch), zone_of(db, branch), _answers(db, branch, known)
    told = [
        _of_finding(one, (recorded[one.finding], *later.get(one.finding, [])), known, answers, norms, zone)
        for one in found
        if one.finding in recorded
    ]
    return _still_theirs(db, branch, told)


def _of_finding(
    effect: FindingEffect, facts: tuple[Entry, ...], known: Appealed, answers: Answers, norms: Norms, zone: ZoneInfo
) -> Proof:  # fmt: skip
    book, subject = norms(effect.month), Subject(finding=effect.finding)
    item = book.find_item(effect.code)
    article = item.article if item else next((a.article for a in book.disciplines if a.code == effect.code), None)
    is_against = effect.does in ("adverse", "veto") or (effect.does == "breached" and effect.visit is None)
    moments = [one.received_at for one in facts if one.event.type != "appeal.filed"]
    appeal = heard_of(known.get(subject, ()), effect.technician)
    answer = answers.get(appeal.decision or EventId("")) if appeal else None
    return Proof(
        code=effect.code, month=effect.month, rulebook=book.name, article=article or "", technician=effect.technician,
        facts=facts, effect=effect, subject=subject if is_against else None, appeal=appeal,
        ends=filing_ends(effect.month, max(moments), book.parameters.appeal_days, zone) if is_against else None,
        answer_imported_at=answer.imported_at if answer else None,
    )  # fmt: skip
