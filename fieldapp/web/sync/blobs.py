"""Photos over the wire: resumable uploads from phones, and the re-encoded picture for staff (design: sync.md)."""

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import BadRequest

from fieldapp.services import photos, sync_strays
from fieldapp.services.photos import HashMismatch, OffsetMismatch
from fieldapp.web import errors
from fieldapp.web.bodies import read_body
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.sync import gate

#: Uploads: technicians only.
blueprint = Blueprint("sync_blobs", __name__)
blueprint.before_request(gate.same_person)
#: Looking: everybody who may see visits; rows are checked by the service.
shown = Blueprint("sync_photos", __name__)
OCTETS = "application/offset+octet-stream"


@blueprint.route("/blobs/<sha256>", methods=["HEAD"])
def progress(sha256: str) -> Response:
    """How far an upload got: 200 when it is whole, else 404, both with `Upload-Offset`."""
    offset, is_whole = photos.received(current_work(), current_actor(), sha256)
    if is_whole:
        sync_strays.bring_photo_home(current_work(), current_branch(), sha256)
    return _about(sha256, gate.bare(200 if is_whole else 404), offset)


@blueprint.patch("/blobs/<sha256>")
@gate.ours_only(OCTETS)
def add_piece(sha256: str) -> Response:
    """The next piece of a photo."""
    offset, length = _number("Upload-Offset"), _number("Upload-Length")
    piece = read_body(photos.MAX_PIECE)
    try:
        reached = photos.add_piece(
            current_work(), current_actor(), sha256, offset=offset, length=length, piece=piece
        )  # fmt: skip
        if reached >= length:
            sync_strays.bring_photo_home(current_work(), current_branch(), sha256)
        response = gate.bare(204)
    except OffsetMismatch as error:
        reached = int(str(error.facts["offset"]))
        response = _problem(409, error)
    except HashMismatch as error:
        reached = 0
        response = _problem(422, error)
    return _about(sha256, response, reached)


@shown.get("/photos/<sha256>")
def photo(sha256: str) -> Response:
    """The photo, drawn anew without metadata; `?visit=` names the visit (technicians must)."""
    content = photos.show(current_work(), current_actor(), sha256, visit_id=request.args.get("visit"))
    response: Response = current_app.response_class(content, content_type="image/jpeg")
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _about(sha256: str, response: Response, offset: int) -> Response:
    """An answer names its photo: one that something on the way mixed up must not be taken for another's."""
    response.headers["Upload-Offset"] = str(offset)
    response.set_etag(sha256)
    return response


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise BadRequest()
    return int(text)


def _problem(status: int, error: OffsetMismatch | HashMismatch) -> Response:
    response = errors.answer(status, error.code, errors.sentence(error))
    response.headers[gate.MARK] = "1"
    return response
