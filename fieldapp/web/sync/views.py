"""The phone's interface: devices, push, day, time (design: sync.md; docs/sync-protocol.md).

Owns the wire form of the answers. Photos are `blobs`; what a push means is `services.sync_push`'s.
"""

from typing import Annotated, Any

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits.device_time import milliseconds
from fieldapp.domain.visits.events import Staff, Uuid
from fieldapp.services import sync_day, sync_devices, sync_push, sync_wire
from fieldapp.services.sync_day import DeviceRevoked
from fieldapp.services.sync_devices import Deletion, Device
from fieldapp.services.sync_push import Answer, Result
from fieldapp.web import errors, metrics
from fieldapp.web.bodies import read_body
from fieldapp.web.context import current_actor, current_settings, current_work
from fieldapp.web.sync import gate

blueprint = Blueprint("sync", __name__)
blueprint.before_request(gate.same_person)
#: Older apps still push, and are told to update.
MIN_APP = "0.1.0"
JSON = "application/json"
DEVICE_BODY = 4096
YEAR = 365 * 24 * 3600


class _Registration(msgspec.Struct, frozen=True):
    device_id: str
    name: str = ""


@blueprint.post("/devices")
@gate.ours_only(JSON)
def register() -> Response:
    """A phone makes itself known; once is enough."""
    try:
        asked = msgspec.json.decode(read_body(DEVICE_BODY), type=_Registration)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        raise Invalid("bad_request") from None
    known = sync_devices.register(
        current_work(), current_actor(), device_id=asked.device_id, name=asked.name,
        browser_had=request.cookies.get(_cookie()),
    )  # fmt: skip
    previous = known.previous
    response = gate.answer(
        {
            "device_id": known.device.device_id, "name": known.device.name, "next_seq": known.device.next_seq,
            "server_epoch": known.server_epoch,
            "previous": {"device_id": previous.device_id, "next_seq": previous.next_seq} if previous else None,
        },
        201 if known.is_new else 200,
    )  # fmt: skip
    return _remember(response, known.device)


class _Deletion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Uuid
    device_id: Uuid
    login: Staff
    reason: Annotated[str, Meta(max_length=500)]
    events: Annotated[int, Meta(ge=0, le=1_000_000)]
    photos: Annotated[int, Meta(ge=0, le=1_000_000)]
    wall: Annotated[float, Meta(ge=0, le=1e13)]


@blueprint.post("/deletions")
@gate.ours_only(JSON)
def record_deletion() -> Response:
    """A phone says that its owner deleted what was not sent, and why; again with the same id changes nothing."""
    try:
        told = msgspec.json.decode(read_body(DEVICE_BODY), type=_Deletion)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        raise Invalid("bad_request") from None
    deletion = Deletion(
        id=told.id, device_id=told.device_id, login=told.login, reason=told.reason.replace("\x00", ""),
        events=told.events, photos=told.photos, wall=told.wall,
    )  # fmt: skip
    is_new = sync_devices.record_deletion(current_work(), current_actor(), deletion)
    return gate.answer({"id": told.id}, 201 if is_new else 200)


@blueprint.post("/push")
@gate.ours_only(JSON)
def push() -> Response:
    """Store a batch of facts; the answer comes after the commit."""
    answered = sync_push.push(current_work(), current_actor(), read_body(sync_wire.MAX_BYTES))
    metrics.count_facts(answered.results)
    response = gate.answer(_answer(answered))
    # A browser that lost its cookies but not its storage gets this one again: by it an emptied storage is noticed.
    return _remember(response, answered.device) if answered.device else response


@blueprint.get("/day")
def day() -> Response:
    """The snapshot of the technician's visits; 304 when the phone has it."""
    named = request.headers.get("X-Field-Device") or request.cookies.get(_cookie())
    etags = request.if_none_match
    known = next(iter(etags.as_set(include_weak=True)), None) if etags else None
    found = sync_day.look(current_work(), current_actor(), device_id=named, known_etag=known)
    snapshot = {"etag": found.etag, "visits": found.visits, "hearings": found.hearings}
    response = gate.bare(304) if found.visits is None else gate.answer(snapshot)
    response.set_etag(found.etag)
    response.headers["Cache-Control"] = "no-store"
    return _with_epoch(response, found.server_epoch)


@blueprint.errorhandler(DeviceRevoked)
def revoked(refusal: DeviceRevoked) -> Response:
    """No plan, but the server's epoch: a phone out of use still sends what it holds."""
    return _with_epoch(errors.refused(refusal), refusal.server_epoch)


def _with_epoch(response: Response, epoch: str | None) -> Response:
    if epoch is not None:
        response.headers["X-Field-Epoch"] = epoch
    return response


@blueprint.get("/time")
def time() -> Response:
    """Two stamps of the server's clock, as in NTP."""
    work = current_work()
    received = milliseconds(work.now())
    return gate.answer({"received": received, "answered": milliseconds(work.now())})


def _answer(answered: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "server_time": milliseconds(answered.server_time),
        "server_epoch": answered.server_epoch,
        "min_app": MIN_APP,
        "results": [_result(one) for one in answered.results],
        "device": None,
        "blobs_wanted": [{"blob": one.blob, "offset": one.offset} for one in answered.blobs_wanted],
        "day_etag": answered.day_etag,
    }
    if answered.device is not None:
        found["device"] = {
            "next_seq": answered.device.next_seq, "head": answered.device.head, "chain": answered.device.chain,
        }  # fmt: skip
    if answered.revoked:
        found["revoked"] = True
    return found


def _result(one: Result) -> dict[str, Any]:
    found: dict[str, Any] = {"id": one.id, "status": one.status}
    if one.code is not None:
        found["code"] = one.code
    if one.effective_at is not None:
        found["effective_at"] = milliseconds(one.effective_at)
        found["flags"] = one.flags
    if one.expect_seq is not None:
        found["expect_seq"] = one.expect_seq
    return found


def _remember(response: Response, device: Device) -> Response:
    """So that a browser whose storage was emptied can be told what it was."""
    if request.cookies.get(_cookie()) == device.device_id:
        return response
    secure = current_settings().secure
    response.set_cookie(
        _cookie(), device.device_id, max_age=YEAR, path="/", secure=secure, httponly=True, samesite="Lax"
    )
    return response


def _cookie() -> str:
    return "__Host-device" if current_settings().secure else "device"
