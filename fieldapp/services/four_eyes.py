"""Who might be somebody's second person: counted over the whole company. The rule itself is `domain.approvals`'."""

from fieldapp.domain.access import Permission, roles_with
from fieldapp.services.work import Db
from fieldapp.storage import accounts


def people_with(db: Db, permission: Permission) -> frozenset[str]:
    """The logins of everybody who may do this somewhere."""
    return frozenset(
        one.login for role in roles_with(permission) for one in accounts.accounts(db, role=role, with_disabled=False)
    )
