"""`/quality/`: the desk where complaints, repudiations and praise are answered. Reads and appends; nothing edits."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.findings import NOTE_LIMIT
from fieldapp.services import cases
from fieldapp.web.case_forms import KINDS, OrderReportForm
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form
from fieldapp.web.quality.finding_choices import about_choices, draft_of

blueprint = Blueprint("quality", __name__)

STATES = ("open", "overdue", "closed")
OUTCOMES = {"upheld": _l("Upheld"), "dismissed": _l("Not upheld")}
ENTRIES = {
    "opened": _l("The customer wrote"), "note": _l("Note"), "outcome": _l("Outcome"), "reply": _l("Reply"),
    "apology": _l("Apology"), "taken": _l("Taken"), "due": _l("Put off"), "finding": _l("Finding recorded"),
    "reopened": _l("Opened again"), "caller": _l("Who called"), "visit": _l("About the visit"),
}  # fmt: skip


class NoteForm(Form):
    """What was found out."""

    note = TextAreaField(_l("Note for colleagues"), [Length(max=cases.TEXT_LIMIT)])


class CloseForm(Form):
    """Outcome, reply, apology; and what it says about the technician, if anything."""

    outcome = RadioField(
        _l("Outcome"), choices=[SelectChoice(code, label) for code, label in OUTCOMES.items()], validate_choice=False
    )
    reply = TextAreaField(_l("Reply to the customer"), [Length(max=cases.TEXT_LIMIT)])
    apology = TextAreaField(_l("Apology"), [Length(max=cases.TEXT_LIMIT)])
    about = SelectField(_l("Finding about the technician"), validate_choice=False)
    finding_note = TextAreaField(_l("What the technician is told"), [Length(max=NOTE_LIMIT)])


class DueForm(Form):
    """Another day, and why."""

    day = DateField(_l("Answer due by"), [Optional()])
    reason = TextAreaField(_l("Reason"), [Length(max=cases.TEXT_LIMIT)])


class LinkForm(Form):
    """Which visit a case is about."""

    visit = StringField(_l("Order number"), [Length(max=64)])


class ReopenForm(Form):
    """Why a closed case has to be answered anew."""

    reason = TextAreaField(_l("Reason"), [Length(max=cases.TEXT_LIMIT)])


@blueprint.get("/")
def desk() -> ResponseReturnValue:
    """The branch's cases: open ones that are due first, those whose time is over, or closed ones."""
    asked = request.args.get("state")
    state = asked if asked in STATES else "open"
    kind = request.args.get("kind") or None
    found = cases.desk(current_work(), current_actor(), state, kind if kind in KINDS else None)
    overdue = cases.count_overdue(current_work(), current_actor())
    return render_template(
        "quality/desk.html", found=found, state=state, kind=kind, kinds=KINDS, overdue=overdue, now=current_work().now()
    )


