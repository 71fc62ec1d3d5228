"""`/quality/quarantine/`: what phones and imports sent and nobody could read, and what became of it. Content only on
request, and audited."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.services import quarantine
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form

blueprint = Blueprint("quarantine", __name__)

CODES: dict[str, Any] = {
    "schema_invalid": _l("The program could not read it"),
    "hash_mismatch": _l("Damaged on the way"),
    "id_conflict": _l("Its id is taken by something else"),
    "seq_conflict": _l("Its number is taken by something else"),
}
#: What to do, by code.
MEANINGS: dict[str, Any] = {
    "schema_invalid": _l(
        "A newer or faulty app wrote it. After an update of the server, try it again: it is then stored as of the day "
        "it came, in the name of who sent it. What will never be read (an app that nobody has any more, a test) you "
        "settle below."
    ),
    "hash_mismatch": _l(
        "The phone sends the undamaged copy by itself. See on the visit's page that it is there, then settle this one."
    ),
    "id_conflict": _l(
        "Two different things came under one id; the first one counts. Ask who sent it what happened, and settle it "
        "with their answer. What really happened and does not count yet, you record as a finding."
    ),
    "seq_conflict": _l(
        "Two different things came under one number of a phone; the first one counts. The phone may have been copied "
        "or tampered with: look at the phone, and settle it with what you learnt."
    ),
}
OUTCOMES: dict[str, Any] = {
    "accepted": _l("stored, it counts"), "held": _l("stored, waits for the dispatcher"),
    "duplicate": _l("was there already"),
}  # fmt: skip


class SettleForm(Form):
    """Why nothing more is to be done about it."""

    reason = TextAreaField(_l("What you found out"), [Length(max=quarantine.REASON_LIMIT)])


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What waits, or what ended."""
    state = "ended" if request.args.get("state") == "ended" else "open"
    found = quarantine.list_kept(current_work(), current_actor(), is_open=state == "open")
    return render_template("quality/quarantine.html", found=found, state=state, codes=CODES, outcomes=OUTCOMES)


@blueprint.get("/<digest>")
def detail(digest: str) -> ResponseReturnValue:
    """One thing, its content hidden."""
    return _page(digest)


@blueprint.post("/<digest>/reveal")
def reveal(digest: str) -> ResponseReturnValue:
    """The same page with the content."""
    try:
        content = quarantine.reveal(current_work(), current_actor(), digest)
    except Conflict as refusal:
        flash(sentence(refusal), "bad")
        return redirect(url_for("quarantine.detail", digest=digest), 303)
    return _page(digest, problem=content.problem, text=quarantine.shown(content.raw))[0]


@blueprint.post("/<digest>/settle")
def settle(digest: str) -> ResponseReturnValue:
    """Say that it was looked into: it waits no longer."""
    form = SettleForm()
    if not form.validate_on_submit():
        return _page(digest, form)
    try:
        quarantine.settle(current_work(), current_actor(), digest, form.reason.data or "")
    except Invalid as error:
        form.refuse(error)
        return _page(digest, form)
    except Conflict as refusal:
        flash(sentence(refusal), "warn")
    else:
        flash(_("Settled: it waits no longer. What was sent is kept as it came."), "good")
    return redirect(url_for("quarantine.detail", digest=digest), 303)


@blueprint.post("/<digest>/replay")
def replay(digest: str) -> ResponseReturnValue:
    """Try it again."""
    try:
        outcome = quarantine.replay(current_work(), current_actor(), digest)
    except Conflict as refusal:
        flash(sentence(refusal), "warn")
    else:
        flash(_("Read at last: %(outcome)s.", outcome=OUTCOMES[outcome]), "good")
    return redirect(url_for("quarantine.detail", digest=digest), 303)


@blueprint.post("/replay")
def replay_all() -> ResponseReturnValue:
    """Try everything again."""
    counts = quarantine.replay_all(current_work(), current_actor())
    read = counts.total() - counts["still"]
    flash(_("Read at last: %(read)s. Still waiting: %(still)s.", read=read, still=counts["still"]), "info")
    return redirect(url_for("quarantine.index"), 303)


def _page(digest: str, form: SettleForm | None = None, **content: str) -> tuple[str, int]:
    kept, reason = quarantine.detail(current_work(), current_actor(), digest)
    page = render_template(
        "quality/quarantined.html", kept=kept, reason=reason, codes=CODES, meanings=MEANINGS, outcomes=OUTCOMES,
        form=form or SettleForm(formdata=None),
        may_replay=kept.can_be_read and kept.code == quarantine.REPLAYABLE, **content,
    )  # fmt: skip
    return page, 422 if form else 200
