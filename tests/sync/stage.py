"""Where the state machine plays: one server with a SQLite file that is put back to its first day before each play."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event

from fieldapp.app import create_app
from fieldapp.services import installation
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import server
from tests import alike, cast
from tests.client import Client
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.sync.phone import DAY, DEVICES, MARK, PUSH

TECHNICIANS = ("T001", "T002", "T003")


@dataclass
class Backup:
    """The database file as it was, and when."""

    content: bytes
    taken_at: Any


class Stage:
    """The server, its clock, and a signed-in session of each technician."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.clock = Clock(cast.NOW)
        self._file = folder / "fieldapp.db"
        self._file.write_bytes(template.read_bytes())
        self.work: Work = make_test_work(folder, self.clock)
        # Nothing here pulls a plug: that is the faults' business, and an fsync a push is most of a step.
        event.listen(self.work.database.engine, "connect", careless)
        installation.upgrade(self.work, timezone=cast.ZONE)
        settings = Settings(
            instance=folder, database_url="-", secret_key=cast.SECRET, data_key=cast.DATA_KEY,
            blobs=folder / "blobs", timezone=cast.ZONE, locale="en",
        )  # fmt: skip
        alike.share()
        app = create_app(settings, work=self.work)
        app.testing, app.test_client_class = True, Client
        self._sessions = {login: app.test_client() for login in TECHNICIANS}
        for login in TECHNICIANS:
            self._sign_in(login)
        self._first_day = self.backup()

    def begin(self) -> None:
        """The first day again."""
        self.clock.set(cast.NOW)
        self._put_back(self._first_day)

    def backup(self) -> Backup:
        """A copy of everything that is committed."""
        with self.work.database.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        return Backup(self._file.read_bytes(), self.clock())

    def restore(self, backup: Backup) -> None:
        """The server comes back from a backup: everything since is gone, and it says so by another epoch."""
        self._put_back(backup)
        with self.work.write() as db:
            server.save(db, installation.EPOCH, self.work.new_id())

    def _put_back(self, backup: Backup) -> None:
        self.work.database.dispose()
        for ending in ("-wal", "-shm"):
            Path(f"{self._file}{ending}").unlink(missing_ok=True)
        self._file.write_bytes(backup.content)

    def register(self, login: str, device_id: str) -> None:
        """A phone makes itself known, once in its life."""
        body = json.dumps({"device_id": device_id, "name": "a phone"})
        answer = self._ask(login, "POST", DEVICES, data=body, content_type="application/json")
        assert answer.status_code in {200, 201}

    def push(self, login: str, body: bytes) -> dict[str, Any]:
        """What the server answers to whoever is signed in as `login`."""
        answer = self._ask(login, "POST", PUSH, data=body, content_type="application/json")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.headers["X-Field-Sync"] == "1"
        found: dict[str, Any] = json.loads(answer.data)
        return found

    def day(self, login: str, device_id: str, etag: str | None) -> tuple[str, str | None, dict[str, Any] | None]:
        """Epoch, mark and snapshot (None: unchanged); without a mark for a phone that was taken away."""
        known = {"If-None-Match": etag} if etag else {}
        answer = self._ask(login, "GET", DAY, headers={"X-Field-Device": device_id, **known})
        if answer.status_code == 403:
            return answer.headers["X-Field-Epoch"], None, None
        content = json.loads(answer.data) if answer.status_code == 200 else None
        return answer.headers["X-Field-Epoch"], answer.headers["ETag"], content

    def _ask(self, login: str, method: str, path: str, headers: Any = None, **more: Any) -> Any:
        """One request; who is not signed in any more signs in and asks again."""
        for _ in range(2):
            answer = self._sessions[login].open(path, method=method, headers={**MARK, **(headers or {})}, **more)
            if answer.status_code != 401:
                break
            self._sign_in(login)
        return answer

    def rows(self, statement: str) -> list[Any]:
        """What is in the file."""
        with self.work.database.engine.connect() as connection:
            return list(connection.exec_driver_sql(statement))

    def _sign_in(self, login: str) -> None:
        answer = self._sessions[login].post("/login", data={"login": login, "password": cast.PASSWORD})
        assert answer.status_code == 303


def careless(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def stage(folder: Path, template: Path) -> Iterator[Stage]:
    """A stage below `folder`, from a migrated database with the cast in it."""
    made = Stage(folder, template)
    try:
        yield made
    finally:
        made.work.database.dispose()
