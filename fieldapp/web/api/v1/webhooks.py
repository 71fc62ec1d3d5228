"""`/webhooks`: where other programs are told what happens, and what was sent there."""

from datetime import datetime

from flask import Response, url_for

from fieldapp.domain.errors import Invalid
from fieldapp.services import webhooks
from fieldapp.services.webhooks import Logged
from fieldapp.web.api.v1 import paging, shapes
from fieldapp.web.api.v1 import shapes_webhooks as forms
from fieldapp.web.api.v1.operations import operation, tell
from fieldapp.web.context import current_actor, current_settings, current_work

NOT_THERE = {404: "The branch has no such webhook."}


@operation("GET", "/webhooks", "webhooks:read", forms.Webhook, query=shapes.Paged, is_list=True)
def list_webhooks(query: shapes.Paged) -> Response:
    """Webhooks of the branch, in the order in which they were made."""
    found = webhooks.list_webhooks(current_work(), current_actor())
    page, more = paging.cut(found, query, lambda one: one.webhook_id)
    return paging.tell([_webhook(one) for one in page], more)


@operation("GET", "/webhooks/<uuid:webhook>", "webhooks:read", forms.Webhook, refusals=NOT_THERE)
def get_webhook(webhook: str) -> Response:
    """One webhook."""
    return tell(_webhook(webhooks.get_webhook(current_work(), current_actor(), str(webhook))))


@operation(
    "POST", "/webhooks", "webhooks:write", forms.Webhook, body=forms.NewWebhook, status=201,
    refusals={409: "The branch has as many webhooks as it may."},
)  # fmt: skip
def create_webhook(body: forms.NewWebhook) -> Response:
    """Be told of what happens from now on.

    The answer holds the secret that signs what is sent, this once.
    """
    loopback = current_settings().outgoing_loopback
    made = webhooks.add_webhook(current_work(), current_actor(), body.url, body.events, loopback=loopback)
    response = tell(_webhook(made.webhook, made.secret), 201)
    response.headers["Location"] = url_for(".get_webhook", webhook=made.webhook.webhook_id)
    return response


@operation("DELETE", "/webhooks/<uuid:webhook>", "webhooks:write", forms.Webhook, refusals=NOT_THERE)
def delete_webhook(webhook: str) -> Response:
    """Be told nothing any more, not even what waits; the log goes with it."""
    return tell(_webhook(webhooks.remove_webhook(current_work(), current_actor(), str(webhook))))


@operation(
    "GET", "/webhooks/<uuid:webhook>/deliveries", "webhooks:read", forms.Delivery, query=shapes.Paged, is_list=True,
    refusals=NOT_THERE,
)  # fmt: skip
def list_deliveries(webhook: str, query: shapes.Paged) -> Response:
    """What was sent, is being sent and waits, the latest first; for 30 days after it was delivered."""
    after = _after(paging.read(query.cursor))
    found = webhooks.list_deliveries(
        current_work(), current_actor(), str(webhook), after=after, limit=query.limit + 1
    )  # fmt: skip
    last = found[query.limit - 1].job if len(found) > query.limit else None
    more = f"{last.created_at.isoformat()} {last.job_id}" if last else None
    return paging.tell([_delivery(one) for one in found[: query.limit]], more)


def _after(key: str) -> tuple[datetime, str] | None:
    if not key:
        return None
    moment, _, job_id = key.partition(" ")
    try:
        made_at = datetime.fromisoformat(moment)
    except ValueError:
        raise Invalid("cursor_unknown", field="cursor") from None
    if made_at.tzinfo is None or not job_id.isprintable() or not made_at.year < 9999:
        raise Invalid("cursor_unknown", field="cursor")
    return made_at, job_id


def _webhook(one: webhooks.Webhook, secret: str | None = None) -> forms.Webhook:
    made = forms.Webhook(
        id=one.webhook_id, url=one.url, events=sorted(one.types), created_at=one.created_at, created_by=one.created_by
    )  # fmt: skip
    return made if secret is None else forms.with_secret(made, secret)


def _delivery(one: Logged) -> forms.Delivery:
    job = one.job
    return forms.Delivery(
        id=job.job_id, event=job.payload["event"], type=job.payload["type"], state=job.state,
        created_at=job.created_at, next_attempt_at=job.due_at if job.state == "waiting" else None,
        attempts=[forms.Attempt(each.started_at, each.ended_at, each.detail) for each in one.attempts],
    )  # fmt: skip
