"""Who might be somebody's second person: counted over the whole company. The rule itself is `domain.approvals`'."""

from collections.abc import Collection

from fieldapp.domain import approvals
from fieldapp.domain.access import Actor, Permission, roles_with
from fieldapp.domain.errors import DomainError
from fieldapp.services.work import Db
from fieldapp.storage import accounts


def people_with(db: Db, permission: Permission) -> frozenset[str]:
    """The logins of everybody who may do this somewhere."""
    return frozenset(
        one.login for role in roles_with(permission) for one in accounts.accounts(db, role=role, with_disabled=False)
    )


def be_second(actor: Actor, people: Collection[str], *, author: str, beneficiaries: Collection[str]) -> None:
    """Let `actor` be the second person, of the `people` who could be; raises what `approvals.be_second` raises."""
    eligible = len(_eligible(people, author, beneficiaries))
    approvals.be_second(
        actor.login, author=author, beneficiaries=beneficiaries, eligible=eligible, is_head_office=actor.is_head_office
    )


def are_few(people: Collection[str], *, author: str, beneficiaries: Collection[str] = ()) -> bool:
    """Whether it waits for head office, whoever looks: too few could be the second person."""
    return len(_eligible(people, author, beneficiaries)) < approvals.FEWEST


def _eligible(people: Collection[str], author: str, beneficiaries: Collection[str]) -> frozenset[str]:
    return frozenset(people) - set(beneficiaries) - {author}


def refusal(
    actor: Actor, people: Collection[str], *, author: str, beneficiaries: Collection[str]
) -> DomainError | None:
    """Why `actor` cannot be the second person; None: they can."""
    try:
        be_second(actor, people, author=author, beneficiaries=beneficiaries)
    except DomainError as error:
        return error
    return None
