"""What follows from new facts: who has to be told, each as a job of its own. Owns the fan-out, no sending."""

from fieldapp.domain.jobs import job_id
from fieldapp.services.jobs import Job, Outcome
from fieldapp.services.webhook_sending import WEBHOOK
from fieldapp.services.work import Db, Work
from fieldapp.storage import events, jobs, webhooks


def spread(work: Work, job: Job) -> Outcome:
    """Make the jobs that follow from the facts of one note, in the transaction that ends it."""

    def then(db: Db) -> None:
        fresh = sorted(events.by_ids(db, job.branch, job.payload["events"]), key=lambda one: one.order)
        # Who asked after it happened was not waiting for it.
        heard = [one for one in webhooks.of_branch(db, job.branch) if one.created_at <= job.created_at]
        jobs.add(
            db,
            [
                Job(
                    branch=job.branch, job_id=job_id(job.branch, WEBHOOK, f"{event.id}/{one.webhook_id}"), kind=WEBHOOK,
                    lane=one.webhook_id, target=one.webhook_id, payload={"event": event.id, "type": event.type},
                    created_at=job.created_at, due_at=work.now(),
                )
                for event in fresh
                for one in heard
                if event.type in one.types
            ],
        )  # fmt: skip

    return Outcome(kind="done", then=then)
