"""The admin's page for the tokens of other programs. They are made at the command line, where they are shown once."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.services import tokens
from fieldapp.web.context import current_actor, current_work

blueprint = Blueprint("tokens", __name__)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Every token with what it may do and when it was used last; the good ones first."""
    work = current_work()
    now = work.now()
    found = sorted(tokens.list_tokens(work, current_actor()), key=lambda one: not one.is_good(now))
    return render_template("admin/tokens.html", tokens=found, now=now)


@blueprint.post("/<branch>/<token_id>/revoke")
def revoke(branch: str, token_id: str) -> ResponseReturnValue:
    """Let the program in no more."""
    tokens.revoke_token(current_work(), current_actor(), branch, token_id)
    flash(_("The token is revoked. Its program is refused from its next request on."), "good")
    return redirect(url_for("tokens.index"), 303)
