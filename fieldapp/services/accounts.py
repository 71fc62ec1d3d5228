"""Who may sign in and as what: adding, changing, disabling, new passwords. Knows nothing of cookies or pages."""

from dataclasses import replace
from typing import get_args

from fieldapp.domain.access import ROLES, TOKEN_LOGIN, Actor, Role, require
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode, TeamCode, is_code
from fieldapp.domain.visits.events import Language
from fieldapp.services import password_rules
from fieldapp.services.branches import clean_name
from fieldapp.services.installation import MAIN
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, branches, invitations, sign_ins
from fieldapp.storage.accounts import Account

__all__ = ["Account"]
#: Who speaks in facts beside staff: nobody may sign in under these names and be taken for them.
RESERVED = frozenset({"office", "customer"})


def add_account(
    work: Work,
    actor: Actor,
    *,
    login: str,
    name: str,
    role: str,
    password: str | None,
    branch: str | None = None,
    team: str | None = None,
) -> Account:
    """A new account; without a password its owner chooses one (`invitations`).

    Without `branch` and `team`: branch `main` and its first team, as far as the role has any.
    Raises `Invalid` with the field at fault, `Conflict("login_taken")`.
    """
    require(actor, "accounts.manage")
    hashed = None if password is None else work.passwords.hash(password_rules.accepted(password, login=login))
    with work.write() as db:
        if not is_code(login):
            raise Invalid("login_malformed", field="login", value=login)
        if is_reserved(login) or accounts.find_like(db, login) is not None:
            raise Conflict("login_taken", field="login", login=login)
        account = Account(
            account_id=AccountId(work.new_id()),
            login=StaffCode(login),
            name=clean_name(name),
            role=_role(role),
            branch=None,
            team=None,
            locale=None,
            created_at=work.now(),
        )
        account = _placed(db, account, branch, team)
        accounts.add(db, account, hashed)
        _audit(work, db, actor, "account.added", account, role=role, team=account.team)
    return account


def change_account(
    work: Work, actor: Actor, login: str, *, name: str, role: str, branch: str | None, team: str | None
) -> Account:
    """Another name, role, branch or team; in force on the account's very next request."""
    require(actor, "accounts.manage")
    with work.write() as db:
        before = _get(db, login)
        if before.role == "admin" and role != "admin":
            _keep_an_admin(db, before)
        after = _placed(db, replace(before, name=clean_name(name), role=_role(role)), branch, team)
        accounts.save(db, after)
        _audit(work, db, actor, "account.changed", after, before=before.role, role=after.role, team=after.team)
    return after


def reset_password(work: Work, actor: Actor, login: str, password: str) -> None:
    """Another password, given by an admin: ends all sessions and a link to choose one, forgets the known browsers."""
    require(actor, "accounts.manage")
    hashed = work.passwords.hash(password_rules.accepted(password, login=login))
    with work.write() as db:
        account = _get(db, login)
        accounts.set_password(db, account.account_id, hashed)
        sign_ins.end_all(db, account.account_id)
        sign_ins.forget_browsers(db, account.account_id)
        invitations.remove(db, account.account_id)
        _audit(work, db, actor, "account.password_reset", account)


def change_password(work: Work, actor: Actor, *, sign_in_id: str, current: str, new: str) -> None:
    """One's own password; every other session of the account ends, and a link to choose one."""
    with work.read() as db:
        stored = accounts.password_hash(db, actor.account_id)
    if not work.passwords.matches(password_rules.normal(current) or "", stored):
        raise Invalid("password_wrong", field="current")
    hashed = work.passwords.hash(password_rules.accepted(new, login=actor.login))
    with work.write() as db:
        accounts.set_password(db, actor.account_id, hashed)
        sign_ins.end_all(db, actor.account_id, but=sign_in_id)
        invitations.remove(db, actor.account_id)
        _audit(work, db, actor, "account.password_changed", _get(db, actor.login))


