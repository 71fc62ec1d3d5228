"""Closing a month: what still stands open, the figures as they are, one person's proposal, another one's yes.

Owns the two steps and what is sealed by the second. Who may be the second is `services.four_eyes`', the snapshot's form
`domain.closing`'s, reading what is closed `services.closed`'.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from fieldapp.domain import closing as rules
from fieldapp.domain.access import Actor, may, require
from fieldapp.domain.calendar import Month, month_bounds
from fieldapp.domain.closing import ClosedVisit, Figure, Figures, Snapshot
from fieldapp.domain.errors import Conflict, DomainError, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.domain.scoring.engine import ScoreSheet, tally
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.services import closed, four_eyes, open_ends
from fieldapp.services import scoring as live
from fieldapp.services.closed import Sealed
from fieldapp.services.open_ends import OpenEnds
from fieldapp.services.rulebooks import rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, branches, closing, scoring
from fieldapp.storage.branches import Branch
from fieldapp.storage.closing import ClosedMonth, OpenVisit, Proposal

__all__ = ["ClosedMonth", "OpenEnds", "OpenVisit", "Preview", "Proposal", "Step", "Waiting"]

Step = Literal["proposed", "changed", "closed"]


@dataclass(frozen=True)
class Listed:
    """One technician's line of the figures."""

    technician: str
    name: str
    figure: Figure


@dataclass(frozen=True)
class Preview:
    """A month on its way to being closed. `refusal`: why this reader can neither propose nor confirm now, `stays`: why
    not withdraw what waits; `names` by login. `sealed` is set once the month is closed, and then everything else is as
    it was closed."""

    branch: Branch
    month: Month
    book: Rulebook
    fingerprint: str
    sheets: Sequence[Listed]
    unassigned: Sequence[str]
    open_ends: OpenEnds | None
    proposal: Proposal | None
    not_ready: DomainError | None
    refusal: DomainError | None
    names: Mapping[str, str]
    sealed: Sealed | None = None
    stays: DomainError | None = None

    @property
    def has_changed(self) -> bool:
        """Whether the figures are not any more those that were proposed."""
        return self.proposal is not None and self.proposal.fingerprint != self.fingerprint


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits for a second person, as a list shows it."""

    proposal: Proposal
    branch_name: str
    author_name: str


@dataclass(frozen=True)
class _Draft:
    """The figures of now, and the sheets that they were taken from."""

    figures: Figures
    sheets: tuple[ScoreSheet, ...]

    @property
    def fingerprint(self) -> str:
        return rules.fingerprint(rules.canonical(self.figures))

    @property
    def technicians(self) -> frozenset[str]:
        return frozenset(one.technician for one in self.sheets)


# --- Looking ------------------------------------------------------------------------------------------------------


def preview(work: Work, actor: Actor, branch: BranchCode, month: Month) -> Preview:
    """The month as it stands. People of other branches see it while it waits for a second person; raises `NotFound`."""
    require(actor, "changes.approve")
    now = work.now()
    with work.read() as db:
        place = _branch(db, branch)
        proposal, sealed = closing.open_proposal(db, branch, month), closed.find(db, branch, month)
        if not may(actor, "scores.close", branch=branch) and proposal is None:
            raise NotFound()
        if sealed is not None:
            return _as_closed(db, place, sealed)
        draft = _draft(db, place, month, now)
        people = scoring.people(db, branch, (code for code, _ in draft.figures.sheets))
        standing = open_ends.of_month(db, place, month, now)
        return Preview(
            branch=place, month=month, book=draft.figures.rulebook, fingerprint=draft.fingerprint,
            sheets=[Listed(code, people.get(code, (code, None))[0], figure) for code, figure in draft.figures.sheets],
            unassigned=draft.figures.unassigned, open_ends=standing, proposal=proposal,
            not_ready=_tried(lambda: _be_ready(db, place, month, now)),
            refusal=_tried(lambda: _be_able(db, actor, branch, draft, proposal)), names=_names(db, proposal),
            stays=_tried(lambda: _be_withdrawer(db, actor, proposal, draft)) if proposal else None,
        )  # fmt: skip


def open_visits(work: Work, actor: Actor, branch: BranchCode, month: Month) -> list[OpenVisit]:
    """The visits that keep the month from being closed, by start."""
    require(actor, "scores.close", branch=branch)
    with work.read() as db:
        return closing.open_visits(db, branch, month, work.now())


def list_waiting(work: Work, actor: Actor) -> list[Waiting]:
    """Every month of the company that waits for a second person, the own branch's first."""
    require(actor, "changes.approve")
    with work.read() as db:
        found = closing.open_proposals(db, _branches(db, actor))
        places = {one.code: one.name for one in branches.every(db)}
        found.sort(key=lambda one: one.branch != actor.branch)
        return [Waiting(one, places[one.branch], _name(db, one.author)) for one in found]


