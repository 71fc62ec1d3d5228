"""The real program as a process: `fieldapp serve` on a free port, stopped when the block ends."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_ELSEWHERE: dict[Path, str] = {}


def run(instance: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `fieldapp ...` on an instance of its own."""
    return subprocess.run(
        [sys.executable, "-m", "fieldapp", *arguments], env=_environment(instance, environment), capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip


@contextmanager
def serving(instance: Path, *arguments: str, stderr: IO[str] | None = None, **environment: str) -> Iterator[int]:
    """`fieldapp serve` on a free port; yields the port once it answers."""
    with started(instance, *arguments, stderr=stderr, **environment) as (port, _):
        yield port


@contextmanager
def started(
    instance: Path, *arguments: str, stderr: IO[str] | None = None, **environment: str
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The same with the process, for whoever wants to kill it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fieldapp", "serve", "--port", "0", *arguments],
        env=_environment(instance, environment), stdout=subprocess.PIPE, stderr=stderr, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        found = re.search(r"https?://[^ ]+:(\d+)", process.stdout.readline())
        assert found, "fieldapp serve did not say where it is"
        yield int(found.group(1)), process
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(timeout=30)


@contextmanager
def at(instance: Path, url: str) -> Iterator[None]:
    """While the block lasts, the database of this instance is there, and not in its folder."""
    _ELSEWHERE[instance] = url
    yield
    del _ELSEWHERE[instance]


def _environment(instance: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIELDAPP_")}
    if instance in _ELSEWHERE:
        kept["FIELDAPP_DATABASE_URL"] = _ELSEWHERE[instance]
    return {**kept, "FIELDAPP_INSTANCE": str(instance), **more}
