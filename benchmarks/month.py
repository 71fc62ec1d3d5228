"""A company's month: recounted from the bare events, shown live, imported; `FIELDAPP_BENCH_VISITS` are the sizes."""

import itertools
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import memory, push_load, report
from fieldapp.app import create_app
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import year_month
from fieldapp.domain.visits.codec import dump_data
from fieldapp.services import accounts, histories, installation, recording, recounting, scoring
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import events
from fieldapp.storage.engine import Database
from tests import builders, cast, postgres
from tests.client import Client
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.sync.phone import plan

SIZES = "3000,10000"
MONTH = "2026-10"
START = datetime(2026, 10, 1, 0, 30, tzinfo=UTC)
NOW = START + timedelta(days=50)
#: A technician has this many visits.
EACH = 100
IMPORTED = 1000
PEOPLE = 500
PUSHES = 240
COLUMNS = (
    "branch", "ym", "event_id", "visit_id", "kind", "actor", "origin", "grade", "effective_at", "received_at", "body",
    "body_hash",
)  # fmt: skip
PASS = (
    "SELECT visit_id, kind, count(*), min(effective_at), max(effective_at) FROM events WHERE branch = 'main'"
    " GROUP BY visit_id, kind"
)
WITHOUT = "without judging"


def run() -> None:
    """Recount on both engines at growing sizes, then what people wait for."""
    sizes = [int(one) for one in os.environ.get("FIELDAPP_BENCH_VISITS", SIZES).split(",")]
    for visits in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _recounted(f"sqlite:///{folder}/month.db", visits)
        if postgres.programs():
            with postgres.cluster() as socket, postgres.empty_database(socket) as url:
                _recounted(url, visits)
    _import()
    _live()
    for visits in (4, 40):
        _pages(visits)


# --- The whole month again ------------------------------------------------------------------------------------------


