"""What a customer reports on the phone to the dispatcher: it becomes a case, which quality staff answer."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import Invalid
from fieldapp.services import cases, planning
from fieldapp.web.case_forms import OrderReportForm, ReportForm
from fieldapp.web.context import current_actor, current_branch, current_work
from fieldapp.web.dispatch.lists import overview

blueprint = Blueprint("dispatch_cases", __name__)


@blueprint.route("/case", methods=["GET", "POST"])
def call() -> ResponseReturnValue:
    """What a caller reports who has no order number at hand, or one of no visit that is open here."""
    form = OrderReportForm()
    if form.validate_on_submit():
        try:
            cases.open_by_order(
                current_work(), current_actor(), form.visit.data or "", form.kind.data or "", form.text.data or "",
                form.caller.data or "",
            )  # fmt: skip
        except Invalid as error:
            form.refuse(error)
        else:
            flash(_("It is a case now. Quality staff answer it; nobody can delete it."), "good")
            return redirect(url_for("dispatch.index"), 303)
    return render_template("dispatch/call.html", form=form, **overview()), 422 if form.errors else 200


@blueprint.route("/visits/<visit_id>/case", methods=["GET", "POST"])
def report(visit_id: str) -> ResponseReturnValue:
    """Write it down in the customer's words."""
    details = planning.get_visit(current_work(), current_actor(), current_branch(), visit_id)
    form = ReportForm()
    if form.validate_on_submit():
        try:
            cases.open_by_phone(
                current_work(), current_actor(), current_branch(), visit_id, form.kind.data or "", form.text.data or ""
            )
        except Invalid as error:
            form.refuse(error)
        else:
            flash(_("It is a case now. Quality staff answer it; nobody can delete it."), "good")
            return redirect(url_for("dispatch_visits.visit", visit_id=visit_id), 303)
    page = render_template("dispatch/case.html", form=form, details=details, **overview())
    return page, 422 if form.errors else 200
