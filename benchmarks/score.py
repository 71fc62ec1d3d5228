"""The score: one technician's month on its page, and the sample month on the command line."""

import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report
from fieldapp.app import create_app
from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, histories, installation
from fieldapp.settings import Settings
from tests import cast, processes
from tests.client import Client
from tests.conftest import make_test_work
from tests.fakes import Clock

SAMPLE = Path(__file__).resolve().parent.parent / "tests/data/history-2026-10.jsonl"
NOW = "2026-11-20T00:00:00+08:00"
#: The sample's last event is of the day before.
AFTER = datetime(2026, 11, 25, tzinfo=UTC)


def run() -> None:
    """Warm page of the technician with the most visits; the whole command, interpreter start included."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder)
        done = report.seconds(lambda: _import(instance))
        report.line("import of the sample history (5,302 lines)", done, "s")
        page, nothing = _page(instance)
        report.line(
            "one technician's month, warm page",
            page * 1000,
            "ms",
            limit=50,
            beside=f"(an empty answer: {nothing * 1000:.2g} ms)",
        )
        took = [report.seconds(lambda: _score(instance)) for _ in range(3)]
        bare = report.seconds(lambda: processes.run(instance, "--version"))
        report.line(
            "fieldapp score, sample month",
            statistics.median(took),
            "s",
            limit=3,
            beside=f"(starting the command: {bare:.2g} s)",
        )
        report.line("fieldapp score --recount", report.seconds(lambda: _score(instance, "--recount")), "s")


def _import(instance: Path) -> None:
    work = make_test_work(instance, Clock(AFTER))
    installation.upgrade(work, timezone=cast.ZONE)
    with SAMPLE.open("rb") as file:
        cast_report = histories.import_events(work, OPERATOR, cast.MAIN, file, source=SAMPLE.name, create_staff=True)
    if cast_report.faults:
        raise SystemExit(f"the sample does not import: {cast_report.faults[:3]}")
    work.database.dispose()


def _score(instance: Path, *more: str) -> None:
    done = processes.run(instance, "score", "2026-10", "--now", NOW, "--format", "json", *more)
    if done.returncode:
        raise SystemExit(done.stderr)


def _page(instance: Path) -> tuple[float, float]:
    """Median seconds of the sheet's page, and of the shortest answer there is."""
    work = make_test_work(instance, Clock(AFTER))
    accounts.add_account(work, OPERATOR, login="M001", name="Ma Ling", role="manager", password=cast.PASSWORD)
    settings = Settings(
        instance=instance,
        database_url="unused",
        secret_key=cast.SECRET,
        data_key=cast.DATA_KEY,
        blobs=instance,
        timezone=cast.ZONE,
        locale="en",
        second_factor="chosen",
    )
    app = create_app(settings, work=work)
    app.test_client_class = Client
    client = app.test_client()
    client.post("/login", data={"login": "M001", "password": cast.PASSWORD})

    def ask(url: str) -> float:
        answers = []

        def get() -> None:
            answers.append(client.get(url).status_code)

        times = [report.seconds(get) for _ in range(30)][5:]
        if set(answers) != {200}:
            raise SystemExit(f"{url} answers {set(answers)}")
        return statistics.median(times)

    found = ask("/scores/2026-10/T0001/"), ask("/healthz")
    work.database.dispose()
    return found
