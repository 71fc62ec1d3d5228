"""`/metrics`: what a monitor wants to know, in Prometheus's words. Counts requests and what became of phones' facts.

Several processes count together in a folder that `serve` makes; one process counts in its memory. What the database
knows (phones that wait, held facts) is asked when a monitor asks, at most every `FRESH` seconds. No name, number or
login is in any of it; branches are named by their codes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from fieldapp import __version__
from fieldapp.services import health, jobs
from fieldapp.services.sync_push import Result
from fieldapp.services.work import Busy, Work

FRESH = 15.0
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
disable_created_metrics()


class Metrics:
    """The counters of one app, and what is asked at each scrape. `folder`: where several processes count together."""

    def __init__(self, work: Callable[[], Work], folder: Path | None) -> None:
        here = CollectorRegistry()
        self.requests = Counter(
            "fieldapp_requests", "Requests by route.", ["endpoint", "method", "status"], registry=here
        )
        self.seconds = Histogram(
            "fieldapp_request_seconds", "Time to the answer by part of the program.", ["area"], buckets=_BUCKETS,
            registry=here,
        )  # fmt: skip
        self.facts = Counter("fieldapp_sync_facts", "What became of pushed facts.", ["status", "code"], registry=here)
        self.registry = here
        if folder is not None:
            self.registry = CollectorRegistry()
            MultiProcessCollector(self.registry, path=str(folder))
        self.registry.register(_Store(work))


class _Store:
    """What the database says now. Without one there is only `fieldapp_database_up 0`."""

    def __init__(self, work: Callable[[], Work]) -> None:
        self._work, self._lock = work, Lock()
        self._found: list[Metric] = []
        self._until = 0.0

    def describe(self) -> Iterable[Metric]:
        """Nothing: else it would be asked when the program starts."""
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._found, self._until = list(_asked(self._work())), time.monotonic() + FRESH
            return self._found


def _asked(work: Work) -> Iterator[Metric]:
    up = GaugeMetricFamily("fieldapp_database_up", "Whether the database answers and has the program's schema.")
    started = time.perf_counter()
    try:
        report, found, (outgoing, waited) = health.readiness(work), health.branches_now(work), jobs.standing(work)
    except Busy:
        up.add_metric([], 0)
        yield up
        return
    up.add_metric([], int(report["ready"] == "yes"))
    yield up
    yield InfoMetricFamily("fieldapp", "Program and database.", {**report, "version": __version__})
    yield _gauge("fieldapp_database_seconds", "Time that these questions took.", [("", time.perf_counter() - started)])
    work_left = GaugeMetricFamily("fieldapp_outgoing", "Outgoing work by how it stands.", labels=["state"])
    for state in ("waiting", "running", "later", "dead"):
        work_left.add_metric([state], outgoing.get(state, 0))
    yield work_left
    yield _gauge(
        "fieldapp_outgoing_wait_seconds", "How long the outgoing work waits that is due longest.",
        [("", waited.total_seconds())],
    )  # fmt: skip
    for name, text, value in (
        ("phones_holding", "Phones that said they hold unsent facts or photos.", lambda one: one.phones_holding),
        ("phone_queue_seconds", "Age of the oldest thing that a phone holds unsent.", lambda one: one.queue_seconds),
        ("held_facts", "Facts that wait for a dispatcher's decision.", lambda one: one.held),
        ("quarantined", "Things in quarantine that nobody has dealt with.", lambda one: one.quarantined),
    ):
        yield _gauge(f"fieldapp_{name}", text, [(one.branch, value(one)) for one in found])


def _gauge(name: str, text: str, values: list[tuple[str, float]]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, text, labels=["branch"] if values and values[0][0] else [])
    for branch, value in values:
        found.add_metric([branch] if branch else [], value)
    return found


def install(app: Flask, folder: Path | None) -> None:
    """Count every request of the app from now on."""
    metrics = app.extensions["metrics"] = Metrics(lambda: app.extensions["work"], folder)

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "-"
        method = request.method if request.method in _METHODS else "other"
        metrics.requests.labels(endpoint, method, response.status_code).inc()
        if "begun" in g:
            metrics.seconds.labels(endpoint.partition(".")[0]).observe(time.perf_counter() - g.begun)
        return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_facts(results: Iterable[Result]) -> None:
    """Count what became of the facts of a push."""
    facts = current_app.extensions["metrics"].facts
    for one in results:
        facts.labels(one.status, one.code or "").inc()


def exposition() -> bytes:
    """Everything, as Prometheus reads it."""
    return generate_latest(current_app.extensions["metrics"].registry)
