"""Everything that is stored about a technician, for themselves: how much of what, and where each is read.

Owns that it is one's own. What is kept about customers is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.errors import NotFound
from fieldapp.services import phones, sign_ins
from fieldapp.services.work import Work
from fieldapp.storage import accounts, stored
from fieldapp.storage.accounts import Account
from fieldapp.storage.stored import MonthLine, Noted

__all__ = ["MonthLine", "Noted", "Stored"]
#: Entries of the audit chain on the page.
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Stored:
    """All of it, counted; `noted` are the latest entries of the audit chain, of `noted_in_all`."""

    account: Account
    months: Sequence[MonthLine]
    sign_ins: int
    phones: int
    appeals: int
    statements: int
    causes: int
    noted: Sequence[Noted]
    noted_in_all: int

    def total(self, kind: str) -> int:
        """Visits, findings or adjustments of all months."""
        return sum(getattr(one, kind) for one in self.months)


def about_me(work: Work, actor: Actor) -> Stored:
    """What is stored about the actor. Raises `Forbidden` for who is no technician of a branch."""
    branch = own_branch(actor, "scores.own")
    devices, signed_in = phones.list_own(work, actor), sign_ins.list_own(work, actor)
    with work.read() as db:
        account = accounts.find(db, actor.account_id)
        if account is None:
            raise NotFound()
        noted, in_all = stored.noted(db, branch, actor.login, SHOWN)
        return Stored(
            account=account,
            months=stored.months(db, branch, actor.login),
            sign_ins=len(signed_in),
            phones=len(devices),
            appeals=stored.appeals(db, branch, actor.login),
            statements=stored.statements(db, branch, actor.login),
            causes=stored.causes(db, branch, actor.login),
            noted=noted,
            noted_in_all=in_all,
        )
