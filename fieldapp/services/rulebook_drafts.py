"""The next version of the norm sheet: drafted and proposed by one manager, published by another. One norm for all.

Owns the way from a draft to a version in force, from a coming month on and never back. What a sheet may say is
`domain.scoring`'s, who may be the second person `services.four_eyes`'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from fieldapp.domain.access import Actor, may, require
from fieldapp.domain.calendar import Month, month_of, shifted
from fieldapp.domain.errors import Conflict, DomainError, Forbidden, Invalid
from fieldapp.domain.scoring.drafting import Change, differences, month_fault, read_draft, typed_as
from fieldapp.domain.scoring.rulebook import (
    Fault,
    Item,
    Rulebook,
    Rulebooks,
    Unsound,
    encode_rulebook,
    fingerprint,
    refuse,
)
from fieldapp.services import four_eyes, scoring
from fieldapp.services.branches import zone_of
from fieldapp.services.rulebooks import PUBLISHED, read_sheet, rulebooks, shipped_rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, branches
from fieldapp.storage import rulebook_drafts as drafts
from fieldapp.storage import rulebooks as published
from fieldapp.storage.engine import take_turn
from fieldapp.storage.rulebook_drafts import Draft

__all__ = ["Draft", "Form", "View"]

WHY_LIMIT = 1000
#: Who writes about the norm takes this turn: drafts and versions belong to no branch.
_TURN = "rulebooks"


@dataclass(frozen=True, slots=True)
class Form:
    """What a draft's form shows: the items that there can be, what is typed, and the revision that it was made from."""

    catalogue: tuple[Item, ...]
    typed: Mapping[str, str]
    why: str
    rev: int
    earliest: Month


@dataclass(frozen=True, slots=True)
class View:
    """A draft as the version that it would become, with what it changes of the one before it, why it can no longer be
    published as proposed, why this reader cannot publish it (None: they can), whether only head office can, and names
    by login."""

    draft: Draft
    book: Rulebook
    before: Rulebook
    changes: tuple[Change, ...]
    overtaken: tuple[Fault, ...]
    refusal: DomainError | None
    is_head_offices: bool
    names: Mapping[str, str]


# --- Drafting -----------------------------------------------------------------------------------------------------


def blank(work: Work, actor: Actor) -> Form:
    """The form of a new draft: the newest version, from the next month on."""
    require(actor, "rulebooks.write")
    with work.read() as db:
        last, earliest = rulebooks(db).last, _earliest(db, work.now())
    typed = typed_as(last, _catalogue())
    return Form(
        _catalogue(), {**typed, "in_force_from": max(earliest, last.in_force_from or earliest)}, "", 0, earliest
    )


def form_of(work: Work, actor: Actor, draft_id: str) -> Form:
    """The form of a draft; raises `NotFound`, `Conflict` draft_frozen, `Forbidden` draft_foreign."""
    require(actor, "rulebooks.write")
    with work.read() as db:
        draft, earliest = _own(db, actor, draft_id, "open"), _earliest(db, work.now())
    return Form(_catalogue(), typed_as(read_sheet(draft.body), _catalogue()), draft.why, draft.rev, earliest)


def create(work: Work, actor: Actor, typed: Mapping[str, str], why: str) -> Draft:
    """A new draft. Raises `Unsound` with everything that is wrong with what was typed."""
    require(actor, "rulebooks.write")
    now = work.now()
    with work.write(_TURN) as db:
        book, why = _read(db, typed, why, now)
        draft = Draft(
            draft_id=work.new_id(), rev=1, author=actor.login, body=encode_rulebook(book), why=why, state="open",
            changed_at=now,
        )  # fmt: skip
        drafts.add(db, draft)
        _audit(db, work, actor, "rulebook.drafted", draft, book)
        return draft


def change(work: Work, actor: Actor, draft_id: str, rev: int, typed: Mapping[str, str], why: str) -> Draft:
    """Other numbers for one's own open draft. Raises `Unsound`, and what `form_of` does; `Conflict` where the draft
    was changed since revision `rev`."""
    require(actor, "rulebooks.write")
    now = work.now()
    with work.write(_TURN) as db:
        draft = _own(db, actor, draft_id, "open", rev)
        book, why = _read(db, typed, why, now)
        _become(db, draft, now, body=encode_rulebook(book), why=why)
        _audit(db, work, actor, "rulebook.changed", draft, book)
        return drafts.get(db, draft_id)


