"""The base of every form: CSRF by Flask-WTF without an expiry (a form aged three days still submits)."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms.i18n import get_translations

from fieldapp.domain.errors import DomainError
from fieldapp.web.errors import PHOTOS_LOST, sentence
from fieldapp.web.locale import current_language

_WTFORMS = {"en": "en", "zh-Hans": "zh", "zh-Hant": "zh_TW"}


class Form(FlaskForm):
    """All forms inherit from this one."""

    class Meta(FlaskForm.Meta):
        """How forms read a request, and in which language their ready-made sentences are."""

        def get_translations(self, form: FlaskForm) -> Any:
            """WTForms knows Chinese by country, not by script; left to itself it answers all in simplified signs."""
            return get_translations([_WTFORMS[current_language()]])

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            """What was typed. Never a JSON body (fields expect text), never U+0000 (nobody types it)."""
            if request.is_json:
                return None
            found = super().wrap_formdata(form, formdata)
            if not found:
                return found
            items = found.items(multi=True)
            return MultiDict([(name, one.replace("\x00", "") if isinstance(one, str) else one) for name, one in items])

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Not what was sent once more without its files: that is shown, with everything else, to choose them anew."""
        is_fine = super().validate(*args, **kwargs)
        if request.form.get(PHOTOS_LOST):
            self.form_errors.append(_("Files and photos could not be kept. Choose them again, then send it."))
            return False
        return bool(is_fine)

    def refuse(self, error: DomainError) -> None:
        """Show a service's refusal at the field that it names, else above the form; nothing typed is lost."""
        field = self._fields.get(error.field or "")
        if field is None:
            self.form_errors.append(sentence(error))
        else:
            field.errors = [*field.errors, sentence(error)]
