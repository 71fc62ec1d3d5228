"""Findings about one technician, as they read them themselves: everything that is stored, and the way to answer."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from fieldapp.domain.calendar import parse_month
from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.services import appeals, call_backs, finding_views, findings, spot_checks
from fieldapp.web import appeal_words, finding_words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.forms import Form
from fieldapp.web.guards import only

blueprint = Blueprint("score_findings", __name__)


class AnswerForm(Form):
    """What the technician says."""

    text = TextAreaField(_l("How did it happen?"), [Length(max=findings.NOTE_LIMIT)])


@blueprint.get("/<month>/<technician>/findings")
def month(month: str, technician: str) -> ResponseReturnValue:
    """Every finding of a technician's month, whatever became of it."""
    found = finding_views.list_own(current_work(), current_actor(), current_branch(), technician, parse_month(month))
    draw = spot_checks.own(current_work(), current_actor(), current_branch(), technician, parse_month(month))
    calls = call_backs.own(current_work(), current_actor(), current_branch(), technician, parse_month(month))
    return _render("scores/findings.html", found=found, month=month, technician=technician, draw=draw, calls=calls)


@blueprint.get("/findings/<finding_id>")
def detail(finding_id: str) -> ResponseReturnValue:
    """One finding with everything about it."""
    return _page(finding_id, AnswerForm())


@blueprint.post("/findings/<finding_id>")
@only("technician")
def answer(finding_id: str) -> ResponseReturnValue:
    """Answer; what comes too late comes back with every word."""
    form = AnswerForm()
    if form.validate_on_submit():
        try:
            findings.answer(current_work(), current_actor(), finding_id, form.text.data or "")
        except (Invalid, Conflict) as error:
            form.refuse(error)
        else:
            flash(_("Your answer is on record. Whoever decides reads it first."), "good")
            return redirect(url_for("score_findings.detail", finding_id=finding_id), 303)
    return _page(finding_id, form)


@blueprint.get("/findings/<finding_id>/photos/<sha256>")
def photo(finding_id: str, sha256: str) -> Response:
    """A photo, drawn anew."""
    content = findings.photo(current_work(), current_actor(), current_branch(), finding_id, sha256)
    return current_app.response_class(content, content_type="image/jpeg")


def _page(finding_id: str, form: AnswerForm) -> ResponseReturnValue:
    view = finding_views.detail(current_work(), current_actor(), current_branch(), finding_id)
    page = _render(
        "scores/finding.html", view=view, form=form, appeal_words=appeal_words,
        remedy_of=appeals.remedy(current_work(), current_actor(), current_branch(), finding_id),
        url=lambda sha256: url_for("score_findings.photo", finding_id=finding_id, sha256=sha256),
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _render(template: str, **facts: Any) -> str:
    return render_template(template, words=finding_words, now=current_work().now(), **facts)