def disable_account(work: Work, actor: Actor, login: str) -> None:
    """Nobody signs in with it any more; sessions end at once. What the person did stays."""
    require(actor, "accounts.manage")
    with work.write() as db:
        account = _get(db, login)
        if account.disabled_at is None:
            _keep_an_admin(db, account)
            accounts.save(db, replace(account, disabled_at=work.now()))
            sign_ins.end_all(db, account.account_id)
            invitations.remove(db, account.account_id)
            _audit(work, db, actor, "account.disabled", account)


def enable_account(work: Work, actor: Actor, login: str) -> None:
    """The account can be used again, with its old password."""
    require(actor, "accounts.manage")
    with work.write() as db:
        account = _get(db, login)
        if account.erased_at is not None:
            raise Conflict("account_erased", login=login)
        if account.disabled_at is not None:
            accounts.save(db, replace(account, disabled_at=None))
            _audit(work, db, actor, "account.enabled", account)


def choose_language(work: Work, actor: Actor, tag: str) -> None:
    """The language of one's own account, one of `en`, `zh-Hans`, `zh-Hant`."""
    if tag not in get_args(Language):
        raise Invalid("language_unknown", field="language", value=tag)
    with work.write() as db:
        accounts.save(db, replace(_get(db, actor.login), locale=tag))


def list_accounts(work: Work, actor: Actor) -> list[Account]:
    """All accounts by login."""
    require(actor, "accounts.manage")
    with work.read() as db:
        return accounts.accounts(db)


def get_account(work: Work, actor: Actor, login: str) -> Account:
    """The account with this login."""
    require(actor, "accounts.manage")
    with work.read() as db:
        return _get(db, login)


def acting_as(work: Work, actor: Actor, login: str) -> Actor:
    """Whom a command is run for; the audit says that it was one. Raises `NotFound`, `Conflict("account_disabled")`."""
    account = get_account(work, actor, login)
    if account.disabled_at is not None:
        raise Conflict("account_disabled", login=login)
    return replace(account.actor, at_console=True)


def is_empty(work: Work) -> bool:
    """Whether there is no account at all yet: the first start."""
    with work.read() as db:
        return accounts.count(db) == 0


def is_reserved(code: str) -> bool:
    """Whether a staff code could be taken for one of those who speak beside staff: office, customer, programs."""
    return code.lower() in RESERVED or code.lower().startswith(TOKEN_LOGIN)


def _get(db: Db, login: str) -> Account:
    account = accounts.find_by_login(db, login)
    if account is None:
        raise NotFound("account_unknown", field="login", login=login)
    return account


def _placed(db: Db, account: Account, branch: str | None, team: str | None) -> Account:
    """The account in its branch and team, checked: the admin has none, only technicians have a team."""
    if account.role == "admin":
        return replace(account, branch=None, team=None)
    code = branch or MAIN
    if branches.find(db, code) is None:
        raise Invalid("branch_unknown", field="branch", value=code)
    if account.role != "technician":
        return replace(account, branch=BranchCode(code), team=None)
    if not team:
        found = branches.teams(db, code)
        if not found:
            raise Invalid("team_missing", field="team", branch=code)
        team = next((each.code for each in found if each.code == MAIN), found[0].code)
    if not branches.has_team(db, code, team):
        raise Invalid("team_unknown", field="team", value=team, branch=code)
    return replace(account, branch=BranchCode(code), team=TeamCode(team))


def _keep_an_admin(db: Db, account: Account) -> None:
    """Without an admin nobody could make one on the pages any more."""
    admins = accounts.accounts(db, role="admin", with_disabled=False)
    if account.role == "admin" and [each.login for each in admins] == [account.login]:
        raise Conflict("last_admin", field="role", login=account.login)


def _role(role: str) -> Role:
    if role not in ROLES:
        raise Invalid("role_unknown", field="role", value=role, roles=", ".join(ROLES))
    return role


def _audit(work: Work, db: Db, actor: Actor, action: str, account: Account, **facts: object) -> None:
    audit.append(
        db,
        account.branch,
        entry_id=work.new_id(),
        now=work.now(),
        actor=actor.login,
        action=action,
        subject=account.login,
        facts=facts,
    )
