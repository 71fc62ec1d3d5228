"""The dispatcher's board of 500 technicians and 3,000 visits a day, a month of them behind it."""

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import sync_playwright
from sqlalchemy import insert, text

from benchmarks import report
from benchmarks.api import blueprint
from fieldapp.app import create_app
from fieldapp.domain.ids import visit_id
from fieldapp.services import recording
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import migrate
from fieldapp.storage.events import Record
from fieldapp.storage.tables.accounts import AccountRow
from fieldapp.web import guards
from tests import builders, cast
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, DESK
from tests.client import Client
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.live import serving

PEOPLE, EACH, DAYS = 500, 6, 30
TIMES = 15
NOW = cast.NOW + timedelta(hours=4)  # half past one
BOARD = "/dispatch/board?day=2026-10-14"
DATA = "/dispatch/board/data?day=2026-10-14"
#: Every earlier day is today's copy: rows of the read model, which is what the board reads; without a customer, whose
#: sealed value opens in its own row only.
COPY = """INSERT INTO visits (branch, visit_id, external_id, rev, state, job_type, technician, window_start, window_end,
 planned_start, planned_end, customer_name, phone, address, district, language, note, charges, held, signed, updated_at)
 SELECT branch, :day || 'zz' || substr(visit_id, 5), external_id || '-' || :day, rev,
 'completed', job_type, technician, datetime(window_start, :back), datetime(window_end, :back),
 datetime(planned_start, :back), datetime(planned_end, :back), customer_name, phone, address, district,
 language, note, charges, held, signed, updated_at
 FROM visits WHERE branch = 'main' AND external_id GLOB 'B-*' AND external_id NOT GLOB '*-??'"""
#: Everything that the page loaded until then, as it came over the wire.
SIZES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
 .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
READY = """new MutationObserver((_, watch) => { if (!document.querySelector("#board .bar")) return; watch.disconnect();
 requestAnimationFrame(() => setTimeout(() => { window.drawn = performance.now(); })); })
.observe(document, { childList: true, subtree: true });"""


def run() -> None:
    """What the server needs, what the browser needs, and how soon a move is on another board."""
    with tempfile.TemporaryDirectory() as folder:
        work = make_test_work(Path(folder), Clock(NOW))
        migrate.upgrade(work.database)
        cast.begin_sealing(work)
        cast.move_in(work)
        _fill(work)
        app = _app(Path(folder), work)
        _server(app)
        with serving(app) as url, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            _browser(browser, url)
            browser.close()
        work.database.dispose()


def _app(folder: Path, work: Work) -> Flask:
    settings = Settings(
        instance=folder, database_url=str(work.database.url), secret_key=cast.SECRET, data_key=cast.DATA_KEY,
        blobs=folder / "blobs", timezone=cast.ZONE, locale="en", second_factor="chosen",
    )  # fmt: skip
    app = create_app(settings, work=work)
    guards.register(app, blueprint, guards.public("a benchmark"))
    app.test_client_class = Client
    return app


def _fill(work: Work) -> None:
    """Today as it is at half past one, and a month of days before it."""
    codes = [f"B{number:03d}" for number in range(PEOPLE)]
    people = [
        {
            "account_id": f"bench-{code}", "login": code, "name": f"Person {code}", "role": "technician",
            "branch": cast.MAIN, "team": "a", "password_hash": None, "locale": None, "created_at": NOW,
            "disabled_at": None,
        }
        for code in codes
    ]  # fmt: skip
    with work.write() as db:
        db.execute(insert(AccountRow), people)
    lines = _day(codes)
    while part := list(itertools.islice(lines, 400)):
        facts = [
            Record(event=one, origin="import", received_at=NOW) for one in builders.as_events(itertools.chain(*part))
        ]
        with work.write(cast.MAIN) as db:
            recording.record(db, cast.MAIN, facts, NOW)
    with work.write(cast.MAIN) as db:
        for day in range(1, DAYS + 1):
            db.execute(text(COPY), {"day": f"{day:02d}", "back": f"-{day} days"})


