"""Call-backs: who is to be called, what was said, and what it differs in from what was signed (docs/findings.md).

Asked blind: nothing here hands out the signed answers before those of the call are stored, and `hidden_from` tells
others of whose visits they must not either. Every call is added, none is changed. Who is drawn, when an entry is over
and what differs is `domain.call_backs`'.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from fieldapp.domain import call_backs as rules
from fieldapp.domain import spot_checks as draws
from fieldapp.domain.access import Actor, Permission, may, own_branch, require
from fieldapp.domain.calendar import Month, shifted
from fieldapp.domain.call_backs import Attempt, Line, Reason, State
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, StaffCode, VisitId
from fieldapp.domain.visits.events import AnswersGiven, Data, SignatureRefused
from fieldapp.services import contacts, finding_views, findings
from fieldapp.services.branches import zone_of
from fieldapp.services.finding_views import View
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, call_backs, closing, events, planning, spot_checks, visits
from fieldapp.storage.call_backs import Done
from fieldapp.storage.spot_checks import Draw
from fieldapp.storage.visits import Visit

__all__ = ["Attempt", "Board", "Call", "Entry", "Lane", "Line", "Own"]

COMMENT_LIMIT = findings.NOTE_LIMIT


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list: a visit, whose it is, why it is on it, and what came of it so far."""

    visit: Visit
    technician: str
    reason: Reason
    attempts: Sequence[Attempt]
    state: State
    days_tried: Collection[date]


@dataclass(frozen=True, slots=True)
class Lane:
    """What the month asks for and has of one technician."""

    technician: str
    signed: int
    drawn: int
    done: int
    extra: int


@dataclass(frozen=True, slots=True)
class Board:
    """A month's calls: `open` in the order in which they are to be made, `ended` the latest first. `left_before`: how
    many calls of the month before are still open."""

    month: Month
    today: date
    draw: Draw | None
    open: Sequence[Entry]
    ended: Sequence[Entry]
    lanes: Sequence[Lane]
    names: Mapping[str, str]
    left_before: int


@dataclass(frozen=True, slots=True)
class Call:
    """One visit's page. `lines` compare the answers once somebody was reached, `found` are the findings from it.

    `refusal`: what was noted when nobody signed; like the answers, only after the call.
    """

    entry: Entry
    month: Month
    lines: Sequence[Line]
    comment_signed: str
    refusal: str
    found: Sequence[View]
    names: Mapping[str, str]

    @property
    def masked_phone(self) -> str:
        """The customer's number, to tell customers apart by."""
        return contacts.masked(self.entry.visit.phone)

    @property
    def differing(self) -> Sequence[Line]:
        """What can still lead to a finding."""
        known = {view.about for view in self.found}
        return [one for one in self.lines if one.differs and one.about and one.about not in known]


@dataclass(frozen=True, slots=True)
class Own:
    """What a technician learns of the draw: the share at once, their drawn visits when the month is over."""

    share: int
    numbers: Sequence[str]
    is_open: bool


# --- Read ---------------------------------------------------------------------------------------------------------


def board(work: Work, actor: Actor, month: Month) -> Board:
    """Who is to be called and what came of it; for quality staff and managers of the branch."""
    branch, now = own_branch(actor, "findings.decide"), work.now()
    with work.read() as db:
        zone = zone_of(db, branch)
        draw, found, lanes = _month(db, branch, month, zone)
        today = now.astimezone(zone).date()
        ended = [one for one in found if one.state != "open"]
        return Board(
            month=month,
            today=today,
            draw=draw,
            open=sorted((one for one in found if one.state == "open"), key=lambda one: _turn(one, today)),
            ended=sorted(ended, key=lambda one: one.attempts[-1].called_at, reverse=True),
            lanes=lanes,
            names=planning.names(db, branch),
            left_before=len(open_in(db, branch, shifted(month, -1))),
        )


def detail(work: Work, actor: Actor, visit_id: str) -> Call:
    """One completed visit's call. Raises `NotFound`."""
    branch = own_branch(actor, "findings.decide")
    with work.read() as db:
        return _call(db, actor, branch, visit_id)


