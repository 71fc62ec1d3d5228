"""Everything that is stored about a technician, for themselves: how much of what, and where each is read.

Owns that it is one's own. What is kept about customers is not in it; the whole of it as a file is `stored_file`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fieldapp.domain.access import Actor, own_branch
from fieldapp.domain.errors import NotFound
from fieldapp.services import finding_lists, phones, sign_ins
from fieldapp.services.work import Work
from fieldapp.storage import accounts, calendar_feeds, push_subscriptions, stored
from fieldapp.storage.accounts import Account
from fieldapp.storage.stored import MonthLine, Noted, Told

__all__ = ["MonthLine", "Noted", "Stored", "Told"]
#: Entries of the audit chain on one page; calls and cases on the page.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Stored:
    """All of it, counted. `noted` is one page of the entries of the audit chain, the latest first, of `noted_in_all`;
    `older`: the cursor of the next page, where there is one. `told`: the latest calls and cases about their visits.
    `calendar_since`: when their calendar's secret address was made; `told_since`: since when which of their phones is
    told of changes."""

    account: Account
    months: Sequence[MonthLine]
    sign_ins: int
    phones: int
    calendar_since: datetime | None
    told_since: Sequence[datetime]
    checks: int
    appeals: int
    statements: int
    causes: int
    proposals: int
    calls: int
    cases: int
    told: Sequence[Told]
    noted: Sequence[Noted]
    noted_in_all: int
    older: int | None

    def total(self, kind: str) -> int:
        """Visits, findings or adjustments of all months."""
        return sum(getattr(one, kind) for one in self.months)


def about_me(work: Work, actor: Actor, *, before: int | None = None) -> Stored:
    """What is stored about the actor in their branch, or in one where they are as themselves (`services.oneself`); the
    entries of the audit chain from the one `before` on. Raises `Forbidden` for who is no technician of a branch."""
    branch, login = own_branch(actor, "scores.own"), actor.login
    devices, signed_in = phones.list_own(work, actor), sign_ins.list_own(work, actor)
    with work.read() as db:
        account = accounts.find(db, actor.account_id)
        if account is None:
            raise NotFound()
        noted = stored.noted(db, branch, login, SHOWN + 1, before, names_others=not actor.is_oneself)
        calls, cases = stored.calls(db, branch, login), stored.cases(db, branch, login)
        return Stored(
            account=account,
            months=[
                replace(one, findings=len(finding_lists.of_month(db, branch, login, one.month)))
                for one in stored.months(db, branch, login)
            ],
            sign_ins=len(signed_in),
            phones=len(devices),
            calendar_since=calendar_feeds.created_at(db, branch, login),
            told_since=push_subscriptions.created_at(db, branch, actor.account_id),
            checks=stored.checks(db, branch, login),
            appeals=stored.appeals(db, branch, login),
            statements=stored.statements(db, branch, login),
            causes=stored.causes(db, branch, login),
            proposals=stored.proposals(db, branch, login),
            calls=len(calls),
            cases=len(cases),
            told=sorted([*calls, *cases], key=lambda one: one.ended_at, reverse=True)[:SHOWN],
            noted=noted[:SHOWN],
            noted_in_all=stored.count_noted(db, branch, login),
            older=noted[SHOWN - 1].number if len(noted) > SHOWN else None,
        )
