"""Closed months and what their facts say by now, as people read them: what differs, what waits, what was adjusted.

Reads only; `services.adjustments` proposes and decides.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec import structs

from fieldapp.domain import adjustments as rules
from fieldapp.domain.access import Actor, may, own_branch, require
from fieldapp.domain.adjustments import Difference
from fieldapp.domain.calendar import Month, month_of, shifted
from fieldapp.domain.closing import ClosedVisit, Evidence, Figure, figure_of, fingerprint, read
from fieldapp.domain.errors import Conflict, DomainError, Invalid, NotFound
from fieldapp.domain.ids import BranchCode, StaffCode
from fieldapp.domain.scoring.counts import Counts
from fieldapp.domain.scoring.engine import score, tally
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.services import adjusted, call_backs, closed, four_eyes
from fieldapp.services.adjusted import Adjusted, Standing
from fieldapp.services.branches import zone_of
from fieldapp.services.closed import Sealed
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, adjustments, branches, scoring
from fieldapp.storage.adjustments import Proposal
from fieldapp.storage.branches import Branch

__all__ = ["Draft", "Line", "MonthView", "Proposal", "Standing", "View", "Waiting"]


#: How long other pages lead to an adjustment.
RECENT = timedelta(days=60)
#: In how many months before this one others look for what was learnt since they were closed.
LATELY = 3


@dataclass(frozen=True)
class Line:
    """One technician of a closed month: where it stands, what facts say by now, what waits for a second person."""

    standing: Standing
    now: Figure
    proposal: Proposal | None

    @property
    def differs(self) -> bool:
        return self.now != self.standing.figure


@dataclass(frozen=True)
class MonthView:
    """A closed month's technicians of whom something differs, waits or was adjusted: first those whose award would
    move, by how much."""

    branch: Branch
    month: Month
    sealed: Sealed
    lines: Sequence[Line]


@dataclass(frozen=True)
class View:
    """One technician's closed month and what its facts say by now. `seen` is the difference's fingerprint; `not_ready`:
    why nobody can adjust it now, `refusal`: why this reader can neither propose nor confirm, `undecidable`: nor refuse
    what waits; `earlier`: proposals that became nothing, latest first; `names` by login."""

    branch: Branch
    month: Month
    sealed: Sealed
    standing: Standing
    difference: Difference
    seen: str
    proposal: Proposal | None
    not_ready: DomainError | None
    refusal: DomainError | None
    undecidable: DomainError | None
    earlier: Sequence[Proposal]
    names: Mapping[str, str]

    @property
    def differs(self) -> bool:
        return self.difference.before != self.difference.after

    @property
    def has_changed(self) -> bool:
        """Whether the difference is not any more the one that was proposed."""
        return self.proposal is not None and self.proposal.fingerprint != self.seen


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits for a second person, as a list shows it."""

    proposal: Proposal
    difference: Difference
    branch_name: str
    author_name: str
    technician_name: str


@dataclass(frozen=True)
class Draft:
    """The difference of now, what its figures rest on, and how many visits of it have no outcome."""

    sealed: Sealed
    standing: Standing
    difference: Difference
    evidence: Evidence
    pending: int

    @property
    def fingerprint(self) -> str:
        return rules.fingerprint(self.difference)


# --- Looking ------------------------------------------------------------------------------------------------------


def of_month(work: Work, actor: Actor, branch: BranchCode, month: Month) -> MonthView:
    """What differs, waits and was adjusted in a closed month. Raises `NotFound`, `Conflict("adjust_open")`."""
    require(actor, "adjustments.read", branch=branch)
    now = work.now()
    with work.read() as db:
        place, sealed = _closed_month(db, branch, month)
        waiting = {one.technician: one for one in adjustments.proposals(db, branch, month) if one.state == "open"}
        lines = [Line(one, figure, waiting.get(one.technician)) for one, figure in _compared(db, sealed, now)]
    shown = [one for one in lines if one.differs or one.proposal or one.standing.adjustments]
    shown.sort(key=lambda one: (not one.differs, -abs(one.now.award - one.standing.figure.award)))
    return MonthView(place, month, sealed, shown)


