"""`/dispatch/busy-hours`: when visits are promised and when promises break, for who plans shifts."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.busy_hours import By, Hours
from fieldapp.services import busy_hours
from fieldapp.services.busy_hours import SPANS
from fieldapp.web import busy_words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.dispatch.lists import beside

blueprint = Blueprint("busy_hours", __name__)


@blueprint.get("/busy-hours")
def page() -> ResponseReturnValue:
    """Two pictures of the hours of the week, and the table that says the same and opens it."""
    by: By = "planned" if request.args.get("by") == "planned" else "window"
    weeks = request.args.get("weeks", SPANS[0], type=int)
    busy = busy_hours.look(current_work(), current_actor(), current_branch(), weeks=weeks, by=by)

    def behind(hours: Hours, *, broken: bool = False) -> str:
        """Where the visits of these hours are listed."""
        asked: dict[str, Any] = {
            "from": busy.first.isoformat(), "to": busy.last.isoformat(), "state": "-", "hours": str(hours),
            "by": "planned" if by == "planned" else None, "broken": "1" if broken else None,
        }  # fmt: skip
        return url_for("dispatch.index", **asked)

    return render_template(
        "dispatch/busy_hours.html", busy=busy, spans=SPANS, behind=behind, Hours=Hours, zone=current_zone(),
        **{**beside(), "words": busy_words},
    )  # fmt: skip