def own(work: Work, actor: Actor, branch: BranchCode, technician: str, month: Month) -> Own | None:
    """What is known of the draw about one technician, for them and for who reads the team's scores; None without one.

    Raises `Forbidden`, `NotFound`.
    """
    whole: Permission = "scores.team" if may(actor, "scores.team") else "scores.own"
    require(actor, whole, branch=branch, technician=StaffCode(technician))
    with work.read() as db:
        draw, zone = spot_checks.find(db, branch, month), zone_of(db, branch)
        if draw is None:
            return None
        is_open = draws.is_over(month, work.now().astimezone(zone).date())
        mine = call_backs.completed(db, branch, month, technician)
        return Own(draw.share, sorted(_drawn(draw, mine, zone)) if is_open else (), is_open)


def to_be_made(work: Work, actor: Actor, branch: str, month: Month, technician: str) -> Collection[str]:
    """`hidden_from`, in a transaction of its own."""
    with work.read() as db:
        return hidden_from(db, actor, branch, month, technician)


def reveal_number(work: Work, actor: Actor, visit_id: str) -> str:
    """The customer's number, to call it; written down. Raises `NotFound`."""
    branch = own_branch(actor, "findings.write")
    with work.read() as db:
        if call_backs.find_completed(db, branch, visit_id) is None:
            raise NotFound()
    return contacts.reveal(work, actor, branch, visit_id, "call_back")


# --- Done ---------------------------------------------------------------------------------------------------------


def save(
    work: Work, actor: Actor, visit_id: str, outcome: str, answers: Mapping[str, str], comment: str, *, seen: int
) -> Call:
    """Store a call and what was said; `seen` is how many calls the page showed. Returns the page as it is then.

    Raises `NotFound`, `Forbidden("call_own")` for one's own visit, what `rules.attempt` raises.
    """
    branch = own_branch(actor, "findings.write")
    with work.write(branch) as db:
        call, now = _call(db, actor, branch, visit_id), work.now()
        if call.entry.technician == actor.login:
            raise Forbidden("call_own")
        made = rules.attempt(
            call.entry.attempts, outcome, answers, comment, caller=actor.login, now=now, zone=zone_of(db, branch),
            seen=seen,
        )  # fmt: skip
        if not call_backs.add(db, branch, visit_id, made):
            raise Conflict("call_changed")
        audit.append(
            db, branch, entry_id=work.new_id(), now=now, actor=actor.login, action="call_back.made",
            subject=call.entry.visit.external_id, facts={"outcome": made.outcome, "reason": call.entry.reason},
        )  # fmt: skip
        return _call(db, actor, branch, visit_id)


def record_findings(
    work: Work, actor: Actor, visit_id: str, questions: Collection[str], note: str, *, finding_id: str
) -> Sequence[str]:
    """Record what these questions' answers differ in as findings; returns their ids, the first being `finding_id`.

    Raises `NotFound`, `Invalid` call_no_difference, what `findings.record` raises.
    """
    branch = own_branch(actor, "findings.write")
    with work.write(branch) as db:
        call = _call(db, actor, branch, visit_id)
        if finding_id in {view.finding.id for view in call.found}:
            return [finding_id]
        drafts = [rules.draft(one, note) for one in call.differing if one.question in questions]
        if not drafts:
            raise Invalid("call_no_difference")
        made = findings.record_many_in(
            db, work, actor, branch, drafts, order=call.entry.visit.external_id, finding_id=finding_id
        )
        for one in made:
            call_backs.add_finding(db, branch, one, visit_id)
        return made


def open_in(db: Db, branch: str, month: Month) -> list[Entry]:
    """The month's calls that are still to be made."""
    return [one for one in _month(db, branch, month, zone_of(db, branch))[1] if one.state == "open"]


def hidden_from(
    db: Db, actor: Actor, branch: str, month: Month, technician: str | None = None
) -> Collection[str]:  # fmt: skip
    """The visits of a month, or of one technician's, whose signed answers `actor` must not read yet: they may still
    have to make the call about them. In a closed month one's visits may turn out to be somebody else's: there, all."""
    if "quality" not in (actor.role, actor.also) or actor.branch != branch:
        return ()
    whose = None if closing.find(db, branch, month) else technician
    found = _month(db, branch, month, zone_of(db, branch), whose)[1]
    return {one.visit.visit_id for one in found if one.state == "open"}


def is_answer(data: Data) -> bool:
    """Whether an event says what the customer answered, or why nobody signed: what a call asks about."""
    return isinstance(data, AnswersGiven | SignatureRefused)


# --- Inside -------------------------------------------------------------------------------------------------------


