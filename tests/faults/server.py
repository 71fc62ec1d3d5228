"""The real program in a process group of its own, to be killed, stopped and started again on the same port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.company import Company

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """`fieldapp serve` for a company. `root` is the checkout whose code runs, `preload` a library it is started with,
    `more` what its environment has beside the company's, `program` what runs instead (an extra server of the tests)."""

    def __init__(
        self, company: Company, *, root: Path = ROOT, preload: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None, program: str = "fieldapp",
    ) -> None:  # fmt: skip
        self.port = free_port()
        self.log = company.instance.with_name(f"{company.instance.name}.log")
        self.pid: int | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FIELDAPP_")}
        self._order = {
            "program": program, "arguments": ["serve", "--port", str(self.port)], "log": str(self.log),
            "environment": {**kept, **company.environment, **(more or {})},
        }  # fmt: skip
        self._nursery = _nursery(root, preload or {})

    def start(self, *, may_die: bool = False) -> bool:
        """Run it; True once it listens, False when it died before (an error unless it may)."""
        assert self.pid is None
        self.pid = int(self._nursery.ask(start=self._order))
        while not self._listens():
            if self.has_ended(0):
                assert may_die, f"the server does not start: {self.log.read_text()[-2000:]}"
                return False
            time.sleep(0.01)
        return True

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group."""
        if self.pid is not None:
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9, whatever it is doing."""
        self.signal(signal.SIGKILL)
        self.has_ended(30)

    def has_ended(self, patience: float) -> bool:
        """Whether it ends within `patience` seconds, by itself or by what was done to it."""
        if self.pid is None:
            return True
        if self._nursery.ask(wait={"child": self.pid, "patience": patience}) is None:
            return False
        self.pid = None
        return True

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class _Nursery:
    """The line to a process of `nursery`; closed, it ends with its children."""

    def __init__(self, root: Path, preload: Mapping[str, str]) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root), str(ROOT))), **preload}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"], cwd=root, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, **order: Any) -> Any:
        """Give an order, hear its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it; what it started dies with it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


_nurseries: dict[tuple[Path, tuple[tuple[str, str], ...]], _Nursery] = {}


def _nursery(root: Path, preload: Mapping[str, str]) -> _Nursery:
    key = (root, tuple(sorted(preload.items())))
    if key not in _nurseries:
        _nurseries[key] = _Nursery(root, preload)
    return _nurseries[key]


def close_nurseries(root: Path | None = None) -> None:
    """End those of one checkout, or at the end all."""
    for key in [key for key in _nurseries if root in {None, key[0]}]:
        _nurseries.pop(key).close()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
