"""`/quality/findings/`: what quality staff found, and the decisions of second persons. Shows no customer."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from flask_wtf.file import MultipleFileField
from wtforms import (
    DateField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional

from fieldapp.domain.calendar import month_of, parse_month
from fieldapp.domain.errors import DomainError, Forbidden
from fieldapp.domain.findings import Draft
from fieldapp.services import cases, finding_views, findings
from fieldapp.web import finding_words, score_words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form
from fieldapp.web.guards import only
from fieldapp.web.quality.finding_choices import about_choices, draft_of

blueprint = Blueprint("findings", __name__)
#: Checks the form token itself: photos may be larger than what is read for others.
uploads = Blueprint("finding_photos", __name__)

#: All photos of one form together.
LARGEST = 40 * 1024 * 1024


class FindingForm(Form):
    """A finding; what a visit says itself may be left out."""

    finding_id = HiddenField()
    case = HiddenField()
    source = RadioField(
        _l("Where it comes from"), choices=[SelectChoice(*one) for one in score_words.FINDING_SOURCES.items()],
        validate_choice=False,
    )  # fmt: skip
    visit = StringField(_l("Order number"), [Length(max=64)])
    technician = SelectField(_l("Technician"), validate_choice=False)
    occurred_on = DateField(_l("Day"), [Optional()])
    about = SelectField(_l("What it is about"), validate_choice=False)
    favourable = RadioField(
        _l("What was found"), validate_choice=False,
        choices=[SelectChoice("no", _l("not as it should be")), SelectChoice("yes", _l("as it should be"))],
    )  # fmt: skip
    note = TextAreaField(_l("What was seen or said"), [Length(max=findings.NOTE_LIMIT)])

    def offer(self) -> None:
        """Whom and what there is to choose from."""
        people = finding_views.list_technicians(current_work(), current_actor())
        self.technician.choices = [
            SelectChoice("", _("whose visit it is")),
            *(SelectChoice(one.code, f"{one.name} ({one.code})") for one in people),
        ]
        self.about.choices = about_choices(_("choose one"))

    def draft(self) -> Draft:
        """What was entered."""
        favourable = {"yes": True, "no": False}.get(self.favourable.data or "")
        return draft_of(
            self.source.data or "", self.about.data or "", favourable, self.note.data or "",
            technician=self.technician.data or "", day=self.occurred_on.data,
        )  # fmt: skip


class DecideForm(Form):
    """Upheld or dismissed, and why; `outcome` comes from the button that was pressed."""

    outcome = HiddenField()
    seen = HiddenField()
    reason = TextAreaField(_l("Reason"), [Length(max=findings.NOTE_LIMIT)])


class PhotoForm(Form):
    """Photos of what was found."""

    photos = MultipleFileField(_l("Photos"))


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits for a second person, longest first: in this branch, or everywhere."""
    everywhere = request.args.get("branches") == "all"
    found = finding_views.list_waiting(current_work(), current_actor(), everywhere=everywhere)
    return _render("quality/findings.html", found=found, everywhere=everywhere)


@blueprint.get("/all")
def month() -> ResponseReturnValue:
    """Every finding of a month, by technician or source where asked."""
    now = month_of(current_work().now(), current_zone())
    parsed = parse_month(request.args["month"]) if request.args.get("month") else now
    technician, source = request.args.get("technician") or None, request.args.get("source") or None
    page = finding_views.list_month(
        current_work(), current_actor(), parsed, technician=technician, source=source,
        page=max(1, request.args.get("page", 1, type=int)),
    )  # fmt: skip
    people = finding_views.list_technicians(current_work(), current_actor())
    return _render(
        "quality/findings_month.html", page=page, month=parsed, people=people, technician=technician, source=source
    )