def _month(
    db: Db, branch: str, month: Month, zone: ZoneInfo, technician: str | None = None
) -> tuple[Draw | None, list[Entry], list[Lane]]:  # fmt: skip
    draw, done = spot_checks.find(db, branch, month), call_backs.completed(db, branch, month, technician)
    calls, drawn = call_backs.of_month(db, branch, month), _drawn(draw, done, zone)
    wanted = [one for one in done if one.number in drawn or one.visit_id in calls or not one.signed]
    whole = planning.by_external_ids(db, branch, (one.number for one in wanted))
    entries, lanes = [], {one.technician: [0, 0, 0, 0] for one in done}
    for one in done:
        lanes[one.technician][0] += one.signed
    for one in wanted:
        lane, is_drawn = lanes[one.technician], one.number in drawn
        entry = _entry(one, whole[one.number], is_drawn, calls.get(one.visit_id, []), zone)
        entries.append(entry)
        lane[1] += is_drawn
        lane[2 if is_drawn else 3] += entry.state != "open"
    return draw, entries, [Lane(code, *lanes[code]) for code in sorted(lanes)]


def _drawn(draw: Draw | None, done: Iterable[Done], zone: ZoneInfo) -> Collection[str]:
    """The drawn visits, by order number: of each technician's signed ones, and of those among them that look odd once
    more. A late seal reaches only the days after it."""
    if draw is None:
        return ()
    signed, flagged = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    sealed = draw.committed_at.astimezone(zone).date()
    for one in done:
        if one.signed and one.starts_at.astimezone(zone).date() > sealed:
            signed[one.technician].append(one.number)
            if one.signals:
                flagged[one.technician].append(one.number)
    found = [rules.drawn(draw.seed, numbers, draw.share) for numbers in signed.values()]
    found += [rules.drawn(draw.seed, numbers, rules.FLAGGED_SHARE) for numbers in flagged.values()]
    return {number for numbers in found for number in numbers}


def _entry(one: Done, visit: Visit, is_drawn: bool, attempts: Sequence[Attempt], zone: ZoneInfo) -> Entry:
    reason: Reason = "chosen"
    if not one.signed:
        reason = "unsigned"
    elif is_drawn:
        reason = "flagged" if one.signals else "drawn"
    state, tried = rules.state_of(attempts, zone), rules.days_tried(attempts, zone)
    return Entry(visit, one.technician, reason, attempts, state, tried)


def _turn(entry: Entry, today: date) -> tuple[object, ...]:
    """Whom to call first: not who was tried today; visits that nobody signed, that look odd; then the oldest."""
    urgency = ("unsigned", "flagged", "drawn", "chosen").index(entry.reason)
    return today in entry.days_tried, urgency, entry.visit.window.start, entry.visit.external_id


def _call(db: Db, actor: Actor, branch: BranchCode, visit_id: str) -> Call:
    found = call_backs.find_completed(db, branch, visit_id)
    if found is None:
        raise NotFound()
    done, month = found
    zone = zone_of(db, branch)
    draw, attempts = spot_checks.find(db, branch, month), call_backs.attempts(db, branch, [visit_id])[visit_id]
    mine = call_backs.completed(db, branch, month, done.technician)
    is_drawn = done.number in _drawn(draw, mine, zone)
    entry = _entry(done, visits.get(db, branch, visit_id), is_drawn, attempts, zone)
    answers, refusal = _signed(db, branch, visit_id) if entry.state == "reached" else (None, "")
    known = finding_views.load(db, actor, branch, call_backs.findings_of(db, branch, visit_id))
    return Call(
        entry=entry,
        month=month,
        lines=rules.compare(answers, done.signed, attempts),
        comment_signed=(answers.comment or "") if answers else "",
        refusal=refusal,
        found=known,
        names=planning.names(db, branch),
    )


def _signed(db: Db, branch: str, visit_id: str) -> tuple[AnswersGiven | None, str]:
    """The customer's own answers as they count, and why nobody signed."""
    histories, _ = events.histories(db, branch, [VisitId(visit_id)])
    facts = sorted(histories[VisitId(visit_id)], key=lambda one: one.order)
    answers = next((one.data for one in reversed(facts) if isinstance(one.data, AnswersGiven)), None)
    refusal = next((one.data.reason for one in reversed(facts) if isinstance(one.data, SignatureRefused)), "")
    return answers, refusal
