"""Links by which people choose their own password: the first one, or another when it is forgotten.

Nobody but its owner ever knows a password. Owns how long a link opens, that it is used once, and its letter; refuses to
know of pages.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Conflict, Invalid, NotFound
from fieldapp.domain.messages import is_email
from fieldapp.services import accounts as account_services
from fieldapp.services import mail, password_rules
from fieldapp.services.accounts import Account
from fieldapp.services.mail import MailServer, Unsent
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, invitations, sign_ins
from fieldapp.storage.invitations import Invitation

__all__ = ["Invitation"]
#: Over a weekend; whoever comes later asks for another.
LASTS = timedelta(days=3)
_LETTER = {
    "en": (
        "Your account for home visits",
        "Hello {name},\n\nchoose your own password here, once, before {day} (UTC):\n{link}\n\nYour login is {login}. "
        "If you expected no such letter, leave it be and tell your administrator.\n",
    ),
    "zh-Hans": (
        "您的上门服务账号",
        "{name}，您好：\n\n请在 {day}（UTC）之前打开以下链接，设定您自己的密码（只能用一次）：\n{link}\n\n"
        "您的登录名是 {login}。如果您没有预期收到此信，请不要理会，并告诉管理员。\n",
    ),
    "zh-Hant": (
        "您的到府服務帳號",
        "{name}，您好：\n\n請在 {day}（UTC）之前打開以下連結，設定您自己的密碼（只能用一次）：\n{link}\n\n"
        "您的登入名稱是 {login}。如果您沒有預期收到此信，請不要理會，並告訴管理員。\n",
    ),
}


def invite(work: Work, actor: Actor, **account: Any) -> tuple[Account, str]:
    """A new account without a password (`accounts.add_account`), and the secret of the link to choose one."""
    with work.write() as db:
        joined = work.within(db)
        added = account_services.add_account(joined, actor, password=None, **account)
        return added, make(joined, actor, added.login)


def make(work: Work, actor: Actor, login: str) -> str:
    """The secret of a new link for an account; the one before ends, the password does not yet. Shown once.

    Raises `NotFound`, `Conflict("account_disabled")`.
    """
    require(actor, "accounts.manage")
    secret, now = secrets.token_urlsafe(32), work.now()
    with work.write() as db:
        account = _get(db, login)
        if account.disabled_at is not None:
            raise Conflict("account_disabled", login=login)
        invitations.replace(db, _hash(secret), Invitation(account.account_id, now, now + LASTS))
        _audit(work, db, actor, "account.invited", account)
    return secret


def revoke(work: Work, actor: Actor, login: str) -> None:
    """The link opens nothing any more. Raises `NotFound`, also where there was none."""
    require(actor, "accounts.manage")
    with work.write() as db:
        account = _get(db, login)
        if not invitations.remove(db, account.account_id):
            raise NotFound()
        _audit(work, db, actor, "account.invitation_revoked", account)


def find_waiting(work: Work, actor: Actor, login: str) -> Invitation | None:
    """The link of the account that still opens."""
    require(actor, "accounts.manage")
    with work.read() as db:
        found = invitations.of_account(db, _get(db, login).account_id)
    return found if found and work.now() < found.expires_at else None


def open_link(work: Work, secret: str) -> Account:
    """Whose password can be chosen with it. Raises `NotFound("invitation_gone")`: used, over, revoked or made up."""
    with work.read() as db:
        return _open(db, secret, work.now())


def accept(work: Work, secret: str, password: str) -> Account:
    """Set the password, once; whatever was signed in with the old one is signed out.

    Raises `Invalid` (field `password`), `NotFound("invitation_gone")`.
    """
    hashed = work.passwords.hash(password_rules.accepted(password, login=open_link(work, secret).login))
    with work.write() as db:
        account = _open(db, secret, work.now())
        if not invitations.use(db, _hash(secret)):
            raise NotFound("invitation_gone")
        accounts.set_password(db, account.account_id, hashed)
        sign_ins.end_all(db, account.account_id)
        sign_ins.forget_browsers(db, account.account_id)
        _audit(work, db, account.actor, "account.password_chosen", account)
    return account


def check_address(address: str) -> None:
    """Raise `Invalid("email_malformed")` for what is no mail address; nothing is none, too."""
    if address and not is_email(address):
        raise Invalid("email_malformed", field="email", value=address)


def send(work: Work, server: MailServer, account: Account, address: str, link: str, language: str) -> bool:
    """Mail the link, right now: a queue would have to keep the secret. False where the mail server did not take it."""
    subject, body = _LETTER[account.locale or language]
    day = f"{work.now() + LASTS:%Y-%m-%d %H:%M}"
    text = body.format(name=account.name, login=account.login, link=link, day=day)
    try:
        mail.send(server, address, subject, text, account.locale or language, work.new_id(), work.now())
    except Unsent:
        return False
    return True


def _open(db: Db, secret: str, now: datetime) -> Account:
    found = invitations.find(db, _hash(secret)) if len(secret) <= 100 else None
    account = accounts.find(db, found.account_id) if found and now < found.expires_at else None
    if account is None or account.disabled_at is not None:
        raise NotFound("invitation_gone")
    return account


def _get(db: Db, login: str) -> Account:
    account = accounts.find_by_login(db, login)
    if account is None:
        raise NotFound("account_unknown", field="login", login=login)
    return account


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _audit(work: Work, db: Db, actor: Actor, action: str, account: Account) -> None:
    audit.append(
        db, account.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action=action,
        subject=account.login,
    )  # fmt: skip
