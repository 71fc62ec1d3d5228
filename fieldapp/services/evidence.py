"""What stands behind a score: each verdict and each finding with its facts, and what can still be said against it.

Reads only. What counts is `domain.scoring`'s, whether an appeal may be filed `domain.appeals`'.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fieldapp.domain.appeals import Appeal, Subject, filing_ends
from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.scoring.rulebook import Rulebooks
from fieldapp.domain.scoring.rules import Verdict
from fieldapp.services.branches import zone_of
from fieldapp.services.rulebooks import shipped_rulebooks
from fieldapp.services.work import Db
from fieldapp.storage import appeals, evidence
from fieldapp.storage.planning import Entry

__all__ = ["Entry", "Proof"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One verdict on a visit, or one finding, with the facts behind it: `facts` begin with the one that speaks.

    `subject`, `appeal` and `ends` (the end of the time to appeal) are those of what counts against `technician`; a
    finding that speaks in the verdict of its visit is appealed there.
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

    @property
    def visit(self) -> VisitId | None:
        """The visit behind it, if there is one."""
        if self.judgement is not None:
            return self.judgement.visit
        return self.effect.visit if self.effect else None


def verdicts(
    db: Db, branch: str, judgements: Iterable[Judgement], now: datetime, code: str | None = None
) -> list[Proof]:
    """The verdicts that count at `now`: all of these visits, or those on one item."""
    pairs = [(one, verdict) for one in judgements for verdict in one.counted(now) if code in (None, verdict.code)]
    facts = evidence.by_ids(db, branch, (event for _, verdict in pairs for event in verdict.evidence))
    admitted = evidence.admitted_at(db, branch, (one.visit for one, verdict in pairs if not verdict.met))
    known = appeals.about(db, branch, (subject_of(one, verdict) for one, verdict in pairs))
    books, zone = shipped_rulebooks(), zone_of(db, branch)
    return [_of_verdict(one, verdict, facts, admitted, known, books, zone) for one, verdict in pairs]


def subject_of(judgement: Judgement, verdict: Verdict) -> Subject:
    """What an appeal against this verdict is about: the finding that it rests on, else the item of the visit."""
    if verdict.source == "finding":
        return Subject(finding=verdict.evidence[0])
    return Subject(visit=judgement.visit, item=verdict.code)


def _of_verdict(
    judgement: Judgement, verdict: Verdict, facts: Mapping[EventId, Entry], admitted: Mapping[VisitId, datetime],
    known: Mapping[Subject, Appeal], books: Rulebooks, zone: ZoneInfo,
) -> Proof:  # fmt: skip
    book, subject = books.in_force(judgement.month), subject_of(judgement, verdict)
    behind = tuple(facts[event] for event in verdict.evidence if event in facts)
    item = book.find_item(verdict.code)
    moments = [one.received_at for one in behind]
    moments += [one for one in (admitted.get(judgement.visit), judgement.counts_from) if one is not None]
    ends = filing_ends(judgement.month, max(moments), book.parameters.appeal_days, zone) if not verdict.met else None
    return Proof(
        code=verdict.code, month=judgement.month, rulebook=book.name, article=item.article if item else "",
        technician=judgement.technician, facts=behind, verdict=verdict, judgement=judgement,
        subject=None if verdict.met else subject, appeal=known.get(subject), ends=ends,
    )  # fmt: skip


def findings(db: Db, branch: str, effects: Iterable[FindingEffect]) -> list[Proof]:
    """The findings that have these effects, each followed by what was decided about it."""
    found = sorted(effects, key=lambda one: one.finding)
    ids = [one.finding for one in found]
    recorded, later = evidence.by_ids(db, branch, ids), dict[str, list[Entry]]()
    for entry in sorted(evidence.about(db, branch, ids), key=lambda one: one.event.order):
        later.setdefault(getattr(entry.event.data, "finding", ""), []).append(entry)
    known = appeals.about(db, branch, (Subject(finding=one) for one in ids))
    books, zone = shipped_rulebooks(), zone_of(db, branch)
    return [
        _of_finding(one, (recorded[one.finding], *later.get(one.finding, [])), known, books, zone)
        for one in found
        if one.finding in recorded
    ]


def _of_finding(
    effect: FindingEffect, facts: tuple[Entry, ...], known: Mapping[Subject, Appeal], books: Rulebooks, zone: ZoneInfo
) -> Proof:  # fmt: skip
    book, subject = books.in_force(effect.month), Subject(finding=effect.finding)
    item = book.find_item(effect.code)
    article = item.article if item else next((a.article for a in book.disciplines if a.code == effect.code), None)
    is_against = effect.does in ("adverse", "veto") or (effect.does == "breached" and effect.visit is None)
    moments = [one.received_at for one in facts if one.event.type != "appeal.filed"]
    return Proof(
        code=effect.code, month=effect.month, rulebook=book.name, article=article or "", technician=effect.technician,
        facts=facts, effect=effect, subject=subject if is_against else None, appeal=known.get(subject),
        ends=filing_ends(effect.month, max(moments), book.parameters.appeal_days, zone) if is_against else None,
    )  # fmt: skip
