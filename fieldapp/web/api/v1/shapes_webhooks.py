"""What the API takes and gives about webhooks."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from fieldapp.domain.webhooks import LONGEST_URL, TYPES
from fieldapp.web.api.v1.shapes import Asked

EventType = Literal[tuple(sorted(TYPES))]  # type: ignore[valid-type]


class NewWebhook(Asked, frozen=True):
    """Where to be told (https), and of which types of events; without any, of all."""

    url: Annotated[
        str,
        Meta(
            min_length=10, max_length=LONGEST_URL, pattern=r"^https?://[!-~]+\Z", examples=["https://example.org/hook"]
        ),
    ]
    events: Annotated[list[EventType], Meta(max_length=len(TYPES))] = []  # noqa: RUF012 - msgspec copies it


class Webhook(Struct, frozen=True):
    """A webhook. `secret` is in the answer that made it, and nowhere again."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    created_by: str
    secret: str | UnsetType = UNSET


class Attempt(Struct, frozen=True):
    """One attempt. Without an end it is under way or was broken off; `detail` is what was answered (`http_500`), or
    why nothing was (`name_unknown`, `address_private`, `not_reached`, `too_slow`, `no_answer`)."""

    started_at: datetime
    ended_at: datetime | None
    detail: str


class Delivery(Struct, frozen=True):
    """One event on its way to one webhook, with its attempts, the last first. `dead`: given up."""

    id: str
    event: str
    type: str
    state: Literal["waiting", "running", "done", "dead"]
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: list[Attempt]


def with_secret(one: Webhook, secret: str) -> Webhook:
    """The answer to whoever made it."""
    return replace(one, secret=secret)
