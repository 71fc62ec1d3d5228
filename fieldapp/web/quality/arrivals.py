"""`/quality/findings/arrivals/`: arrivals whose time nobody can rely on, and the decision about each."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from fieldapp.domain.calendar import Window, month_of, parse_month, shifted
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.services import arrivals, findings
from fieldapp.web import evidence_words, visit_words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form
from fieldapp.web.guards import only

blueprint = Blueprint("arrivals", __name__)


class ArrivalForm(Form):
    """In time or late, what that rests on, and why; `in_time` comes from the button that was pressed."""

    in_time = HiddenField()
    finding_id = HiddenField()
    basis = RadioField(
        _l("What it rests on"), validate_choice=False,
        choices=[
            SelectChoice("evidence", _l("the evidence on this page (kept as a spot check)")),
            SelectChoice("customer", _l("what the customer said on the phone (kept as a call-back)")),
        ],
    )  # fmt: skip
    note = TextAreaField(_l("Reason"), [Length(max=findings.NOTE_LIMIT)])


@blueprint.get("/arrivals/")
def index() -> ResponseReturnValue:
    """The month's arrivals in doubt: to be decided, decided, and how many of everybody's they are."""
    this = month_of(current_work().now(), current_zone())
    month = parse_month(request.args["month"]) if request.args.get("month") else this
    board = arrivals.board(current_work(), current_actor(), month)
    return render_template(
        "quality/arrivals.html", board=board, before=shifted(month, -1), window_of=_window, words=evidence_words,
        after=shifted(month, 1) if month < this else None,
    )  # fmt: skip


@blueprint.get("/arrivals/<visit_id>")
def detail(visit_id: str) -> ResponseReturnValue:
    """One of them with its evidence."""
    return _page(visit_id, ArrivalForm(formdata=None, finding_id=current_work().new_id()))


@blueprint.post("/arrivals/<visit_id>")
@only("quality")
def decide(visit_id: str) -> ResponseReturnValue:
    """Decide; whoever was slower than a colleague sees what that one decided."""
    form = ArrivalForm()
    if form.validate_on_submit():
        try:
            finding = arrivals.decide(
                current_work(), current_actor(), visit_id, in_time={"yes": True, "no": False}.get(form.in_time.data),
                basis=form.basis.data or "", reason=form.note.data or "", finding_id=form.finding_id.data or "",
            )  # fmt: skip
        except Conflict as error:
            flash(sentence(error), "warn")
            return redirect(url_for("arrivals.detail", visit_id=visit_id), 303)
        except DomainError as error:
            form.refuse(error)
            return _page(visit_id, form, STATUS[type(error)])
        flash(_("Decided. It counts at once; a closed month stays, and can be adjusted."), "good")
        return redirect(url_for("findings.detail", branch=current_branch(), finding_id=finding), 303)
    return _page(visit_id, form, 422)


def _page(visit_id: str, form: ArrivalForm, status: int = 200) -> ResponseReturnValue:
    found = arrivals.detail(current_work(), current_actor(), visit_id)
    page = render_template(
        "quality/arrival.html", found=found, one=found.one, form=form, window=_window(found.one), words=evidence_words,
        visit_words=visit_words, branch=current_branch(), may_decide=current_actor().role == "quality",
        photo_url=lambda sha: url_for("sync_photos.photo", sha256=sha, visit=visit_id),
    )  # fmt: skip
    return page, status


def _window(one: arrivals.Doubtful) -> Window:
    return Window(one.judgement.promised_start, one.judgement.promised_end)
