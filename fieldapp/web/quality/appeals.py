"""`/quality/appeals/`: what technicians appeal, the most urgent first, and one appeal with all the evidence beside it.

Shows no customer: who decides needs what happened and when, not whose home it was.
"""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from fieldapp.domain.errors import DomainError, Forbidden
from fieldapp.services import appeal_views, appeals
from fieldapp.web import appeal_words, evidence_words, visit_words
from fieldapp.web.context import current_actor, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form

blueprint = Blueprint("appeals", __name__)


class DecideForm(Form):
    """Overturned or confirmed, and why; `outcome` comes from the button that was pressed."""

    outcome = HiddenField()
    reason = TextAreaField(_l("Reason"), [Length(max=appeals.TEXT_LIMIT)])


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits: of the own branch first, the most urgent first; or what was decided, latest first."""
    state = "decided" if request.args.get("state") == "decided" else "open"
    read = appeal_views.list_decided if state == "decided" else appeal_views.list_waiting
    return _render("quality/appeals.html", found=read(current_work(), current_actor()), state=state)


@blueprint.get("/<branch>/<appeal_id>")
def detail(branch: str, appeal_id: str) -> ResponseReturnValue:
    """One appeal."""
    return _page(branch, appeal_id, DecideForm())


@blueprint.post("/<branch>/<appeal_id>")
def decide(branch: str, appeal_id: str) -> ResponseReturnValue:
    """Overturn or confirm, once; a refusal shows the appeal as it stands now, with the reason still typed."""
    form, status = DecideForm(), 422
    if form.validate_on_submit():
        try:
            decided = appeals.decide(
                current_work(), current_actor(), branch, appeal_id, form.outcome.data, form.reason.data or ""
            )
        except Forbidden:
            raise
        except DomainError as error:
            form.refuse(error)
            status = STATUS[type(error)]
        else:
            done = (
                _("Overturned. It counts at once; a closed month stays, and can be adjusted.")
                if decided.appeal.state == "overturned"
                else _("Confirmed: it counts as before")
            )
            flash(done, "good")
            return redirect(url_for("appeals.detail", branch=branch, appeal_id=appeal_id), 303)
    return _page(branch, appeal_id, form, status)


@blueprint.get("/<branch>/<appeal_id>/photos/<sha256>")
def photo(branch: str, appeal_id: str, sha256: str) -> Response:
    """A photo, drawn anew."""
    content = appeal_views.picture(current_work(), current_actor(), branch, appeal_id, sha256)
    return current_app.response_class(content, content_type="image/jpeg")


def _page(branch: str, appeal_id: str, form: DecideForm, status: int = 200) -> ResponseReturnValue:
    found = appeal_views.detail(current_work(), current_actor(), branch, appeal_id)
    page = _render(
        "quality/appeal.html", found=found, form=form, lines=appeal_words.lines(found), zone=current_zone(),
        sentence=sentence, evidence_words=evidence_words, visit_words=visit_words,
        url=lambda sha256: url_for("appeals.photo", branch=branch, appeal_id=appeal_id, sha256=sha256),
    )  # fmt: skip
    return page, status


def _render(template: str, **facts: Any) -> str:
    return render_template(
        template, words=appeal_words, now=current_work().now(), own=current_actor().branch, **facts
    )  # fmt: skip
