"""Findings about one technician, as they read them themselves: everything that is stored, and the way to answer."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from flask_wtf.file import MultipleFileField
from wtforms import TextAreaField
from wtforms.validators import Length

from fieldapp.domain.calendar import parse_month
from fieldapp.domain.errors import DomainError, Forbidden, NotFound
from fieldapp.services import appeals, call_backs, finding_views, findings, spot_checks
from fieldapp.web import appeal_words, finding_words
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.forms import Form
from fieldapp.web.oneself import is_own
from fieldapp.web.scores.ways import visit_links

blueprint = Blueprint("score_findings", __name__)
#: Checks the form token itself: photos may be larger than what is read for others.
answers = Blueprint("finding_answers", __name__)

#: As many photos as may be attached, of the largest size.
LARGEST = 50 * 1024 * 1024


class AnswerForm(Form):
    """What the technician says, and photos."""

    text = TextAreaField(_l("How did it happen?"), [Length(max=findings.NOTE_LIMIT)])
    photos = MultipleFileField(_l("Photos"))


@blueprint.get("/<month>/<technician>/findings")
def month(month: str, technician: str) -> ResponseReturnValue:
    """Every finding of a technician's month, whatever became of it."""
    found = finding_views.list_own(current_work(), current_actor(), current_branch(), technician, parse_month(month))
    draw = spot_checks.own(current_work(), current_actor(), current_branch(), technician, parse_month(month))
    calls = call_backs.own(current_work(), current_actor(), current_branch(), technician, parse_month(month))
    return _render(
        "scores/findings.html", found=found, month=month, technician=technician, draw=draw, calls=calls,
        visit_links=visit_links(technician, (one.finding.visit for one in found)),
    )  # fmt: skip


@blueprint.get("/findings/<finding_id>")
def detail(finding_id: str) -> ResponseReturnValue:
    """One finding with everything about it."""
    return _page(finding_id, AnswerForm(formdata=None))


@answers.post("/findings/<finding_id>")
def answer(finding_id: str) -> ResponseReturnValue:
    """Answer; what comes too late, or cannot be taken, comes back with every word and every photo.

    The form token is checked here: before, photos may be too large to be read.
    """
    request.max_content_length = LARGEST
    form, kept = AnswerForm(), list[str]()
    valid = form.validate()
    if "csrf_token" in form.errors:
        raise CSRFError()
    try:
        kept += request.form.getlist("kept")[: findings.MOST_ANSWER_PHOTOS]
        for one in form.photos.data or []:
            if one and one.filename:
                kept.append(findings.attach(current_work(), current_actor(), one.read()))
        if valid:
            findings.answer(current_work(), current_actor(), finding_id, form.text.data or "", kept)
    except (Forbidden, NotFound):
        raise
    except DomainError as error:
        form.refuse(error)
        valid = False
    if not valid:
        return _page(finding_id, form, kept)
    flash(_("Your answer is on record. Whoever decides reads it first."), "good")
    return redirect(url_for("score_findings.detail", finding_id=finding_id), 303)


@blueprint.get("/findings/<finding_id>/photos/<sha256>")
def photo(finding_id: str, sha256: str) -> Response:
    """A photo, drawn anew."""
    content = findings.photo(current_work(), current_actor(), current_branch(), finding_id, sha256)
    return current_app.response_class(content, content_type="image/jpeg")


def _page(finding_id: str, form: AnswerForm, kept: Sequence[str] = ()) -> ResponseReturnValue:
    view = finding_views.detail(current_work(), current_actor(), current_branch(), finding_id)
    reader = current_actor()
    whose = reader.login if reader.role == "technician" or reader.login in view.concerned else view.whose
    page = _render(
        "scores/finding.html", view=view, whose=whose, form=form, appeal_words=appeal_words, kept=kept,
        visit_links=visit_links(whose, [view.finding.visit]), most=findings.MOST_ANSWER_PHOTOS, mine=is_own(view.whose),
        remedy_of=appeals.remedy(current_work(), current_actor(), current_branch(), finding_id),
        url=lambda sha256: url_for("score_findings.photo", finding_id=finding_id, sha256=sha256),
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _render(template: str, **facts: Any) -> str:
    return render_template(template, words=finding_words, now=current_work().now(), **facts)
