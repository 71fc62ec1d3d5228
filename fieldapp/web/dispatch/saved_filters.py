"""Saving, renaming and deleting one's own filters of the list of visits; they are applied by plain links on it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.services import saved_filters
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.dispatch import lists
from fieldapp.web.errors import STATUS, sentence

blueprint = Blueprint("saved_filters", __name__)


@blueprint.post("/filters")
def save() -> ResponseReturnValue:
    """Keep what the list was narrowed to."""
    name = request.form.get("name", "")
    return _act("", lambda *who: saved_filters.save(*who, name, _wish()), _("The filter is saved."))


@blueprint.post("/filters/<uuid:filter_id>")
def change(filter_id: UUID) -> ResponseReturnValue:
    """Call one something else, or delete it."""
    one, name = str(filter_id), request.form.get("name", "")
    if request.form.get("act") == "delete":
        return _act(one, lambda *who: saved_filters.remove(*who, one), _("The filter is deleted."))
    return _act(one, lambda *who: saved_filters.rename(*who, one, name), _("The filter is renamed."))


def _act(one: str, act: Callable[..., None], done: str) -> ResponseReturnValue:
    """Back to the list as it was narrowed; a refusal stands beside what was typed."""
    try:
        act(current_work(), current_actor(), current_branch())
    except (Conflict, Invalid) as error:
        refused = {"filter_id": one, "name": request.form.get("name", ""), "text": sentence(error)}
        return lists.show(_wish(), refused), STATUS[type(error)]
    flash(done, "good")
    wish: dict[str, Any] = _wish()
    return redirect(url_for("dispatch.index", **(wish or {"sort": "window"})), 303)


def _wish() -> dict[str, str]:
    """What the list was narrowed to, beside the form's own fields."""
    kept = {"q", *saved_filters.KEPT, *saved_filters.DAYS}
    return {name: value for name, value in request.form.items() if name in kept and value}
