"""PostgreSQL servers on loopback that follow each other. Owns what a cluster manager does: copy, wait for, promote."""

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

from tests.faults.postgres_away import Keeper
from tests.faults.server import free_port

#: Seconds for a copy to catch up on a busy machine.
PATIENCE = 60.0


class Node(Keeper):
    """One server with a folder and a port of its own, asked over TCP as if it were another host."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        self.port = free_port()
        super().__init__(folder, f"-c listen_addresses=127.0.0.1 -p {self.port}")

    def found(self) -> None:
        """Run a new, empty cluster."""
        assert self.program("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync") == 0
        self.start()

    def follow(self, primary: "Node") -> None:
        """Become a copy of `primary`; from then on it answers no commit before that is on this disk, too."""
        shutil.rmtree(self.data, ignore_errors=True)
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name={self.folder.name}"
        assert self.program("pg_basebackup", "-d", source, "-R", "-c", "fast", "--no-sync") == 0
        self.start()
        # Copied before this: whoever is promoted has nobody to wait for.
        primary.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{self.folder.name}'")
        primary.ask("SELECT pg_reload_conf()")
        end = time.monotonic() + PATIENCE
        while ("sync",) not in primary.ask("SELECT sync_state FROM pg_stat_replication"):
            assert time.monotonic() < end, "the standby does not catch up"
            time.sleep(0.05)

    def promote(self) -> None:
        """Be the primary; returns when it takes writes."""
        assert self.control("-w", "promote") == 0

    def ask(self, statement: str) -> list[Any]:
        """One statement on this very server."""
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", autocommit=True) as line:
            cursor = line.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def pair() -> Iterator[tuple[Node, Node]]:
    """A primary and its synchronous standby; both are gone when the block ends."""
    folder = Path(mkdtemp(prefix="fieldapp-pg-"))
    folder.chmod(0o711)
    nodes = Node(folder / "one"), Node(folder / "two")
    try:
        nodes[0].found()
        nodes[1].follow(nodes[0])
        yield nodes
    finally:
        for node in nodes:
            node.control("-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def url(*nodes: Node) -> str:
    """Whichever of them takes writes."""
    hosts = "&".join(f"host=127.0.0.1:{node.port}" for node in nodes)
    return f"postgresql+psycopg://postgres@/postgres?{hosts}&target_session_attrs=read-write"