def count_waiting(work: Work, actor: Actor) -> int:
    """How many months wait for a second person."""
    require(actor, "changes.approve")
    with work.read() as db:
        return len(closing.open_proposals(db, _branches(db, actor)))


# --- The two steps ------------------------------------------------------------------------------------------------


def propose(work: Work, actor: Actor, branch: BranchCode, month: Month, seen: str) -> Proposal:
    """Propose to close the figures that the actor saw (`seen`: their fingerprint).

    Raises `NotFound`; `Conflict` month_closed, month_running, month_pending, close_changed, close_waiting; `Forbidden`
    close_benefit.
    """
    require(actor, "scores.close", branch=branch)
    with work.write(branch) as db:
        draft = _ready(db, branch, month, work.now())
        rules.be_unchanged(seen, draft.fingerprint)
        return _propose(work, db, actor, branch, draft)


def confirm(work: Work, actor: Actor, branch: BranchCode, month: Month, seen: str) -> ClosedMonth:
    """Close the month with the figures that the first person saw.

    Raises `NotFound`; `Conflict` month_closed, month_running, month_pending, close_gone, close_changed; `Forbidden`
    request_own, request_benefit, request_head_office.
    """
    require(actor, "changes.approve", branch=branch)
    with work.write(branch) as db:
        proposal = closing.open_proposal(db, branch, month)
        if proposal is None and not may(actor, "scores.close", branch=branch):
            raise NotFound()
        draft = _ready(db, branch, month, work.now())
        if proposal is None:
            raise Conflict("close_gone")
        rules.be_unchanged(seen, proposal.fingerprint)
        return _confirm(work, db, actor, proposal, draft)


def withdraw(work: Work, actor: Actor, branch: BranchCode, month: Month) -> None:
    """Take the open proposal of the month back: its author's, or of whoever can be the second person. Raises what
    `confirm` does about people."""
    require(actor, "changes.approve", branch=branch)
    now = work.now()
    with work.write(branch) as db:
        proposal = closing.open_proposal(db, branch, month)
        if proposal is None:
            raise Conflict("close_gone") if may(actor, "scores.close", branch=branch) else NotFound()
        _be_withdrawer(db, actor, proposal, _draft(db, _branch(db, branch), month, now))
        closing.settle(db, proposal, "withdrawn", by=actor.login, now=now)
        _audit(db, work, actor, proposal, "month.withdrawn", now, fingerprint=proposal.fingerprint)


def step(work: Work, actor: Actor, branch: BranchCode, month: Month) -> tuple[Step, Proposal | ClosedMonth]:
    """What the command line does for one person: `proposed` as the first, `closed` as the second. `changed`: the first
    one's figures are no more; they are refused, and those of now proposed by this person.

    Raises what `propose` and `confirm` do.
    """
    require(actor, "changes.approve", branch=branch)
    with work.write(branch) as db:
        draft = _ready(db, branch, month, work.now())
        proposal = closing.open_proposal(db, branch, month)
        if proposal is None or proposal.fingerprint != draft.fingerprint:
            require(actor, "scores.close", branch=branch)
            return "changed" if proposal else "proposed", _propose(work, db, actor, branch, draft)
        if proposal.author == actor.login:
            return "proposed", proposal
        return "closed", _confirm(work, db, actor, proposal, draft)