@blueprint.route("/new", methods=["GET", "POST"])
@only("quality")
def new() -> ResponseReturnValue:
    """Record one; a link from elsewhere may say what is known already."""
    given = {name: request.args.get(name) for name in ("source", "visit", "technician", "about", "favourable", "case")}
    form = FindingForm(finding_id=current_work().new_id(), **{name: value for name, value in given.items() if value})
    form.offer()
    if form.validate_on_submit():
        try:
            finding = _record(form)
        except DomainError as error:
            form.refuse(error)
        else:
            flash(_("Recorded. The technician sees it on their own pages."), "good")
            return redirect(url_for("findings.detail", branch=current_branch(), finding_id=finding), 303)
    return _render("quality/finding_new.html", form=form), 422 if form.errors else 200


@blueprint.get("/<branch>/<finding_id>")
def detail(branch: str, finding_id: str) -> ResponseReturnValue:
    """One finding with everything about it."""
    return _page(branch, finding_id, DecideForm())


@blueprint.post("/<branch>/<finding_id>")
def decide(branch: str, finding_id: str) -> ResponseReturnValue:
    """Uphold or dismiss; a refusal shows the finding as it stands now, with the reason still typed."""
    form, status = DecideForm(), 422
    if form.validate_on_submit():
        try:
            findings.decide(
                current_work(), current_actor(), branch, finding_id, form.outcome.data, form.reason.data or "",
                seen=int(form.seen.data) if (form.seen.data or "").isdecimal() else -1,
            )  # fmt: skip
        except Forbidden:
            raise
        except DomainError as error:
            form.refuse(error)
            status = STATUS[type(error)]
        else:
            flash(_("Decided. It counts at once; a closed month stays, and can be adjusted."), "good")
            return redirect(url_for("findings.detail", branch=branch, finding_id=finding_id), 303)
    return _page(branch, finding_id, form, status=status)


@blueprint.get("/<branch>/<finding_id>/photos/<sha256>")
def photo(branch: str, finding_id: str, sha256: str) -> Response:
    """A photo, drawn anew."""
    content = findings.photo(current_work(), current_actor(), branch, finding_id, sha256)
    return current_app.response_class(content, content_type="image/jpeg")


@uploads.post("/<branch>/<finding_id>/photos")
@only("quality")
def add_photos(branch: str, finding_id: str) -> ResponseReturnValue:
    """Attach photos. The form token is checked here: before, the body may be too large to be read."""
    request.max_content_length = LARGEST
    form = PhotoForm()
    form.validate()
    if "csrf_token" in form.errors:
        raise CSRFError()
    contents = [one.read() for one in form.photos.data or [] if one and one.filename]
    try:
        count = findings.add_photos(current_work(), current_actor(), finding_id, contents)
    except DomainError as error:
        form.refuse(error)
        return _page(branch, finding_id, DecideForm(formdata=None), form, STATUS[type(error)])
    flash(_("Photos added: %(count)s.", count=count), "good")
    return redirect(url_for("findings.detail", branch=branch, finding_id=finding_id), 303)


def _record(form: FindingForm) -> str:
    order, finding_id = form.visit.data or "", form.finding_id.data or ""
    work, actor, case = current_work(), current_actor(), form.case.data
    if case:
        return cases.record_finding(work, actor, case, form.draft(), order=order, finding_id=finding_id)
    return findings.record(work, actor, form.draft(), order=order, finding_id=finding_id)


def _page(
    branch: str, finding_id: str, form: DecideForm, photos: PhotoForm | None = None, status: int = 200
) -> ResponseReturnValue:
    view = finding_views.detail(current_work(), current_actor(), branch, finding_id)
    form.seen.data = str(view.standing.decisions)
    page = _render(
        "quality/finding.html", view=view, form=form, photos=photos or PhotoForm(formdata=None),
        url=lambda sha256: url_for("findings.photo", branch=branch, finding_id=finding_id, sha256=sha256),
    )  # fmt: skip
    return page, status


def _render(template: str, **facts: Any) -> str:
    now = current_work().now()
    return render_template(
        template, words=finding_words, sources=score_words.FINDING_SOURCES, now=now, sentence=sentence,
        this_month=month_of(now, current_zone()), may_record=current_actor().role == "quality", **facts,
    )  # fmt: skip
