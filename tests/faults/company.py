"""The company that faults happen to: technicians with sessions and visits of today, in an instance of its own."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, installation, sign_ins
from fieldapp.services.work import Passwords, Work
from fieldapp.settings import Settings
from fieldapp.storage.blobs import BlobStore
from fieldapp.storage.engine import Database
from fieldapp.storage.seals import SealKey
from fieldapp.storage.vault import Vault
from tests import builders, cast
from tests.fakes import PlainPasswords
from tests.sync.phone import plan

PASSWORD = "north-window-lamp-7"
BRANCH = "main"


@dataclass(frozen=True)
class Technician:
    """Somebody with a phone: who, the session's secret, the visits to work on."""

    login: str
    secret: str
    visits: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """An instance folder, its database, and who works there."""

    instance: Path
    url: str
    people: tuple[Technician, ...]

    @property
    def environment(self) -> dict[str, str]:
        """What the server is started with."""
        return {"FIELDAPP_INSTANCE": str(self.instance), "FIELDAPP_DATABASE_URL": self.url}

    def open(self) -> Work:
        """Work on its database, for looking; the caller disposes of it."""
        return Work(
            database=Database(self.url), blobs=BlobStore(self.instance / "blobs"), passwords=PlainPasswords(),
            vault=Vault(Settings.from_environment(self.environment).data_key),
            seal_key=SealKey(self.instance / "seal-key.pem"),
        )  # fmt: skip


def now() -> datetime:
    """The phones' clock."""
    return datetime.now(UTC)


def found(
    instance: Path, *, phones: int = 8, visits: int = 6, url: str | None = None, passwords: Passwords | None = None
) -> Company:
    """A migrated database with `phones` technicians, each with a session and some visits of about now. The server knows
    their password only when `passwords` are its own; the cheap ones of tests are not."""
    instance.mkdir(parents=True, exist_ok=True)
    empty = Company(instance, url or f"sqlite:///{instance / 'fieldapp.db'}", ())
    work = replace(empty.open(), passwords=passwords or PlainPasswords())
    installation.upgrade(work, timezone=cast.ZONE)
    people = tuple(_hire(work, number, visits) for number in range(phones))
    work.database.dispose()
    return Company(instance, empty.url, people)


def _hire(work: Work, number: int, visits: int) -> Technician:
    login = f"T{number + 101}"
    accounts.add_account(
        work, OPERATOR, login=login, name=login, role="technician", password=PASSWORD, branch=BRANCH, team=BRANCH
    )
    opened = sign_ins.sign_in(work, login=login, password=PASSWORD, agent="a phone", browser=None, old=None)
    start = work.now() - timedelta(minutes=20)
    lines = [builders.scheduled(f"F-{login}-{one}", start + timedelta(hours=one), login) for one in range(visits)]
    return Technician(login, opened.secret, tuple(plan(work, *lines, branch=BRANCH)))
