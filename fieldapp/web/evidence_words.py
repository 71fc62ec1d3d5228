"""Evidence in words: what was judged, when, by which source, how well its time is proven, by which article.

Shared by the pages of scores and of appeals. Codes come from the domain, every text stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.domain.calendar import Window
from fieldapp.domain.scoring.judging import Judgement
from fieldapp.domain.visits.events import AppealDecided, FindingDecided, FindingRecorded
from fieldapp.services.evidence import Doubt, Entry, Proof, Signal
from fieldapp.web import score_words, visit_words
from fieldapp.web.templating import localdate, localmoment, localtime

#: Why a phone's time is in doubt.
FLAGS: dict[str, Any] = {
    "clock_suspect": _l("the phone's clock was changed while it was without signal"),
    "clock_unproven": _l("the phone had never compared its clock with the server"),
    "clock_slept": _l("the phone's clock gained while it was without signal"),
    "clock_future": _l("the phone's clock was ahead of the server's"),
    "gps_differs": _l("the satellites told another time"),
    "before_contact": _l("by the phone's clock it happened before an earlier contact with the server"),
}

#: What makes a visit worth a second look.
SIGNALS: dict[str, Any] = {
    "far_away": _l("Arrival was recorded %(number)s m from the address."),
    "signed_before_arrival": _l("The signature is older than the arrival."),
    "signed_fast": _l("The statement was signed after being shown for %(number)s s."),
    "excused_oneself": _l(
        "Lateness counts nothing here, for a cause of the company’s that the late technician named alone."
    ),
}

#: What became of a finding that does not count as it was recorded.
FINDING_STATES: dict[str, Any] = {
    "waiting": _l("waits for a second person"),
    "dismissed": _l("dismissed"),
    "overturned": _l("overturned on appeal"),
    "upheld": _l("counts nothing"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One verdict, finding or doubt, ready to be shown. `met` None: it counts neither way; `state` then says why."""

    title: str
    reason: str
    met: bool | None
    state: str = ""
    source: str = ""
    #: What the speaking fact was, when, and who recorded it.
    fact: str = ""
    grade: str = ""
    is_doubtful: bool = False
    rule: str = ""
    #: What was written and decided about a finding, or on appeal.
    words: tuple[str, ...] = ()
    day: datetime | date | None = None
    visit: str | None = None
    number: str = ""
    code: str = ""
    #: The finding that speaks, if one does.
    finding: str = ""
    proof: Proof | None = None


def line(proof: Proof, names: Mapping[str, str], numbers: Mapping[str, str]) -> Line:
    """A verdict or a finding in words; `names` by login, `numbers` are order numbers by visit."""
    return _of_verdict(proof, names, numbers) if proof.verdict else _of_finding(proof, names, numbers)


def doubt(one: Doubt, numbers: Mapping[str, str]) -> Line:
    """Why a visit has no verdict on an item, in words."""
    judgement = one.judgement
    arrived = [_("Arrived %(time)s", time=localmoment(one.fact.event.effective_at))] if one.fact else []
    return Line(
        title=title(one.code), reason=str(score_words.REASONS[one.why]), met=None,
        state=_("hidden until the call") if one.why == "call_open" else _("not counted"),
        fact=" · ".join(arrived), grade=grade(one.fact) if one.fact else "",
        is_doubtful=one.fact is not None and one.fact.event.grade == "C",
        day=judgement.promised_start, visit=judgement.visit, number=numbers.get(judgement.visit, ""), code=one.code,
    )  # fmt: skip


def title(code: str) -> str:
    """What an item, a discipline article or a commendation is called; unknown codes stand for themselves."""
    if code in score_words.ITEMS:
        return str(score_words.ITEMS[code][0])
    return _("Commendation") if code == "commendation" else str(score_words.DISCIPLINES.get(code, code))


def doubted(entry: Entry) -> str:
    """Why nobody can rely on the time of a fact of grade C."""
    joint = _("; ")
    return joint.join(str(FLAGS[flag]) for flag in entry.flags if flag in FLAGS) or _(
        "its clocks contradict each other"
    )


def grade(entry: Entry) -> str:
    """How well the time of a fact is proven, as a sentence."""
    if entry.event.grade == "C":
        return _("Evidence C: nobody can rely on this time; %(why)s.", why=doubted(entry))
    if entry.origin == "import":
        return _("Evidence A: imported, counts as proven.")
    if entry.origin == "push" and entry.event.grade == "B":
        if entry.proven_at is None:
            return _("Evidence B: recorded without signal; nothing contradicts the phone's clock.")
        return _(
            "Evidence B: recorded without signal; clock agreed with the server at %(time)s.",
            time=_short(entry.proven_at, entry.event.effective_at),
        )
    if entry.origin == "push":
        return _("Evidence A: the server heard of it as it happened.")
    return _("Evidence A: recorded on the server itself.")


