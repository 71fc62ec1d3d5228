"""kill -9 of the server's process group at random moments, under phones that send again."""

import random
from pathlib import Path

from tests.faults import company
from tests.faults.clients import drain, sending, wait_for_stored
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.server import ROOT, Server


def run(folder: Path, times: int, *, seed: int = 0, root: Path = ROOT) -> Outcome:
    """Start, let facts flow, kill; at the end let the phones finish, and judge everything."""
    outcome, chance = Outcome("kill -9 of the server"), random.Random(seed)
    place = company.found(folder / "instance")
    server = Server(place, root=root)
    try:
        with sending(place, server.port, seed) as clients:
            for _ in range(times):
                server.start()
                # Some die before their first answer, some in the middle of many.
                wait_for_stored(clients, chance.choice((0, 1, 20, 100)), patience=5)
                server.has_ended(chance.uniform(0, 0.1))
                server.kill()
                outcome.times += 1
                if any(client.problems for client in clients):
                    break
            server.start()
            drain(clients)
    finally:
        server.kill()
    outcome.take(judge(place, clients))
    outcome.figures["answers that never came"] = str(_unheard(clients))
    return outcome


def _unheard(clients: list) -> int:
    return sum(count for client in clients for kind, count in client.answers.items() if not kind.isdigit())
