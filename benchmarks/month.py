"""A company's month recounted from the bare events, and what judging adds to a push.

`FIELDAPP_BENCH_VISITS=10000,100000,1000000` are the sizes of the recount; a million takes an hour and 20 GB of disk.
"""

import itertools
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import memory, push_load, report
from benchmarks.databases import Opened, on_each_database, on_each_engine
from fieldapp.app import create_app
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import year_month
from fieldapp.domain.visits.codec import dump_data
from fieldapp.services import accounts, installation, recording, recounting, scoring
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage.engine import Database
from tests import builders, cast
from tests.client import Client
from tests.sync.phone import plan

SIZES = "3000,10000"
MONTH = "2026-10"
START = datetime(2026, 10, 1, 0, 30, tzinfo=UTC)
NOW = START + timedelta(days=50)
#: A technician has this many visits.
EACH = 100
ROUNDS = 3
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
    """Recount on both engines at growing sizes, then what judging costs those who wait for it."""
    sizes = [int(one) for one in os.environ.get("FIELDAPP_BENCH_VISITS", SIZES).split(",")]
    for visits in sizes:
        on_each_database(partial(_recounted, visits))
    on_each_engine(_live)


# --- The whole month again ------------------------------------------------------------------------------------------


def _recounted(visits: int, engine: str, _: Path, url: str) -> None:
    """The pass and the recount take turns; every figure is the median of the rounds."""
    database = Database(url)
    fill(bare_work(database).database, visits)
    database.dispose()
    plain, again = [], []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for _ in range(ROUNDS):
            plain.append(pool.apply(_passed, (url,)))
            again.append(pool.apply(_recount, (url,)))
    if {one.people for one in again} != {-(-visits // EACH)}:
        raise SystemExit(f"the recount found {again[0].people} technicians")
    recount, worked = (median(part) for part in zip(*(one.time for one in again), strict=True))
    shares = [one.time.took / bare.took for one, bare in zip(again, plain, strict=True)]
    name = f"{engine}, {visits:,} visits"
    each = (
        f"({recount / visits * 1e6:.0f} us a visit; processor {worked:.3g} s, {worked / visits * 1e6:.0f} us a visit)"
    )
    report.line(f"{name}: a plain pass over all events", median(one.took for one in plain), "s")
    report.line(f"{name}: full recount", recount, "s", beside=each)
    report.line(f"{name}: recount beside the plain pass", median(shares), "times", goal=5)
    beside = f"(of the bare program: {again[0].before:.0f})"
    report.line(f"{name}: memory of the recount", max(one.peak for one in again), "MB", goal=500, beside=beside)


class Recount(NamedTuple):
    """How long, memory (MB) before and at most, technicians found."""

    time: report.Time
    before: float
    peak: float
    people: int


def _passed(url: str) -> report.Time:
    with Database(url).read() as db:
        return report.time_of(lambda: db.connection().exec_driver_sql(PASS).fetchall())


def _recount(url: str) -> Recount:
    """In a process of its own."""
    work = Work(database=Database(url), blobs=None, passwords=None, vault=None, seal_key=None)  # type: ignore[arg-type]
    before = _peak()
    found: list[recounting.MonthFacts] = []
    with work.read() as db:
        time = report.time_of(lambda: found.append(recounting.month_facts(db, "main", MONTH, None, NOW)))  # type: ignore[arg-type]
    return Recount(time, before, _peak(), len(found[0].counts))


def _peak() -> float:
    # Not getrusage's: that begins with what the process had which started this one.
    return memory.megabytes("self", "VmHWM")


def fill(database: Database, visits: int, *, by_copy: bool = True) -> report.Time:
    """The events of so many visits as bare rows, on PostgreSQL by COPY or by INSERT; how long the engine took."""
    times = [report.time_of(partial(_insert, database, chunk, by_copy)) for chunk in _chunks(_rows(visits), 13_000)]
    return report.Time(*(sum(part) for part in zip(*times, strict=True)))


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


def _insert(database: Database, rows: list[tuple[Any, ...]], by_copy: bool) -> None:
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
    elif not by_copy:
        marks = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
        connection.commit()
    else:
        with cursor.copy(f"COPY events ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
    connection.close()


# --- Live -----------------------------------------------------------------------------------------------------------


def _live(engine: str, opened: Opened) -> None:
    """What judging adds to accepting events: pushes of whole visits with it and without, taking turns."""
    judge: dict[str, Callable[..., None]] = {"judged": scoring.rejudge, WITHOUT: lambda *_: None}
    took: dict[str, list[report.Time]] = {name: [] for name in judge}
    with opened() as place, place.work(NOW) as work:
        person(work, "T101", "technician")
        lines = [builders.scheduled(f"WO-{number}", NOW, "T101") for number in range(PUSHES)]
        bodies = push_load.Phone("T101", plan(work, *lines, branch="main")).batches(PUSHES, "push")
        phone = client(work, place.instance, "T101")
        for number, body in enumerate(bodies):
            name = ("judged", WITHOUT)[number % 2]
            recording.scoring.rejudge = judge[name]  # type: ignore[attr-defined]
            took[name].append(report.time_of(partial(_pushed, phone, body)))
        recording.scoring.rejudge = judge["judged"]  # type: ignore[attr-defined]
    # What SQLite does is this process's work; PostgreSQL's is done elsewhere, and waited for.
    what, part = ("processor time", 1) if engine == "SQLite" else ("time", 0)
    with_it, without = (median(one[part] for one in took[name][20:]) for name in ("judged", WITHOUT))
    beside = f"(not judged: {without * 1000:.3g})"
    report.line(f"{engine}: accepting a visit's 20 events, judged, {what}", with_it * 1000, "ms", beside=beside)
    report.line(f"{engine}: what judging adds to accepting", 100 * (with_it / without - 1), "%", goal=15)


def _pushed(phone: Any, body: bytes) -> None:
    headers = {"X-Field-Sync": "1", "Content-Type": "application/json"}
    answer = phone.post("/api/sync/v1/push", data=body, headers=headers)
    if answer.status_code != 200:
        raise SystemExit(f"not stored: {answer.text[:300]}")


def client(work: Work, folder: Path, login: str) -> Any:
    """A browser that is signed in as that person."""
    settings = Settings(
        instance=folder, database_url="unused", secret_key=cast.SECRET, data_key=cast.DATA_KEY, blobs=folder,
        timezone=cast.ZONE, locale="en", second_factor="chosen",
    )  # fmt: skip
    app = create_app(settings, work=work)
    app.test_client_class = Client
    browser = app.test_client()
    browser.post("/login", data={"login": login, "password": cast.PASSWORD})
    return browser


# --- Setting up -----------------------------------------------------------------------------------------------------


def bare_work(database: Database) -> Work:
    """Work that only counts, on a database with a schema."""
    work = Work(database=database, blobs=None, passwords=None, vault=None, seal_key=None)  # type: ignore[arg-type]
    installation.upgrade(work, timezone=cast.ZONE)
    return work


def person(work: Work, login: str, role: Any) -> None:
    """Somebody who can sign in."""
    accounts.add_account(
        work, OPERATOR, login=login, name=login, role=role, password=cast.PASSWORD, branch="main", team="main"
    )  # fmt: skip


def _chunks(found: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(itertools.islice(found, size)):
        yield chunk
