"""Empty databases to measure on: SQLite in a file, and a PostgreSQL of our own where its programs are installed."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from fieldapp.services import installation
from fieldapp.services.work import Work
from fieldapp.storage.engine import Database
from tests import cast, postgres
from tests.conftest import make_test_work
from tests.fakes import Clock


@dataclass(frozen=True)
class Place:
    """A folder for an instance and the URL of its database, which is empty."""

    instance: Path
    url: str

    @contextmanager
    def work(self, now: datetime) -> Iterator[Work]:
        """Work on it at that time, with a schema."""
        work = replace(make_test_work(self.instance, Clock(now)), database=Database(self.url))
        installation.upgrade(work, timezone=cast.ZONE)
        yield work
        work.database.dispose()


Opened = Callable[[], AbstractContextManager[Place]]


def on_each_engine(measure: Callable[[str, Opened], None]) -> None:
    """`measure(name, opened)` on each engine; `opened()` is a new place each time."""
    measure("SQLite", _sqlite)
    if postgres.programs() is None:
        print("! PostgreSQL's server programs are missing: NOTHING IS MEASURED ON IT")
        return
    with postgres.cluster() as cluster:
        measure("PostgreSQL", partial(_postgres, cluster))


def on_each_database(measure: Callable[[str, Path, str], None]) -> None:
    """`measure(name, instance, url)` in one place on each engine."""

    def once(name: str, opened: Opened) -> None:
        with opened() as place:
            measure(name, place.instance, place.url)

    on_each_engine(once)


@contextmanager
def _sqlite() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        yield Place(Path(folder), f"sqlite:///{folder}/fieldapp.db")


@contextmanager
def _postgres(cluster: str) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder, postgres.empty_database(cluster) as url:
        yield Place(Path(folder), url)
