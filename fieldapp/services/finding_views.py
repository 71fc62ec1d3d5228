"""Findings as people read them: what was recorded, what the technician said, what was decided, what it does.

Reads only; `services.findings` records, hears and decides. Shows no customer: who decides needs the facts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, Permission, may, own_branch, require
from fieldapp.domain.calendar import Month, month_of, month_of_day
from fieldapp.domain.errors import DomainError, Invalid, NotFound
from fieldapp.domain.findings import Standing, heard_until, hears_first
from fieldapp.domain.ids import BranchCode, EventId, StaffCode, VisitId, is_uuid
from fieldapp.domain.scoring.findings import Finding, FindingEffect, read_findings
from fieldapp.domain.scoring.rulebook import Rulebooks
from fieldapp.domain.visits.events import AppealDecided, Event, FindingDecided, FindingRecorded
from fieldapp.services import finding_lists, four_eyes
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, branches, bulk, call_backs, cases, events, evidence, findings, planning, scoring
from fieldapp.storage.branches import Branch
from fieldapp.storage.cases import Case
from fieldapp.storage.evidence import Admitted
from fieldapp.storage.findings import Attachment, Statement
from fieldapp.storage.planning import Entry, Technician

__all__ = ["Attachment", "Page", "Statement", "Step", "View"]

PAGE_SIZE = 50
#: More than anybody can record in a month about everybody of a branch.
MOST_OF_MONTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody decided about a finding, as a second person or on appeal; `imported_at` None: here."""

    event: Event
    imported_at: datetime | None = None

    @property
    def outcome(self) -> str:
        """upheld, dismissed, overturned, confirmed."""
        return str(self.event.data.outcome)  # type: ignore[attr-defined]

    @property
    def reason(self) -> str:
        return self.event.data.reason or ""  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class View:
    """A finding with everything that is stored about it. `effect`: None while its visit was never scheduled.

    `case`: what a customer had reported, where it came from that; `call_of`: the visit whose customer was called
    back, where it came from that. `refusal`: why this reader is no second person
    for it (None: they are). `names`: by login. `imported_at`: when it came with a history; None: recorded here.
    `is_kept`: this reader's closed month rests on it as it stands, whosever it is by now.
    """

    branch: str
    branch_name: str
    finding: Finding
    month: Month
    recorded_by: str
    note: str
    visit_number: str | None
    effect: FindingEffect | None
    standing: Standing
    statements: Sequence[Statement]
    photos: Sequence[Attachment]
    steps: Sequence[Step]
    case: Case | None
    call_of: str | None
    refusal: DomainError | None
    names: Mapping[str, str]
    imported_at: datetime | None = None
    is_kept: bool = False

    @property
    def case_id(self) -> str | None:
        """The case that it came from."""
        return self.case.case_id if self.case else None

    @property
    def whose(self) -> str:
        """In whose month it counts: where it speaks in a visit, whoever that is the visit of by now."""
        return self.effect.technician if self.effect else self.finding.technician

    @property
    def concerned(self) -> Collection[str]:
        """Whom it is about: also whose visit it was when it was recorded."""
        return {self.whose, self.finding.technician}

    @property
    def about(self) -> str:
        """The code of the item or article, or `commendation`."""
        return self.finding.item or self.finding.discipline or "commendation"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a month's findings."""

    views: Sequence[View]
    total: int
    number: int
    count: int


def list_waiting(work: Work, actor: Actor, *, everywhere: bool = False) -> list[View]:
    """What waits for a second person, longest first: in the actor's branch, or in every branch of the company."""
    require(actor, "findings.decide")
    with work.read() as db:
        codes = _branches(db, actor) if everywhere or actor.branch is None else [str(actor.branch)]
        found = scoring.waiting_findings(db, codes)
        by_id = {
            view.finding.id: view
            for branch in codes
            for view in load(db, actor, branch, [finding for code, finding in found if code == branch])
        }
        return [by_id[EventId(finding)] for _, finding in found]


