"""`/scores/closing/`: a month's close. What still stands open, the figures as they are, and the two people's steps."""

from collections.abc import Callable
from io import BytesIO

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import HiddenField

from fieldapp.domain.access import Actor
from fieldapp.domain.calendar import Month, parse_month
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import closing, exports
from fieldapp.services.table_files import MEDIA, Form, table
from fieldapp.services.work import Work
from fieldapp.web import score_words, visit_words
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.forms import Form as BaseForm
from fieldapp.web.fresh import fresh
from fieldapp.web.guards import only
from fieldapp.web.scores.months import neighbours

blueprint = Blueprint("closing", __name__)


_FORMS: dict[str, Form] = {"csv": "csv", "xlsx": "xlsx"}


class SeenForm(BaseForm):
    """What the reader saw when they pressed the button: the fingerprint of the figures."""

    seen = HiddenField()


@blueprint.get("/<branch>/<month>/")
def page(branch: str, month: str) -> ResponseReturnValue:
    """The month on its way to being closed, or closed."""
    return _page(branch, parse_month(month))


@blueprint.post("/<branch>/<month>/propose")
@fresh
def propose(branch: str, month: str) -> ResponseReturnValue:
    """The first person's step."""
    done = _("Proposed. Somebody else of management or quality has to confirm the same figures.")
    return _act(closing.propose, branch, month, done)


@blueprint.post("/<branch>/<month>/confirm")
@fresh
def confirm(branch: str, month: str) -> ResponseReturnValue:
    """The second person's step."""
    return _act(closing.confirm, branch, month, _("Closed. From now on these figures never change."))


@blueprint.post("/<branch>/<month>/withdraw")
def withdraw(branch: str, month: str) -> ResponseReturnValue:
    """Take the proposal back."""

    def act(work: Work, actor: Actor, code: BranchCode, parsed: Month, _seen: str) -> None:
        closing.withdraw(work, actor, code, parsed)

    return _act(act, branch, month, _("The proposal was withdrawn."))


@blueprint.get("/<branch>/<month>/payroll.<form>")
@only("manager")
def payroll(branch: str, month: str, form: str) -> ResponseReturnValue:
    """The closed figures as a table for whoever pays."""
    kind = _FORMS.get(form)
    if kind is None:
        raise NotFound()
    target = BytesIO()
    with table(kind, target, "scores", exports.COLUMNS["scores"], bom=True) as put:
        exports.payroll(current_work(), current_actor(), BranchCode(branch), parse_month(month), put)
    response = make_response(target.getvalue())
    response.content_type = MEDIA[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="payroll-{branch}-{month}.{kind}"'
    return response


def _act(
    act: Callable[[Work, Actor, BranchCode, Month, str], object], branch: str, month: str, done: str
) -> ResponseReturnValue:
    """One step; a conflict shows the month as it stands now, with the reason."""
    form, parsed = SeenForm(), parse_month(month)
    try:
        if form.validate_on_submit():
            act(current_work(), current_actor(), BranchCode(branch), parsed, form.seen.data or "")
            flash(done, "good")
    except Conflict as error:
        return _page(branch, parsed, error)
    return redirect(url_for("closing.page", branch=branch, month=month), 303)


def _page(branch: str, month: Month, refused: Conflict | None = None) -> ResponseReturnValue:
    actor = current_actor()
    view = closing.preview(current_work(), actor, BranchCode(branch), month)
    page = render_template(
        "scores/closing.html", view=view, form=SeenForm(formdata=None), refused=refused and sentence(refused),
        sentence=sentence, is_own=branch == actor.branch, score_words=score_words, visit_words=visit_words,
        url=lambda other: url_for("closing.page", branch=branch, month=other), **neighbours(month),
    )  # fmt: skip
    return page, STATUS[Conflict] if refused else 200