def _propose(work: Work, db: Db, actor: Actor, branch: BranchCode, draft: _Draft) -> Proposal:
    month, now = draft.figures.month, work.now()
    rules.be_disinterested(actor.login, draft.technicians)
    earlier = closing.open_proposal(db, branch, month)
    if earlier is not None:
        if earlier.fingerprint == draft.fingerprint:
            raise Conflict("close_waiting", month=month, by=earlier.author)
        closing.settle(db, earlier, "overtaken", by=actor.login, now=now)
    proposal = Proposal(branch, work.new_id(), month, draft.fingerprint, actor.login, now)
    closing.propose(db, proposal)
    _audit(db, work, actor, proposal, "month.proposed", now, fingerprint=proposal.fingerprint)
    return proposal


def _confirm(work: Work, db: Db, actor: Actor, proposal: Proposal, draft: _Draft) -> ClosedMonth:
    _be_second(db, actor, proposal, draft)
    rules.be_unchanged(proposal.fingerprint, draft.fingerprint)
    now, place = work.now(), _branch(db, proposal.branch)
    figures = draft.figures
    body = rules.canonical(
        Snapshot(
            format=rules.FORMAT, branch=place.code, month=proposal.month, timezone=place.timezone,
            currency=figures.currency, rulebook=figures.rulebook, sheets=tuple(_seal_sheets(db, draft, now)),
            unassigned=figures.unassigned, figures=draft.fingerprint, proposed_by=proposal.author,
            proposed_at=proposal.proposed_at, confirmed_by=actor.login, closed_at=now,
            key=work.seal_key.key_id(make=True),
        )
    )  # fmt: skip
    mark = rules.fingerprint(body)
    entry = _audit(db, work, actor, proposal, closed.CLOSED, now, fingerprint=mark, author=proposal.author)
    sealed = ClosedMonth(
        branch=place.code, month=proposal.month, proposal_id=proposal.proposal_id, proposed_by=proposal.author,
        confirmed_by=actor.login, closed_at=now, body=body, fingerprint=mark, signature=work.seal_key.sign(body),
        audit_id=entry,
    )  # fmt: skip
    closing.settle(db, proposal, "closed", by=actor.login, now=now)
    closing.seal(db, sealed)
    return sealed


def _seal_sheets(db: Db, draft: _Draft, now: datetime) -> Iterator[tuple[str, str]]:
    """Store everybody's sheet with what it rests on, one after the other; yields staff code and hash of each.

    The numbers are added up once more from the very visits that are kept with them. Raises `Conflict("close_drift")`.
    """
    branch, month, book = draft.figures.branch, draft.figures.month, draft.figures.rulebook
    people = scoring.people(db, branch, (one.technician for one in draft.sheets))
    for seen in draft.sheets:
        technician = seen.technician
        judgements = scoring.judgements(db, branch, month, technician)
        if tally(technician, month, judgements, seen.effects, book, now) != seen:
            raise Conflict("close_drift", technician=technician)
        numbers = scoring.external_ids(db, branch, (one.visit for one in judgements))
        name, team = people.get(technician, (technician, None))
        sheet, evidence = rules.close_sheet(
            seen, name, team, (ClosedVisit(numbers[one.visit], one) for one in judgements)
        )
        body = rules.canonical(sheet)
        closing.add_sheet(db, branch, month, technician, body, evidence)
        yield technician, rules.fingerprint(body)


# --- The figures --------------------------------------------------------------------------------------------------


