"""Fixtures for every test: a company in a real SQLite file, the app on it, a live server, real Chromium.

The network is closed but for loopback; warnings are errors; nothing outside the repository is read.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import migrate
from fieldapp.storage.blobs import BlobStore
from fieldapp.storage.engine import Database
from fieldapp.storage.seals import SealKey
from fieldapp.storage.vault import Vault
from tests import branch_guard, cast, object_stores, postgres, processes
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, DESK, PHONE, for_pages
from tests.fakes import Clock, Ids, PlainPasswords

if TYPE_CHECKING:  # the domain's tests run without Flask; who asks for `app` gets it
    from flask import Flask

    from tests.client import Client


# A busy machine is no fault: no example is timed.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database postgresql` runs what needs a database on the other engine."""
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="what `work` is stored in")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: tests in browsers wait a good part of their time."""
    processors = len(os.sched_getaffinity(0))
    return processors + (processors + 1) // 2


@pytest.fixture(scope="session", autouse=True)
def _closed_network() -> Iterator[None]:
    """Any connection that would leave this machine is a failed test."""
    real, real_ex = socket.socket.connect, socket.socket.connect_ex

    def allowed(sock: socket.socket, address: Any) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise RuntimeError(f"a test reached for the network: {address!r}")

    def connect(self: socket.socket, address: Any) -> None:
        allowed(self, address)
        return real(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        allowed(self, address)
        return real_ex(self, address)

    socket.socket.connect, socket.socket.connect_ex = connect, connect_ex  # type: ignore[method-assign]
    yield
    socket.socket.connect, socket.socket.connect_ex = real, real_ex  # type: ignore[method-assign]


@pytest.fixture
def clock() -> Clock:
    """The clock of `work`; stands at `cast.NOW`."""
    return Clock(cast.NOW)


def make_test_work(folder: Path, clock: Clock, url: str | None = None) -> Work:
    """Work on the database `url`, or on a file below `folder`, with the tests' fakes."""
    database = Database(url or f"sqlite:///{folder / 'fieldapp.db'}")
    branch_guard.watch(database)
    return Work(
        database=database, blobs=BlobStore(folder / "blobs"), passwords=PlainPasswords(), vault=Vault(cast.DATA_KEY),
        seal_key=SealKey(folder / "seal-key.pem"), clock=clock, new_id=Ids(clock),
    )  # fmt: skip


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make_template` makes, once."""
    return make_template(tmp_path_factory.mktemp("template"))


def make_template(folder: Path) -> Path:
    """A migrated database with the cast in it, to be copied for each test."""
    folder.mkdir(exist_ok=True)
    work = make_test_work(folder, Clock(cast.NOW))
    migrate.upgrade(work.database)
    cast.begin_sealing(work)
    cast.move_in(work)
    with work.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    work.database.dispose()
    return folder / "fieldapp.db"


@pytest.fixture(scope="session")
def _template_on_postgres(_postgres: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with the same in it."""
    with postgres.empty_database(_postgres) as url, tempfile.TemporaryDirectory() as folder:
        work = make_test_work(Path(folder), Clock(cast.NOW), url)
        migrate.upgrade(work.database)
        cast.begin_sealing(work)
        cast.move_in(work)
        work.database.dispose()
        yield url


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A tmp instance and an empty database; English, so that tests can read pages."""
    instance = tmp_path / "instance"
    instance.mkdir()
    # Commands that are started on it read what `work` sealed.
    (instance / "data-key").write_text(cast.DATA_KEY)
    with ExitStack() as ends:
        url = f"sqlite:///{instance / 'fieldapp.db'}"
        anywhere = request.node.get_closest_marker("sqlite") is None
        if anywhere and request.config.getoption("--database") == "postgresql":
            url = ends.enter_context(postgres.empty_database(request.getfixturevalue("_postgres")))
            # For commands: in this process, and in their own.
            ends.enter_context(pytest.MonkeyPatch.context()).setenv("FIELDAPP_DATABASE_URL", url)
            ends.enter_context(processes.at(instance, url))
        yield Settings(
            instance=instance, database_url=url, secret_key=cast.SECRET, data_key=cast.DATA_KEY,
            blobs=instance / "blobs", timezone=cast.ZONE, locale="en", second_factor="chosen",
        )  # fmt: skip


@pytest.fixture
def work(request: pytest.FixtureRequest, settings: Settings, clock: Clock) -> Iterator[Work]:
    """A real database with the cast, a clock that stands still, cheap passwords."""
    if settings.database_url.startswith("sqlite"):
        shutil.copyfile(request.getfixturevalue("_template"), settings.instance / "fieldapp.db")
    else:
        postgres.replace(settings.database_url, request.getfixturevalue("_template_on_postgres"))
    work = make_test_work(settings.instance, clock, settings.database_url)
    yield work
    work.database.dispose()


@pytest.fixture
def app(settings: Settings, work: Work) -> "Flask":
    """The whole app on `work`."""
    from fieldapp.app import create_app
    from tests import alike
    from tests.client import Client

    alike.share()
    app = create_app(settings, work=work)
    app.testing = True
    app.test_client_class = Client
    return app


@pytest.fixture
def client(app: "Flask") -> "Client":
    """Nobody signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(app: "Flask") -> Callable[[str], "Client"]:
    """`sign_in("D001")`: a client of its own in which that person is signed in."""

    def act(login: str, password: str = cast.PASSWORD) -> "Client":
        client: Client = app.test_client()
        answer = client.post("/login", data={"login": login, "password": password})
        assert answer.status_code in {302, 303}, f"{login} could not sign in: {answer.status_code}"
        return client

    return act


@pytest.fixture
def server(app: "Flask", clock: Clock) -> Iterator[str]:
    """The address of a live server (threads, loopback) with `app`; its clock runs, as the browser's does."""
    from tests.live import serving

    clock.run()
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    """A real PostgreSQL for the session; skips loudly where its programs are missing."""
    if postgres.programs() is None:
        pytest.skip("PostgreSQL's server programs are missing: NOTHING IS TESTED ON IT (apt-get install postgresql)")
    with postgres.cluster(postgres.in_memory()) as socket_folder:
        yield socket_folder


@pytest.fixture
def postgres_url(_postgres: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres.empty_database(_postgres) as url:
        yield url


@pytest.fixture
def postgres_work(
    postgres_url: str, _template_on_postgres: str, tmp_path: Path, clock: Clock
) -> Iterator[Work]:  # fmt: skip
    """The same company as `work`, on PostgreSQL whatever the other tests run on."""
    postgres.replace(postgres_url, _template_on_postgres)
    work = make_test_work(tmp_path, clock, postgres_url)
    yield work
    work.database.dispose()


@pytest.fixture(scope="session")
def _s3() -> Iterator[str]:
    with object_stores.serving() as address:
        yield address


@pytest.fixture
def s3_url(_s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """`FIELDAPP_BLOBS` for an empty bucket on a real S3 server, whose keys are in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "only-for-tests")
    return object_stores.bucket(_s3)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """The driver; a missing Chromium skips loudly, and fails where CI=true."""
    if not Path(CHROMIUM).exists():
        message = f"{CHROMIUM} is missing: NO BROWSER TEST RUNS (apt-get install chromium, or make setup-test)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    """One Chromium for all tests; each test gets a context of its own."""
    browser = playwright.chromium.launch(executable_path=for_pages(), args=CHROMIUM_ARGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def whole_browser(playwright: Any) -> Iterator[Any]:
    """The same with windows, for what asks its person: cameras, notifications."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
    yield browser
    browser.close()


def _page(browser: Any, server: str, **options: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=server, locale="en-GB", timezone_id=cast.ZONE, **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def phone_page(browser: Any, server: str) -> Iterator[Any]:
    """A page on a phone (390x844, touch), base URL = the live server."""
    yield from _page(browser, server, viewport=PHONE, is_mobile=True, has_touch=True)


@pytest.fixture
def desk_page(browser: Any, server: str) -> Iterator[Any]:
    """A page on a desk (1366x768), base URL = the live server."""
    yield from _page(browser, server, viewport=DESK)


@pytest.fixture
def enter() -> Callable[[Any, str], None]:
    """`enter(page, "T001")`: sign in through the real form."""

    def act(page: Any, login: str) -> None:
        page.goto("/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", cast.PASSWORD)
        with page.expect_navigation():
            page.press("[name=password]", "Enter")

    return act
