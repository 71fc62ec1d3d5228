"""Memory of each worker of `fieldapp serve` while phones push 100,000 facts.

What fills once is warmed up: our caches, the allocator's arenas, and of each connection to SQLite its 16 MB of pages.
Phones connect anew in every round, so that each worker gets its part.
"""

from pathlib import Path

from benchmarks import push_load, report
from benchmarks.databases import on_each_database
from tests import processes

WORKERS = 2
#: Batches of a phone in each round: some 13,000 facts to warm up, then 102,400.
WARM_UP = [4] * 10
MEASURED = [32] * 10
MEGABYTES, PERCENT = 200, 5


def run() -> None:
    """On SQLite and on PostgreSQL."""
    on_each_database(_measure)


def _measure(name: str, instance: Path, url: str) -> None:
    phones = push_load.company(instance, url, visits=sum(WARM_UP + MEASURED))
    with processes.serving(instance, "--workers", str(WORKERS), FIELDAPP_DATABASE_URL=url) as port:
        workers = running(instance)[1:]  # the first one only supervises
        _push(port, phones, WARM_UP)
        before = [megabytes(worker) for worker in workers]
        _push(port, phones, MEASURED)
        after = [megabytes(worker) for worker in workers]
    facts = sum(MEASURED) * len(phones) * push_load.FACTS
    for number, (first, last) in enumerate(zip(before, after, strict=True), 1):
        beside = f"({first:.4g} MB before)"
        report.line(f"{name}, worker {number} after {facts:,} facts", last, "MB", limit=MEGABYTES, beside=beside)
        grown = growth(first, last, facts)
        report.line(f"{name}, worker {number}, growth for 100,000 facts", grown, "%", limit=PERCENT)


def _push(port: int, phones: list[push_load.Phone], rounds: list[int]) -> None:
    for batches in rounds:
        push_load.send(port, [phone.requests(batches, "push") for phone in phones])


def growth(first: float, last: float, facts: int) -> float:
    """Percent that 100,000 facts add to what there was at first."""
    return (last / first - 1) * 100 * 100_000 / facts


def running(instance: Path) -> list[int]:
    """The processes that were started for this instance."""
    mark = f"FIELDAPP_INSTANCE={instance}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue  # somebody else's, or gone
    return sorted(found)


def megabytes(process: int | str, what: str = "VmRSS") -> float:
    """A process's resident memory, or another of the sizes in its status."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) * 1024 / 1e6