def _ready(db: Db, branch: str, month: Month, now: datetime) -> _Draft:
    """The figures of a month that can be closed now."""
    place = _branch(db, branch)
    _be_ready(db, place, month, now)
    return _draft(db, place, month, now)


def _be_ready(db: Db, place: Branch, month: Month, now: datetime) -> None:
    sealed = closing.find(db, place.code, month)
    if sealed is not None:
        raise Conflict("month_closed", month=month, by=sealed.proposed_by, second=sealed.confirmed_by)
    _, end = month_bounds(month, ZoneInfo(place.timezone))
    rules.be_ready(month, ends_at=end, now=now, pending=len(closing.open_visits(db, place.code, month, now)))


def _draft(db: Db, place: Branch, month: Month, now: datetime) -> _Draft:
    sheets = live.live_sheets(db, place.code, month, now)
    loose = [one.visit for one in scoring.unassigned(db, place.code, month) if one.is_judged(now)]
    figures = Figures(
        branch=place.code, month=month, currency=place.currency, rulebook=rulebooks(db).in_force(month),
        sheets=tuple((one.technician, rules.figure_of(one)) for one in sheets),
        unassigned=tuple(sorted(scoring.external_ids(db, place.code, loose).values())),
    )  # fmt: skip
    return _Draft(figures, sheets)


def _as_closed(db: Db, place: Branch, sealed: Sealed) -> Preview:
    people = (sealed.row.proposed_by, sealed.row.confirmed_by)
    return Preview(
        branch=place, month=sealed.month, book=sealed.book, fingerprint=sealed.row.fingerprint,
        sheets=[Listed(one.technician, one.name, one.figure) for one in closed.everybody(db, sealed)],
        unassigned=sealed.snapshot.unassigned, open_ends=None, proposal=None,
        not_ready=None, refusal=None, names={login: _name(db, login) for login in people}, sealed=sealed,
    )  # fmt: skip


# --- People -------------------------------------------------------------------------------------------------------


def _be_able(db: Db, actor: Actor, branch: BranchCode, draft: _Draft, proposal: Proposal | None) -> None:
    if proposal is None or proposal.fingerprint != draft.fingerprint:
        require(actor, "scores.close", branch=branch)
        rules.be_disinterested(actor.login, draft.technicians)
    else:
        _be_second(db, actor, proposal, draft)


def _be_second(db: Db, actor: Actor, proposal: Proposal, draft: _Draft) -> None:
    people = four_eyes.people_with(db, "changes.approve")
    four_eyes.be_second(actor, people, author=proposal.author, beneficiaries=draft.technicians)


def _be_withdrawer(db: Db, actor: Actor, proposal: Proposal, draft: _Draft) -> None:
    if actor.login != proposal.author:
        _be_second(db, actor, proposal, draft)


def _tried(act: Callable[[], None]) -> DomainError | None:
    try:
        act()
    except DomainError as error:
        return error
    return None


def _branch(db: Db, branch: str) -> Branch:
    found = branches.find(db, branch)
    if found is None:
        raise NotFound()
    return found


def _branches(db: Db, actor: Actor) -> list[str]:
    return [one.code for one in branches.every(db) if may(actor, "changes.approve", branch=BranchCode(one.code))]


def _names(db: Db, proposal: Proposal | None) -> dict[str, str]:
    return {proposal.author: _name(db, proposal.author)} if proposal else {}


def _name(db: Db, login: str) -> str:
    account = accounts.find_by_login(db, login)
    return account.name if account else login


def _audit(
    db: Db, work: Work, actor: Actor, proposal: Proposal, action: str, now: datetime, **facts: object
) -> str:  # fmt: skip
    entry = work.new_id()
    audit.append(
        db, proposal.branch, entry_id=entry, now=now, actor=actor.login, action=action, subject=proposal.month,
        facts={"proposal": proposal.proposal_id, **actor.way, **facts},
    )  # fmt: skip
    return entry
