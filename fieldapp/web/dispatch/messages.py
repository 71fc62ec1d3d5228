"""What customers are told, in which words, and when not: edited and looked at by dispatchers and managers."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from fieldapp.domain.errors import DomainError, NotFound
from fieldapp.domain.messages import KINDS, PLACES
from fieldapp.services import messages
from fieldapp.web import message_words as words
from fieldapp.web.context import current_actor, current_branch, current_settings, current_work
from fieldapp.web.forms import Form
from fieldapp.web.locale import LANGUAGES

blueprint = Blueprint("dispatch_messages", __name__)


class RulesForm(Form):
    """What is sent, and the quiet hours."""

    on = SelectMultipleField(
        _l("What is sent"), choices=[SelectChoice(*one) for one in words.KINDS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )  # fmt: skip
    quiet_from = TimeField(_l("Quiet from"))
    quiet_to = TimeField(_l("until"))


class WordsForm(Form):
    """Words for one kind in one language."""

    subject = StringField(_l("Subject, in mails"))
    body = TextAreaField(_l("Text"))


@blueprint.route("/messages/", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """All kinds with their languages, and the rules."""
    who = current_work(), current_actor(), current_branch()
    found = messages.book(*who)
    on = [kind for kind in KINDS if kind not in found.rules.off]
    form = RulesForm(on=on, quiet_from=found.rules.quiet_from, quiet_to=found.rules.quiet_to)
    if form.validate_on_submit():
        messages.save_rules(*who, form.on.data, form.quiet_from.data, form.quiet_to.data)
        flash(_("Saved. It applies to everything that is sent from now on."), "good")
        return redirect(url_for("dispatch_messages.index"), 303)
    page = render_template("dispatch/messages.html", book=found, form=form, words=words, languages=LANGUAGES,
                           settings=current_settings())  # fmt: skip
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/messages/<kind>/<language>", methods=["GET", "POST"])
def edit(kind: str, language: str) -> ResponseReturnValue:
    """One text: looked at with an invented visit, then saved."""
    who = current_work(), current_actor(), current_branch()
    now = messages.book(*who).words.get((kind, language))
    if now is None:
        raise NotFound()
    form = WordsForm(subject=now.subject, body=now.body)
    text = kind, language, form.subject.data or "", form.body.data or ""
    shown = None
    try:
        if form.is_submitted() and form.validate() and "save" in request.form:
            messages.save_words(*who, *text)
            flash(_("Saved. It applies to everything that is sent from now on."), "good")
            return redirect(url_for("dispatch_messages.index"), 303)
        shown = messages.preview(*who, *text)
    except DomainError as error:
        form.refuse(error)
    page = render_template(
        "dispatch/message.html", form=form, kind=words.KINDS[kind], language=LANGUAGES[language], tag=language,
        shown=shown, blanks=PLACES, now=now,
    )  # fmt: skip
    return page, 422 if form.errors else 200
