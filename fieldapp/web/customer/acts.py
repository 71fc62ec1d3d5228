"""What customers do through their own link. The read-only receipt finds nothing here."""

import json
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from fieldapp.domain.errors import Conflict, Invalid
from fieldapp.domain.visits.signoff import is_weak, statement_hash
from fieldapp.services import link_acts
from fieldapp.services.receipts import LinkView
from fieldapp.web.context import current_work
from fieldapp.web.customer import words
from fieldapp.web.customer.door import behind_link, blueprint
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form

#: Act -> title of its page, question, word on its button.
REPORTS = {
    "commend": (_l("Praise"), _l("What was good?"), _l("Send praise")),
    "complain": (_l("Complaint"), _l("What went wrong?"), _l("Send complaint")),
    "repudiate": (_l("This was not me"), _l("What do you know about it?"), _l("Report this signature")),
}
#: Stars -> what they mean, the best first.
RATINGS = [
    SelectChoice("5", _l("very good")), SelectChoice("4", _l("good")), SelectChoice("3", _l("all right")),
    SelectChoice("2", _l("poor")), SelectChoice("1", _l("very poor")),
]  # fmt: skip
THANKS = {
    "confirm_visit": _l("Thank you. Your appointment is confirmed."),
    "move": _l("Thank you. Your appointment is at the new time."),
    "cancel": _l("Your appointment is cancelled. Nobody will come."),
    "confirm": _l("Thank you for confirming."),
    "access": _l("Thank you. Your technician reads this on the day of the visit."),
    "rate": _l("Thank you for your rating."),
    "rate_low": _l("We are sorry that it was not better. Tell us what went wrong: a complaint always gets an answer."),
    "sign": _l("Thank you. Your signature is on record."),
    "commend": _l("Thank you! Your words go to the technician's superiors."),
    "complain": _l("Your complaint is on record. Nobody can delete it, and you will get an answer on this page."),
    "repudiate": _l("Your report is on record. Nobody can delete it, and you will get an answer on this page."),
}


class ReportForm(Form):
    """Words to the company."""

    text = TextAreaField(validators=[Length(max=link_acts.TEXT_LIMIT)])


class RateForm(Form):
    """Stars, and words if they like."""

    stars = RadioField(
        _l("How was the visit, all in all?"),
        [InputRequired(_l("Please choose from one star to five."))],
        choices=RATINGS,
    )
    comment = TextAreaField(_l("What else would you like to say?"), [Length(max=link_acts.TEXT_LIMIT)])


class SignForm(Form):
    """Name and ink; the ink is JSON made by the page, a typed name alone is enough."""

    name = StringField(_l("Your name"), [DataRequired(_l("Please type your name.")), Length(max=200)])
    strokes = HiddenField()
    shown_ms = HiddenField()
    doc_hash = HiddenField()
    weak_ok = HiddenField()


@blueprint.post("/confirm")
@behind_link
def confirm(view: LinkView) -> ResponseReturnValue:
    """The appointment stands, or what was signed is right."""
    act = "confirm_visit" if request.form.get("act") == "confirm_visit" else "confirm"
    link_acts.confirm(current_work(), g.link, act)
    return thank(act)


@blueprint.route("/report/<act>", methods=["GET", "POST"])
@behind_link
def report(view: LinkView, act: str) -> ResponseReturnValue:
    """Praise, a complaint, *this was not me*."""
    if act not in REPORTS or not view.is_own:
        abort(404)
    form = ReportForm()
    if form.validate_on_submit():
        try:
            link_acts.report(current_work(), g.link, act, form.text.data or "")
        except Invalid as error:
            form.text.errors = [sentence(error)]
        else:
            return thank(act)
    title, question, button = REPORTS[act]
    form.text.label.text = question
    status = 422 if form.errors else 200
    return render_template("customer/report.html", view=view, form=form, act=act, title=title, button=button), status


@blueprint.route("/rate", methods=["GET", "POST"])
@behind_link
def rate(view: LinkView) -> ResponseReturnValue:
    """Stars for the visit, once."""
    if not view.is_own:
        abort(404)
    form = RateForm()
    if form.validate_on_submit():
        stars = int(form.stars.data)
        link_acts.rate(current_work(), g.link, stars, form.comment.data or "")
        return thank("rate" if stars > 2 else "rate_low")
    if "rate" not in view.offers:
        raise Conflict("act_done" if "rate" in view.acts else "act_closed")
    return render_template("customer/rate.html", view=view, form=form), 422 if form.errors else 200


@blueprint.route("/sign", methods=["GET", "POST"])
@behind_link
def sign(view: LinkView) -> ResponseReturnValue:
    """Sign later: the statement, a pad, a name."""
    if not view.is_own or not ("sign" in view.offers or "sign" in view.acts):
        abort(404)
    if "sign" in view.acts and request.method == "GET":
        return redirect(url_for("customer.page"), 303)
    form, weak = SignForm(), False
    doc = view.receipt.statement if view.receipt.statement is not None else words.statement(view)
    if form.validate_on_submit():
        strokes = _strokes(form.strokes.data)
        weak = bool(strokes) and is_weak(strokes) and form.weak_ok.data != "1"
        if not weak:
            link_acts.sign(
                current_work(), g.link, doc=doc, doc_hash=form.doc_hash.data or "", name=form.name.data or "",
                strokes=strokes, shown_ms=_number(form.shown_ms.data),
            )  # fmt: skip
            return thank("sign")
    form.doc_hash.data = statement_hash(doc)
    form.weak_ok.data = "1" if weak else ""
    page = render_template("customer/sign.html", view=view, form=form, doc=doc, weak=weak, words=words)
    return page, 422 if form.errors or weak else 200


def thank(act: str) -> ResponseReturnValue:
    """Back to the page, with a word about what was done."""
    flash(str(THANKS[act]), "good")
    return redirect(url_for("customer.page"), 303)


def _strokes(text: str | None) -> list[Any]:
    """The ink as sent; what is no list of points is refused with the form's own words by `link_acts.sign`."""
    try:
        strokes = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise Invalid("schema_invalid", field="strokes", path="strokes", problem=_("not readable")) from None
    points_only = isinstance(strokes, list) and all(
        isinstance(stroke, list) and all(_is_point(point) for point in stroke) for stroke in strokes
    )
    if not points_only:
        raise Invalid("schema_invalid", field="strokes", path="strokes", problem=_("not readable"))
    return strokes


def _is_point(point: object) -> bool:
    return isinstance(point, list) and 2 <= len(point) <= 4 and all(
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 for value in point
    )  # fmt: skip


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0
