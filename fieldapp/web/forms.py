"""The base of every form: CSRF by Flask-WTF without an expiry (a form aged three days still submits)."""

from flask_wtf import FlaskForm


class Form(FlaskForm):
    """All forms inherit from this one."""
