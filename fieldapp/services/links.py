"""Links for customers without an account: making them, opening them, ending them.

A token is `branch.secret` with 256 bits that the database alone cannot tell: it has only the secret's SHA-256. Two
kinds: the read-only
`receipt`, shown as a QR code on the technician's phone, and the customer's `own`, which only the office can make and
hand to the customer's number or mail. Owns no act of the customer (`link_acts`) and no receipt (`receipts`).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain.access import Actor, may, own_branch, require
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.ids import BranchCode, StaffCode, VisitId, is_code
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, cases, links, visits
from fieldapp.storage.cases import Case
from fieldapp.storage.links import Act, Kind, Link
from fieldapp.storage.visits import Visit

#: States whose visit has something to show on a receipt.
_RECEIPT_STATES = frozenset({"signed", "completed"})


class LinkGone(NotFound):
    """Expired, ended, never made: one answer, so that nothing can be learnt by trying."""

    code = "link_gone"


def open_link(work: Work, token: str) -> Link:
    """Where the token leads; raises `LinkGone`. Changes nothing."""
    branch, _, secret = token.partition(".")
    if not is_code(branch) or not secret or len(secret) > 128:
        raise LinkGone()
    with work.read() as db:
        link = links.find(db, branch, _hash(secret))
    if link is None or not link.is_good(work.now()):
        raise LinkGone()
    return link


def create_own_link(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> str:
    """A new token for the customer, shown this once; ends the one before. For dispatchers, quality and managers."""
    _may_make(actor, branch)
    with work.write(branch) as db:
        return _create_own(db, work, visits.get(db, branch, visit_id), actor.login)


def create_own_link_by_order(work: Work, actor: Actor, branch: BranchCode, external_id: str) -> str:
    """The same for an order number; raises `NotFound`."""
    with work.read() as db:
        visit = visits.find_by_external_id(db, branch, external_id)
    if visit is None:
        raise NotFound("order_unknown", value=external_id)
    return create_own_link(work, actor, branch, visit.visit_id)


def token_for_message(work: Work, visit: Visit) -> str:
    """The token of the customer's own link, to be sent to them and shown to nobody.

    The same one in every message, and the one that the office handed over: a message must not end the link that stands
    in the message before. So its secret is derived from the installation's key and the link's salt; the database alone
    cannot tell it.
    """
    with work.write(visit.branch) as db:
        link = links.current(db, visit.branch, visit.visit_id, "own", work.now())
        if link is not None and link.salt is not None:
            secret = _own_secret(work, visit, link.salt)
            if _hash(secret) == link.secret_hash:
                return f"{visit.branch}.{secret}"
        return _create_own(db, work, visit, "office")


def _create_own(db: Db, work: Work, visit: Visit, actor: str) -> str:
    salt = work.new_id()
    return _create(db, work, visit, "own", _own_secret(work, visit, salt), work.now(), actor, salt)


def _own_secret(work: Work, visit: Visit, salt: str) -> str:
    return work.vault.mark(f"own link\n{visit.branch}\n{visit.visit_id}\n{salt}".encode())


@dataclass(frozen=True)
class Panel:
    """What the office sees of a customer's link: until when it opens and what was done through it; never a token."""

    visit: Visit
    link: Link | None
    acts: tuple[Act, ...]
    cases: tuple[Case, ...]


def panel(work: Work, actor: Actor, branch: BranchCode, visit_id: str) -> Panel:
    """For the visit's page of those who may make a link; raises `NotFound`, `Forbidden`."""
    _may_make(actor, branch)
    with work.read() as db:
        visit = visits.get(db, branch, visit_id)
        link = links.current(db, branch, visit_id, "own", work.now())
        acts = tuple(links.acts(db, branch, visit_id))
        reported = tuple(cases.of_visit(db, branch, visit_id)) if may(actor, "cases.read") else ()
    return Panel(visit, link, acts, reported)


def receipt_token(work: Work, actor: Actor, visit_id: str, key: str) -> str:
    """The token of the visit's read-only receipt, for the phone of its technician.

    The same token as long as it opens: a screen that is opened twice must not end the code that a customer has just
    photographed. So its secret is derived, from the server's key, instead of drawn; the database alone cannot tell it.
    """
    branch = own_branch(actor, "visits.work")
    now = work.now()
    with work.write(branch) as db:
        visit = visits.get(db, branch, visit_id)
        require(actor, "visits.work", branch=branch, technician=StaffCode(visit.technician or ""))
        if visit.state not in _RECEIPT_STATES:
            raise Conflict("receipt_too_early", state=visit.state)
        link = links.current(db, branch, visit_id, "receipt", now)
        if link is not None:
            secret = _derived(key, branch, visit_id, link.created_at)
            if _hash(secret) == link.secret_hash:
                return f"{branch}.{secret}"
        return _create(db, work, visit, "receipt", _derived(key, branch, visit_id, now), now, actor.login)


def _may_make(actor: Actor, branch: BranchCode) -> None:
    if not (may(actor, "visits.plan") or may(actor, "cases.write")):
        raise Forbidden(permission="visits.plan", role=actor.role)
    if actor.branch not in {None, branch}:
        raise NotFound()


def _create(
    db: Db, work: Work, visit: Visit, kind: Kind, secret: str, now: datetime, actor: str, salt: str | None = None
) -> str:  # fmt: skip
    branch = BranchCode(visit.branch)
    expires = max(now, visit.window.end) + links.LIFETIME
    links.add(db, Link(branch, _hash(secret), VisitId(visit.visit_id), kind, now, expires, None, salt))
    audit.append(
        db, branch, entry_id=work.new_id(), now=now, actor=actor, action="link.created", subject=visit.external_id,
        facts={"kind": kind, "expires": expires.isoformat()},
    )  # fmt: skip
    return f"{branch}.{secret}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _derived(key: str, branch: str, visit_id: str, created_at: datetime) -> str:
    words = f"receipt\n{branch}\n{visit_id}\n{created_at.isoformat()}"
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), words.encode(), "sha256")).rstrip(b"=").decode()
