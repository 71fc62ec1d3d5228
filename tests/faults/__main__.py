"""All faults at length, one after the other: `make faults`. Ends with a table for docs/reliability.md.

Names on the command line choose some; `--share 0.1` does a tenth of everything.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults import (
    absence,
    browser_kills,
    clocks,
    disk_full,
    failover,
    kills,
    lines,
    locked,
    monkey,
    mutants,
    other_browsers,
    plays,
    postgres_away,
    power_cuts,
)
from tests.faults.outcome import Outcome
from tests.faults.server import close_nurseries

#: Name -> the programme and how often (for `locked`: seconds) it is done at full length.
PROGRAMMES: dict[str, tuple[Callable[[Path, int], Outcome], int]] = {
    "plays": (plays.run, 500),
    "kills": (partial(kills.run, seed=7), 300),
    "power": (partial(power_cuts.run, seed=7), 200),
    "disk": (disk_full.run, 10),
    "lock": (locked.run, 30),
    "postgres": (postgres_away.run, 5),
    "failover": (failover.run, 5),
    "lines": (partial(lines.cut, seed=7), 3000),
    "parallel": (lines.parallel, 20),
    "still": (partial(lines.standing_still, seconds=3.0), 10),
    "clocks": (clocks.run, 20),
    "browser-kills": (partial(browser_kills.run, seed=7), 20),
    "monkey": (partial(monkey.run, seed=7), 3000),
    "absence": (absence.run, 400),
    "browsers": (other_browsers.run, 3),
}


def main() -> int:
    """Run, tell, answer 1 when anything was not as promised."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PROGRAMMES)}, mutants")
    asked.add_argument("--share", type=float, default=1.0, help="of the full length (default 1)")
    asked.add_argument("--out", type=Path, help="a file for the table")
    chosen = asked.parse_args()
    wanted = chosen.names or [*PROGRAMMES, "mutants"]
    outcomes = [_run(name, chosen.share) for name in wanted if name in PROGRAMMES]
    table = _table(outcomes)
    caught = _mutants() if "mutants" in wanted else []
    close_nurseries()
    text = "\n".join([*table, "", *caught])
    print(f"\n{text}")
    if chosen.out:
        chosen.out.write_text(text + "\n")
    return int(any(one.problems for one in outcomes) or any("ESCAPED" in line for line in caught))


def _run(name: str, share: float) -> Outcome:
    programme, size = PROGRAMMES[name]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fieldapp-faults-") as folder:
        outcome = programme(Path(folder), max(1, round(size * share)))
    state = outcome.skipped or ("; ".join(outcome.problems[:5]) if outcome.problems else "ok")
    print(f"{outcome.fault}: {outcome.times} times in {time.monotonic() - began:.0f} s: {state}", flush=True)
    return outcome


def _mutants() -> list[str]:
    rows = ["| mistake | found by |", "| --- | --- |"]
    for mutant in mutants.MUTANTS:
        with tempfile.TemporaryDirectory(prefix="fieldapp-faults-") as folder:
            found = mutants.is_caught(mutant, Path(folder))
        how = mutant.check.__name__.replace("_", " ")
        rows.append(f"| {mutant.name} | {'not tried here' if found is None else how if found else 'ESCAPED'} |")
        print(rows[-1], flush=True)
    return rows


def _table(outcomes: list[Outcome]) -> list[str]:
    rows = [
        "| fault | times | facts | confirmed | lost | double | ghosts | seen |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in outcomes:
        seen = one.skipped or "; ".join(f"{name}: {value}" for name, value in one.figures.items())
        counts = (one.times, one.facts, one.confirmed, one.lost, one.duplicate, one.ghost)
        mark = " **NOT AS PROMISED**" if one.problems else ""
        rows.append(f"| {one.fault}{mark} | {' | '.join(map(str, counts))} | {seen} |")
    return rows


if __name__ == "__main__":
    sys.exit(main())
