"""`/quality/findings/checks`: the draw of spot checks, what was done and what is left; `…/check`: a look at a visit."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from fieldapp.domain.calendar import Month, month_of, parse_month, shifted
from fieldapp.domain.call_backs import MOST_SHARE, SHARE
from fieldapp.domain.errors import DomainError
from fieldapp.domain.findings import Draft
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.domain.spot_checks import MOST, QUOTA
from fieldapp.services import finding_views, findings, rulebooks, spot_checks
from fieldapp.web import score_words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.forms import Form
from fieldapp.web.guards import only

blueprint = Blueprint("spot_checks", __name__)

STATES = {"done": ("good", _l("done")), "due": ("warn", _l("due")), "coming": ("", _l("to come"))}


class CommitForm(Form):
    """How often everybody is checked in the month, and how many customers are called back."""

    month = HiddenField()
    quota = IntegerField(_l("Checks of each technician"), [Optional(), NumberRange(1, MOST)], default=QUOTA)
    share = IntegerField(
        _l("Call-backs, percent of signed visits"), [Optional(), NumberRange(1, MOST_SHARE)], default=SHARE
    )


class LookForm(Form):
    """A look at a visit, or at a technician. What was seen of the items is read beside it (`_seen`)."""

    finding_id = HiddenField()
    visit = StringField(_l("Order number"), [Length(max=64)])
    technician = SelectField(_l("Technician"), validate_choice=False)
    note = TextAreaField(_l("What was seen"), [Length(max=findings.NOTE_LIMIT)])


@blueprint.get("/checks")
def index() -> ResponseReturnValue:
    """The month's draw: who is due, what was done, what is left."""
    return _board(CommitForm(formdata=None))


@blueprint.post("/checks")
@only("quality")
def commit() -> ResponseReturnValue:
    """Commit to a seed; nothing else about the draw can be chosen."""
    form = CommitForm()
    if form.validate_on_submit():
        month = parse_month(form.month.data or "")
        try:
            spot_checks.commit(
                current_work(), current_actor(), current_branch(), month, form.quota.data or QUOTA,
                form.share.data or SHARE,
            )  # fmt: skip
        except DomainError as error:
            form.refuse(error)
        else:
            flash(_("The draw for %(month)s is fixed, and its seal is in the audit chain.", month=month), "good")
            return redirect(url_for("spot_checks.index", month=month), 303)
    return _board(form)


@blueprint.route("/check", methods=["GET", "POST"])
@only("quality")
def look() -> ResponseReturnValue:
    """Everything that was seen at one visit, in one form; what was not looked at says nothing."""
    form = LookForm(
        finding_id=current_work().new_id(), visit=request.args.get("visit"), technician=request.args.get("technician")
    )
    people = finding_views.list_technicians(current_work(), current_actor())
    form.technician.choices = [
        SelectChoice("", _("whose visit it is")),
        *(SelectChoice(one.code, f"{one.name} ({one.code})") for one in people),
    ]
    book = rulebooks.in_force(current_work(), current_actor(), month_of(current_work().now(), current_zone()))
    seen = _seen(book)
    if form.validate_on_submit():
        drafts = [_draft(form, code, is_fine) for code, is_fine in seen.items()]
        try:
            made = findings.record_many(
                current_work(), current_actor(), drafts, order=form.visit.data or "",
                finding_id=form.finding_id.data or "",
            )  # fmt: skip
        except DomainError as error:
            form.refuse(error)
        else:
            return _done(made, seen)
    page = render_template("quality/check.html", form=form, book=book, seen=seen, items=score_words.ITEMS)
    return page, 422 if form.errors else 200


def _seen(book: Rulebook) -> dict[str, bool]:
    """What the form says of each item that was looked at."""
    said = {item.code: request.form.get(f"item-{item.code}") for item in book.items}
    return {code: one == "yes" for code, one in said.items() if one in ("yes", "no")}


def _draft(form: LookForm, code: str, is_fine: bool) -> Draft:
    note = "" if is_fine else form.note.data or ""
    return Draft(source="spot_check", technician=form.technician.data or "", item=code, favourable=is_fine, note=note)


def _done(made: Any, seen: dict[str, bool]) -> ResponseReturnValue:
    """To the first thing that was not as it should be, where photos can be added; else back to what is left to do."""
    flash(ngettext("%(num)s finding recorded.", "%(num)s findings recorded.", len(seen)), "good")
    bad = next((one for one, is_fine in zip(made, seen.values(), strict=False) if not is_fine), None)
    if bad is None:
        return redirect(url_for("spot_checks.index"), 303)
    return redirect(url_for("findings.detail", branch=current_branch(), finding_id=bad), 303)


def _board(form: CommitForm) -> ResponseReturnValue:
    this = month_of(current_work().now(), current_zone())
    month = parse_month(request.args["month"]) if request.args.get("month") else this
    board = spot_checks.board(current_work(), current_actor(), month)
    page = render_template(
        "quality/checks.html", board=board, form=form, states=STATES, this_month=this, before=shifted(month, -1),
        after=shifted(month, 1) if month <= this else None, wanted=_wanted(board, this),
        may_record=current_actor().role == "quality",
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _wanted(board: spot_checks.Board, this: Month) -> Month | None:
    """The month whose seed can be committed to from here: the one shown, or the next one from this month's page."""
    if board.draw is None:
        return board.month if board.month in (this, board.next_month) else None
    return board.next_month if board.month == this and board.next_draw is None else None
