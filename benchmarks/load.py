"""5,000 technicians against two workers: an ordinary minute, and everybody's return after 72 hours without a network.

Every push has a moment at which it is due, whether or not earlier ones are answered, and its time counts from then: a
server that falls behind is seen to. Both are shortened; 1,600 facts a second for a quarter of an hour are all that
5,000 phones can hold from three days. Not part of `make bench` (five minutes on each engine): `make load`.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import push_load, push_server, report
from benchmarks.databases import on_each_database
from fieldapp.domain.access import OPERATOR
from fieldapp.services import branches, installation
from fieldapp.storage.engine import Database
from tests import cast
from tests.conftest import make_test_work
from tests.fakes import Clock

TECHNICIANS, BRANCHES = 5000, 20
#: Facts a second, and for how many seconds.
STEADY, BURST = (27, 30), (1600, 45)
#: Who waits for answers at the same time; more than that is late, and counted so.
LINES = 64
MILLISECONDS, ERRORS = 500, 0.1


def load() -> None:
    """On SQLite and on PostgreSQL."""
    on_each_database(_measure)


def _measure(name: str, instance: Path, url: str) -> None:
    phones = _company(instance, url)
    steady, burst = STEADY[0] * STEADY[1], BURST[0] * BURST[1] // push_load.FACTS
    assert max(steady, burst) <= TECHNICIANS
    notes = [phone.note() for phone in phones[:steady]]
    visits = [phone.requests(1, "push")[0] for phone in phones[:burst]]
    with push_server.serving(instance, url) as port:
        _tell(f"{name}: {STEADY[0]} facts a second, one a push", _play(port, notes, STEADY[0], 1), steady)
        rate = BURST[0] / push_load.FACTS
        _tell(f"{name}: {BURST[0]:,} facts a second, 20 a push", _play(port, visits, rate, push_load.FACTS), burst)
    lost = steady + burst * push_load.FACTS - _stored(url)
    report.line(f"{name}: facts lost", lost, "", limit=0)


def _company(instance: Path, url: str) -> list[push_load.Phone]:
    """Everybody with a session and two visits, in branches of equal size."""
    clock = Clock(cast.NOW)
    clock.run()
    work = replace(make_test_work(instance, clock), database=Database(url))
    installation.upgrade(work, timezone=cast.ZONE)
    phones = []
    for number in range(BRANCHES):
        code = "main" if number == 0 else f"branch{number}"
        if number:
            branches.add_branch(work, OPERATOR, code=code, name=code, timezone=cast.ZONE)
        phones.append([
            push_load.hire(work, f"T{number:02}{one:03}", 2, code) for one in range(TECHNICIANS // BRANCHES)
        ])  # fmt: skip
    work.database.dispose()
    # Branches take turns, as phones come.
    return [phone for at_once in zip(*phones, strict=True) for phone in at_once]


def _play(port: int, requests: list[bytes], rate: float, facts: int) -> list[float | None]:
    """Send each when it is due; how long after that it was answered, None where it was not stored."""
    times: list[float | None] = [None] * len(requests)
    numbers, taking = iter(range(len(requests))), threading.Lock()
    began = time.perf_counter() + 1

    def one_line() -> None:
        with push_load.connected(port) as line:
            while True:
                with taking:
                    number = next(numbers, None)
                if number is None:
                    return
                due = began + number / rate
                time.sleep(max(0, due - time.perf_counter()))
                try:
                    push_load.ask(line, requests[number], facts)
                except (OSError, push_load.NotStored):
                    return
                times[number] = time.perf_counter() - due

    threads = [threading.Thread(target=one_line) for _ in range(LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _tell(what: str, times: list[float | None], wanted: int) -> None:
    answered = [one for one in times if one is not None]
    for part in (0.5, 0.95, 0.99):
        limit = MILLISECONDS if part == 0.95 else None
        report.line(f"{what}, p{part * 100:.0f}", report.percentile(answered, part) * 1000, "ms", limit=limit)
    report.line(f"{what}, not answered", 100 * (wanted - len(answered)) / wanted, "%", limit=ERRORS)


def _stored(url: str) -> int:
    database = Database(url)
    with database.engine.connect() as connection:
        (count,) = connection.exec_driver_sql("SELECT count(*) FROM events WHERE origin = 'push'").one()
    database.dispose()
    return int(count)


if __name__ == "__main__":
    load()