def count_waiting(work: Work, actor: Actor) -> int:
    """How many findings of the actor's branch wait for a second person."""
    require(actor, "findings.decide")
    with work.read() as db:
        return scoring.count_waiting(db, [str(actor.branch)] if actor.branch else _branches(db, actor))


def list_month(
    work: Work, actor: Actor, month: Month, *, technician: str | None = None, source: str | None = None, page: int = 1
) -> Page:
    """One page of the findings of the branch that count, or would count, in this month; the latest first."""
    branch = own_branch(actor, "findings.read")
    with work.read() as db:
        offset = (page - 1) * PAGE_SIZE
        found, total = scoring.search_findings(
            db, branch, month, technician=technician, source=source, offset=offset, limit=PAGE_SIZE
        )
        return Page(_in_order(db, actor, branch, found), total, page, max(1, -(-total // PAGE_SIZE)))


def list_after(
    work: Work, actor: Actor, month: Month, *, technician: str | None, after: str, limit: int
) -> list[View]:  # fmt: skip
    """The same month's findings, those that follow the finding `after` ("": from the latest on), at most `limit`.

    Raises `Invalid` cursor_unknown.
    """
    branch = own_branch(actor, "findings.read")
    with work.read() as db:
        found, _ = scoring.search_findings(
            db, branch, month, technician=technician, source=None, offset=0, limit=MOST_OF_MONTH
        )
        if after and after not in found:
            raise Invalid("cursor_unknown", field="cursor")
        start = found.index(after) + 1 if after else 0
        return _in_order(db, actor, branch, found[start : start + limit])


def list_own(work: Work, actor: Actor, branch: BranchCode, technician: str, month: Month) -> list[View]:
    """Everything that was recorded about one technician in a month (`finding_lists`), the latest first.

    For them and for who reads the team's scores.

    Raises `Forbidden`, `NotFound`.
    """
    _require_scores(actor, branch, technician)
    with work.read() as db:
        found = finding_lists.of_month(db, branch, technician, month)
        known = actor.is_oneself or found or technician in scoring.staff(db, branch, technician)
        if not known and not scoring.judgements(db, branch, month, technician):
            raise NotFound()
        return load(db, actor, branch, found)[::-1]


def count_own(work: Work, actor: Actor, branch: BranchCode, technician: str, month: Month) -> int:
    """How many these are. Raises `Forbidden`."""
    _require_scores(actor, branch, technician)
    with work.read() as db:
        return len(finding_lists.of_month(db, branch, technician, month))


def list_to_answer(work: Work, actor: Actor) -> list[View]:
    """What waits for a decision about the actor themselves and can still be answered, of whatever branch, the oldest
    first: who has moved, or has another role by now, is heard like everybody."""
    with work.read() as db:
        return to_answer(db, actor, work.now())


def count_to_answer(work: Work, actor: Actor) -> int:
    """How many findings about them the actor can still answer."""
    return len(list_to_answer(work, actor))


def list_technicians(work: Work, actor: Actor) -> list[Technician]:
    """Everybody in the branch whom a finding can be about, those who left included."""
    branch = own_branch(actor, "findings.decide")
    with work.read() as db:
        return planning.technicians(db, branch)


def detail(work: Work, actor: Actor, branch: str, finding_id: str) -> View:
    """One finding, for its technician, who reads the team's scores, and second persons of any branch.

    Raises `Forbidden`, `NotFound`.
    """
    with work.read() as db:
        view = get(db, actor, branch, finding_id)
        is_theirs = actor.login in view.concerned or _was_counted(db, actor, branch, view)
        month = finding_lists.standing(db, branch, actor.login, view.month) if actor.role == "technician" else ()
    _require_sight(actor, branch, actor.login if is_theirs else view.whose)
    return replace(view, is_kept=view.finding.id in month)


# --- In a transaction of the caller -------------------------------------------------------------------------------


def to_answer(db: Db, actor: Actor, now: datetime) -> list[View]:
    """`list_to_answer`, in a transaction of the caller."""
    found = scoring.waiting_about(db, actor.login)
    views = [
        view
        for branch in dict.fromkeys(code for code, _ in found)
        for view in load(db, actor, branch, [finding for code, finding in found if code == branch])
        if not view.finding.favourable and not view.standing.is_answered and view.standing.may_answer(now)
    ]
    return sorted(views, key=lambda view: (view.finding.recorded_at, view.finding.id))


def get(db: Db, actor: Actor, branch: str, finding_id: str) -> View:
    """One finding; raises `NotFound`. Who may see it is the caller's to ask."""
    found = load(db, actor, branch, [finding_id]) if is_uuid(finding_id) else []
    if not found:
        raise NotFound()
    return found[0]


def load(db: Db, actor: Actor, branch: str, ids: Iterable[str]) -> list[View]:
    """The findings among `ids`, in the order of their recording."""
    recorded = {one.id: one for one in events.by_ids(db, branch, ids) if isinstance(one.data, FindingRecorded)}
    if not recorded:
        return []
    shelf = _fetch(db, branch, recorded)
    people = four_eyes.people_with(db, "findings.decide")
    return [_view(shelf, finding, actor, people) for finding in read_findings(shelf.heap)]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What the store has about some findings of a branch, by their ids."""

    branch: Branch
    books: Rulebooks
    recorded: Mapping[EventId, Event]
    heap: Sequence[Event]
    entries: Mapping[EventId, Entry]
    numbers: Mapping[VisitId, str]
    effects: Mapping[EventId, FindingEffect]
    #: Whose the findings' visits are by now.
    technicians: Mapping[VisitId, str | None]
    admitted: Mapping[VisitId, Admitted]
    statements: Mapping[str, list[Statement]]
    photos: Mapping[str, list[Attachment]]
    cases: Mapping[str, Case]
    calls: Mapping[str, str]
    names: Mapping[str, str]


def _fetch(db: Db, branch: str, recorded: Mapping[EventId, Event]) -> _Shelf:
    place = branches.find(db, branch)
    if place is None:
        raise NotFound()
    heap = [*recorded.values(), *events.about(db, branch, recorded)]
    visits = [one.visit for one in recorded.values() if one.visit]
    judged = {
        one: judgement
        for start in range(0, len(visits), bulk.CHUNK)
        for one, judgement in scoring.judgements_of(db, branch, visits[start : start + bulk.CHUNK]).items()
    }
    technicians = {one: judged[one].technician if one in judged else None for one in visits}
    return _Shelf(
        branch=place,
        books=rulebooks(db),
        recorded=recorded,
        heap=heap,
        entries=evidence.by_ids(db, branch, (one.id for one in heap)),
        numbers=scoring.external_ids(db, branch, visits),
        effects=scoring.effects_of(db, branch, recorded),
        technicians=technicians,
        admitted=evidence.admitted(db, branch, technicians),
        statements=findings.statements(db, branch, recorded),
        photos=findings.photos(db, branch, recorded),
        cases={one: cases.get(db, branch, case) for one, case in cases.of_findings(db, branch, recorded).items()},
        calls=call_backs.of_findings(db, branch, recorded),
        names=_names(db, heap, (one.technician for one in judged.values())),
    )


def _view(shelf: _Shelf, finding: Finding, actor: Actor, people: Collection[str]) -> View:
    event, effect = shelf.recorded[finding.id], shelf.effects.get(finding.id)
    data, entry = cast(FindingRecorded, event.data), shelf.entries[finding.id]
    steps, said = _steps(shelf, finding), shelf.statements.get(finding.id, [])
    zone = ZoneInfo(shelf.branch.timezone)
    # What an import brought with a day long ago could be read from today on only; so what it brought before its visit.
    known_at = max(finding.recorded_at, entry.received_at)
    if finding.visit and (admitted := shelf.admitted.get(finding.visit)):
        # A breach of discipline stays whose it is, whoever the visit turns out to be of.
        known_at = max(known_at, admitted.planned_at if data.discipline else admitted.counts_at)
    days = shelf.books.in_force(month_of(known_at, zone)).parameters.answer_days
    last_day, until = heard_until(known_at, days, zone)
    whose = effect.technician if effect else finding.technician
    standing = Standing(
        state=finding.state,
        decisions=sum(isinstance(step.event.data, FindingDecided) for step in steps),
        hears_first=hears_first(data),
        last_day=last_day,
        until=until,
        # By whose it is by now: somebody else's words are not theirs.
        is_answered=any(one.actor == whose for one in said),
    )
    gaining = {finding.technician, shelf.technicians.get(finding.visit or VisitId("")) or finding.technician}
    return View(
        branch=shelf.branch.code,
        branch_name=shelf.branch.name,
        finding=finding,
        month=effect.month if effect else month_of_day(finding.occurred_on),
        recorded_by=event.actor,
        note=data.note or "",
        visit_number=shelf.numbers.get(finding.visit) if finding.visit else None,
        effect=effect,
        standing=standing,
        statements=said,
        photos=shelf.photos.get(finding.id, []),
        steps=steps,
        case=shelf.cases.get(finding.id),
        call_of=shelf.calls.get(finding.id),
        refusal=four_eyes.refusal(actor, people, author=event.actor, beneficiaries=gaining),
        names=shelf.names,
        imported_at=entry.imported_at,
    )


def _steps(shelf: _Shelf, finding: Finding) -> list[Step]:
    """What was decided about the finding, in the order in which it takes effect."""
    found = (one for one in shelf.heap if isinstance(one.data, FindingDecided | AppealDecided))
    about = (one for one in found if getattr(one.data, "finding", None) == finding.id)
    return [Step(one, shelf.entries[one.id].imported_at) for one in sorted(about, key=lambda one: one.order)]


def _names(db: Db, heap: Iterable[Event], technicians: Iterable[str | None]) -> dict[str, str]:
    """Names of everybody who recorded, decided or is meant, of whatever branch, by login."""
    logins = (
        {one.actor for one in heap}
        | set(filter(None, technicians))
        | {one.data.technician for one in heap if isinstance(one.data, FindingRecorded)}
    )
    known = ((login, accounts.find_by_login(db, login)) for login in sorted(logins))
    return {login: account.name if account else login for login, account in known}


def _in_order(db: Db, actor: Actor, branch: str, ids: Sequence[str]) -> list[View]:
    by_id = {view.finding.id: view for view in load(db, actor, branch, ids)}
    return [by_id[EventId(one)] for one in ids]


def _branches(db: Db, actor: Actor) -> list[str]:
    codes = (BranchCode(one.code) for one in branches.every(db))
    return [code for code in codes if may(actor, "findings.decide", branch=code)]


def _require_sight(actor: Actor, branch: str, technician: str) -> None:
    seen_by: tuple[Permission, ...] = ("findings.decide", "findings.read")
    permission: Permission = next((one for one in seen_by if may(actor, one)), "scores.own")
    require(actor, permission, branch=BranchCode(branch), technician=StaffCode(technician))


def _was_counted(db: Db, actor: Actor, branch: str, view: View) -> bool:
    """Whether the actor's closed month rests on it, though it went on to others since."""
    return actor.role == "technician" and view.finding.id in finding_lists.counted(db, branch, actor.login, view.month)


def _require_scores(actor: Actor, branch: BranchCode, technician: str) -> None:
    whole: Permission = "scores.team" if may(actor, "scores.team") else "scores.own"
    require(actor, whole, branch=branch, technician=StaffCode(technician))