@blueprint.route("/cases/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """What a customer reports on the phone."""
    form = OrderReportForm(visit=request.args.get("visit"))
    if form.validate_on_submit():
        try:
            case_id = cases.open_by_order(
                current_work(), current_actor(), form.visit.data or "", form.kind.data or "", form.text.data or "",
                form.caller.data or "",
            )  # fmt: skip
        except Invalid as error:
            form.refuse(error)
        else:
            return redirect(url_for("quality.case", case_id=case_id), 303)
    return render_template("quality/case_new.html", form=form), 422 if form.errors else 200


@blueprint.get("/cases/<case_id>")
def case(case_id: str) -> ResponseReturnValue:
    """One case with its history."""
    return _page(case_id)


@blueprint.post("/cases/<case_id>/take")
def take(case_id: str) -> ResponseReturnValue:
    """Answer for it from now on."""
    try:
        cases.take(current_work(), current_actor(), case_id)
    except Conflict as refusal:
        flash(sentence(refusal), "warn")
    else:
        flash(_("It is yours now."), "good")
    return _back(case_id)


@blueprint.post("/cases/<case_id>/number")
def number(case_id: str) -> ResponseReturnValue:
    """The same page with the customer's number."""
    return _page(case_id, number=cases.reveal_number(current_work(), current_actor(), case_id))


@blueprint.post("/cases/<case_id>/notes")
def note(case_id: str) -> ResponseReturnValue:
    """Add a note."""
    form = NoteForm()
    return _act(
        case_id, "note_form", form,
        lambda: cases.add_note(current_work(), current_actor(), case_id, form.note.data or ""),
    )  # fmt: skip


@blueprint.post("/cases/<case_id>/due")
def put_off(case_id: str) -> ResponseReturnValue:
    """Give it another day."""
    form = DueForm()

    def act() -> None:
        if form.day.data is None:
            raise Invalid("case_due", field="day")
        cases.put_off(current_work(), current_actor(), case_id, form.day.data, form.reason.data or "")

    return _act(case_id, "due_form", form, act)


@blueprint.post("/cases/<case_id>/visit")
def link(case_id: str) -> ResponseReturnValue:
    """Say which visit it is about."""
    form = LinkForm()
    return _act(
        case_id, "link_form", form,
        lambda: cases.link(current_work(), current_actor(), case_id, form.visit.data or ""),
    )  # fmt: skip


@blueprint.post("/cases/<case_id>/close")
def close(case_id: str) -> ResponseReturnValue:
    """Close with an outcome and a reply, once."""
    form = CloseForm()

    def act() -> None:
        view = cases.detail(current_work(), current_actor(), case_id)
        source = "praise" if view.case.kind == "commendation" else "complaint"
        about, said = form.about.data or "", form.finding_note.data or ""
        finding = draft_of(source, about, source == "praise", said) if about else None
        cases.close(
            current_work(), current_actor(), case_id, outcome=form.outcome.data or "", reply=form.reply.data or "",
            apology=form.apology.data or "", finding=finding,
        )  # fmt: skip
        flash(_("Closed. The customer sees the answer on their own page."), "good")

    return _act(case_id, "close_form", form, act)


@blueprint.post("/cases/<case_id>/reopen")
def reopen(case_id: str) -> ResponseReturnValue:
    """Answer a closed case anew."""
    form = ReopenForm()
    return _act(
        case_id, "reopen_form", form,
        lambda: cases.reopen(current_work(), current_actor(), case_id, form.reason.data or ""),
    )  # fmt: skip


def _act(case_id: str, name: str, form: Form, act: Callable[[], None]) -> ResponseReturnValue:
    """Do what the form says and show the case; refused, it comes back beside the others with what was typed."""
    if form.validate_on_submit():
        try:
            act()
        except Invalid as error:
            # A finding's note is another field here than the note for colleagues.
            renamed = Invalid(error.code, field="finding_note", **error.facts) if error.field == "note" else error
            form.refuse(renamed if isinstance(form, CloseForm) else error)
        else:
            return _back(case_id)
    return _page(case_id, **{name: form})


def _back(case_id: str) -> ResponseReturnValue:
    return redirect(url_for("quality.case", case_id=case_id), 303)


def _page(case_id: str, **given: Any) -> ResponseReturnValue:
    view = cases.detail(current_work(), current_actor(), case_id)
    empty = {"note_form": NoteForm, "close_form": CloseForm, "due_form": DueForm, "reopen_form": ReopenForm}
    empty |= {"link_form": LinkForm}
    forms = {name: given.get(name) or make(formdata=None) for name, make in empty.items()}
    forms["close_form"].about.choices = about_choices(_("none"), praise=view.case.kind == "commendation")
    page = render_template(
        "quality/case.html", view=view, kinds=KINDS, outcomes=OUTCOMES, entries=ENTRIES, number=given.get("number"),
        may_record=current_actor().role == "quality", **forms,
    )  # fmt: skip
    return page, 422 if any(form.errors for form in forms.values()) else 200
