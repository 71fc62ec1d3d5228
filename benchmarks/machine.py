"""The machine's own limits, to read every other line against."""

import os
import sqlite3
import tempfile
import time
from pathlib import Path

import pysqlite3

from benchmarks import report

SECONDS = 1.0


def run() -> None:
    """fdatasync, and SQLite's durable commits."""
    with tempfile.TemporaryDirectory() as folder:
        report.line("fdatasync of one page", _synced(Path(folder)), "1/s")
        for rows in (1, 20):
            report.line(
                f"SQLite {pysqlite3.sqlite_version} WAL FULL, {rows} rows a commit", _commits(folder, rows), "commits/s"
            )
    with (Path("/proc/loadavg")).open() as load:
        print(f"  cores {os.cpu_count()}, load {load.read().strip()}")


def _synced(folder: Path) -> float:
    handle = os.open(folder / "page", os.O_RDWR | os.O_CREAT)
    done, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        os.pwrite(handle, b"x" * 4096, 0)
        os.fdatasync(handle)
        done += 1
    os.close(handle)
    return done / SECONDS


def _commits(folder: str, rows: int) -> float:
    connection: sqlite3.Connection = pysqlite3.connect(f"{folder}/limit-{rows}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE facts (id INTEGER PRIMARY KEY, body BLOB)")
    done, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO facts (body) VALUES (?)", [(b"x" * 300,)] * rows)
        connection.execute("COMMIT")
        done += 1
    connection.close()
    return done / SECONDS
