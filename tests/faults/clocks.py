"""The server's clock jumps a day ahead and a day back while phones send."""

from itertools import cycle, islice
from pathlib import Path

from tests.faults import company, shifted
from tests.faults.clients import Reader, drain, halt, sending, wait_for_stored
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.server import Server

DAY = 24 * 3600


def run(folder: Path, times: int) -> Outcome:
    """Jump `times` times: ahead, right again, back, right again."""
    outcome = Outcome("server's clock a day ahead and back")
    place = company.found(folder / "instance")
    clock = folder / "clock"
    clock.write_text("0")
    with Server(place, program="tests.faults.shifted", more={shifted.FILE: str(clock)}) as server:
        reader = Reader(server.port, place.people[0])
        with sending(place, server.port) as clients:
            reader.start()
            for seconds in islice(cycle((DAY, 0, -DAY, 0)), times):
                wait_for_stored(clients, 40)
                # Replaced, never half written: the server reads it all the time.
                clock.with_suffix(".new").write_text(str(seconds))
                clock.with_suffix(".new").replace(clock)
                outcome.times += 1
            wait_for_stored(clients, 40)
            drain(clients)
        halt([reader])
    outcome.take(judge(place, clients))
    outcome.problems += reader.problems[:5]
    words = [word for client in clients for said in client.words.values() for word in said]
    outcome.figures = {"stored and counted": str(words.count("accepted")), "stored and held": str(words.count("held"))}
    return outcome
