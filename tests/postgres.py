"""A throw-away PostgreSQL: its own cluster in a temporary folder, on a unix socket, gone when the block ends."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

#: A filesystem in memory, and the bytes that have to be free in it.
MEMORY, ENOUGH = Path("/dev/shm"), 2 << 30


def programs() -> Path | None:
    """The newest server programs of this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


@contextmanager
def cluster(below: Path | None = None) -> Iterator[str]:
    """Start a cluster; yields the folder of its socket. PostgreSQL refuses to run as root: then it is `postgres`."""
    binaries = programs()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="fieldapp-pg-", dir=below))
    as_postgres: list[str] = []
    if os.geteuid() == 0:
        who = pwd.getpwnam("postgres")
        os.chown(folder, who.pw_uid, who.pw_gid)
        as_postgres = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_postgres, str(binaries / program), *arguments]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)

    data = str(folder / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", f"-k {folder} -c listen_addresses=''", "start")
    try:
        yield str(folder)
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def in_memory() -> Path | None:
    """Where a cluster syncs at no cost and is as durable as any to whoever asks its settings; None without such a
    place, or room in it. A new database is 300 files, thirteen times as slow on a disk (0.57 against 0.04 s). Not for
    measuring, nor for tests of what survives."""
    try:
        return MEMORY if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH else None
    except OSError:
        return None


@contextmanager
def empty_database(socket: str) -> Iterator[str]:
    """A new database in the cluster; yields its SQLAlchemy URL."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(host=socket, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"postgresql+psycopg://postgres@/{name}?host={socket}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def replace(url: str, template: str) -> None:
    """Make the database at `url` a copy of the one at `template`."""
    ours, theirs = make_url(url), make_url(template)
    with psycopg.connect(host=ours.query["host"], user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{ours.database}"')
        connection.execute(f'CREATE DATABASE "{ours.database}" TEMPLATE "{theirs.database}"')