def _day(codes: list[str]) -> Iterator[list[dict[str, Any]]]:
    chance = random.Random(20261014)
    for code, turn in itertools.product(codes, range(EACH)):
        start = cast.NOW + timedelta(minutes=100 * turn + chance.randint(-15, 15))
        place = builders.customer(lat=31.2 + chance.uniform(-0.1, 0.1), lon=121.5 + chance.uniform(-0.1, 0.1))
        name = f"B-{code}-{turn}"
        whole = builders.perfect_visit(name, start, code)
        whole[0]["data"] |= {"customer": place, "job_type": "repair"}
        yield [one for one in whole if one["type"] == "visit.scheduled" or one["at"] <= NOW.isoformat()]


def _server(app: Flask) -> None:
    client = app.test_client()
    client.post("/login", data={"login": "D001", "password": cast.PASSWORD})
    first = report.seconds(lambda: client.get(DATA))
    headers = {"Accept-Encoding": "gzip"}
    whole = [report.seconds(lambda: client.get(DATA, headers=headers)) for _ in range(TIMES)]
    hello = [report.seconds(lambda: client.get("/hello")) for _ in range(TIMES)]
    answer = client.get(DATA, headers=headers)
    known = {**headers, "If-None-Match": answer.headers["ETag"]}
    same = [report.seconds(lambda: client.get(DATA, headers=known)) for _ in range(TIMES)]
    risky = [report.seconds(lambda: client.get(DATA + "&show=at_risk", headers=headers)) for _ in range(TIMES)]
    bare = statistics.median(hello)
    beside = f"(hello: {1000 * bare:.2g} ms)"
    report.line(
        "data of a page of the board, median of 15", 1000 * statistics.median(whole), "ms", limit=300, beside=beside
    )
    report.line("the same, the first of a day (learns from history)", 1000 * first, "ms")
    report.line("data where only rows at risk are asked for", 1000 * statistics.median(risky), "ms", limit=300)
    report.line("an answer that nothing changed", 1000 * statistics.median(same), "ms", beside=beside)
    report.line("data of a page, compressed", len(answer.data) / 1024, "KB")


def _browser(browser: Any, url: str) -> None:
    pages = [_enter(browser, url) for _ in range(2)]
    for page in pages:
        page.goto(url + BOARD)
        page.wait_for_selector("#board .bar")
    report.line("a move is on another dispatcher's board after", _seen_after(*pages), "s", limit=2)
    page = _enter(browser, url)
    line = page.context.new_cdp_session(page)
    line.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(READY)
    took = []
    for _ in range(5):
        page.goto(url + BOARD)
        page.wait_for_function("() => window.drawn > 0")
        took.append(page.evaluate("() => window.drawn"))
    sizes = page.evaluate(SIZES)
    report.line("board drawn at CPU x4, median of 5", statistics.median(took) / 1000, "s", limit=2)
    report.line("bytes of the page with everything it loads", sizes / 1024, "KB", limit=110)


def _enter(browser: Any, url: str) -> Any:
    page = browser.new_context(locale="en-GB", timezone_id=cast.ZONE, viewport=DESK).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{url}/login")
    page.fill("[name=login]", "D001")
    page.fill("[name=password]", cast.PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
    return page


def _seen_after(mine: Any, other: Any) -> float:
    """From the answer to a move until the other board shows the bar at its new time."""
    number = "B-B000-5"
    mine.locator(".ec-event.bar", has_text=number).press("Enter")
    was = other.locator(".ec-event.bar", has_text=number).evaluate("(one) => one.style.insetInlineStart")
    start = mine.eval_on_selector("#move [name=planned_start]", "(one) => one.value")
    mine.fill("#move [name=planned_start]", f"{start[:-2]}{(int(start[-2:]) + 7) % 60:02d}")
    with mine.expect_response(lambda answer: visit_id(cast.MAIN, number) in answer.url) as moved:
        mine.click("#move [data-act=send]")
    if not moved.value.ok:
        raise SystemExit(f"refused: {moved.value.text()[:400]}")
    began = time.perf_counter()
    other.wait_for_function(
        "([number, was]) => [...document.querySelectorAll('.ec-event.bar')].find((one) =>"
        " one.textContent.includes(number))?.style.insetInlineStart !== was",
        arg=[number, was], polling=20,
    )  # fmt: skip
    return time.perf_counter() - began