def discard(work: Work, actor: Actor, draft_id: str, rev: int) -> None:
    """Give up one's own open draft."""
    _move(work, actor, draft_id, rev, "open", "discarded", "rulebook.discarded")


# --- Publishing ---------------------------------------------------------------------------------------------------


def propose(work: Work, actor: Actor, draft_id: str, rev: int) -> None:
    """Freeze one's own draft and ask another manager to confirm it. Raises `Unsound` when its month has come."""
    _move(work, actor, draft_id, rev, "open", "proposed", "rulebook.proposed")


def withdraw(work: Work, actor: Actor, draft_id: str, rev: int) -> None:
    """Take one's own proposal back, to go on drafting."""
    _move(work, actor, draft_id, rev, "proposed", "open", "rulebook.withdrawn")


def publish(work: Work, actor: Actor, draft_id: str, seen: str) -> Rulebook:
    """Make the proposal the next version, exactly as `seen` (its fingerprint), and judge anew what it will judge.

    Raises `Forbidden` request_own, request_head_office; `Conflict` draft_not_proposed, draft_overtaken (another
    fingerprint, or another version was published meanwhile); `Unsound` when its month has come.
    """
    require(actor, "rulebooks.write")
    now = work.now()
    with work.write(_TURN) as db:
        draft = _for_second(db, actor, draft_id, seen)
        books = rulebooks(db)
        book = _as_next(draft, books)
        if fingerprint(book) != seen:
            raise Conflict("draft_overtaken")
        refuse(_late(db, book, books, now))
        assert book.in_force_from is not None  # noqa: S101 - only the first version has none
        published.add(db, published.Published(
            sheet=book.sheet, version=book.version, in_force_from=book.in_force_from, body=encode_rulebook(book),
            fingerprint=seen, why=draft.why, author=draft.author, approver=actor.login, published_at=now,
        ))  # fmt: skip
        _become(db, draft, now, state="published", body=encode_rulebook(book), decided_by=actor.login, decided_at=now)
        judged = 0
        for branch in branches.every(db):
            take_turn(db, branch.code)  # a push that was judged by the older norm is over, the next sees the new one
            judged += scoring.rejudge_from(db, branch.code, book.in_force_from)
        _audit(db, work, actor, PUBLISHED, draft, book, author=draft.author, judged=judged)
        return book


def send_back(work: Work, actor: Actor, draft_id: str, seen: str, reason: str) -> None:
    """Decline the proposal with a reason: its author may change it. Raises like `publish`; `Invalid` reason_missing,
    text_too_long."""
    require(actor, "rulebooks.write")
    now = work.now()
    with work.write(_TURN) as db:
        draft = _for_second(db, actor, draft_id, seen)
        why = _text(reason, "reason", "reason_missing")
        _become(db, draft, now, state="open", fingerprint=None, decided_by=actor.login, decided_at=now, reason=why)
        _audit(db, work, actor, "rulebook.sent_back", draft, read_sheet(draft.body))


# --- Looking ------------------------------------------------------------------------------------------------------


def list_drafts(work: Work, actor: Actor) -> list[View]:
    """Every draft of the company that can still become a version, what waits for a second person first."""
    require(actor, "rulebooks.write")
    with work.read() as db:
        return [_view(db, actor, draft, work.now()) for draft in drafts.living(db)]


def detail(work: Work, actor: Actor, draft_id: str) -> View:
    """One draft; raises `NotFound`."""
    require(actor, "rulebooks.write")
    with work.read() as db:
        return _view(db, actor, drafts.get(db, draft_id), work.now())


def count_waiting(work: Work, actor: Actor) -> int:
    """How many proposals wait for this actor: none for whoever just reads the norm."""
    if not may(actor, "rulebooks.write"):
        return 0
    with work.read() as db:
        return drafts.count_proposed(db, not_by=actor.login)


# --- Inside -------------------------------------------------------------------------------------------------------


def _catalogue() -> tuple[Item, ...]:
    """Every item that the product can judge: those that were ever shipped, as they were shipped last."""
    return tuple({item.code: item for book in shipped_rulebooks().versions for item in book.items}.values())


def _earliest(db: Db, now: datetime) -> Month:
    """The first month that has begun nowhere: branches live in several time zones."""
    months = (month_of(now, zone_of(db, branch.code)) for branch in branches.every(db))
    return shifted(max(months), 1)


