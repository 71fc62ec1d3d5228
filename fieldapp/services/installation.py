"""The installation itself: its schema, its epoch, the branch it starts with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fieldapp.services.work import Db, Refused, Work
from fieldapp.storage import branches, driver, migrate, quarantine, sealing, server
from fieldapp.storage.migrate import Beyond, NotOwner, WouldLose

__all__ = ["Beyond", "WouldLose"]

#: Every installation has this branch; commands without `--branch` mean it.
MAIN, MAIN_TEAM = "main", "main"
EPOCH = "epoch"
#: Set while a backup is brought back, and until whoever was erased since is erased again.
RESTORING = "restoring"


@dataclass(frozen=True)
class Schema:
    """The revision of the database (`empty` without one) and that of the program."""

    found: str
    head: str


def schema(work: Work) -> Schema:
    """Where the schema stands."""
    return Schema(migrate.current(work.database) or "empty", migrate.head())


def upgrade(work: Work, *, timezone: str) -> str:
    """Bring the schema to the program's, and seal what older ones held unsealed. Raises `Beyond`, `Refused`.

    An empty installation gets an epoch and the branch `main`.
    """
    with _as_owner():
        migrate.upgrade(work.database)
    with work.write() as db:
        if server.find(db, EPOCH) is None:
            server.save(db, EPOCH, work.new_id())
            begin_sealing(work, db)
        if not branches.any_branch(db):
            branches.add(db, MAIN, name="Main", timezone=timezone, currency="CNY", now=work.now())
            branches.add_team(db, MAIN, MAIN_TEAM, name="Main")
        for branch in branches.every(db):
            quarantine.seal_leftovers(db, work.vault, branch.code)
    return migrate.head()


def begin_sealing(work: Work, db: Db) -> None:
    """From now on personal values are sealed; no program works on the database any more that cannot open them."""
    sealing.enter(db, work.vault.newest, "current")
    migrate.keep_floor(driver.connection(db))


def revisions() -> list[str]:
    """All revisions of the schema, oldest first."""
    return migrate.known_revisions()


def downgrade(work: Work, revision: str) -> None:
    """Take the schema down to `revision`; raises `WouldLose` where something stored would have no place there, and
    `Refused`."""
    with _as_owner():
        migrate.downgrade(work.database, revision)


def grant(work: Work, role: str) -> bool:
    """Let a role of PostgreSQL serve that cannot change what was written down for good; True when it had to be made,
    without a password. Raises `Refused`."""
    if work.database.is_sqlite:
        raise Refused("SQLite has no roles: whoever can write to the file can write anything")
    if migrate.current(work.database) is None:
        raise Refused("there are no tables yet; run: fieldapp db upgrade")
    with _as_owner():
        try:
            return migrate.grant(work.database, role)
        except ValueError as error:
            raise Refused(str(error)) from None


@contextmanager
def _as_owner() -> Iterator[None]:
    """What only the owner of the tables may do."""
    try:
        yield
    except NotOwner as error:
        raise Refused(str(error)) from None
