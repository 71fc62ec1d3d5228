"""What a webhook is told: that something happened, never to whom. The receiver reads the rest with its token.

The same event has the same id in every attempt and the same bytes in its body; only the time and with it the signature
differ. Owns what counts as delivered.
"""

from urllib.parse import quote

import msgspec

from fieldapp.domain.visits.events import Event
from fieldapp.domain.webhooks import signature
from fieldapp.services import posting
from fieldapp.services.jobs import Handler, Job, Outcome
from fieldapp.services.work import Unreadable, Work
from fieldapp.storage import events, visits, webhooks

WEBHOOK = "webhook"
#: What somebody sends to see whether it arrives: it says nothing, and is tried once.
PING = "ping"
_GONE = 410


def sender(*, loopback: bool) -> Handler:
    """The handler of deliveries. `loopback`: this machine may be told, too."""

    def send(work: Work, job: Job) -> Outcome:
        with work.read() as db:
            found = webhooks.find(db, job.branch, job.target or "")
            event = None if _is_ping(job) else events.find(db, job.branch, job.payload["event"])
            visit = visits.find(db, job.branch, event.visit) if event and event.visit else None
        if found is None or (event is None and not _is_ping(job)):
            return Outcome(kind="done", detail="webhook_gone")
        try:
            secret = work.vault.open(found.sealed, found.bound).decode()
        except Unreadable:
            return Outcome(kind="dead", detail="secret_sealed")
        body = _body(job, event, visit.external_id if visit else None)
        headers = {
            "Content-Type": "application/json", "Fieldapp-Event": job.payload["event"],
            "Fieldapp-Delivery": job.job_id,
            "Fieldapp-Signature": signature(secret, body, work.now()),
        }  # fmt: skip
        try:
            status = posting.post(found.url, body, headers, loopback=loopback)
        except posting.Unreached as error:
            return _failed(job, str(error))
        return _outcome(job, status)

    return send


def _is_ping(job: Job) -> bool:
    return job.payload.get("type") == PING


def _outcome(job: Job, status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(kind="done", detail=f"http_{status}")
    if status == _GONE:
        return Outcome(kind="dead", detail=f"http_{status}")
    return _failed(job, f"http_{status}")


def _failed(job: Job, code: str) -> Outcome:
    return Outcome(kind="dead", detail=code) if _is_ping(job) else Outcome(kind="again", detail=code, is_blocked=True)


def _body(job: Job, event: Event | None, number: str | None) -> bytes:
    told = {
        "id": job.payload["event"], "type": event.type if event else PING, "branch": job.branch, "visit": number,
        "at": event.effective_at if event else job.created_at, "received_at": job.created_at,
        "resource": f"/api/v1/visits/{quote(number, safe='')}" if number else None,
    }  # fmt: skip
    return msgspec.json.encode(told)
