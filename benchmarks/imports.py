"""Event histories imported as the command does it: beside the same rows by bulk INSERT, and memory at sizes far apart.

`FIELDAPP_BENCH_IMPORTS` are the sizes, in visits of 13 events; the lines of a file come in any order.
"""

import json
import multiprocessing
import os
import random
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import memory, month, report
from benchmarks.databases import Opened, on_each_engine
from fieldapp.cli.long_work import long_work
from fieldapp.domain.access import OPERATOR
from fieldapp.services import histories
from fieldapp.storage.engine import Database
from tests import builders

SIZES = "2000,14000"
EVENTS = 13
ROUNDS = 3
#: Visits whose lines are mixed with each other.
MIXED = 20_000


class Seen(NamedTuple):
    """One import: how long it took, memory (MB) of the bare program and at most."""

    time: report.Time
    before: float
    peak: float


def run() -> None:
    """On SQLite and on PostgreSQL."""
    on_each_engine(_measure)


def _measure(name: str, opened: Opened) -> None:
    sizes = sorted(int(one) for one in os.environ.get("FIELDAPP_BENCH_IMPORTS", SIZES).split(","))
    seen = {visits: _imported(name, opened, visits) for visits in sizes}
    first, *_, last = sizes
    peaks = ", ".join(f"{visits * EVENTS:,}: {one.peak:.0f}" for visits, one in seen.items())
    report.line(
        f"{name}: memory for a file {last // first} times as long", seen[last].peak - seen[first].peak, "MB more",
        limit=40, beside=f"({peaks}; the bare program: {seen[first].before:.0f})",
    )  # fmt: skip


def _imported(name: str, opened: Opened, visits: int) -> Seen:
    """So many visits, again and again and each time beside the bare rows; tells the medians, gives the last."""
    shares, rates, bare = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.jsonl"
        _write(file, visits)
        for _ in range(ROUNDS if visits <= 2000 else 1):
            with opened() as place, place.work(month.NOW) as work:
                rows = month.fill(work.database, visits, by_copy=False)
            with opened() as place, place.work(month.NOW) as work:
                month.person(work, "T001", "technician")
                seen = _in_own_process(place.url, file)
            shares.append((rows.took / seen.time.took, rows.worked / seen.time.worked))
            rates.append(visits * EVENTS / seen.time.took)
            bare.append(visits * EVENTS / rows.took)
    what = f"{name}: import of {visits * EVENTS:,} events"
    report.line(what, median(rates), "events/s", beside=f"(bare: {median(bare):.0f})")
    share, of_work = (100 * median(one) for one in zip(*shares, strict=True))
    beside = f"(by processor time: {of_work:.3g} %)" if name == "SQLite" else ""
    report.line(f"{what} beside a bulk INSERT", share, "%", goal=15, more_is_better=True, beside=beside)
    return seen


def _write(file: Path, visits: int) -> None:
    """The history of whole visits of one technician, their lines mixed."""
    with file.open("w") as lines:
        for start in range(0, visits, MIXED):
            part = [
                json.dumps(entry) + "\n"
                for number in range(start, min(start + MIXED, visits))
                for entry in builders.perfect_visit(
                    f"WO-{number}", month.START + timedelta(hours=number % 100 * 7), "T001"
                )
            ]
            random.Random(start).shuffle(part)
            lines.writelines(part)


def _in_own_process(url: str, file: Path) -> Seen:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_import, (url, file))


def _import(url: str, file: Path) -> Seen:
    work = month.bare_work(Database(url))
    before = memory.megabytes("self", "VmHWM")
    with file.open("rb") as lines, long_work("importing", 2 * file.stat().st_size) as progress:
        time = report.time_of(
            lambda: histories.import_events(work, OPERATOR, "main", lines, source="bench", progress=progress)
        )
    return Seen(time, before, memory.megabytes("self", "VmHWM"))
