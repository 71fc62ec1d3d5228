"""Schema migrations, driven from code: no alembic.ini. Owns upgrade, downgrade and the check of the head."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, TableClause, Text, create_engine, delete, insert, inspect, select, table, text
from sqlalchemy import column as table_column
from sqlalchemy.exc import DatabaseError

from fieldapp.storage import grants
from fieldapp.storage.engine import Busy, Database

if TYPE_CHECKING:  # Alembic takes a third of a second to load; only who migrates pays for it
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
#: What is counted from facts (`services.upgrading` does so again) or is of use for a while only. An older schema may
#: lack these; whatever else it has no place for would be lost.
COUNTED = frozenset({
    "alembic_version", "visits", "promises", "judgements", "circumstances", "finding_effects", "month_outcomes",
    "month_verdicts", "appeals", "simulations", "kept_answers", "sign_ins", "known_browsers", "sign_in_failures",
})  # fmt: skip


#: The server's fact that says which programs a schema still has room for (`floor`).
FLOOR = "schema_floor"
_FACTS: TableClause = table("server_facts", table_column("name", Text), table_column("value", Text))
#: The first program that can open what is sealed: once anything is, no older one may work on the database.
SEALING = "0049"

#: `behind` is mended by `upgrade`; on one that is `ahead` this program works still, on one that is `beyond` it may not.
Standing = Literal["empty", "behind", "right", "ahead", "beyond"]


class WouldLose(Exception):
    """An older schema has no place for what is stored."""


class NotOwner(Exception):
    """The tables do not belong to the role that is signed in, and only their owner may do this."""

    def __init__(self) -> None:
        super().__init__(
            "the tables do not belong to the role in FIELDAPP_DATABASE_URL; give the address of their owner for this "
            "command (docs/operations.md)"
        )


class Beyond(Exception):
    """The schema is a newer program's, and this one does not know what it would break in it."""


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


def floor() -> str:
    """The oldest program, by its head, that may go on working on this program's schema: every migration after it only
    adds. `migrations/FLOOR` names it, and the database keeps it for programs that do not know these migrations."""
    return (FOLDER / "FLOOR").read_text().strip()


def standing(database: Database) -> tuple[Standing, str | None]:
    """How the database's schema stands to this program's, and its revision."""
    found = current(database)
    if found is None or found == head():
        return ("right" if found else "empty"), found
    known = known_revisions()
    if found in known:
        return "behind", found
    with _connected(database) as connection:
        oldest = connection.scalar(select(_FACTS.c.value).where(_FACTS.c.name == FLOOR))
    return ("ahead" if oldest in known else "beyond"), found


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to `revision`, all steps in one transaction. Raises `Beyond`: it is a newer program's; and
    `NotOwner`."""
    from alembic import command

    found = current(database)
    if found is not None and found not in known_revisions():
        raise Beyond(f"the database has schema {found}, and this program knows {head()} as the newest")
    if found == head() and not is_owner(database):
        return

    def go_up(config: "Config") -> None:
        command.upgrade(config, revision)
        if revision == "head":
            keep_floor(config.attributes["connection"])
        grants.renew(config.attributes["connection"])

    _run(database, go_up)


def is_owner(database: Database) -> bool:
    """Whether the tables belong to the role that is signed in, or are not there yet."""
    with _connected(database) as connection:
        return grants.owns(connection)


def grant(database: Database, role: str) -> bool:
    """Let a role serve that does not own the tables; True when it had to be made, without a password.

    Raises `NotOwner`, and ValueError where it cannot be.
    """
    with _connected(database) as connection:
        if not grants.owns(connection):
            raise NotOwner
        made = grants.grant(connection, role)
        connection.commit()
        return made


def keep_floor(connection: Connection) -> None:
    """Write down which program is the oldest that the schema, and what is sealed in it, has room for."""
    known = known_revisions()
    oldest = max(floor(), SEALING, key=known.index) if _is_sealed(connection) else floor()
    _forget_floor(connection)
    connection.execute(insert(_FACTS).values(name=FLOOR, value=oldest))


def _is_sealed(connection: Connection) -> bool:
    """Whether anything may be sealed in it (`storage.sealing`)."""
    if not inspect(connection).has_table(_FACTS.name):
        return False
    return connection.execute(select(1).where(_FACTS.c.name.startswith("data_key:")).limit(1)).first() is not None


def _forget_floor(connection: Connection) -> None:
    if inspect(connection).has_table(_FACTS.name):
        connection.execute(delete(_FACTS).where(_FACTS.c.name == FLOOR))


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to `revision` (`base` removes everything); raises `WouldLose` and `NotOwner`, and then
    changes nothing.

    One guard for every step, so that none can forget it: what is stored, against what the older schema has room for.
    """
    from alembic import command

    def go_down(config: "Config") -> None:
        _forget_floor(config.attributes["connection"])
        lost = _without_place(config.attributes["connection"], _schema_at(revision))
        if lost:
            raise WouldLose(
                f"schema {revision} has no place for what is stored in {', '.join(lost)}. Nothing was changed. "
                "To go back, give the older program the copy of the database that was made before the upgrade"
            )
        command.downgrade(config, revision)

    _run(database, go_down)


def _schema_at(revision: str) -> dict[str, set[str]]:
    """The tables and columns of a schema, from an empty database that is thrown away."""
    from alembic import command

    if revision == "base":
        return {}
    with create_engine("sqlite://").connect() as connection:
        command.upgrade(_config(connection), revision)
        return _columns(connection)


def _columns(connection: Connection) -> dict[str, set[str]]:
    looked, parts = inspect(connection), grants.partitions(connection)
    return {
        table: {column["name"] for column in looked.get_columns(table)} for table in {*looked.get_table_names()} - parts
    }


def _without_place(connection: Connection, kept: dict[str, set[str]]) -> list[str]:
    """The tables, and columns of those that stay, which hold something and which that schema does not have."""
    lost = [] if "person" in kept.get("visits", {"person"}) or not _is_sealed(connection) else ["sealed columns"]
    for name, columns in sorted(_columns(connection).items()):
        if name in COUNTED:
            continue
        if name not in kept:
            lost += [name] if _holds(connection, name, columns) else []
            continue
        gone = sorted(columns - kept[name])
        lost += [f"{name}.{column}" for column in gone if _holds(connection, name, columns, column)]
    return lost


def _holds(connection: Connection, name: str, columns: set[str], column: str | None = None) -> bool:
    """Whether the table has a row, or one in which this column says something; of every branch."""
    wanted = [table_column(one).is_not(None) for one in ({"branch"} & columns) | ({column} if column else set())]
    return connection.execute(select(1).select_from(table(name)).where(*wanted).limit(1)).first() is not None


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
        elif not grants.owns(connection):
            raise NotOwner
        act(_config(connection))
        connection.commit()
        if database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            connection.exec_driver_sql("BEGIN")
