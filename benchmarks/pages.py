"""The pages of a team of 500 and of one of them, while more and more visits are stored that are not shown.

At each stage ten times as many visits lie beside those of the month: in other months, then in another branch, and at
last in the month itself.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Any

from benchmarks import month, report
from benchmarks.databases import Opened, on_each_engine
from fieldapp.domain.access import OPERATOR
from fieldapp.services import branches, recording
from fieldapp.services.work import Work
from fieldapp.storage.events import Record
from tests import builders, cast

PEOPLE = 500
EACH = 4
TIMES = 25
#: Visits of one technician are this far apart: 40 are of one month still.
APART = timedelta(hours=17)
PAGES = {
    "team page": (f"/scores/{month.MONTH}/", 100),
    "one technician's page": (f"/scores/{month.MONTH}/T00007/", 30),
    "overview": (f"/scores/{month.MONTH}/overview", 400),
    "fairness": (f"/scores/{month.MONTH}/fairness", 400),
}


def run() -> None:
    """On SQLite and on PostgreSQL."""
    on_each_engine(_measure)


def _measure(engine: str, opened: Opened) -> None:
    with opened() as place, place.work(month.NOW) as work:
        branches.add_branch(work, OPERATOR, code="other", name="Other", timezone=cast.ZONE)
        for number in range(PEOPLE):
            month.person(work, f"T{number:05d}", "technician")
        month.person(work, "M001", "manager")
        browser = month.client(work, place.instance, "M001")
        found: dict[str, list[report.Time]] = {name: [] for name in PAGES}
        stored = [_store(work, "main", "A", EACH)]
        _look(work, browser, found)
        stored.append(stored[-1] + sum(_store(work, "main", f"B{back}", 2 * EACH, 31 * back) for back in range(2, 7)))
        _look(work, browser, found)
        stored.append(stored[-1] + _store(work, "other", "C", 10 * EACH))
        _look(work, browser, found)
        stored.append(stored[-1] + _store(work, "main", "D", 9 * EACH))
        _look(work, browser, found)
    _tell(engine, stored, found)


def _tell(engine: str, stored: list[int], found: dict[str, list[report.Time]]) -> None:
    where = ("the month alone", "other months", "another branch", "ten times the month")
    for name, (_, goal) in PAGES.items():
        for place, visits, time in zip(where, stored, found[name], strict=True):
            beside = f"({visits:,} visits stored; processor time {time.worked * 1000:.3g} ms)"
            report.line(f"{engine}: {name}, {place}", time.took * 1000, "ms", goal=goal, beside=beside)


def _look(work: Work, browser: Any, found: dict[str, list[report.Time]]) -> None:
    if not work.database.is_sqlite:
        with work.database.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")  # as the server does by itself within a minute
    for name, (url, _) in PAGES.items():
        times = [report.time_of(partial(_get, browser, url)) for _ in range(TIMES)][5:]
        found[name].append(report.Time(median(one.took for one in times), median(one.worked for one in times)))


def _get(browser: Any, url: str) -> None:
    if browser.get(url).status_code != 200:
        raise SystemExit(f"{url} does not answer")


def _store(work: Work, branch: str, name: str, each: int, days_before: int = 0) -> int:
    """So many visits of everybody, the first so many days before the month's; returns how many that were."""
    for start in range(0, PEOPLE, 25):
        lines = _visits(name, range(start, start + 25), each, timedelta(days=days_before))
        records = [
            Record(event=one, origin="import", received_at=month.NOW) for one in builders.as_events(lines, branch)
        ]
        with work.write(branch) as db:
            recording.record(db, branch, records, month.NOW)
    return PEOPLE * each


def _visits(name: str, people: range, each: int, before: timedelta) -> Iterator[dict[str, Any]]:
    for number in people:
        for one in range(each):
            when = month.START + APART * one - before
            yield from builders.perfect_visit(f"{name}-{number}-{one}", when, f"T{number:05d}")
