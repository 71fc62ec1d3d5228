"""Whether the installation can do its work right now: database reachable, schema at the program's head."""

from fieldapp.services.work import Work
from fieldapp.storage import migrate
from fieldapp.storage.engine import sqlite_version


def readiness(work: Work) -> dict[str, str]:
    """What an operator wants to know at a glance; `ready` is `yes` only when requests can be served."""
    found = migrate.current(work.database)
    return {
        "ready": "yes" if found == migrate.head() else "no",
        "schema": found or "empty",
        "program_schema": migrate.head(),
        "database": "sqlite" if work.database.is_sqlite else "postgresql",
        "sqlite": ".".join(map(str, sqlite_version())),
    }
