"""What has left the house, and what could not, on the stage of the pictures."""

from fieldapp.domain.access import Actor
from fieldapp.services import jobs, webhooks
from fieldapp.services.jobs import Job, Outcome
from fieldapp.services.work import Work
from fieldapp.storage import jobs as store
from tests import cast


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