def count_differing(work: Work, actor: Actor, branch: BranchCode, month: Month) -> int:
    """How many technicians' figures differ from what stands, in a closed month; 0 while it is open."""
    require(actor, "adjustments.read", branch=branch)
    with work.read() as db:
        sealed = closed.find(db, branch, month)
        return sum(one.figure != now for one, now in _compared(db, sealed, work.now())) if sealed else 0


def look(work: Work, actor: Actor, branch: BranchCode, month: Month, technician: str) -> View:
    """One technician's. People of other branches see it while it waits for a second person. Raises `NotFound`,
    `Conflict("adjust_open")`."""
    with work.read() as db:
        every = adjustments.proposals(db, branch, month, technician)
        proposal = next((one for one in every if one.state == "open"), None)
        if not may(actor, "adjustments.read", branch=branch):
            require(actor, "changes.approve", branch=branch)
            if proposal is None:
                raise NotFound()
        place, draft = draft_of(db, branch, month, technician, work.now())
        shown = _told_to(db, actor, draft.difference)
        standing = _standing_told_to(db, actor, branch, month, draft.standing)
        earlier = [one for one in reversed(every) if one.state not in ("open", "confirmed")]
        people = {one for each in every for one in (each.author, each.settled_by) if one}
        return View(
            branch=place, month=month, sealed=draft.sealed, standing=standing, difference=shown,
            seen=draft.fingerprint, proposal=proposal, earlier=earlier,
            not_ready=_tried(lambda: rules.be_adjustable(draft.difference, draft.pending)),
            refusal=_tried(lambda: _be_able(db, actor, draft, proposal)),
            undecidable=_tried(lambda: be_second(db, actor, proposal)) if proposal else None,
            names={login: _name(db, login) for login in {*people, technician}},
        )  # fmt: skip


def told(
    work: Work, actor: Actor, branch: BranchCode, month: Month, technician: str
) -> list[tuple[Proposal, str, str]]:
    """What was proposed about a technician's month and was refused or still waits, latest first, each with what its
    author and its second person are called: for whoever may see the score, the technician first of all."""
    if not may(actor, "scores.team", branch=branch):
        require(actor, "scores.own", branch=branch, technician=StaffCode(technician))
    with work.read() as db:
        every = reversed(adjustments.proposals(db, branch, month, technician))
        shown = [one for one in every if one.state in ("open", "refused")]
        return [(one, _name(db, one.author), _name(db, one.settled_by or "")) for one in shown]


def recent(work: Work, actor: Actor) -> list[tuple[Month, datetime]]:
    """Which of the actor's own closed months were adjusted of late, and when, the latest first; each month once. The
    figures stand on that month's score."""
    branch = own_branch(actor, "scores.own")
    with work.read() as db:
        found = adjustments.since(db, branch, actor.login, work.now() - RECENT)
    return list({one.month: (one.month, one.confirmed_at) for one in reversed(found)}.values())[::-1]


def learnt(work: Work, actor: Actor, branch: BranchCode, month: Month, technician: str) -> Difference | None:
    """What is known by now of a technician's closed month and is no adjustment yet: for whoever may see the score, the
    technician first of all, while it can be appealed. None: nothing, or the month is open."""
    if not may(actor, "scores.team", branch=branch):
        require(actor, "scores.own", branch=branch, technician=StaffCode(technician))
    with work.read() as db:
        found = _learnt(db, branch, month, technician, work.now())
        return _told_to(db, actor, found) if found else None


def learnt_lately(work: Work, actor: Actor) -> list[Month]:
    """The last of the actor's own closed months of which something else is known by now, the latest first."""
    branch, now = own_branch(actor, "scores.own"), work.now()
    with work.read() as db:
        this = month_of(now, zone_of(db, branch))
        before = [shifted(this, -back) for back in range(1, LATELY + 1)]
        found = {one.month for one in scoring.effects_of_months(db, branch, before, actor.login)}
        moved = [one for one in before if one in found or _moved(db, branch, one, actor.login, now)]
        return [one for one in moved if _learnt(db, branch, one, actor.login, now)]


