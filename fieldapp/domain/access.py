"""Who may do what (design: visit.md, People). One table, asked by every service; pages, API and commands share it."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.domain.ids import AccountId, BranchCode, StaffCode, TeamCode

Role = Literal["technician", "dispatcher", "quality", "manager", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Permission = Literal[
    "visits.read",
    "visits.search",  # find them, and see what else was at a place
    "visits.plan",  # schedule, assign, move, cancel, decide held facts, import
    "visits.work",  # record what happened on the phone
    "scores.own",
    "scores.team",
    "scores.close",  # look at a month's close and propose it
    "adjustments.read",  # how later facts differ from a closed month, and what was made of it
    "adjustments.propose",
    "norm.read",  # the norm sheet in all its versions
    "rulebooks.write",  # draft and propose its next version, or confirm what another manager proposed
    "findings.read",
    "findings.write",
    "findings.decide",  # be the second person for a finding that somebody else recorded
    "appeals.read",
    "appeals.file",  # against what counts against oneself; programs for whom they name
    "appeals.decide",  # those of others, where one had no hand in it
    "cases.open",  # write down what a customer reports on the phone
    "cases.read",
    "cases.write",
    "causes.record",  # say why a visit was late; technicians of their own
    "causes.read",
    "fairness.read",  # sums of the branch, for everybody in it
    "demand.read",  # when visits are promised, and when promises break: sums for planning shifts
    "causes.confirm",  # be the second person for it
    "changes.approve",  # be the second person for what somebody else entered or proposed
    "events.import",
    "accounts.manage",
    "audit.read",  # of every chain
    "branches.manage",
    "jobs.manage",  # see how outgoing work stands, and let what was given up be tried again
    "messages.write",  # the words and rules of messages to customers
    "webhooks.read",  # who is told of what happens, and what was sent there
    "webhooks.manage",
    "tokens.manage",  # let other programs in, and put them out
    "phones.read",  # which phones there are and what they still hold
    "quarantine.count",  # know that something is there
    "quarantine.read",  # look at it, try it again, settle it
    "quarantine.erase",  # with the customer whom it is about
    "persons.export",  # everything that is stored about a customer or an employee
    "persons.erase",
]

_MAY: dict[Role, frozenset[Permission]] = {
    "technician": frozenset({
        "visits.read", "visits.work", "scores.own", "norm.read", "appeals.file", "causes.record",
        "fairness.read",
    }),
    "dispatcher": frozenset({
        "visits.read", "visits.search", "visits.plan", "cases.open", "messages.write", "phones.read", "norm.read",
        "causes.record", "causes.read", "fairness.read", "demand.read",
    }),
    "quality": frozenset({
        "visits.read", "visits.search", "scores.team", "scores.close", "adjustments.read", "adjustments.propose",
        "findings.read", "findings.write", "findings.decide",
        "appeals.read", "appeals.decide", "cases.open", "cases.read", "cases.write", "changes.approve",
        "quarantine.count", "quarantine.read", "norm.read", "causes.record", "causes.read", "causes.confirm",
        "fairness.read",
    }),
    "manager": frozenset({
        "visits.read", "visits.search", "messages.write", "scores.team", "scores.close", "adjustments.read",
        "adjustments.propose", "findings.read", "findings.decide", "appeals.read", "appeals.decide", "cases.open",
        "cases.read", "cases.write", "changes.approve", "phones.read", "norm.read", "rulebooks.write",
        "causes.record", "causes.read", "causes.confirm", "fairness.read", "demand.read",
    }),
    "admin": frozenset({
        "accounts.manage", "audit.read", "branches.manage", "jobs.manage", "tokens.manage", "phones.read",
        "quarantine.count", "quarantine.erase", "persons.export", "persons.erase", "norm.read",
    }),
}  # fmt: skip

Scope = Literal[
    "visits:read", "visits:write", "scores:read", "findings:read", "findings:write", "appeals:read",
    "appeals:write", "adjustments:read", "adjustments:write", "webhooks:read", "webhooks:write",
]  # fmt: skip
SCOPES: tuple[Scope, ...] = get_args(Scope)

#: What a program's token may do by each of its scopes. None makes it a second person: four eyes are people's.
_SCOPE_MAY: dict[Scope, frozenset[Permission]] = {
    "visits:read": frozenset({"visits.read"}),
    "visits:write": frozenset({"visits.read", "visits.plan"}),
    "scores:read": frozenset({"scores.team"}),
    "findings:read": frozenset({"findings.read"}),
    "findings:write": frozenset({"findings.read", "findings.write"}),
    "appeals:read": frozenset({"appeals.read"}),
    "appeals:write": frozenset({"appeals.read", "appeals.file"}),
    "adjustments:read": frozenset({"adjustments.read"}),
    "adjustments:write": frozenset({"adjustments.read", "adjustments.propose"}),
    "webhooks:read": frozenset({"webhooks.read"}),
    "webhooks:write": frozenset({"webhooks.read", "webhooks.manage"}),
}
#: What people may do with what counts about themselves, wherever it counts and whatever they are by now.
_OF_ONESELF: frozenset[Permission] = frozenset({"scores.own", "appeals.file", "causes.record"})
#: How the names of tokens begin where they stand beside people's: nobody signs in under such a name.
TOKEN_LOGIN = "api."  # noqa: S105 - a name

#: What people of any branch may do in every branch: a second person need not be a colleague, and the norm is one.
_COMPANY_WIDE: frozenset[Permission] = frozenset({
    "changes.approve", "findings.decide", "appeals.decide", "norm.read", "rulebooks.write",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is signed in, or a program with its token. Everybody but the admin is bound to a branch."""

    account_id: AccountId  # a token's own id
    login: StaffCode
    name: str
    role: Role | Literal["token"]
    branch: BranchCode | None
    team: TeamCode | None = None
    locale: str | None = None
    scopes: frozenset[Scope] = frozenset()  # a token's; people have none
    at_console: bool = False  # named on the command line, by whoever holds it
    is_oneself: bool = False  # somebody before what counts about them in a branch, and nothing else there
    also: Role | Literal["token"] | None = None  # what they are there today, which still hides what it hid

    @property
    def is_head_office(self) -> bool:
        """Whoever holds the command line: few people are no obstacle to them, that they are two different ones is."""
        return self is OPERATOR or self.at_console

    @property
    def way(self) -> dict[str, str]:
        """What the audit says of how somebody acted: nothing where they had signed in themselves."""
        return {"way": "command line"} if self.at_console else {}


