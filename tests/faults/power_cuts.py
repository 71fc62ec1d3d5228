"""Power cuts at counted moments of the server's life: before a write, sync or rename, before and after an answer."""

import random
import shutil
import time
from collections import Counter
from pathlib import Path

import pysqlite3

from tests.faults import company, power
from tests.faults.clients import Client, Photographer, drain, halt, sending
from tests.faults.company import BRANCH, Company
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.power import STRICTEST, WAYS, Power
from tests.faults.server import ROOT

#: Starting is a handful of moments, a push or a photo some fifty: some cuts come early, some in full swing.
FARTHEST = (100, 400, 1600)
#: A server that is not hit by then is cut by hand.
LONGEST = 4.0


def run(folder: Path, times: int, *, seed: int = 0, root: Path = ROOT) -> Outcome:
    """Cut, lose what was not synced, look whether all that was confirmed is there, and on."""
    outcome, chance, ways = Outcome("power cut"), random.Random(seed), Counter[str]()
    if power.library() is None:
        outcome.skipped = "no compiler (cc): NOTHING IS KNOWN ABOUT POWER CUTS"
        return outcome
    place = company.found(folder / "instance", phones=4)
    line = Power(place, root=root)
    server = line.server
    photographer = Photographer(server.port, place.people[-1], random.Random(seed))
    try:
        with sending(place, server.port, seed) as clients:
            photographer.start()
            for number in range(times):
                # Every third cut comes just after a photo was confirmed: they are rare among the facts.
                after_photo = number % 3 == 2
                line.cut_after(0 if after_photo else chance.randint(1, chance.choice(FARTHEST)))
                if server.start(may_die=True):
                    if after_photo:
                        _wait_for_photo(photographer)
                        line.cut_after(chance.randint(1, 20))
                    if not server.has_ended(LONGEST):
                        server.kill()
                ways[line.forget(chance, STRICTEST if after_photo else chance.choice(WAYS))] += 1
                outcome.times += 1
                outcome.problems += _missing(folder, place, clients, photographer)
                if outcome.problems:
                    break
            if outcome.problems:
                return outcome  # what is left may not even start
            server.start()
            drain(clients)
            halt([photographer])
    finally:
        photographer.over.set()
        server.kill()
    outcome.take(judge(place, clients))
    outcome.problems += photographer.problems[:5] + _missing(folder, place, clients, photographer)
    outcome.figures = {
        "photos confirmed": str(len(photographer.whole)), "moments passed": str(line.points),
        **{f"left of the unsynced: {way.removesuffix(' unsynced')}": str(count) for way, count in sorted(ways.items())},
    }  # fmt: skip
    return outcome


def _wait_for_photo(photographer: Photographer) -> None:
    goal, until = len(photographer.whole) + 1, time.monotonic() + LONGEST
    while len(photographer.whole) < goal and time.monotonic() < until:
        photographer.join(0.002)


def _missing(folder: Path, place: Company, clients: list[Client], photographer: Photographer) -> list[str]:
    """What was confirmed and is not on the disk, read from a copy: recovering is the server's own task."""
    words = [(client, tuple(client.words)) for client in clients]
    whole = list(photographer.whole.items())
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in place.instance.glob("fieldapp.db*"):
        shutil.copyfile(file, copy / file.name)
    database = pysqlite3.connect(copy / "fieldapp.db")
    try:
        state = database.execute("PRAGMA integrity_check").fetchone()[0]
        stored = {row[0] for row in database.execute("SELECT event_id FROM events")}
    except pysqlite3.DatabaseError as error:
        return [f"the database cannot be read: {error}"]
    finally:
        database.close()
    lost = [f"{client.person.login}: {one} is gone" for client, told in words for one in told if one not in stored]
    blobs = place.instance / "blobs" / BRANCH
    gone = [
        f"photo {name} is gone" for name, content in whole
        if not (blobs / name[:2] / name).exists() or (blobs / name[:2] / name).read_bytes() != content
    ]  # fmt: skip
    return [*([] if state == "ok" else [f"integrity: {state}"]), *lost[:5], *gone[:5]]
