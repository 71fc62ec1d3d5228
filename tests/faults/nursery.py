"""Starts programs in no time: a process that has imported everything and opened nothing forks one child per order.

Orders and answers are lines of JSON. A child is a process like any other: its own session and group, its own files,
`python -m <program>` from the first line on; only the imports are done already.
"""

import ctypes
import json
import os
import runpy
import signal
import sys
import time
from typing import Any

IMPORTS = ("fieldapp.app", "fieldapp.cli.serve", "fieldapp.__main__")
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take orders until the line is closed; children do not outlive us."""
    for name in IMPORTS:
        if name.rpartition(".")[2] != "__main__":
            __import__(name)
    for line in sys.stdin:
        order = json.loads(line)
        answer = _start(**order["start"]) if "start" in order else _wait(**order["wait"])
        print(json.dumps(answer), flush=True)


def _start(program: str, arguments: list[str], environment: dict[str, str], log: str) -> int:
    child = os.fork()
    if child:
        return child
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (target, 1), (target, 2)):
        os.dup2(source, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [program, *arguments]
    try:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 0)
    os._exit(0)


def _wait(child: int, patience: float) -> Any:
    """How it ended, None while it runs."""
    until = time.monotonic() + patience
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.005)


if __name__ == "__main__":
    main()
