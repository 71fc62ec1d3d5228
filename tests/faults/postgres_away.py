"""PostgreSQL stopped, killed and started again under phones: refused for now while it is away, nothing lost."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests import postgres
from tests.faults import company
from tests.faults.clients import Client, drain, sending, wait_for_stored
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.server import Server

#: From PostgreSQL taking connections again to the first facts stored.
LONGEST_GAP = 5.0


def run(folder: Path, times: int) -> Outcome:
    """Take PostgreSQL away in each of three ways, `times` times."""
    outcome, gaps = Outcome("PostgreSQL stopped, killed, restarted"), []
    if postgres.programs() is None:
        outcome.skipped = "PostgreSQL's server programs are missing: NOTHING IS KNOWN ABOUT LOSING IT"
        return outcome
    with postgres.cluster() as socket:
        # A cluster of our own, to be killed: its first database will do.
        url = f"postgresql+psycopg://postgres@/postgres?host={socket}"
        place, keeper = company.found(folder / "instance", phones=4, url=url), Keeper(Path(socket))
        with Server(place) as server, sending(place, server.port) as clients:
            for take_away in (keeper.stop, keeper.stop_at_once, keeper.kill) * times:
                wait_for_stored(clients, 40)
                gaps.append(_once(outcome, clients, take_away, keeper.start))
                outcome.times += 1
            drain(clients)
        outcome.take(judge(place, clients))
    outcome.figures["longest gap"] = f"{max(gaps):.1f} s"
    outcome.figures["refusals (503)"] = str(_refused(clients))
    if max(gaps) > LONGEST_GAP:
        outcome.problems.append(f"facts flowed again only after {max(gaps):.1f} s")
    return outcome


def _once(outcome: Outcome, clients: list[Client], take_away: Callable[[], None], bring: Callable[[], None]) -> float:
    """One absence; how long after it facts are stored again."""
    before = _refused(clients)
    take_away()
    until = time.monotonic() + 10
    while _refused(clients) < before + len(clients) and time.monotonic() < until:
        clients[0].join(0.02)
    if _refused(clients) == before:
        outcome.problems.append("nobody was refused while PostgreSQL was away")
    bring()
    back = time.monotonic()
    wait_for_stored(clients, 1)
    return time.monotonic() - back


def _refused(clients: list[Client]) -> int:
    return sum(client.answers["503"] for client in clients)


class Keeper:
    """Stops, kills and starts a cluster below a folder, `postgres.cluster`'s or one with `options` of its own."""

    def __init__(self, folder: Path, options: str = "-c listen_addresses=''") -> None:
        self.folder, self.data = folder, folder / "data"
        self._options = f"-k {folder} {options}"
        found = postgres.programs()
        assert found is not None
        self._programs = found
        self._as = ["runuser", "-u", pwd.getpwnam("postgres").pw_name, "--"] if os.geteuid() == 0 else []

    def start(self) -> None:
        """Returns when it takes connections."""
        for _ in range(100):
            # After a kill its orphans hold the shared memory for a moment.
            if self.control("-w", "-l", str(self.folder / "log"), "-o", self._options, "start") == 0:
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL does not start")

    def stop(self) -> None:
        """As an operator does."""
        assert self.control("-w", "-m", "fast", "stop") == 0

    def stop_at_once(self) -> None:
        """Without writing anything down."""
        assert self.control("-w", "-m", "immediate", "stop") == 0

    def kill(self) -> None:
        """kill -9 of the whole cluster, its first process first."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        rest = [int(one) for one in Path(f"/proc/{first}/task/{first}/children").read_text().split()]
        for process in (first, *rest):
            os.kill(process, signal.SIGKILL)

    def control(self, *arguments: str) -> int:
        """`pg_ctl`; its exit code."""
        return self.program("pg_ctl", *arguments)

    def program(self, name: str, *arguments: str) -> int:
        """One of PostgreSQL's programs, told where the data are; its exit code."""
        command = [*self._as, str(self._programs / name), "-D", str(self.data), *arguments]
        return subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
