"""The base of every form: CSRF by Flask-WTF without an expiry (a form aged three days still submits)."""

from flask_wtf import FlaskForm

from fieldapp.domain.errors import DomainError
from fieldapp.web.errors import sentence


class Form(FlaskForm):
    """All forms inherit from this one."""

    def refuse(self, error: DomainError) -> None:
        """Show a service's refusal at the field that it names, else above the form; nothing typed is lost."""
        field = self._fields.get(error.field or "")
        if field is None:
            self.form_errors.append(sentence(error))
        else:
            field.errors = [*field.errors, sentence(error)]
