"""Employees who have left: everything that is stored about them, and their erasure once it has been kept long enough.

Owns who may be erased when. The staff code stays, as do scores, findings and signed months: what was paid has to be
shown for as long as the law says. The name in a signed month is part of what was signed and stays there, too.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from fieldapp.domain.access import Actor, require
from fieldapp.domain.errors import Conflict, NotFound
from fieldapp.services import erasing, stored_file
from fieldapp.services.work import Db, Work
from fieldapp.storage import accounts, audit, saved_filters, stored
from fieldapp.storage.accounts import Account
from fieldapp.storage.erase_list import EraseList, Line

ERASED = "employee.erased"


def everything(work: Work, actor: Actor, login: str) -> Iterator[dict[str, Any]]:
    """Each thing with its `kind`; that it was asked for is audited. Raises `NotFound`."""
    require(actor, "persons.export")
    with work.write() as db:
        account = _get(db, login)
        audit.append(
            db, account.branch, entry_id=work.new_id(), now=work.now(), actor=actor.login, action="person.exported",
            subject=login,
        )  # fmt: skip
    if account.role == "technician":
        yield from stored_file.everything(work, account.actor)
        return
    yield {"kind": "account", "login": account.login, "name": account.name, "role": account.role,
           "branch": account.branch, "locale": account.locale, "created_at": account.created_at,
           "disabled_at": account.disabled_at}  # fmt: skip
    with work.read() as db:
        done = stored.noted(db, account.branch or audit.COMPANY, login, 1_000_000)
        searches = saved_filters.of(db, account.branch, login) if account.branch else []
    for saved in searches:
        yield {"kind": "saved_filter", "name": saved.name, "wish": dict(saved.wish), "saved_at": saved.saved_at}
    for one in done:
        yield {"kind": "audit", "number": one.number, "recorded_at": one.at, "action": one.action,
               "subject": one.subject, "actor": one.by}  # fmt: skip
    yield from stored_file.elsewhere(work, account.actor)


def erase(work: Work, actor: Actor, erase_list: EraseList, login: str, kept: timedelta | None) -> None:
    """Replace the person by their staff code. Raises `NotFound`, `Conflict`: account_active, account_recent (they are
    `kept` so long after they left; None: for ever), account_erased."""
    require(actor, "persons.erase")
    with work.read() as db:
        account = _get(db, login)
    if account.erased_at is not None:
        raise Conflict("account_erased", login=login)
    if account.disabled_at is None:
        raise Conflict("account_active", login=login)
    if kept is None or work.now() < account.disabled_at + kept:
        raise Conflict("account_recent", login=login, days="∞" if kept is None else kept.days)
    erasing.write_down(erase_list, [Line("", account.account_id, work.now())])
    _erase(work, actor, account.account_id)
    work.database.scrub()


def again(work: Work, actor: Actor, lines: list[Line]) -> int:
    """After a backup was restored: erase whom it still names. Returns how many."""
    return sum(_erase(work, actor, line.id) for line in lines if not line.branch)


def from_database(work: Work) -> list[Line]:
    """What the database knows of erased employees, in the form of the list."""
    with work.read() as db:
        return [Line("", one.account_id, one.erased_at) for one in accounts.accounts(db) if one.erased_at]


def _erase(work: Work, actor: Actor, account_id: str) -> bool:
    now = work.now()
    with work.write() as db:
        account = accounts.find(db, account_id)
        if account is None or account.erased_at is not None:
            return False
        accounts.empty(db, account, now)
        audit.append(
            db, account.branch, entry_id=work.new_id(), now=now, actor=actor.login, action=ERASED,
            subject=account.login,
        )  # fmt: skip
    return True


def _get(db: Db, login: str) -> Account:
    account = accounts.find_by_login(db, login)
    if account is None:
        raise NotFound("account_unknown", field="login", login=login)
    return account
