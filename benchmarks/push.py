"""Pushes of 20 facts from 16 phones at once, beside the same endpoint with raw SQL and nothing else, in one run.

Rounds of both take turns, equally long; every figure is the median of the rounds, every ratio the median of the pairs,
so that a neighbour who takes the processor for a moment decides nothing.

The p99 shall be under 80 ms, better 40. That was written for a machine on which the raw endpoint's own p99 is 18.6 ms:
4.3 and 2.2 times that. Machines differ, so the ratio is judged, and the milliseconds stand beside it.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import push_load, push_server, report
from benchmarks.databases import on_each_database

ROUNDS = 5
#: Batches of a client in a round: raw ones take a third of the time.
BATCHES = {"raw": 45, "push": 15}
#: Milliseconds: the p99 of the raw endpoint where the limits were set, the limit, the goal.
RAW_P99, P99, P99_GOAL = 18.6, 80, 40


@dataclass(frozen=True)
class Round:
    """What one round showed: batches a second, and seconds of each."""

    rate: float
    times: list[float]

    def ms(self, share: float) -> float:
        return report.percentile(self.times, share) * 1000


def run() -> None:
    """On SQLite and on PostgreSQL, with two workers each."""
    on_each_database(_measure)


def _measure(name: str, instance: Path, url: str) -> None:
    phones = push_load.company(instance, url, visits=(ROUNDS + 1) * BATCHES["push"])
    rounds: dict[str, list[Round]] = {"raw": [], "push": []}
    with push_server.serving(instance, url) as port:
        for number in range(ROUNDS + 1):
            for kind, kept in rounds.items():
                count = BATCHES[kind] if number else 5
                took, times = push_load.send(port, [phone.requests(count, kind) for phone in phones])
                if number:  # the first fills the caches
                    kept.append(Round(push_load.CLIENTS * count / took, times))
    _tell(name, **rounds)


def _tell(name: str, raw: list[Round], push: list[Round]) -> None:
    pairs = list(zip(raw, push, strict=True))
    what = f"{name}: push of {push_load.FACTS} facts"
    report.line(f"{what}, raw SQL only", median(one.rate for one in raw), "batches/s")
    report.line(what, median(one.rate for one in push), "batches/s")
    share = median(100 * ours.rate / bare.rate for bare, ours in pairs)
    report.line(f"{what} beside raw", share, "%", limit=30, goal=50, more_is_better=True)
    for part in (0.5, 0.99):
        beside = f"(raw: {median(one.ms(part) for one in raw):.3g} ms)"
        report.line(f"{what}, p{part * 100:.0f}", median(one.ms(part) for one in push), "ms", beside=beside)
    times = median(ours.ms(0.99) / bare.ms(0.99) for bare, ours in pairs)
    limit, goal = round(P99 / RAW_P99, 1), round(P99_GOAL / RAW_P99, 1)
    report.line(f"{what}, p99 beside raw's", times, "times", limit=limit, goal=goal)
