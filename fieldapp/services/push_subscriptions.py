"""Technicians' phones that ask to be told when the day changes: asked for, and ended, by whose phone it is.

Owns who may ask and what is taken for an address. A subscription lives as long as the session in which it was asked for
(`storage.sign_ins` ends both), and ends with the phone; what is sent is `push_sending`'s.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.services import outbox, posting, web_push
from fieldapp.services.work import Work
from fieldapp.storage import devices, push_subscriptions
from fieldapp.storage.push_subscriptions import Address


@dataclass(frozen=True, slots=True)
class Asked:
    """What a phone's browser said: whose push service it uses, the keys of this one subscription, its language."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    language: str


def subscribe(
    work: Work, actor: Actor, sign_in_id: str, device_id: str, asked: Asked, *, loopback: bool = False
) -> None:
    """Tell this phone from now on, there. Raises `Conflict` device_unknown (it has to register first, or was taken
    away), `Invalid` push_address."""
    branch = own_branch(actor, "visits.work")
    try:
        endpoint = posting.check_url(asked.endpoint, loopback=loopback)
    except Invalid:
        raise Invalid("push_address", field="endpoint") from None
    if not web_push.are_usable(asked.p256dh, asked.auth):
        raise Invalid("push_address", field="p256dh")
    with work.write(branch) as db:
        device = devices.find(db, branch, device_id)
        if device is None or device.account_id != actor.account_id or device.revoked_at is not None:
            raise Conflict("device_unknown")
        push_subscriptions.save(
            db, work.vault, branch, device_id, account_id=actor.account_id, sign_in_id=sign_in_id,
            language=asked.language, service=urlsplit(endpoint).hostname or "",
            address=Address(endpoint, asked.p256dh, asked.auth), now=work.now(),
        )  # fmt: skip
        outbox.listen(db, branch)


def unsubscribe(work: Work, actor: Actor, device_id: str) -> None:
    """Tell this phone nothing any more; one that is told nothing, or is somebody else's, is left alone."""
    branch = own_branch(actor, "visits.work")
    with work.write(branch) as db:
        device = devices.find(db, branch, device_id)
        if device is not None and device.account_id == actor.account_id:
            push_subscriptions.drop(db, branch, device_id)
            outbox.listen(db, branch)