def list_after(
    work: Work, actor: Actor, month: Month, *, technician: str | None, state: str | None, after: str, limit: int
) -> list[Proposal]:
    """What was ever proposed about the month in the actor's branch, those that follow the proposal `after`, at most
    `limit`, oldest first. Raises `Invalid` cursor_unknown."""
    branch = own_branch(actor, "adjustments.read")
    with work.read() as db:
        found = adjustments.proposals(db, branch, month, technician)
    start = next((place for place, one in enumerate(found, 1) if one.proposal_id == after), 0)
    if after and not start:
        raise Invalid("cursor_unknown", field="cursor")
    return [one for one in found[start:] if state in (None, one.state)][:limit]


def detail(work: Work, actor: Actor, proposal_id: str) -> Proposal:
    """One proposal of the actor's branch, whatever became of it. Raises `NotFound`."""
    branch = own_branch(actor, "adjustments.read")
    with work.read() as db:
        found = adjustments.find_proposal(db, branch, proposal_id)
    if found is None:
        raise NotFound()
    return found


def list_waiting(work: Work, actor: Actor) -> list[Waiting]:
    """Every adjustment of the company that waits for a second person, the own branch's first."""
    require(actor, "changes.approve")
    with work.read() as db:
        found = adjustments.open_proposals(db, _branches(db, actor))
        places = {one.code: one.name for one in branches.every(db)}
        found.sort(key=lambda one: one.branch != actor.branch)
        return [
            Waiting(one, difference_of(one), places[one.branch], _name(db, one.author), _name(db, one.technician))
            for one in found
        ]


def count_waiting(work: Work, actor: Actor) -> int:
    """How many adjustments wait for a second person."""
    require(actor, "changes.approve")
    with work.read() as db:
        return adjustments.count_open(db, _branches(db, actor))


def as_told(work: Work, actor: Actor, branch: str, month: Month, standing: Standing) -> Standing:
    """The adjustments of a closed month as the reader may see them, who may still have to call a customer blind."""
    with work.read() as db:
        return _standing_told_to(db, actor, branch, month, standing)


def difference_as_told(work: Work, actor: Actor, proposal: Proposal) -> Difference:
    """What the author saw, as the reader may see it. Raises like `difference_of`."""
    with work.read() as db:
        return _told_to(db, actor, difference_of(proposal))


def difference_of(proposal: Proposal) -> Difference:
    """What the author saw. Raises `Conflict("adjustment_altered")`."""
    found = read(proposal.body, Difference)
    if found is None or fingerprint(proposal.body) != proposal.fingerprint:
        raise Conflict("adjustment_altered", technician=proposal.technician, month=proposal.month)
    return found


# --- What differs -------------------------------------------------------------------------------------------------


def draft_of(db: Db, branch: str, month: Month, technician: str, now: datetime) -> tuple[Branch, Draft]:
    """The difference of one technician's closed month, added up from the very visits that are kept with it."""
    place, sealed = _closed_month(db, branch, month)
    standing = adjusted.of_one(db, sealed, technician)
    if technician not in scoring.staff(db, branch, technician) and not adjusted.is_named(
        db, branch, month, technician, sealed
    ):
        raise NotFound()
    judgements = scoring.judgements(db, branch, month, technician)
    numbers = scoring.external_ids(db, branch, (one.visit for one in judgements))
    judgements.sort(key=lambda one: (one.promised_start, one.visit))
    sheet = tally(technician, month, judgements, scoring.effects(db, branch, month, technician), sealed.book, now)
    latest = Evidence(tuple(ClosedVisit(numbers[one.visit], one) for one in judgements), sheet.effects)
    stood = adjusted.evidence_of(db, sealed, technician, standing.adjustments)
    found = rules.difference(
        branch, month, technician, len(standing.adjustments) + 1, before=(standing.figure, stood),
        after=(figure_of(sheet), latest), now=now,
    )  # fmt: skip
    return place, Draft(sealed, standing, found, latest, sheet.pending_visits)


