"""One visit at the dispatcher's desk: new, look, move, assign, cancel, correct, decide. Plain pages and forms.

A refused form comes back with everything typed, the field named, and, where somebody else was faster, what they did.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import Conflict, DomainError, Invalid
from fieldapp.services import access_notes, approvals, messages, pins, planning, rulings, scheduling
from fieldapp.services.approvals import Approval
from fieldapp.services.planning import Details
from fieldapp.services.scheduling import Order, Visit
from fieldapp.web import message_words
from fieldapp.web.context import current_actor, current_branch, current_settings, current_work, current_zone
from fieldapp.web.dispatch import free_windows
from fieldapp.web.dispatch.forms import (
    AmendForm,
    AssignForm,
    CancelForm,
    DecideForm,
    MoveForm,
    OrderForm,
    PinForm,
    RevForm,
    stand,
)
from fieldapp.web.dispatch.lists import overview
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form

blueprint = Blueprint("dispatch_visits", __name__)


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """A new appointment."""
    form = OrderForm(told_at=_now(), agreed=True, language="zh-Hans", technician=request.args.get("technician", ""))
    form.offer(planning.list_technicians(current_work(), current_actor(), current_branch()))
    clash, free = None, None
    if free_windows.is_asked():
        free = free_windows.offer(form, form.job_type.data, form.district.data or "")
    elif form.validate_on_submit():
        try:
            visit = scheduling.schedule_visit(current_work(), current_actor(), current_branch(), _order(form))
        except DomainError as error:
            clash = _refuse(form, error)
        else:
            flash(_("%(number)s is scheduled.", number=visit.external_id), "good")
            return redirect(url_for("dispatch_visits.visit", visit_id=visit.visit_id), 303)
    page = render_template("dispatch/new.html", form=form, clash=clash, free=free, zone=current_zone(), **overview())
    return page, 422 if request.method == "POST" and free is None else 200


@blueprint.get("/visits/<visit_id>")
def visit(visit_id: str) -> ResponseReturnValue:
    """Everything promised and everything that happened, and what can be done."""
    details = _get(visit_id)
    told = messages.of_visit(current_work(), current_actor(), current_branch(), details.visit.visit_id)
    return render_template(
        "dispatch/visit.html", details=details, pin_form=PinForm(rev=details.visit.rev), zone=current_zone(),
        messages=told, message_words=message_words, tells_customers=current_settings().tells_customers,
        access=access_notes.of_visit(current_work(), current_actor(), current_branch(), details.visit.visit_id),
        **overview(),
    )  # fmt: skip


@blueprint.route("/visits/<visit_id>/move", methods=["GET", "POST"])
def move(visit_id: str) -> ResponseReturnValue:
    """Another window."""
    details = _get(visit_id)
    seen = details.visit
    form = MoveForm(
        rev=seen.rev, window_start=_local(seen.window.start), window_end=_local(seen.window.end), told_at=_now(),
        agreed=True, technician=seen.technician or "", duration=_minutes(seen),
    )  # fmt: skip

    stand(form, seen)
    return _change(details, "move", form, lambda: move_by(visit_id, form))


@blueprint.route("/visits/<visit_id>/assign", methods=["GET", "POST"])
def assign(visit_id: str) -> ResponseReturnValue:
    """Another technician."""
    details = _get(visit_id)
    seen = details.visit
    form = AssignForm(
        rev=seen.rev, technician=seen.technician or "", planned_start=_local(seen.planned.start),
        duration=_minutes(seen),
    )  # fmt: skip

    stand(form, seen)
    return _change(details, "assign", form, lambda: assign_by(visit_id, form))


@blueprint.route("/visits/<visit_id>/cancel", methods=["GET", "POST"])
def cancel(visit_id: str) -> ResponseReturnValue:
    """Call it off."""
    details = _get(visit_id)
    form = CancelForm(rev=details.visit.rev, told_at=_now())
    return _change(
        details,
        "cancel",
        form,
        lambda: scheduling.cancel_visit(*_who(visit_id, form), form.cancellation(current_zone())),
    )


@blueprint.route("/visits/<visit_id>/amend", methods=["GET", "POST"])
def amend(visit_id: str) -> ResponseReturnValue:
    """Correct what is written."""
    details = _get(visit_id)
    seen = details.visit
    form = AmendForm(
        rev=seen.rev, job_type=seen.job_type, customer_name=seen.customer_name, phone=seen.phone,
        address=seen.address, district=seen.district, email=seen.email, language=seen.language, note=seen.note,
        charges="; ".join(f"{one.label} {one.amount:.2f}" for one in seen.charges),
    )  # fmt: skip
    return _change(details, "amend", form, lambda: scheduling.amend_visit(*_who(visit_id, form), form.amended(seen)))


@blueprint.route("/visits/<visit_id>/decide", methods=["GET", "POST"])
def decide(visit_id: str) -> ResponseReturnValue:
    """Whether it counts."""
    details = _get(visit_id)
    form = DecideForm(rev=details.visit.rev, decision=request.args.get("decision"))
    form.offer_decisions(details.decisions)
    acts = {
        "reinstate": rulings.reinstate_visit, "leave_out": rulings.leave_facts_out, "void": rulings.void_visit,
    }  # fmt: skip
    return _change(
        details, "decide", form, lambda: acts[form.decision.data](*_who(visit_id, form), form.reason.data or "")
    )


@blueprint.post("/visits/<visit_id>/pin")
def pin(visit_id: str) -> ResponseReturnValue:
    """Hold it where it is planned, or let it go."""
    try:
        flash(pin_by(visit_id, PinForm()), "good")
    except DomainError as error:
        flash(sentence(error), "bad")
    return redirect(url_for("dispatch_visits.visit", visit_id=visit_id), 303)


def move_by(visit_id: str, form: MoveForm) -> Visit | Approval:
    """Do what a form to move a visit says; what only a second person can let through is asked for."""
    zone = current_zone()
    wanted = *_who(visit_id, form), form.change(zone), form.slot(zone)
    try:
        return scheduling.move_visit(*wanted)
    except Invalid as error:
        if error.code != "needs_second_person":
            raise
        return approvals.ask(*wanted)


def assign_by(visit_id: str, form: AssignForm) -> Visit:
    """Do what a form to assign a visit says."""
    return scheduling.assign_visit(*_who(visit_id, form), form.slot(current_zone()), form.reason.data or "")


def pin_by(visit_id: str, form: PinForm) -> str:
    """Do what a form to pin a visit says, and what is told of it then."""
    if form.off.data:
        visit = pins.unpin_visit(current_work(), current_actor(), current_branch(), visit_id)
        return _("%(number)s can be moved again.", number=visit.external_id)
    return _("%(number)s is pinned.", number=pins.pin_visit(*_who(visit_id, form)).external_id)


def _get(visit_id: str) -> Details:
    return planning.get_visit(current_work(), current_actor(), current_branch(), visit_id)


def _who(visit_id: str, form: RevForm) -> tuple[Any, ...]:
    """What every change of a visit begins with."""
    return current_work(), current_actor(), current_branch(), visit_id, form.seen()


def _change(details: Details, name: str, form: RevForm, act: Callable[[], Visit | Approval]) -> ResponseReturnValue:
    """Show the form, or do what it says; a refusal comes back as the form with what was typed."""
    clash, free, visit_id = None, None, details.visit.visit_id
    if hasattr(form, "offer"):
        form.offer(details.technicians)
    if isinstance(form, MoveForm) and free_windows.is_asked():
        free = free_windows.offer(form, details.visit.job_type, details.visit.district, details.visit)
    elif form.validate_on_submit():
        try:
            changed = act()
        except DomainError as error:
            clash = _refuse(form, error)
            details = _get(visit_id)
            form.rev.data = str(details.visit.rev)
        else:
            flash(*done(name, changed))
            return redirect(url_for("dispatch_visits.visit", visit_id=visit_id), 303)
    page = render_template(
        f"dispatch/{name}.html", form=form, details=details, clash=clash, free=free, zone=current_zone(),
        tells_customers=current_settings().tells_customers, **overview(),
    )  # fmt: skip
    return page, 422 if request.method == "POST" and free is None else 200


def _refuse(form: Form, error: DomainError) -> DomainError | None:
    """Show the refusal at its field; a conflict is handed back, for the page tells what it collides with."""
    form.refuse(error)
    return error if isinstance(error, Conflict) else None


def done(name: str, visit: Visit | Approval) -> tuple[str, str]:
    """What is said of a change that was made, and how good that is."""
    if isinstance(visit, Approval):
        return _(
            "Your request waits for a second person from quality or management. Until they approve it, the promise "
            "stays as it was."
        ), "info"
    texts = {
        "move": _("%(number)s has moved.", number=visit.external_id),
        "assign": _("%(number)s is assigned.", number=visit.external_id),
        "cancel": _("%(number)s is cancelled.", number=visit.external_id),
        "amend": _("%(number)s is corrected.", number=visit.external_id),
        "decide": _("%(number)s is decided.", number=visit.external_id),
    }
    return texts[name], "good"


def _order(form: OrderForm) -> Order:
    zone = current_zone()
    return Order(
        customer=form.customer(), promise=form.promise(zone), job_type=form.job_type.data, slot=form.slot(zone),
        external_id=form.external_id.data or "", charges=form.priced(), note=form.note.data or "",
    )  # fmt: skip


def _local(moment: Any) -> Any:
    return moment.astimezone(current_zone()).replace(tzinfo=None)


def _now() -> Any:
    return _local(current_work().now())


def _minutes(visit: Visit) -> int:
    return int((visit.planned.end - visit.planned.start).total_seconds() // 60)
