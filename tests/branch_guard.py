"""Every statement about a branch's rows names the branch: the rule that lets the database be split by it later."""

import re
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from fieldapp.storage.engine import Database
from fieldapp.storage.tables import Base

_ROOT = str(Path(__file__).resolve().parent.parent)
_OF_A_BRANCH = {table.name for table in Base.metadata.tables.values() if next(iter(table.primary_key)).name == "branch"}
#: The catalogue of branches and teams is small and known to every shard.
_OF_A_BRANCH -= {"branches", "teams"}
_TOUCHED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(\w+)", re.IGNORECASE)
_SAYS_BRANCH = re.compile(r"\bbranch\b")


def watch(database: Database) -> None:
    """Fail any statement of ours that reads or writes a branch's rows without saying whose; tests ask as they like."""

    def check(statement: str) -> None:
        if not is_fine(statement) and _asked_by_us():
            raise AssertionError(f"a statement about a branch's rows names no branch: {statement}")

    database.watchers.append(check)

    @event.listens_for(database.engine, "before_cursor_execute")
    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        check(statement)


def is_fine(statement: str) -> bool:
    """Whether a statement touches no branch's rows, or says of which branch."""
    touched = set(_TOUCHED.findall(statement)) & _OF_A_BRANCH
    return not touched or _SAYS_BRANCH.search(_condition(statement)) is not None


def _condition(statement: str) -> str:
    """The part that says which rows: what a statement merely selects or sets does not count."""
    kind = statement.split(maxsplit=1)[0].upper()
    if kind == "INSERT":
        return statement
    return re.split(r"\bFROM\b" if kind == "SELECT" else r"\bWHERE\b", statement, maxsplit=1, flags=re.IGNORECASE)[-1]


def _asked_by_us() -> bool:
    """Whether the nearest caller in this repository is the program: not a test, nor a migration (of a whole shard)."""
    frame = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_ROOT) and "/.venv/" not in path:
            return path.startswith(f"{_ROOT}/fieldapp") and "/migrations/" not in path
        frame = frame.f_back
    return False
