"""What a customer's link shows: the appointment before the visit, the receipt after it, what may still be done.

Owns the view model only. Answers to the conduct questions are never part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import NotFound
from fieldapp.domain.messages import is_later, window_before
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.rulings import as_told
from fieldapp.domain.visits.signoff import Photo, Receipt, receipt_of
from fieldapp.services import cases, message_names
from fieldapp.services.cases import CaseView
from fieldapp.services.rulebooks import missed_after, rulebooks
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, branches, events, links, photos, visits
from fieldapp.storage.links import Act, Kind, Link

#: Acts of the customer's own link that may come again: what they change decides whether there is still something to do.
#: Of the others, `confirm_visit` is about the appointment, `confirm` about what was signed.
_AGAIN = frozenset({"move", "cancel"})
#: Whoever wants to move it once more than that should talk to somebody.
MOST_MOVES = 3


@dataclass(frozen=True)
class LinkView:
    """Everything that a customer's page and PDF are made from."""

    kind: Kind
    branch: str
    branch_name: str
    #: That the customer calls; "" where nobody entered it.
    branch_phone: str
    zone: ZoneInfo
    currency: str
    visit_id: str
    receipt: Receipt
    state: str
    technician: str | None
    technician_name: str | None
    acts: dict[str, Act]
    offers: frozenset[str]
    cases: tuple[CaseView, ...]
    now: datetime
    expires_at: datetime
    arrived_photos: tuple[Photo, ...]
    #: The last change of the promise, where it was the company's.
    moved: ev.PromiseChanged | None = None
    #: Whether by that change the customer waits longer.
    moved_later: bool = False

    @property
    def window(self) -> Window:
        """The latest promise told."""
        promise = self.receipt.state.promise
        return Window(promise.start, promise.end)

    @property
    def is_overdue(self) -> bool:
        """Whether the window has passed, and nobody came."""
        return self.state in {"planned", "en_route"} and self.now > self.window.end

    @property
    def language(self) -> str:
        """The customer's language, as the order says."""
        return self.receipt.state.customer.language

    @property
    def is_own(self) -> bool:
        """Whether this is the customer's own link, through which they can act."""
        return self.kind == "own"

    @property
    def is_confirmed(self) -> bool:
        """Whether the customer said yes to the window as it is now, or chose it themselves."""
        return "confirm_visit" in self.acts or self.receipt.state.promise.channel == "link"

    def key(self, act: str) -> str:
        """What the act is known by: a confirmation belongs to the window that it is about."""
        return _key(act, self.receipt)

    def blobs(self) -> frozenset[str]:
        """The photos that this link may show: of this visit, on the server, readable."""
        return frozenset(photo.blob for photo in self.arrived_photos)


def view(work: Work, link: Link) -> LinkView:
    """The view of a link that was opened."""
    with work.read() as db:
        return load(db, link, work.now())


def load(db: Db, link: Link, now: datetime) -> LinkView:
    """The same within a transaction; raises `NotFound` for a visit without history."""
    histories, held = events.histories(db, link.branch, [link.visit_id])
    waiting = [one.event for one in events.held_of(db, link.branch, link.visit_id)] if held else []
    told = as_told(histories[link.visit_id], waiting)
    receipt = receipt_of(histories[link.visit_id], told.held if told else 0)
    branch = branches.find(db, link.branch)
    if receipt is None or branch is None:
        raise NotFound()
    moved, before = _moved(histories[link.visit_id])
    login = receipt.state.arrived_by or receipt.state.technician
    account = accounts.find_by_login(db, login) if login else None
    ahead = receipt.state.name in {"planned", "en_route"}
    if ahead and message_names.who_comes(db, visits.get(db, link.branch, link.visit_id), login) is None:
        # Nobody is to open the door to that name and number.
        login, account = None, None
    own = link.kind == "own"
    done = links.acts(db, link.branch, link.visit_id) if own else []
    acts = _named(done, receipt)
    shut = acts.keys() - _AGAIN
    # Who gave stars on the phone is not asked again.
    shut |= {"rate"} if any(getattr(one.data, "rating", None) for one in histories[link.visit_id]) else set()
    # What waits may be that it is another day: the office decides that first.
    shut |= {"move"} if waiting else set()
    zone = ZoneInfo(branch.timezone)
    # A customer sees *missed* as soon as it is one for the score.
    state = receipt.state.seen_at(now, missed_after(rulebooks(db), receipt.state.promise.start, zone))
    return LinkView(
        kind=link.kind,
        branch=link.branch,
        branch_name=branch.name,
        branch_phone=branch.phone,
        zone=zone,
        currency=branch.currency,
        visit_id=link.visit_id,
        receipt=receipt,
        state=state,
        technician=login,
        technician_name=account.name if account else None,
        acts=acts,
        offers=_offers(receipt, state, now, done) - shut if own else frozenset(),
        cases=tuple(cases.of_visit(db, link.branch, link.visit_id, now)) if own else (),
        now=now,
        expires_at=link.expires_at,
        moved=moved,
        moved_later=moved is not None and is_later(Window(moved.promise.start, moved.promise.end), before),
        arrived_photos=tuple(photo for photo in receipt.photos if _is_here(db, link.branch, photo)),
    )


def _moved(history: Sequence[Event]) -> tuple[ev.PromiseChanged | None, Window | None]:
    """The last change of the promise, where it was the company's, and the promise until then."""
    changes = (one for one in history if isinstance(one.data, ev.PromiseChanged))
    last = max(changes, key=lambda one: one.order, default=None)
    if last is None or not isinstance(last.data, ev.PromiseChanged) or last.data.asked_by != "company":
        return None, None
    return last.data, window_before(history, last)


def _is_here(db: Db, branch: str, photo: Photo) -> bool:
    """A photo's event may come long before its bytes."""
    found = photos.find(db, branch, photo.blob)
    return found is not None and found.is_readable


def _key(act: str, receipt: Receipt) -> str:
    promise = receipt.state.promise
    return f"{act}@{promise.start:%Y%m%dT%H%M}-{promise.end:%H%M}" if act == "confirm_visit" else act


def _named(done: Sequence[Act], receipt: Receipt) -> dict[str, Act]:
    """The latest of each kind; confirmations of other windows than this are none."""
    found = {}
    for one in done:
        name, _, about = one.act.partition("@")
        if not about or name in _AGAIN or one.act == _key(name, receipt):
            found[name] = one
    return found


def _offers(receipt: Receipt, state: str, now: datetime, done: Sequence[Act]) -> frozenset[str]:
    offers = {"complain"}
    promise = receipt.state.promise
    if state in {"planned", "en_route"} and now <= promise.end:
        offers |= {"access", "cancel"}
        if promise.channel != "link":
            offers.add("confirm_visit")
        moves = sum(one.act.startswith("move@") for one in done)
        if state == "planned" and now < promise.start and moves < MOST_MOVES:
            offers.add("move")
    if receipt.may_sign(now):
        offers.add("sign")
    if receipt.state.arrived_at is not None:
        offers.add("commend")
    if state in {"signed", "completed", "not_completed"}:
        offers.add("rate")
    if receipt.is_signed:
        offers |= {"confirm", "repudiate"}
    return frozenset(offers)
