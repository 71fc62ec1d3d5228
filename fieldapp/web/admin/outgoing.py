"""The admin's page for outgoing work: how much waits, and what was given up. Never whom it is about."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.services import jobs, webhooks
from fieldapp.web.context import current_actor, current_work

blueprint = Blueprint("outgoing", __name__)

STATES = {
    "waiting": _l("waits"),
    "running": _l("under way"),
    "done": _l("delivered"),
    "dead": _l("given up"),
}
KINDS = {
    "news": _l("telling others of new facts"),
    "webhook": _l("a webhook"),
    "message": _l("a message to a customer"),
    "push": _l("a message to a technician's phone"),
    "audit_heads": _l("the ends of the audit chains"),
}


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """How outgoing work stands."""
    work, actor = current_work(), current_actor()
    found, told = jobs.overview(work, actor), webhooks.list_all(work, actor)
    return render_template("admin/outgoing.html", found=found, kinds=KINDS, states=STATES, webhooks=told)


@blueprint.post("/webhooks/<branch>/<webhook_id>/test")
def test(branch: str, webhook_id: str) -> ResponseReturnValue:
    """Send a webhook something that says nothing."""
    webhooks.send_test(current_work(), current_actor(), branch, webhook_id)
    flash(_("A test is on its way. Load this page again in a moment to see what became of it."), "good")
    return redirect(url_for("outgoing.index"), 303)


@blueprint.post("/<branch>/<job_id>/again")
def again(branch: str, job_id: str) -> ResponseReturnValue:
    """Try anew what was given up."""
    jobs.try_again(current_work(), current_actor(), branch, job_id)
    flash(_("It is tried again now, and from here on like anything new."), "good")
    return redirect(url_for("outgoing.index"), 303)
