"""A phone asks to be told when the day changes, or not any more (docs/sync-protocol.md, "Being told")."""

import base64
import binascii
from typing import Annotated

import msgspec
from flask import Blueprint, Response
from flask_login import current_user
from msgspec import Meta

from fieldapp.domain.errors import Invalid
from fieldapp.domain.ids import is_uuid
from fieldapp.domain.visits.events import Language
from fieldapp.services import push_subscriptions
from fieldapp.services.push_subscriptions import Asked
from fieldapp.web.bodies import read_body
from fieldapp.web.context import current_actor, current_settings, current_work
from fieldapp.web.sync import gate

blueprint = Blueprint("sync_subscriptions", __name__)
blueprint.before_request(gate.same_person)
JSON = "application/json"
BODY = 4096


class _Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser's `PushSubscription` says, and the language of the phone."""

    endpoint: Annotated[str, Meta(max_length=2000)]
    p256dh: Annotated[str, Meta(max_length=200)]
    auth: Annotated[str, Meta(max_length=200)]
    language: Language


@blueprint.put("/subscriptions/<device_id>")
@gate.ours_only(JSON)
def subscribe(device_id: str) -> Response:
    """From now on this phone; again with something else replaces that."""
    try:
        asked = msgspec.json.decode(read_body(BODY), type=_Subscription)
        keys = [base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in (asked.p256dh, asked.auth)]
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError, binascii.Error):
        raise Invalid("bad_request") from None
    push_subscriptions.subscribe(
        current_work(), current_actor(), current_user.sign_in_id, _checked(device_id),
        Asked(asked.endpoint, *keys, asked.language), loopback=current_settings().outgoing_loopback,
    )  # fmt: skip
    return gate.answer({"device_id": device_id})


@blueprint.delete("/subscriptions/<device_id>")
@gate.ours_only(JSON)
def unsubscribe(device_id: str) -> Response:
    """Not this phone any more; again changes nothing."""
    push_subscriptions.unsubscribe(current_work(), current_actor(), _checked(device_id))
    return gate.answer({"device_id": device_id})


def _checked(device_id: str) -> str:
    if not is_uuid(device_id):
        raise Invalid("schema_invalid", field="device_id", path="device_id", problem="no UUID")
    return device_id
