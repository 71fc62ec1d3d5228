"""Mistakes as patches, and the check that catches each: applied to a copy of the program, never to the program."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import playwright

from tests.faults import kills, power_cuts
from tests.faults.server import ROOT, close_nurseries

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")

#: What a check answers: problems found (the mutant is caught) or none; None: it cannot run on this machine.
Check = Callable[[Path, Path], list[str] | None]


@dataclass(frozen=True)
class Mutant:
    """A patch by name, and the check that must not pass with it."""

    name: str
    check: Check


def under_kills(root: Path, folder: Path) -> list[str] | None:
    """The fast kills on the program in `root`."""
    return kills.run(folder, 4, seed=1, root=root).problems


def under_power_cuts(root: Path, folder: Path) -> list[str] | None:
    """The fast power cuts on the program in `root`."""
    outcome = power_cuts.run(folder, 12, seed=3, root=root)
    return None if outcome.skipped else outcome.problems


def in_node(root: Path, folder: Path) -> list[str] | None:
    """The outbox of the client in `root`, run by node; nothing but the disk is exchanged."""
    shutil.copyfile(HERE.parent / "memory_idb.mjs", root / "static" / "vendor" / "idb" / "idb.js")
    command = [NODE, "--test", "--test-force-exit", "--test-reporter=tap", HERE.parent / "outbox.test.mjs"]
    environment = {**os.environ, "CLIENT": str(root / "static"), "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    failed = re.findall(r"^not ok \d+ - (.*)$", done.stdout, re.MULTILINE)
    # A client that does not even start proves nothing about a mistake in it.
    assert re.search(r"^# pass [1-9]", done.stdout, re.MULTILINE), done.stdout + done.stderr
    return failed


MUTANTS = (
    Mutant("answer-before-commit", under_kills),
    Mutant("half-a-batch", under_power_cuts),
    Mutant("synchronous-off", under_power_cuts),
    Mutant("photo-folder-not-synced", under_power_cuts),
    Mutant("new-id-on-retry", in_node),
    Mutant("delete-before-the-word", in_node),
    Mutant("poison-for-ever", in_node),
)


@contextmanager
def copied(patch: str | None) -> Iterator[Path]:
    """A copy of the program, with the patch of that name."""
    with TemporaryDirectory(prefix="fieldapp-mutant-") as name:
        root = Path(name)
        for part in ("fieldapp", "static", "templates"):
            shutil.copytree(ROOT / part, root / part, ignore=_LEFT_OUT)
        if patch is not None:
            file = HERE / f"{patch}.patch"
            done = subprocess.run(["git", "apply", "-C1", str(file)], cwd=root, capture_output=True, text=True)
            assert done.returncode == 0, f"{patch}.patch fits no more: {done.stderr}"
        yield root


def is_caught(mutant: Mutant, folder: Path) -> list[str] | None:
    """What the mutant's check found."""
    with copied(mutant.name) as root:
        try:
            return mutant.check(root, folder)
        finally:
            close_nurseries(root)
