"""A technician's own appeals: writing one beside what it is about, and reading what became of it."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from flask_wtf.file import MultipleFileField
from wtforms import TextAreaField
from wtforms.validators import Length

from fieldapp.domain.access import Actor
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.domain.ids import BranchCode, EventId, VisitId
from fieldapp.services import appeal_views, appeals
from fieldapp.services.appeals import Filed, Ground, Subject
from fieldapp.services.work import Work
from fieldapp.web import appeal_words, evidence_words, visit_words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form
from fieldapp.web.oneself import is_own
from fieldapp.web.scores.ways import visit_links
from fieldapp.web.templating import lastday

blueprint = Blueprint("my_appeals", __name__)

#: As many photos as may be attached, of the largest size.
LARGEST = 50 * 1024 * 1024


class AppealForm(Form):
    """What the technician says, and photos."""

    text = TextAreaField(_l("How was it really?"), [Length(max=appeals.TEXT_LIMIT)])
    photos = MultipleFileField(_l("Photos"))


@blueprint.get("/appeals/")
def index() -> ResponseReturnValue:
    """Everything that one has appealed, latest first."""
    found = appeal_views.list_own(current_work(), current_actor())
    return _render("scores/appeals.html", found=found)


@blueprint.get("/appeals/<appeal_id>")
def detail(appeal_id: str) -> ResponseReturnValue:
    """One appeal: what was said, until when it is answered, what was decided and why."""
    found = appeal_views.detail(current_work(), current_actor(), current_branch(), appeal_id)
    return _render(
        "scores/appeal.html", found=found, lines=appeal_words.lines(found), mine=is_own(found.view.technician),
        visit_links=visit_links(current_actor().login, [found.view.filed.visit]),
        url=lambda sha256: url_for("my_appeals.photo", appeal_id=appeal_id, sha256=sha256),
    )  # fmt: skip


@blueprint.get("/appeals/<appeal_id>/photos/<sha256>")
def photo(appeal_id: str, sha256: str) -> Response:
    """A photo, drawn anew."""
    content = appeal_views.picture(current_work(), current_actor(), current_branch(), appeal_id, sha256)
    return current_app.response_class(content, content_type="image/jpeg")


@blueprint.route("/visits/<visit_id>/appeal/<item>", methods=["GET", "POST"])
def of_item(visit_id: str, item: str) -> ResponseReturnValue:
    """Appeal an item of a visit."""
    return _file(Subject(visit=VisitId(visit_id), item=item))


@blueprint.route("/findings/<finding_id>/appeal", methods=["GET", "POST"])
def of_finding(finding_id: str) -> ResponseReturnValue:
    """Appeal a finding."""
    return _file(Subject(finding=EventId(finding_id)))


def _file(subject: Subject) -> ResponseReturnValue:
    """The form; or the appeal, where there is one already. A refusal keeps every word and every photo.

    The form token is checked here: before, photos may be too large to be read.
    """
    request.max_content_length = LARGEST
    form, kept, status = AppealForm(), list[str](), 200
    ground = appeals.what_counts(*_who(), subject)
    known = ground.proof.appeal
    if known is not None and not ground.proof.is_open_to_appeal:
        return redirect(url_for("my_appeals.detail", appeal_id=known.id), 303)
    if form.is_submitted():
        try:
            filed = _send(form, subject, kept)
        except DomainError as error:
            form.refuse(error)
            status = STATUS.get(type(error), 422)
        else:
            if filed is not None:
                day = lastday(ground.answered_by)
                flash(_("Your appeal is on record. The answer is due by the end of %(day)s.", day=day), "good")
                return redirect(url_for("my_appeals.detail", appeal_id=filed.appeal.id), 303)
            status = 422
    return _form(form, ground, kept), status


def _send(form: AppealForm, subject: Subject, kept: list[str]) -> Filed | None:
    """File what was typed; None when the form itself finds fault. `kept` gets the photos."""
    valid = form.validate()
    if "csrf_token" in form.errors:
        raise CSRFError()
    kept += request.form.getlist("kept")[: appeals.MOST_PHOTOS]
    for one in form.photos.data or []:
        if one and one.filename:
            kept.append(appeals.attach(*_who(), one.read()))
    return appeals.file(*_who(), subject, form.text.data or "", kept) if valid else None


def _form(form: AppealForm, ground: Ground, kept: list[str]) -> str:
    ends = ground.proof.ends
    return _render(
        "scores/appeal_new.html", form=form, kept=kept, most=appeals.MOST_PHOTOS, ground=ground,
        is_late=ends is not None and current_work().now() >= ends, late=sentence(Conflict("appeal_late")),
        line=evidence_words.line(ground.proof, ground.names, ground.numbers),
        visit_links=visit_links(current_actor().login, [ground.proof.visit]),
    )  # fmt: skip


def _who() -> tuple[Work, Actor, BranchCode]:
    return current_work(), current_actor(), current_branch()


def _render(template: str, **facts: Any) -> str:
    return render_template(
        template, words=appeal_words, visit_words=visit_words, zone=current_zone(), now=current_work().now(), **facts
    )
