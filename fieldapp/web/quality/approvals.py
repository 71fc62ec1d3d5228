"""`/quality/approvals/`: late changes that customers asked for, decided by a second person. Shows no customer."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from fieldapp.domain.errors import DomainError, Forbidden
from fieldapp.services import adjustment_views, approvals, closing
from fieldapp.web import planning_words
from fieldapp.web.context import current_actor, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form

blueprint = Blueprint("approvals", __name__)


class DecideForm(Form):
    """Yes or no, and why; `outcome` comes from the button that was pressed."""

    outcome = HiddenField()
    reason = TextAreaField(_l("Reason"), [Length(max=approvals.REASON_LIMIT)])


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits, longest first; or what was decided, latest first."""
    state = "decided" if request.args.get("state") == "decided" else "open"
    read = approvals.list_decided if state == "decided" else approvals.list_waiting
    found = read(current_work(), current_actor())
    months = closing.list_waiting(current_work(), current_actor()) if state == "open" else []
    adjusted = adjustment_views.list_waiting(current_work(), current_actor()) if state == "open" else []
    return render_template(
        "quality/approvals.html", found=found, months=months, adjusted=adjusted, state=state, words=planning_words
    )


@blueprint.get("/<branch>/<approval_id>")
def detail(branch: str, approval_id: str) -> ResponseReturnValue:
    """One request."""
    return _page(branch, approval_id, DecideForm())


@blueprint.post("/<branch>/<approval_id>")
def decide(branch: str, approval_id: str) -> ResponseReturnValue:
    """Approve or decline, once; a refusal shows the request as it stands now, with the reason still typed."""
    form, status = DecideForm(), 422
    if form.validate_on_submit():
        try:
            decided = approvals.decide(
                current_work(), current_actor(), branch, approval_id, form.outcome.data, form.reason.data or ""
            )
        except Forbidden:
            raise
        except DomainError as error:
            form.refuse(error)
            status = STATUS[type(error)]
        else:
            done = _("Approved. The window has moved.") if decided.state == "approved" else _("Declined.")
            flash(done, "good")
            return redirect(url_for("approvals.detail", branch=branch, approval_id=approval_id), 303)
    return _page(branch, approval_id, form, status)


def _page(branch: str, approval_id: str, form: DecideForm, status: int = 200) -> ResponseReturnValue:
    view = approvals.detail(current_work(), current_actor(), branch, approval_id)
    page = render_template(
        "quality/approval.html", view=view, form=form, words=planning_words, zone=current_zone(), sentence=sentence
    )
    return page, status
