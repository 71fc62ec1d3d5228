"""The phones page: which phones hold unsent work and since when, for whoever has to call their owners."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from fieldapp.services import phones
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.dispatch.lists import overview

blueprint = Blueprint("dispatch_phones", __name__)


@blueprint.get("/phones")
def index() -> ResponseReturnValue:
    """Every phone that matters, those that wait the longest first."""
    actor = current_actor()
    found = phones.list_phones(current_work(), actor, current_branch())
    beside = overview() if actor.role == "dispatcher" else {}
    return render_template("dispatch/phones.html", phones=found, hours=phones.ALERT.total_seconds() // 3600, **beside)
