"""The admin's pages for accounts: list, add, change, new password, disable."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from fieldapp.domain.access import ROLES
from fieldapp.domain.errors import DomainError, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import accounts, branches, phones, quarantine, sync_devices
from fieldapp.services.accounts import Account
from fieldapp.web.admin.forms import AccountForm, NewAccountForm, PasswordForm
from fieldapp.web.context import current_actor, current_work

blueprint = Blueprint("admin", __name__)
PAGE = 50


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """All accounts; narrowed by words, role and state, sorted, page by page."""
    words, role, state = (request.args.get(name, "") for name in ("q", "role", "state"))
    found = [
        account
        for account in accounts.list_accounts(current_work(), current_actor())
        if _matches(account, words) and role in {"", account.role} and state in {"", _state(account)}
    ]
    sort = request.args.get("sort", "login")
    if sort in {"name", "role", "branch"}:
        found.sort(key=lambda account: (getattr(account, sort) or "", account.login))
    if descending := request.args.get("down") == "1":
        found.reverse()
    count = max(1, -(-len(found) // PAGE))
    page = min(max(request.args.get("page", 1, int), 1), count)
    return render_template(
        "admin/accounts.html", accounts=found[(page - 1) * PAGE : page * PAGE], total=len(found), page=page,
        count=count, sort=sort, descending=descending, words=words, role=role, state=state, roles=ROLES, at=_at,
        quarantined=quarantine.count_waiting(current_work(), current_actor()),
    )  # fmt: skip


@blueprint.get("/accounts/new")
def new() -> ResponseReturnValue:
    """An empty form."""
    return _new(NewAccountForm(role="technician"))


@blueprint.post("/accounts")
def add() -> ResponseReturnValue:
    """Make the account."""
    form = NewAccountForm()
    try:
        account = accounts.add_account(
            current_work(), current_actor(), login=(form.login.data or "").strip(), name=form.name.data or "",
            role=form.role.data or "", password=form.password.data or "", **form.place(),
        )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _new(form), 422
    flash(_("%(name)s can sign in now.", name=account.name), "good")
    return redirect(url_for("admin.index"), 303)


@blueprint.get("/accounts/<login>")
def account(login: str) -> ResponseReturnValue:
    """One account and what can be done with it."""
    found = accounts.get_account(current_work(), current_actor(), login)
    team = f"{found.branch}/{found.team}" if found.team else ""
    return _account(found, AccountForm(name=found.name, role=found.role, branch=found.branch, team=team))


@blueprint.post("/accounts/<login>")
def change(login: str) -> ResponseReturnValue:
    """Another name, role or place, from the next request on."""
    found, form = accounts.get_account(current_work(), current_actor(), login), AccountForm()
    try:
        accounts.change_account(
            current_work(), current_actor(), login, name=form.name.data or "", role=form.role.data or "",
            **form.place(),
        )  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _account(found, form), 422
    flash(_("Saved. It is in force from the next click on."), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/password")
def password(login: str) -> ResponseReturnValue:
    """Another password; all sessions end."""
    found, form = accounts.get_account(current_work(), current_actor(), login), PasswordForm()
    try:
        accounts.reset_password(current_work(), current_actor(), login, form.password.data or "")
    except DomainError as error:
        form.refuse(error)
        fresh = AccountForm(formdata=None, name=found.name, role=found.role, branch=found.branch)
        return _account(found, fresh, form), 422
    flash(_("The password is changed; %(name)s is signed out everywhere.", name=found.name), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/disable")
def disable(login: str) -> ResponseReturnValue:
    """Nobody signs in with it any more."""
    accounts.disable_account(current_work(), current_actor(), login)
    flash(_("The account is disabled. What was done with it stays."), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/enable")
def enable(login: str) -> ResponseReturnValue:
    """It can be used again."""
    accounts.enable_account(current_work(), current_actor(), login)
    flash(_("The account can be used again."), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/phones/<device_id>/revoke")
def revoke_phone(login: str, device_id: str) -> ResponseReturnValue:
    """Take a phone of the account out of use."""
    sync_devices.revoke(current_work(), current_actor(), _branch_of_phone(login, device_id), device_id)
    flash(_("That phone is out of use. It shows no visits any more; what it still sends is kept."), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/phones/<device_id>/restore")
def restore_phone(login: str, device_id: str) -> ResponseReturnValue:
    """Let it be used again."""
    sync_devices.restore(current_work(), current_actor(), _branch_of_phone(login, device_id), device_id)
    flash(_("That phone can be used again."), "good")
    return redirect(url_for("admin.account", login=login), 303)


def _branch_of_phone(login: str, device_id: str) -> BranchCode:
    own = phones.list_of_account(current_work(), current_actor(), login)
    found = next((one.device for one in own if one.device.device_id == device_id), None)
    if found is None:
        raise NotFound()
    return BranchCode(found.branch)


def _new(form: NewAccountForm) -> str:
    _offer(form)
    return render_template("admin/account_new.html", form=form)


def _account(found: Account, form: AccountForm, password_form: PasswordForm | None = None) -> str:
    _offer(form)
    password_form = password_form or PasswordForm(formdata=None)
    own = phones.list_of_account(current_work(), current_actor(), found.login)
    return render_template("admin/account.html", account=found, form=form, password_form=password_form, phones=own)


def _offer(form: AccountForm) -> None:
    work, actor = current_work(), current_actor()
    form.offer(branches.list_branches(work, actor), branches.list_teams(work, actor))


def _at(**changes: str | int) -> str:
    """The address of the same list, sorted or paged otherwise."""
    kept = {name: request.args[name] for name in ("q", "role", "state", "sort", "down", "page") if name in request.args}
    return url_for("admin.index", **{**kept, **changes})


def _matches(account: Account, words: str) -> bool:
    text = f"{account.login} {account.name} {account.branch or ''} {account.team or ''}".casefold()
    return all(word in text for word in words.casefold().split())


def _state(account: Account) -> str:
    return "disabled" if account.disabled_at else "active"
