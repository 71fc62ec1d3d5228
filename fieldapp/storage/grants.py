"""What the role that serves may do in PostgreSQL: read, add, and change what changes. The tables belong to another one,
which migrates and restores. SQLite has no roles.

Owns which table is which. `migrate.upgrade` gives the same anew, in its own transaction, to whoever had it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

#: Tables whose rows stay, with the columns of them that may change: none; what a decision settles; or words of people,
#: which an erasure takes out and another key seals anew. Rows of all others come and go.
STAYS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "adjustment_proposals": ("state", "settled_by", "settled_at", "answer"),
    "adjustments": (),
    "approvals": ("body", "override", "state", "decided_by", "decided_at", "reason", "event_id"),
    "audit": (),
    "audit_heads": ("head", "count"),
    "call_back_findings": (),
    "call_backs": ("comment",),
    "case_entries": ("text",),
    "case_findings": (),
    "cases": ("visit_id", "state", "closed_at", "owner", "due_at"),
    "closed_months": (),
    "closed_sheets": (),
    "device_entries": ("event_id", "hash", "status", "code", "effective_at", "prev"),
    "erasures": (),
    "events": ("held_code", "body", "body_hash", "erased_at"),
    "finding_photos": (),
    "finding_statements": ("text",),
    "lateness_causes": ("note",),
    "link_acts": ("text",),
    "month_proposals": ("state", "settled_by", "settled_at"),
    "promises": ("reason",),
    "quarantine": (
        "visit_id", "box", "wrapped", "erased_at", "replayed_at", "replayed_by", "outcome", "settled_at", "settled_by",
        "reason_box", "reason_wrapped",
    ),
    "rulebooks": (),
    "spot_check_draws": (),
})  # fmt: skip
#: What only a migration writes.
READ = frozenset({"alembic_version"})

_GRANTED = """
SELECT pg_get_userbyid(given.grantee) FROM pg_class, aclexplode(relacl) AS given
WHERE oid = to_regclass('audit') AND pg_has_role(relowner, 'USAGE') AND given.grantee NOT IN (0, relowner)
AND given.privilege_type = 'INSERT'
"""
_OWNER = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('audit')"
_OWNS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('audit')"
_MIGHTY = """
SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(current_schema()) AND relname = ANY(:names)
AND (pg_has_role(relowner, 'USAGE') OR has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER'))
ORDER BY relname
"""
_CAN_MAKE = "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"


def grant(connection: Connection, role: str) -> bool:
    """Let `role` serve; True when it had to be made, without a password. Again changes nothing. Raises ValueError where
    it cannot be made or is the owner itself."""
    if role == connection.scalar(text(_OWNER)):
        raise ValueError(f"{role} owns the tables; the role that serves is to be another")
    found = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    if not found:
        if not connection.scalar(text(_CAN_MAKE)):
            raise ValueError(f"there is no role {role}, and this one may make none; let a superuser do so")
        connection.exec_driver_sql(f"CREATE ROLE {_quoted(connection, role)} LOGIN")
    _give(connection, role)
    return not found


def renew(connection: Connection) -> None:
    """Give whoever serves what the tables of today want; nothing where the tables are not ours to give."""
    if connection.dialect.name != "sqlite":
        for role in connection.scalars(text(_GRANTED)).all():
            _give(connection, role)


def owns(connection: Connection) -> bool:
    """Whether the tables are this role's own, or not there yet."""
    return connection.dialect.name == "sqlite" or connection.scalar(text(_OWNS)) in {None, True}


def partitions(connection: Connection) -> set[str]:
    """Tables that are parts of another one (docs/adr/0015); none on SQLite."""
    if connection.dialect.name == "sqlite":
        return set()
    return set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition AND relkind IN ('r', 'p')")))


def too_mighty(db: Session) -> list[str]:
    """Tables whose rows are to stay, and which the role that is signed in could change all the same."""
    if db.connection().dialect.name == "sqlite":
        return []
    return list(db.scalars(text(_MIGHTY), {"names": sorted(STAYS)}))


def _give(connection: Connection, role: str) -> None:
    to = _quoted(connection, role)
    schema = _quoted(connection, str(connection.scalar(text("SELECT current_schema()"))))
    for statement in (
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {to}",
        f"GRANT USAGE ON SCHEMA {schema} TO {to}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {to}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {to}",
    ):
        connection.exec_driver_sql(statement)
    # Who may not ask a part of a table for its rows may still ask the whole.
    for table in {*inspect(connection).get_table_names()} - READ - partitions(connection):
        columns = ", ".join(STAYS.get(table, ()))
        change = "UPDATE, DELETE" if table not in STAYS else f"UPDATE ({columns})" if columns else ""
        rights = ", ".join(filter(None, ("INSERT", change)))
        connection.exec_driver_sql(f"GRANT {rights} ON {_quoted(connection, table)} TO {to}")


def _quoted(connection: Connection, name: str) -> str:
    return str(connection.dialect.identifier_preparer.quote(name))
