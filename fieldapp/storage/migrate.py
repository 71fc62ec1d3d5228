"""Schema migrations, driven from code: no alembic.ini. Owns upgrade, downgrade and the check of the head."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from fieldapp.storage.engine import Busy, Database

if TYPE_CHECKING:  # Alembic takes a third of a second to load; only who migrates pays for it
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"


def head() -> str:
    """The newest revision this program knows; `migrations/HEAD` names it too, so that two branches of work collide."""
    return (FOLDER / "HEAD").read_text().strip()


def current(database: Database) -> str | None:
    """The revision of the database, None for an empty one."""
    with _connected(database) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to `revision`, all steps in one transaction."""
    from alembic import command

    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to `revision` (`base` removes everything)."""
    from alembic import command

    _run(database, lambda config: command.downgrade(config, revision))


def known_revisions() -> list[str]:
    """All revisions, oldest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))]


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    """A bare connection; raises `Busy`, with the reason, where there is no database to be had."""
    try:
        connection = database.engine.connect()
    except DatabaseError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise Busy(f"the database cannot be opened ({reason}); see FIELDAPP_DATABASE_URL") from error
    with connection:
        yield connection


def _run(database: Database, act: Callable[["Config"], None]) -> None:
    with _connected(database) as connection:
        if database.is_sqlite:
            # Tables are rebuilt in a batch migration; foreign keys are checked once, at the end.
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        act(_config(connection))
        connection.commit()
        if database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            connection.exec_driver_sql("BEGIN")
