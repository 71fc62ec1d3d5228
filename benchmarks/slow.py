"""800 slow clients, half of them dribbling headers and half bodies, and honest requests between them."""

import tempfile
from pathlib import Path

from benchmarks import report
from tests import processes
from tests.slow_clients import honest_times


def run() -> None:
    """p99 of an honest request, alone and in the crowd."""
    with tempfile.TemporaryDirectory() as folder:
        processes.run(Path(folder), "db", "upgrade")
        with processes.serving(Path(folder)) as port:
            alone = report.percentile(honest_times(port, slow=0), 0.99)
            for slow in (200, 800):
                p99 = report.percentile(honest_times(port, slow=slow, asked=200), 0.99)
                report.line(
                    f"honest p99 beside {slow} slow clients", p99 * 1000, "ms", limit=500,
                    beside=f"(alone: {alone * 1000:.2g} ms)",
                )  # fmt: skip
