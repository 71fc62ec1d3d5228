"""The code that a technician's phone shows after signing: the read-only receipt, never the customer's own link."""

from io import BytesIO

import segno
from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue

from fieldapp.services import links
from fieldapp.web.context import current_actor, current_settings, current_work

blueprint = Blueprint("technician", __name__)


@blueprint.get("/receipt/<uuid:visit_id>.json")
def receipt(visit_id: object) -> ResponseReturnValue:
    """`{url, svg}` of the receipt of one of the technician's visits, once it is signed or completed."""
    settings = current_settings()
    token = links.receipt_token(current_work(), current_actor(), str(visit_id), settings.secret_key)
    path = url_for("customer.enter", token=token)
    url = settings.base_url + path if settings.base_url else url_for("customer.enter", token=token, _external=True)
    picture = BytesIO()
    # Dark on light whatever the phone's theme: cameras read nothing else reliably.
    segno.make_qr(url, error="m").save(
        picture, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False, nl=False
    )
    return jsonify(url=url, svg=picture.getvalue().decode())
