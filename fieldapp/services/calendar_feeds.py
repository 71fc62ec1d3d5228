"""A technician's visits for their own calendar program, under a secret address without a sign-in.

Owns the address (made, shown once, ended by its technician) and what stands there: order numbers, kinds of work, parts
of town and times; no customer. Whoever leaves, or changes the branch, has no calendar here any more.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.errors import NotFound
from fieldapp.domain.ids import is_code
from fieldapp.services.branches import zone_of
from fieldapp.services.work import Work
from fieldapp.storage import accounts, audit, calendar_feeds
from fieldapp.storage.visits import Visit

BEHIND, AHEAD = timedelta(days=7), timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Feed:
    """What stands in one calendar."""

    name: str
    locale: str | None
    zone: ZoneInfo
    visits: Sequence[Visit]


def create(work: Work, actor: Actor) -> str:
    """A new token for one's own calendar, shown this once; ends the one before."""
    branch = own_branch(actor, "visits.work")
    secret = secrets.token_urlsafe(32)
    with work.write(branch) as db:
        calendar_feeds.save(db, branch, actor.login, _hash(secret), work.now())
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="calendar_feed.created",
            subject=actor.login,
        )  # fmt: skip
    return f"{branch}.{secret}"


def end(work: Work, actor: Actor) -> None:
    """The address opens nothing any more."""
    branch = own_branch(actor, "visits.work")
    with work.write(branch) as db:
        calendar_feeds.drop(db, branch, actor.login)
        audit.append(
            db, branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="calendar_feed.ended",
            subject=actor.login,
        )  # fmt: skip


def since(work: Work, actor: Actor) -> datetime | None:
    """When one's own address was made; None: there is none."""
    with work.read() as db:
        return calendar_feeds.created_at(db, own_branch(actor, "visits.work"), actor.login)


def read(work: Work, token: str) -> Feed:
    """What stands under the address; raises `NotFound` for one that was never made or has ended."""
    branch, _, secret = token.partition(".")
    if not is_code(branch) or not secret or len(secret) > 128:
        raise NotFound()
    now = work.now()
    with work.read() as db:
        login = calendar_feeds.technician_of(db, branch, _hash(secret))
        account = accounts.find_by_login(db, login) if login else None
        if account is None or account.disabled_at or account.role != "technician" or account.branch != branch:
            raise NotFound()
        visits = calendar_feeds.visits(db, branch, account.login, now - BEHIND, now + AHEAD)
        return Feed(account.name, account.locale, zone_of(db, account.branch), visits)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
