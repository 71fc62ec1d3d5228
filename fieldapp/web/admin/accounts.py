"""The admin's pages for accounts: list, change, disable. How people get a password: `invitations`."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from fieldapp.domain.access import ROLES
from fieldapp.domain.errors import DomainError, NotFound
from fieldapp.domain.ids import BranchCode
from fieldapp.services import (
    accounts,
    branches,
    invitations,
    oneself,
    phones,
    quarantine,
    second_factors,
    sign_ins,
    sync_devices,
)
from fieldapp.services.accounts import Account
from fieldapp.web.admin.forms import AccountForm, InvitationForm, NewAccountForm
from fieldapp.web.context import current_actor, current_settings, current_work
from fieldapp.web.fresh import fresh

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
    return new_page(NewAccountForm(role="technician"))


@blueprint.get("/accounts/<login>")
def account(login: str) -> ResponseReturnValue:
    """One account and what can be done with it."""
    found = accounts.get_account(current_work(), current_actor(), login)
    team = f"{found.branch}/{found.team}" if found.team else ""
    return _account(found, AccountForm(name=found.name, role=found.role, branch=found.branch, team=team))


@blueprint.post("/accounts/<login>")
@fresh
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


@blueprint.post("/accounts/<login>/devices/<sign_in_id>/end")
def end_session(login: str, sign_in_id: str) -> ResponseReturnValue:
    """Sign the account out on one device."""
    sign_ins.end_of(current_work(), current_actor(), login, sign_in_id)
    flash(_("That device is signed out."), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/devices/end")
def end_sessions(login: str) -> ResponseReturnValue:
    """Sign the account out everywhere."""
    sign_ins.end_of(current_work(), current_actor(), login)
    flash(_("They are signed out everywhere."), "good")
    return redirect(url_for("admin.account", login=login), 303)


@blueprint.post("/accounts/<login>/second-factor/take")
@fresh
def take_second_factor(login: str) -> ResponseReturnValue:
    """For who lost phone and recovery codes: the password alone lets in again."""
    second_factors.take(current_work(), current_actor(), login)
    flash(_("The second factor is taken away, and they are signed out everywhere."), "good")
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


def new_page(form: NewAccountForm) -> str:
    """The form of a new account."""
    _offer(form)
    return render_template("admin/account_new.html", form=form, mails=current_settings().mail_server is not None)


def _account(found: Account, form: AccountForm) -> str:
    _offer(form)
    work, actor = current_work(), current_actor()
    return render_template(
        "admin/account.html", account=found, form=form, phones=phones.list_of_account(work, actor, found.login),
        devices=sign_ins.list_of(work, actor, found.login), here=current_user.sign_in_id,
        waiting=invitations.find_waiting(work, actor, found.login), link_form=InvitationForm(formdata=None),
        mails=current_settings().mail_server is not None, factor=second_factors.standing(work, actor, found.login),
        still_open=oneself.still_open(work, actor, found.login),
    )  # fmt: skip


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