#: The command line and the installation itself: whoever can run it holds the database anyway. Recorded as `office`.
OPERATOR = Actor(AccountId("-"), StaffCode("office"), "office", "admin", None)


def may(
    actor: Actor, permission: Permission, *, branch: BranchCode | None = None, technician: StaffCode | None = None
) -> bool:
    """Whether `actor` may use `permission` on things of `branch` and, where it is somebody's, of `technician`.

    Technicians reach their own rows only; everybody but the admin and the operator their own branch only, unless the
    permission is for the whole company.
    """
    if actor is OPERATOR:
        return True
    if permission not in _held(actor):
        return False
    if permission not in _COMPANY_WIDE and branch is not None and actor.branch is not None and branch != actor.branch:
        return False
    return not (actor.role == "technician" and technician is not None and technician != actor.login)


def has_scope(actor: Actor, scope: Scope) -> bool:
    """Whether a token may do all that the scope stands for: one that may write may read."""
    return _SCOPE_MAY[scope] <= _held(actor)


def roles_with(permission: Permission) -> list[Role]:
    """The roles that have the permission."""
    return [role for role in ROLES if permission in _MAY[role]]


def oneself_in(actor: Actor, branch: BranchCode) -> Actor:
    """The actor as the technician that they are, or were, in `branch`: before what counts about them there, and with
    nothing of their role and branch of today, which `actor` is. That anything counts about them there is the caller's
    to ask."""
    assert not actor.is_oneself  # noqa: S101 - what they are today would be lost
    return replace(
        actor, role="technician", branch=branch, team=None, scopes=frozenset(), at_console=False, is_oneself=True,
        also=actor.role if actor.branch == branch else None,
    )  # fmt: skip


def _held(actor: Actor) -> frozenset[Permission]:
    if actor.is_oneself:
        return _OF_ONESELF
    if actor.role == "token":
        return frozenset[Permission]().union(*(_SCOPE_MAY[scope] for scope in actor.scopes))
    return _MAY[actor.role]


def require(
    actor: Actor, permission: Permission, *, branch: BranchCode | None = None, technician: StaffCode | None = None
) -> None:
    """Raise `Forbidden` when the role lacks the permission, `NotFound` when the thing is somebody else's.

    The second answer equals that for an id that does not exist, so that ids cannot be probed.
    """
    if not may(actor, permission):
        raise Forbidden(permission=permission, role=actor.role)
    if not may(actor, permission, branch=branch, technician=technician):
        raise NotFound()


def own_branch(actor: Actor, permission: Permission) -> BranchCode:
    """The branch of whoever may use `permission` there; raises `Forbidden`, also for who belongs to no branch."""
    require(actor, permission)
    if actor.branch is None:
        raise Forbidden(permission=permission, role=actor.role)
    return actor.branch
