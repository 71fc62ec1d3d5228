"""Forms of signing in and of one's own account."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, StringField

from fieldapp.web.forms import Form


class SignInForm(Form):
    """Login and password; both are judged by the service alone."""

    login = StringField(_l("Login"))
    password = PasswordField(_l("Password"))
    next = HiddenField()


class CodeForm(Form):
    """A one-time code of an app, or a recovery code."""

    code = StringField(_l("One-time code"))
    next = HiddenField()


class PasskeyForm(Form):
    """What a device answered, and what its owner calls it."""

    answer = HiddenField()
    name = StringField(_l("Name of the device"))


class PasswordForm(Form):
    """One's own new password."""

    current = PasswordField(_l("Password until now"))
    password = PasswordField(_l("New password"))


class ChooseForm(Form):
    """A password that one chooses for the first time, or anew."""

    password = PasswordField(_l("New password"))
    again = PasswordField(_l("Once more"))
