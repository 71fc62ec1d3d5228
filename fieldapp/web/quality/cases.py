"""`/quality/`: the desk where complaints, repudiations and praise are answered. Reads and appends; nothing edits."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from fieldapp.domain.errors import Invalid
from fieldapp.services import cases
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form

blueprint = Blueprint("quality", __name__)

KINDS = {"complaint": _l("Complaint"), "repudiation": _l("Not their signature"), "commendation": _l("Praise")}
OUTCOMES = {"upheld": _l("Upheld"), "dismissed": _l("Not upheld")}
ENTRIES = {
    "opened": _l("The customer wrote"), "note": _l("Note"), "outcome": _l("Outcome"), "reply": _l("Reply"),
    "apology": _l("Apology"),
}  # fmt: skip


class NoteForm(Form):
    """What was found out."""

    note = TextAreaField(_l("Note for colleagues"), [Length(max=cases.TEXT_LIMIT)])


class CloseForm(Form):
    """Outcome, reply, apology."""

    outcome = RadioField(
        _l("Outcome"), choices=[SelectChoice(code, label) for code, label in OUTCOMES.items()], validate_choice=False
    )
    reply = TextAreaField(_l("Reply to the customer"), [Length(max=cases.TEXT_LIMIT)])
    apology = TextAreaField(_l("Apology"), [Length(max=cases.TEXT_LIMIT)])


@blueprint.get("/")
def desk() -> ResponseReturnValue:
    """The branch's cases: open ones that wait longest first, or closed ones."""
    state = "closed" if request.args.get("state") == "closed" else "open"
    kind = request.args.get("kind") or None
    found = cases.desk(current_work(), current_actor(), state, kind if kind in KINDS else None)
    page = "quality/desk.html"
    return render_template(page, found=found, state=state, kind=kind, kinds=KINDS, now=current_work().now())


@blueprint.get("/cases/<case_id>")
def case(case_id: str) -> ResponseReturnValue:
    """One case with its history."""
    return _page(case_id, NoteForm(), CloseForm())


@blueprint.post("/cases/<case_id>/notes")
def note(case_id: str) -> ResponseReturnValue:
    """Add a note."""
    form = NoteForm()
    if form.validate_on_submit():
        try:
            cases.add_note(current_work(), current_actor(), case_id, form.note.data or "")
        except Invalid as error:
            form.note.errors = [sentence(error)]
        else:
            return redirect(url_for("quality.case", case_id=case_id), 303)
    return _page(case_id, form, CloseForm(formdata=None))


@blueprint.post("/cases/<case_id>/close")
def close(case_id: str) -> ResponseReturnValue:
    """Close with an outcome and a reply, once."""
    form = CloseForm()
    if form.validate_on_submit():
        try:
            cases.close(
                current_work(), current_actor(), case_id, outcome=form.outcome.data or "", reply=form.reply.data or "",
                apology=form.apology.data or "",
            )  # fmt: skip
        except Invalid as error:
            form[error.field or "reply"].errors = [sentence(error)]
        else:
            flash(_("Closed. The customer sees the answer on their own page."), "good")
            return redirect(url_for("quality.case", case_id=case_id), 303)
    return _page(case_id, NoteForm(formdata=None), form)


def _page(case_id: str, note_form: NoteForm, close_form: CloseForm) -> ResponseReturnValue:
    view = cases.detail(current_work(), current_actor(), case_id)
    page = render_template(
        "quality/case.html", view=view, note_form=note_form, close_form=close_form, kinds=KINDS, outcomes=OUTCOMES,
        entries=ENTRIES,
    )  # fmt: skip
    return page, 422 if note_form.errors or close_form.errors else 200
