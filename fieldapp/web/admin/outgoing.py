"""The admin's page for outgoing work: how much waits, and what was given up. Never whom it is about."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.services import jobs, webhooks
from fieldapp.web.context import current_actor, current_work

blueprint = Blueprint("outgoing", __name__)

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
    return render_template("admin/outgoing.html", found=found, kinds=KINDS, webhooks=told)


@blueprint.post("/<branch>/<job_id>/again")
def again(branch: str, job_id: str) -> ResponseReturnValue:
    """Try anew what was given up."""
    jobs.try_again(current_work(), current_actor(), branch, job_id)
    flash(_("It is tried again now, and from here on like anything new."), "good")
    return redirect(url_for("outgoing.index"), 303)
