"""Webhooks of other programs: made, listed, taken away, and what was sent to each.

Owns who may, and that the secret is told once. What is sent is `webhook_sending`'s.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain import webhooks as rules
from fieldapp.domain.access import Actor, own_branch, require
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.services import outbox, posting
from fieldapp.services.jobs import Job, Logged
from fieldapp.services.webhook_sending import PING, WEBHOOK
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, jobs, webhooks
from fieldapp.storage.webhooks import Webhook

__all__ = ["Logged", "Made", "Webhook"]


@dataclass(frozen=True)
class Made:
    """A new webhook, and its secret, told this once."""

    webhook: Webhook
    secret: str


def add_webhook(work: Work, actor: Actor, url: str, types: Sequence[str], *, loopback: bool = False) -> Made:
    """Tell this address of these types of events (all where none is named) from now on.

    Raises `Invalid` webhook_url, webhook_private, webhook_event; `Conflict` webhooks_full.
    """
    branch = own_branch(actor, "webhooks.manage")
    address, wanted = posting.check_url(url, loopback=loopback), rules.check_types(types)
    secret, webhook_id = f"whsec_{secrets.token_urlsafe(32)}", work.new_id()
    with work.write(branch) as db:
        if len(webhooks.of_branch(db, branch)) >= rules.MOST:
            raise Conflict("webhooks_full", most=rules.MOST)
        made = Webhook(
            branch=branch, webhook_id=webhook_id, url=address, types=wanted, created_at=work.now(),
            created_by=actor.login, sealed=work.vault.seal(secret.encode(), webhooks.bound(branch, webhook_id)),
        )  # fmt: skip
        webhooks.add(db, made)
        outbox.listen(db, branch)
        _audit(work, db, actor, made, "webhook.added")
    return Made(made, secret)


def list_webhooks(work: Work, actor: Actor) -> list[Webhook]:
    """Those of the actor's branch."""
    branch = own_branch(actor, "webhooks.read")
    with work.read() as db:
        return webhooks.of_branch(db, branch)


def list_all(work: Work, actor: Actor) -> list[tuple[Webhook, Logged | None]]:
    """All of the company, each with what was noted for it last, for the admin."""
    require(actor, "jobs.manage")
    with work.read() as db:
        return [
            (one, next(iter(jobs.of_target(db, one.branch, one.webhook_id, limit=1)), None))
            for one in webhooks.every(db)
        ]


def send_test(work: Work, actor: Actor, branch: str, webhook_id: str) -> None:
    """Send it something that says nothing, now and once, to see whether it arrives. Raises `NotFound`."""
    require(actor, "jobs.manage")
    now, name = work.now(), work.new_id()
    with work.write(branch) as db:
        found = _found(db, branch, webhook_id)
        made = Job(
            branch=branch, job_id=name, kind=WEBHOOK, lane=webhook_id, target=webhook_id,
            payload={"event": name, "type": PING}, created_at=now, due_at=now,
        )  # fmt: skip
        jobs.add(db, [made])
        _audit(work, db, actor, found, "webhook.tested")


def get_webhook(work: Work, actor: Actor, webhook_id: str) -> Webhook:
    """One of the branch. Raises `NotFound`."""
    branch = own_branch(actor, "webhooks.read")
    with work.read() as db:
        return _found(db, branch, webhook_id)


def remove_webhook(work: Work, actor: Actor, webhook_id: str) -> Webhook:
    """Tell it nothing any more, not even what waits; its log goes too. Raises `NotFound`."""
    branch = own_branch(actor, "webhooks.manage")
    with work.write(branch) as db:
        found = _found(db, branch, webhook_id)
        jobs.drop(db, branch, webhook_id)
        webhooks.remove(db, branch, webhook_id)
        outbox.listen(db, branch)
        _audit(work, db, actor, found, "webhook.removed")
    return found


def list_deliveries(
    work: Work, actor: Actor, webhook_id: str, *, after: tuple[datetime, str] | None, limit: int
) -> list[Logged]:
    """What was, is and will be sent there, the latest first, from the one `after` on. Raises `NotFound`."""
    branch = own_branch(actor, "webhooks.read")
    with work.read() as db:
        _found(db, branch, webhook_id)
        return jobs.of_target(db, branch, webhook_id, after=after, limit=limit)


def _found(db: Db, branch: str, webhook_id: str) -> Webhook:
    found = webhooks.find(db, branch, webhook_id)
    if found is None:
        raise NotFound()
    return found


def _audit(work: Work, db: Db, actor: Actor, one: Webhook, action: str) -> None:
    audit.append(
        db, one.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action,
        subject=one.webhook_id, facts={"url": one.url, "events": len(one.types)},
    )  # fmt: skip