def signal(one: Signal) -> str:
    """What makes a visit worth a second look."""
    return str(SIGNALS[one.kind]) % {"number": one.number}


def _of_verdict(proof: Proof, names: Mapping[str, str], numbers: Mapping[str, str]) -> Line:
    verdict, judgement = proof.verdict, proof.judgement
    assert verdict is not None  # noqa: S101 - the caller looked
    assert judgement is not None  # noqa: S101 - verdicts are of visits
    first = proof.facts[0] if proof.facts else None
    said = first is not None and isinstance(first.event.data, FindingRecorded | AppealDecided)
    return Line(
        title=title(verdict.code), reason=score_words.explain(verdict, _window(judgement)), met=verdict.met,
        source=str(score_words.SOURCES[verdict.source]), fact=_fact(first, names) if first else "",
        grade=grade(first) if first and not said else "", rule=_rule(proof), words=_words(proof, names),
        day=judgement.promised_start, visit=judgement.visit, number=numbers.get(judgement.visit, ""),
        code=verdict.code, finding=verdict.evidence[0] if verdict.source == "finding" else "", proof=proof,
    )  # fmt: skip


def _of_finding(proof: Proof, names: Mapping[str, str], numbers: Mapping[str, str]) -> Line:
    effect, first = proof.effect, proof.facts[0]
    assert effect is not None  # noqa: S101 - what is no verdict is a finding
    recorded = first.event.data
    assert isinstance(recorded, FindingRecorded)  # noqa: S101 - it speaks first
    good = {"met": True, "commendation": True, "adverse": False, "breached": False, "veto": False}.get(effect.does)
    state = "" if good is not None else str(FINDING_STATES[effect.state])
    return Line(
        title=title(effect.code), reason=_found(recorded), met=good, state=state,
        source=str(score_words.SOURCES["finding"]), fact=_fact(first, names), rule=_rule(proof),
        words=_words(proof, names), day=recorded.occurred_on, visit=effect.visit,
        number=numbers.get(effect.visit, "") if effect.visit else "", code=effect.code, finding=effect.finding,
        proof=proof,
    )  # fmt: skip


def _found(data: FindingRecorded) -> str:
    source = score_words.FINDING_SOURCES[data.source]
    if data.commendation:
        return _("%(source)s: the work was commended.", source=source)
    if data.discipline:
        return _("%(source)s: a breach of service discipline.", source=source)
    if data.favourable:
        return _("%(source)s: this was done well.", source=source)
    return _("%(source)s: this was not done.", source=source)


def _words(proof: Proof, names: Mapping[str, str]) -> tuple[str, ...]:
    """The note of a finding and every decision about it or on appeal: who, when, what and why."""
    told = [one.event for one in proof.facts if isinstance(one.event.data, FindingRecorded)]
    notes = [one.data.note for one in told if isinstance(one.data, FindingRecorded) and one.data.note]
    decided = [one for one in proof.facts if isinstance(one.event.data, FindingDecided | AppealDecided)]
    return (*notes, *(_decision(one, names) for one in decided))


def _decision(entry: Entry, names: Mapping[str, str]) -> str:
    event, data = entry.event, entry.event.data
    assert isinstance(data, FindingDecided | AppealDecided)  # noqa: S101 - the caller looked
    who, when = visit_words.person(names, event.actor), " · ".join((localmoment(event.effective_at), *_origin(entry)))
    outcome = {
        "upheld": _("Upheld by %(who)s, %(when)s", who=who, when=when),
        "dismissed": _("Dismissed by %(who)s, %(when)s", who=who, when=when),
        "overturned": _("Overturned on appeal by %(who)s, %(when)s", who=who, when=when),
        "confirmed": _("Confirmed on appeal by %(who)s, %(when)s", who=who, when=when),
    }[data.outcome]
    return _("%(decision)s: %(reason)s", decision=outcome, reason=data.reason) if data.reason else f"{outcome}."


def _fact(entry: Entry, names: Mapping[str, str]) -> str:
    """What was recorded, when and by whom; of what people judged, that it was imported."""
    event = entry.event
    what = visit_words.word(visit_words.EVENTS, event.type)
    origin = _origin(entry) if isinstance(event.data, FindingRecorded | AppealDecided) else ()
    return " · ".join((what, localmoment(event.effective_at), visit_words.person(names, event.actor), *origin))


def _origin(entry: Entry) -> tuple[str, ...]:
    return (_("imported %(day)s", day=localdate(entry.imported_at)),) if entry.imported_at else ()


def _rule(proof: Proof) -> str:
    if not proof.article:
        return _("Rulebook %(name)s", name=proof.rulebook)
    return _("Article %(article)s, rulebook %(name)s", article=proof.article, name=proof.rulebook)


def _window(judgement: Judgement) -> Window:
    return Window(judgement.promised_start, judgement.promised_end)


def _short(moment: datetime, near: datetime) -> str:
    return localtime(moment) if abs(moment - near).total_seconds() < 43_200 else localmoment(moment)