def _recounted(url: str, visits: int) -> None:
    database = Database(url)
    work = _work(database)
    rows = 0
    for chunk in _chunks(_rows(visits), 13_000):
        _insert(database, chunk)
        rows += len(chunk)
    with work.read() as db:
        plain = report.seconds(lambda: db.connection().exec_driver_sql(PASS).fetchall())
    database.dispose()
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        seconds, before, after, people = pool.apply(_recount, (url,))
    if people != -(-visits // EACH):
        raise SystemExit(f"the recount found {people} technicians")
    name = f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, {visits:,} visits"
    report.line(f"{name}: a plain pass over {rows:,} events", plain, "s")
    report.line(f"{name}: full recount", seconds, "s", beside=f"({seconds / visits * 1e6:.0f} us a visit)")
    report.line(f"{name}: recount beside the plain pass", seconds / plain, "times", goal=5)
    report.line(f"{name}: memory of the recount", after, "MB", goal=500, beside=f"(of the bare program: {before:.0f})")


def _recount(url: str) -> tuple[float, float, float, int]:
    """In a process of its own: seconds, memory before and at most (MB), technicians found."""
    work = Work(database=Database(url), blobs=None, passwords=None, vault=None, seal_key=None)  # type: ignore[arg-type]
    before = _peak()
    with work.read() as db:
        began = time.perf_counter()
        found = recounting.month_facts(db, "main", MONTH, None, NOW)  # type: ignore[arg-type]
        return time.perf_counter() - began, before, _peak(), len(found.counts)


def _peak() -> float:
    # Not getrusage's: that begins with what the process had which started this one.
    return memory.megabytes("self", "VmHWM")


def _rows(visits: int) -> Iterator[tuple[Any, ...]]:
    """The events of whole visits as rows; every tenth visit was late, every fiftieth missed."""
    shapes = [
        builders.as_events(builders.perfect_visit("WO", START, "T"), "main"),
        list(builders.as_events([builders.scheduled("WO", START, "T")], "main")),
    ]
    bodies = [[dump_data(one.data) for one in shape] for shape in shapes]
    for number in range(visits):
        missed = number % 50 == 49
        technician, start = f"T{number // EACH:05d}", timedelta(hours=number % EACH * 7)
        late = timedelta(minutes=90 if number % 10 == 3 else 0)
        visit = f"{number:08x}-0000-5000-8000-000000000000"
        for place, (event, body) in enumerate(zip(shapes[missed], bodies[missed], strict=True)):
            when = event.effective_at + start + (late if place else timedelta())
            stamp = int(when.timestamp() * 1000)
            event_id = f"{stamp >> 16:08x}-{stamp & 0xFFFF:04x}-7000-8000-{number * 16 + place:012x}"
            actor = event.actor if event.actor in ("office", "customer") else technician
            if place == 0:
                data = json.loads(body)
                promise = data["promise"]
                for name in ("start", "end", "told_at"):
                    promise[name] = (datetime.fromisoformat(promise[name]) + start).isoformat()
                body = json.dumps({**data, "external_id": f"WO-{number}", "technician": technician}).encode()
            yield (
                "main",
                year_month(event_id),
                event_id,
                visit,
                event.type,
                actor,
                "import",
                "A",
                when,
                when,
                body,
                "-",
            )


def _insert(database: Database, rows: list[tuple[Any, ...]]) -> None:
    """As fast as the engine takes them."""
    connection = database.engine.raw_connection()
    cursor = connection.cursor()
    if database.is_sqlite:
        cursor.execute("BEGIN IMMEDIATE")
        as_text = [
            tuple(v.replace(tzinfo=None).isoformat(" ", "microseconds") if isinstance(v, datetime) else v for v in row)
            for row in rows
        ]
        cursor.executemany(
            f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", as_text
        )
        cursor.execute("COMMIT")
    else:
        with cursor.copy(f"COPY events ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
    connection.close()


# --- Importing ------------------------------------------------------------------------------------------------------


def _import() -> None:
    """An event history, beside the same rows bare."""
    entries = [
        entry
        for number in range(IMPORTED)
        for entry in builders.perfect_visit(f"WO-{number}", START + timedelta(hours=number % 100 * 7), "T001")
    ]
    raw = b"\n".join(json.dumps(one).encode() for one in entries)
    with _sqlite() as work:
        _person(work, "T001", "technician")
        took = report.seconds(lambda: histories.import_events(work, OPERATOR, "main", raw, source="bench"))
    with _sqlite() as work:
        rows = list(_rows(IMPORTED))
        bare = report.seconds(lambda: _insert(work.database, rows))
    share = (len(entries) / took) / (len(rows) / bare)
    report.line("import of an event history", len(entries) / took, "events/s", beside=f"(bare: {len(rows) / bare:.0f})")
    report.line("import beside a bare bulk insert", 100 * share, "%", goal=15, more_is_better=True)


# --- Live -----------------------------------------------------------------------------------------------------------


def _live() -> None:
    """What judging adds to accepting events: pushes of whole visits with it and without, taking turns."""
    judge: dict[str, Callable[..., None]] = {"judged": scoring.rejudge, WITHOUT: lambda *_: None}
    took: dict[str, list[float]] = {name: [] for name in judge}
    with _sqlite() as work:
        _person(work, "T101", "technician")
        lines = [builders.scheduled(f"WO-{number}", NOW, "T101") for number in range(PUSHES)]
        bodies = push_load.Phone("T101", plan(work, *lines, branch="main")).batches(PUSHES, "push")
        client = _client(work, "T101")
        for number, body in enumerate(bodies):
            name = ("judged", WITHOUT)[number % 2]
            recording.scoring.rejudge = judge[name]  # type: ignore[attr-defined]
            began = time.thread_time()
            answer = client.post(
                "/api/sync/v1/push", data=body, headers={"X-Field-Sync": "1", "Content-Type": "application/json"}
            )
            took[name].append(time.thread_time() - began)
            if answer.status_code != 200:
                raise SystemExit(f"not stored: {answer.text[:300]}")
        recording.scoring.rejudge = judge["judged"]  # type: ignore[attr-defined]
    with_it, without = (statistics.median(took[name][20:]) for name in ("judged", WITHOUT))
    beside = f"(not judged: {without * 1000:.3g})"
    report.line("accepting a visit's 20 events, judged, processor time", with_it * 1000, "ms", beside=beside)
    report.line("what judging adds to accepting", 100 * (with_it / without - 1), "%", goal=15)


def _pages(visits: int) -> None:
    """The team of 500 and one of them, with so many visits each."""
    with _sqlite() as work:
        for number in range(PEOPLE):
            _person(work, f"T{number:05d}", "technician")
        for start in range(0, PEOPLE, 25):
            lines = [
                line
                for number in range(start, start + 25)
                for one in range(visits)
                for line in builders.perfect_visit(
                    f"WO-{number}-{one}", START + timedelta(hours=one * 7), f"T{number:05d}"
                )
            ]
            records = [
                events.Record(event=one, origin="import", received_at=NOW) for one in builders.as_events(lines, "main")
            ]
            with work.write("main") as db:
                recording.record(db, "main", records, NOW)
        _person(work, "M001", "manager")
        client = _client(work)
        name = f"{PEOPLE} technicians with {visits} visits each"
        report.line(f"team page, {name}", _warm(client, f"/scores/{MONTH}/") * 1000, "ms", goal=100)
        for page in ("overview", "fairness"):
            report.line(f"{page}, {name}", _warm(client, f"/scores/{MONTH}/{page}") * 1000, "ms", goal=400)
        report.line(f"one technician's page, {name}", _warm(client, f"/scores/{MONTH}/T00007/") * 1000, "ms", goal=30)


def _client(work: Work, login: str = "M001") -> Any:
    folder = Path(work.database.url.database or "").parent
    settings = Settings(
        instance=folder, database_url="unused", secret_key=cast.SECRET, data_key=cast.DATA_KEY, blobs=folder,
        timezone=cast.ZONE, locale="en", second_factor="chosen",
    )  # fmt: skip
    app = create_app(settings, work=work)
    app.test_client_class = Client
    client = app.test_client()
    client.post("/login", data={"login": login, "password": cast.PASSWORD})
    return client


def _warm(client: Any, url: str) -> float:
    def get() -> None:
        if client.get(url).status_code != 200:
            raise SystemExit(f"{url} does not answer")

    return statistics.median([report.seconds(get) for _ in range(15)][5:])


# --- Setting up -----------------------------------------------------------------------------------------------------


@contextmanager
def _sqlite() -> Iterator[Work]:
    with tempfile.TemporaryDirectory() as folder:
        work = make_test_work(Path(folder), Clock(NOW))
        installation.upgrade(work, timezone=cast.ZONE)
        yield work
        work.database.dispose()


def _work(database: Database) -> Work:
    work = Work(database=database, blobs=None, passwords=None, vault=None, seal_key=None)  # type: ignore[arg-type]
    installation.upgrade(work, timezone=cast.ZONE)
    return work


def _person(work: Work, login: str, role: Any) -> None:
    accounts.add_account(
        work, OPERATOR, login=login, name=login, role=role, password=cast.PASSWORD, branch="main", team="main"
    )  # fmt: skip


def _chunks(found: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(itertools.islice(found, size)):
        yield chunk