def _learnt(db: Db, branch: str, month: Month, technician: str, now: datetime) -> Difference | None:
    if closed.find(db, branch, month) is None:
        return None
    found = draft_of(db, branch, month, technician, now)[1].difference
    return found if found.visits or found.findings else None


def _moved(db: Db, branch: str, month: Month, technician: str, now: datetime) -> bool:
    """Whether the figures of a closed month are others by now: cheaper to ask than what is behind them."""
    sealed = closed.find(db, branch, month)
    if sealed is None:
        return False
    counts = scoring.counts(db, branch, month, now, technician).get(technician, Counts())
    sheet = score(technician, month, counts, scoring.effects(db, branch, month, technician), sealed.book)
    return figure_of(sheet) != adjusted.of_one(db, sealed, technician).figure


def _told_to(db: Db, actor: Actor, found: Difference) -> Difference:
    """As the reader may see it, who may still have to call a customer blind."""
    return rules.veiled(found, call_backs.hidden_from(db, actor, found.branch, found.month, found.technician))


def _standing_told_to(db: Db, actor: Actor, branch: str, month: Month, standing: Standing) -> Standing:
    if not standing.adjustments:
        return standing
    hidden = call_backs.hidden_from(db, actor, branch, month, standing.technician)
    return replace(standing, adjustments=tuple(_veiled(one, hidden) for one in standing.adjustments))


def _veiled(made: Adjusted, hidden: Collection[str]) -> Adjusted:
    difference = rules.veiled(made.content.difference, hidden)
    return replace(made, content=structs.replace(made.content, difference=difference))


def _compared(db: Db, sealed: Sealed, now: datetime) -> Iterator[tuple[Standing, Figure]]:
    """Everybody who stands in the month or would by now, with the figures of now; by the norm that was sealed."""
    branch, month = sealed.row.branch, sealed.month
    counts = scoring.counts(db, branch, month, now, None)
    theirs: dict[str, list[FindingEffect]] = {}
    for one in scoring.effects(db, branch, month):
        theirs.setdefault(one.technician, []).append(one)
    standing = {one.technician: one for one in adjusted.everybody(db, sealed)}
    for technician in sorted(standing.keys() | counts.keys() | theirs.keys()):
        sheet = score(technician, month, counts.get(technician, Counts()), theirs.get(technician, ()), sealed.book)
        yield standing.get(technician) or adjusted.of_one(db, sealed, technician), figure_of(sheet)


def _closed_month(db: Db, branch: str, month: Month) -> tuple[Branch, Sealed]:
    place = branches.find(db, branch)
    if place is None:
        raise NotFound()
    sealed = closed.find(db, branch, month)
    if sealed is None:
        raise Conflict("adjust_open", month=month)
    return place, sealed


# --- People -----------------------------------------------------------------------------------------------------------


def _be_able(db: Db, actor: Actor, draft: Draft, proposal: Proposal | None) -> None:
    if proposal is None or proposal.fingerprint != draft.fingerprint:
        if not may(actor, "adjustments.propose", branch=BranchCode(draft.difference.branch)):
            raise Conflict("adjust_anew")
        rules.be_disinterested(actor.login, draft.difference.technician)
    else:
        be_second(db, actor, proposal)


def be_second(db: Db, actor: Actor, proposal: Proposal) -> None:
    people = four_eyes.people_with(db, "changes.approve")
    four_eyes.be_second(actor, people, author=proposal.author, beneficiaries=[proposal.technician])


def _tried(act: Callable[[], None]) -> DomainError | None:
    try:
        act()
    except DomainError as error:
        return error
    return None


def _branches(db: Db, actor: Actor) -> list[str]:
    return [one.code for one in branches.every(db) if may(actor, "changes.approve", branch=BranchCode(one.code))]


def _name(db: Db, login: str) -> str:
    account = accounts.find_by_login(db, login) if login else None
    return account.name if account else login
