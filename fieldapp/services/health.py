"""Whether the installation can do its work right now: database reachable, schema at the program's head."""

from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain.ids import BranchCode
from fieldapp.services import phones
from fieldapp.services.installation import RESTORING
from fieldapp.services.work import Db, Work
from fieldapp.storage import audit, branches, grants, migrate, quarantine, server, visits
from fieldapp.storage.engine import sqlite_version


def readiness(work: Work) -> dict[str, str]:
    """What an operator wants to know at a glance; `ready` is `yes` only when requests can be served."""
    standing, found = migrate.standing(work.database)
    return {
        "ready": "yes" if standing in {"right", "ahead"} else "no",
        "schema": found or "empty",
        "program_schema": migrate.head(),
        "database": "sqlite" if work.database.is_sqlite else "postgresql",
        "sqlite": ".".join(map(str, sqlite_version())),
    }


def way_on(work: Work) -> str:
    """What to do where the schema is not this program's."""
    standing, _ = migrate.standing(work.database)
    if standing == "beyond":
        return (
            "a newer program made it, and has no room for this one: start that program (docs/operations.md, Upgrading)"
        )
    return "run: fieldapp db upgrade"


#: How many of the last rows of all audit chains together are verified at every start; the rest is the doctor's.
LAST_ROWS = 10_000


def refusals(work: Work) -> list[str]:
    """Why nothing may be served on this database, although its schema is right. Empty: it may."""
    found = work.database.weak_points()
    with work.read() as db:
        chains = len(audit.heads(db))
        if server.find(db, RESTORING) is not None:
            found.append("a restore broke off here, and whoever was erased may be in it; restore into an empty place")
        return found + audit.verify(db, last=LAST_ROWS // max(1, chains))


def too_mighty(work: Work) -> list[str]:
    """In one line that the role which is signed in could change what is written down for good; nothing where it could
    not, nor on SQLite, which has no roles."""
    with work.read() as db:
        found = grants.too_mighty(db)
    if not found:
        return []
    return [
        f"the role in FIELDAPP_DATABASE_URL could change what is to stay ({len(found)} tables, {found[0]} first); "
        "serve with one that cannot: fieldapp db grant (docs/operations.md)"
    ]


def replica(behind: float | None) -> str:
    """How the standby that is read from stands to the database, in one line."""
    if behind is None:
        return "FIELDAPP_DATABASE_READ_URL is away, or no standby: reports are read from the database itself"
    return f"reports are read from a standby that is {behind:.0f} seconds behind at most"


@dataclass(frozen=True, slots=True)
class BranchNow:
    """What waits in a branch: on phones, for dispatchers, in quarantine."""

    branch: BranchCode
    phones_holding: int
    #: Age of the oldest thing that a phone holds unsent.
    queue_seconds: float
    held: int
    quarantined: int


def branches_now(work: Work) -> list[BranchNow]:
    """What waits, by branch."""
    now = work.now()
    with work.read() as db:
        return [_branch_now(db, BranchCode(branch.code), now) for branch in branches.every(db)]


def _branch_now(db: Db, branch: BranchCode, now: datetime) -> BranchNow:
    holding = [one for one in phones.holding(db, branch, now, now) if not one.is_revoked]
    ages = [(now - one.since).total_seconds() for one in holding if one.since is not None]
    return BranchNow(
        branch, len(holding), max(ages, default=0.0), visits.count_held(db, branch), quarantine.count(db, branch)
    )
