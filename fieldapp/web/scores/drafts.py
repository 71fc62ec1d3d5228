"""`/scores/norm/drafts/`: the norm sheet's next version, drafted by one manager and published by another."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from fieldapp.domain.scoring.rulebook import Fault, Unsound
from fieldapp.services import rulebook_drafts as service
from fieldapp.services.rulebook_drafts import Form
from fieldapp.web import score_words
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.fresh import fresh
from fieldapp.web.scores import rulebook_words as words

blueprint = Blueprint("drafts", __name__)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Drafts that can still become a version."""
    return render_template(
        "scores/drafts.html", found=service.list_drafts(current_work(), current_actor()), words=words
    )


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """The form, filled with the newest version."""
    return _form(service.blank(current_work(), current_actor()))


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    """Keep a new draft; refused, the form comes back as it was typed."""
    typed = _typed()
    try:
        draft = service.create(current_work(), current_actor(), typed, typed.get("why", ""))
    except Unsound as error:
        return _form(service.blank(current_work(), current_actor()), typed, error.faults), 422
    flash(_("Draft kept. Nothing changes before another manager has confirmed it."), "good")
    return redirect(url_for("drafts.detail", draft_id=draft.draft_id), 303)


@blueprint.get("/<draft_id>/edit")
def edit(draft_id: str) -> ResponseReturnValue:
    """The form of one's own draft."""
    return _form(service.form_of(current_work(), current_actor(), draft_id))


@blueprint.post("/<draft_id>/edit")
def change(draft_id: str) -> ResponseReturnValue:
    """Keep other numbers; refused, the form comes back as it was typed."""
    typed, form = _typed(), service.form_of(current_work(), current_actor(), draft_id)
    try:
        service.change(current_work(), current_actor(), draft_id, _rev(), typed, typed.get("why", ""))
    except Unsound as error:
        return _form(form, typed, error.faults), 422
    except Conflict:
        # The same person in another window: what was typed here is shown over what is stored now.
        return _form(form, typed, (Fault("draft_changed"),)), 409
    flash(_("Draft kept. Nothing changes before another manager has confirmed it."), "good")
    return redirect(url_for("drafts.detail", draft_id=draft_id), 303)


@blueprint.get("/<draft_id>")
def detail(draft_id: str) -> ResponseReturnValue:
    """A draft: what it would change, and the next step."""
    return _page(draft_id)


@blueprint.post("/<draft_id>/<act>")
def act(draft_id: str, act: str) -> ResponseReturnValue:
    """Propose, withdraw or discard one's own draft."""
    acts = {"propose": service.propose, "withdraw": service.withdraw, "discard": service.discard}
    if act not in acts:
        raise NotFound()
    try:
        acts[act](current_work(), current_actor(), draft_id, _rev())
    except (Unsound, Conflict) as error:
        return _page(draft_id, error)
    flash({"propose": _("Proposed. It waits for another manager."), "withdraw": _("Withdrawn. You can change it."),
           "discard": _("Discarded.")}[act], "good")  # fmt: skip
    return redirect(url_for("drafts.index") if act == "discard" else url_for("drafts.detail", draft_id=draft_id), 303)


@blueprint.post("/<draft_id>/decide")
@fresh
def decide(draft_id: str) -> ResponseReturnValue:
    """Publish what was looked at, or send it back with a reason."""
    seen, reason = request.form.get("seen", ""), request.form.get("reason", "")
    try:
        if request.form.get("outcome") == "published":
            book = service.publish(current_work(), current_actor(), draft_id, seen)
            flash(
                _("Published: %(name)s is in force from %(month)s.", name=book.name, month=book.in_force_from), "good"
            )
            return redirect(url_for("norm.version", version=book.version), 303)
        service.send_back(current_work(), current_actor(), draft_id, seen, reason)
    except Forbidden:
        raise
    except (Unsound, Conflict, Invalid) as error:
        return _page(draft_id, error, reason)
    flash(_("Sent back to its author."), "good")
    return redirect(url_for("drafts.detail", draft_id=draft_id), 303)


def _typed() -> dict[str, str]:
    """What was typed. A box that is not ticked is not sent: it stays unticked."""
    return {name: value.replace("\x00", "") for name, value in request.form.items()}


def _rev() -> int:
    text = request.form.get("rev", "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _form(form: Form, typed: Mapping[str, str] | None = None, faults: tuple[Fault, ...] = ()) -> str:
    shown = typed if typed is not None else {**form.typed, "why": form.why}
    return render_template(
        "scores/draft_form.html", form=form, typed=shown, faults=words.by_field(faults), words=words,
        items=score_words.ITEMS,
    )  # fmt: skip


def _page(draft_id: str, error: DomainError | None = None, reason: str = "") -> tuple[str, int]:
    view = service.detail(current_work(), current_actor(), draft_id)
    faults = [words.fault(one) for one in error.faults] if isinstance(error, Unsound) else []
    told = [sentence(error)] if error and not faults else faults
    page = render_template(
        "scores/draft.html", view=view, words=words, items=score_words.ITEMS, disciplines=score_words.DISCIPLINES,
        told=told, reason=reason, sentence=sentence, me=current_actor().login,
    )  # fmt: skip
    return page, next((code for kind, code in STATUS.items() if isinstance(error, kind)), 200)
