"""Links by which people choose their own password: shown to the admin once, mailed where that works."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.errors import DomainError
from fieldapp.services import accounts, invitations
from fieldapp.services.accounts import Account
from fieldapp.web.admin.accounts import new_page
from fieldapp.web.admin.forms import InvitationForm, NewAccountForm
from fieldapp.web.context import current_actor, current_settings, current_work
from fieldapp.web.errors import sentence
from fieldapp.web.fresh import fresh
from fieldapp.web.locale import current_language

blueprint = Blueprint("admin_invitations", __name__)


@blueprint.post("/accounts")
@fresh
def invite() -> ResponseReturnValue:
    """Make an account, and the link by which its owner chooses a password."""
    form = NewAccountForm()
    try:
        invitations.check_address(form.address())
        account, secret = invitations.invite(
            current_work(), current_actor(), login=(form.login.data or "").strip(), name=form.name.data or "",
            role=form.role.data or "", **form.place(),
        )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return new_page(form), 422
    return _made(account, secret, form.address())


@blueprint.post("/accounts/<login>/invitation")
@fresh
def make(login: str) -> ResponseReturnValue:
    """A new link for somebody who forgot the password; the link before ends."""
    address = InvitationForm().address()
    account = accounts.get_account(current_work(), current_actor(), login)
    try:
        invitations.check_address(address)
    except DomainError as error:
        flash(sentence(error), "bad")
        return redirect(url_for("admin.account", login=login), 303)
    return _made(account, invitations.make(current_work(), current_actor(), login), address)


@blueprint.post("/accounts/<login>/invitation/revoke")
def revoke(login: str) -> ResponseReturnValue:
    """The link opens nothing any more."""
    invitations.revoke(current_work(), current_actor(), login)
    flash(_("The link opens nothing any more."), "good")
    return redirect(url_for("admin.account", login=login), 303)


def _made(account: Account, secret: str, address: str) -> ResponseReturnValue:
    """The link, this once."""
    settings, path = current_settings(), url_for("invited.enter", secret=secret)
    base = settings.base_url
    link = base + path if base else url_for("invited.enter", secret=secret, _external=True)
    server = settings.mail_server if address else None
    sent = server and invitations.send(current_work(), server, account, address, link, current_language())
    return render_template("admin/invited.html", account=account, link=link, address=address, sent=sent)
