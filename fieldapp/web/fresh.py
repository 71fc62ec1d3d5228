"""Acts for which one says once more who one is, unless one did a short time ago (`sign_ins.FRESH`).

The question comes as the answer to the act itself and carries what was typed: answered rightly, the act goes on.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, after_this_request, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import PasswordField, StringField

from fieldapp.domain.errors import DomainError
from fieldapp.services import sign_ins
from fieldapp.web import errors, sessions
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.forms import Form

#: Set on a view that `fresh` guards; read by a test that lists them all.
FRESH = "_fieldapp_fresh"
PROOF = "proof"


class PasswordProof(Form):
    """For whoever has no second factor."""

    proof = PasswordField(_l("Password"))


class CodeProof(Form):
    """For whoever has one."""

    proof = StringField(_l("One-time code"))


def fresh(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only those through who proved lately who they are, or do so now."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return _ask_if_stale() or view(*args, **kwargs)

    setattr(wrapped, FRESH, True)
    return wrapped


def _ask_if_stale() -> ResponseReturnValue | None:
    """The question, where it has to be asked; None once it need not be."""
    if current_user.is_fresh:
        return None
    form = CodeProof() if current_user.has_second_factor else PasswordProof()
    if PROOF not in request.form:
        return _page(form), 401
    try:
        secret = sign_ins.prove(current_work(), current_actor(), current_user.sign_in_id, form.proof.data or "")
    except DomainError as error:
        answer = errors.refused(error)
        form.refuse(error)
        answer.set_data(_page(form))
        return answer

    @after_this_request
    def renew(response: Response) -> Response:
        sessions.renew_in(response, secret, current_actor())
        return response

    return None


def _page(form: PasswordProof | CodeProof) -> str:
    kept = [(name, value) for name, value in errors.typed() if name != PROOF]
    return render_template("auth/again.html", form=form, kept=kept, by_code=isinstance(form, CodeProof))
