"""What has left the house, and what could not, on the stage of the pictures."""

from datetime import timedelta

from fieldapp.domain.access import Actor
from fieldapp.domain.messages import Kind
from fieldapp.services import jobs, webhooks
from fieldapp.services.jobs import Job, Outcome
from fieldapp.services.work import Work
from fieldapp.storage import jobs as store
from fieldapp.storage import messages, visits
from fieldapp.storage.messages import Message, State
from tests import cast

#: One is set up; nothing on the stage talks to it.
MAIL = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "visits@example.org"}


def tell_customer(work: Work, visit_id: str) -> None:
    """What a customer was told, was not, and will be."""
    said: tuple[tuple[Kind, State, str, str | None, str, int], ...] = (
        ("confirmation", "sent", "", "mail", "f•••@example.org", -30),
        ("moved", "failed", "smtp_550", "mail", "f•••@example.org", -6),
        ("reminder", "waiting", "", None, "", 4),
    )
    with work.write() as db:
        visit = visits.get(db, cast.MAIN, visit_id)
        for kind, state, code, channel, address, hours in said:
            name, at = work.new_id(), work.now() + timedelta(hours=hours)
            one = Message(
                branch=cast.MAIN, message_id=name, visit_id=visit_id, event_id=name, kind=kind, window=visit.window,
                since=work.now(), created_at=work.now(), state=state, code=code, channel=channel, address=address,
                ended_at=None if state == "waiting" else at,
            )  # fmt: skip
            messages.add(db, [one])
            if state == "waiting":
                store.add(
                    db,
                    [
                        Job(
                            branch=cast.MAIN,
                            job_id=name,
                            kind="message",
                            target=name,
                            payload={},
                            created_at=at,
                            due_at=at,
                        )
                    ],
                )


def tell_in_vain(work: Work, program: Actor) -> None:
    """A webhook whose receiver is gone for good."""
    made = webhooks.add_webhook(work, program, "https://crm.example.org/hooks/visits", ["visit.completed"]).webhook
    lost = Job(
        branch=cast.MAIN, job_id=work.new_id(), kind="webhook", lane=made.webhook_id, target=made.webhook_id,
        payload={}, created_at=work.now(), due_at=work.now(),
    )  # fmt: skip
    with work.write() as db:
        store.add(db, [lost])
    jobs.do_next(work, {"webhook": lambda *_: Outcome(kind="dead", detail="http_410")})
