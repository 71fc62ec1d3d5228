"""Whoever was invited chooses a password here: by a link, once, without an account to sign in with.

The secret leaves the address at the first visit (docs/adr/0010); reading changes nothing.
"""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import Invalid, NotFound
from fieldapp.services import invitations
from fieldapp.services.accounts import Account
from fieldapp.web import locale
from fieldapp.web.auth.forms import ChooseForm
from fieldapp.web.auth.views import limiter
from fieldapp.web.context import current_work

blueprint = Blueprint("invited", __name__)
#: In the signed form cookie: the secret of the link.
INVITED = "invited"


@blueprint.get("/<secret>")
@limiter.limit("60 per 5 minutes", deduct_when=lambda response: response.status_code >= 400)
def enter(secret: str) -> ResponseReturnValue:
    """Take the secret out of the address."""
    try:
        invitations.open_link(current_work(), secret)
    except NotFound:
        return _gone()
    session[INVITED] = secret
    return redirect(url_for("invited.choose"), 303)


@blueprint.get("/")
def choose() -> ResponseReturnValue:
    """The form."""
    try:
        return _page(ChooseForm(), _account())
    except NotFound:
        return _gone()


@blueprint.post("/")
def accept() -> ResponseReturnValue:
    """Set the password, then on to the door."""
    form = ChooseForm()
    try:
        account = _account()
        if form.password.data != form.again.data:
            raise Invalid("password_differs", field="again")
        invitations.accept(current_work(), session[INVITED], form.password.data or "")
    except Invalid as error:
        form.refuse(error)
        return _page(form, account), 422
    except NotFound:
        return _gone()
    session.pop(INVITED)
    flash(_("Your password is set. Sign in as %(login)s.", login=account.login), "good")
    return redirect(url_for("auth.login"), 303)


def _account() -> Account:
    account = invitations.open_link(current_work(), session.get(INVITED, ""))
    if request.cookies.get(locale.cookie()) is None and account.locale:
        locale.speak(account.locale)
    return account


def _page(form: ChooseForm, account: Account) -> str:
    return render_template("auth/invited.html", form=form, account=account)


def _gone() -> ResponseReturnValue:
    return render_template("auth/invited.html", form=None), 404
