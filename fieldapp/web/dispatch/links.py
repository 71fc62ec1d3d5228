"""The customer's own link at the desk: make one, see until when it opens and what the customer did through it.

A link is shown once, on the answer that made it; nobody can look it up again.
"""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from fieldapp.services import links
from fieldapp.web.context import current_actor, current_branch, current_settings, current_work

blueprint = Blueprint("dispatch_links", __name__)

ACTS = {
    "confirm_visit": _l("confirmed the appointment"), "move": _l("moved the appointment"),
    "cancel": _l("cancelled the appointment"), "confirm": _l("confirmed the receipt"), "sign": _l("signed"),
    "rate": _l("gave stars"), "commend": _l("praised"),
    "complain": _l("complained"), "repudiate": _l("reported a signature that is not theirs"),
}  # fmt: skip


@blueprint.get("/visits/<visit_id>/link")
def link(visit_id: str) -> ResponseReturnValue:
    """Whether there is a link, and a button that makes one."""
    return _page(visit_id, None)


@blueprint.post("/visits/<visit_id>/link")
def create(visit_id: str) -> ResponseReturnValue:
    """Make a new link, which ends the older one, and show it this once."""
    token = links.create_own_link(current_work(), current_actor(), current_branch(), visit_id)
    base = current_settings().base_url
    path = url_for("customer.enter", token=token)
    return _page(visit_id, base + path if base else url_for("customer.enter", token=token, _external=True))


def _page(visit_id: str, made: str | None) -> ResponseReturnValue:
    panel = links.panel(current_work(), current_actor(), current_branch(), visit_id)
    return render_template("dispatch/link.html", panel=panel, made=made, acts=ACTS)