def _read(db: Db, typed: Mapping[str, str], why: str, now: datetime) -> tuple[Rulebook, str]:
    """The version that the form describes and why; every fault of both at once."""
    faults: list[Fault] = []
    try:
        text = _text(why, "why", "reason_missing")
    except Invalid as error:
        faults.append(Fault(error.code, "why", error.facts))
    try:
        book = read_draft(typed, _catalogue(), rulebooks(db).last, _earliest(db, now))
    except Unsound as error:
        faults += error.faults
    refuse(faults)
    return book, text


def _text(text: str, field: str, missing: str) -> str:
    if not text.strip():
        raise Invalid(missing, field=field)
    if len(text) > WHY_LIMIT:
        raise Invalid("text_too_long", field=field, limit=WHY_LIMIT)
    return text.strip()


def _own(db: Db, actor: Actor, draft_id: str, state: drafts.State, rev: int | None = None) -> Draft:
    """One's own draft in that state, unchanged since `rev`."""
    draft = drafts.get(db, draft_id)
    if draft.author != actor.login:
        raise Forbidden("draft_foreign")
    if draft.state != state:
        raise Conflict("draft_frozen" if state == "open" else "draft_not_proposed")
    if rev is not None and draft.rev != rev:
        raise Conflict()
    return draft


def _move(
    work: Work, actor: Actor, draft_id: str, rev: int, before: drafts.State, after: Literal["open", "proposed",
    "discarded"], action: str,
) -> None:  # fmt: skip
    require(actor, "rulebooks.write")
    now = work.now()
    with work.write(_TURN) as db:
        draft, books = _own(db, actor, draft_id, before, rev), rulebooks(db)
        book = _as_next(draft, books)
        if after == "proposed":
            refuse(_late(db, book, books, now))
        _become(db, draft, now, state=after, fingerprint=fingerprint(book) if after == "proposed" else None)
        _audit(db, work, actor, action, draft, book)


def _become(db: Db, draft: Draft, now: datetime, **values: Any) -> None:
    if not drafts.change(db, draft, now=now, **values):
        raise Conflict()


def _as_next(draft: Draft, books: Rulebooks) -> Rulebook:
    """The draft as the version that it would be now."""
    return replace(read_sheet(draft.body), version=books.last.version + 1)


def _late(db: Db, book: Rulebook, books: Rulebooks, now: datetime) -> tuple[Fault, ...]:
    """Why the version cannot begin in its month any more."""
    assert book.in_force_from is not None  # noqa: S101 - only the first version has none
    return tuple(month_fault(book.in_force_from, books.last, _earliest(db, now)))


def _for_second(db: Db, actor: Actor, draft_id: str, seen: str) -> Draft:
    """The proposal that this actor saw and may decide."""
    draft = drafts.get(db, draft_id)
    if draft.state != "proposed":
        raise Conflict("draft_not_proposed")
    _be_second(db, actor, draft)
    if draft.fingerprint != seen:
        raise Conflict("draft_overtaken")
    return draft


def _be_second(db: Db, actor: Actor, draft: Draft) -> None:
    """Raises `Forbidden` when the actor cannot be the second person. Nobody gains: managers have no score."""
    four_eyes.be_second(actor, _managers(db), author=draft.author, beneficiaries=())


def _managers(db: Db) -> frozenset[str]:
    return four_eyes.people_with(db, "rulebooks.write")


def _view(db: Db, actor: Actor, draft: Draft, now: datetime) -> View:
    books = rulebooks(db)
    book = read_sheet(draft.body) if draft.state == "published" else _as_next(draft, books)
    before = next(one for one in reversed(books.versions) if one.version < book.version)
    overtaken = _late(db, book, books, now) if draft.state in ("open", "proposed") else ()
    if draft.state == "proposed" and fingerprint(book) != draft.fingerprint:
        overtaken = (*overtaken, Fault("draft_overtaken"))
    people = {login: accounts.find_by_login(db, login) for login in (draft.author, draft.decided_by) if login}
    names = {login: account.name for login, account in people.items() if account}
    managers, author = _managers(db), draft.author
    refusal = four_eyes.refusal(actor, managers, author=author, beneficiaries=())
    few = four_eyes.are_few(managers, author=author)
    return View(draft, book, before, differences(before, book), overtaken, refusal, few, names)


def _audit(
    db: Db, work: Work, actor: Actor, action: str, draft: Draft, book: Rulebook, **facts: object
) -> None:  # fmt: skip
    said = {"draft": draft.draft_id, "from": book.in_force_from, "fingerprint": fingerprint(book), **facts}
    audit.append(
        db,
        None,
        entry_id=work.new_id(),
        now=work.now(),
        actor=actor.login,
        action=action,
        subject=book.name,
        facts=said,
    )
