"""The phone in Chromium: warm start to today's list with the network off, and appending one event.

Nobody taps twice within a tenth of a second: what one tap makes the page draw is over before the next. What it costs
to append without any pause stands below.
"""

import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import report
from tests import cast
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE
from tests.e2e import phone
from tests.e2e.stage import Stage, enter, stage

#: Appends inside the page with pauses between; milliseconds each.
APPEND = """
const [visit, times, pause] = args;
const { append } = await load("sync/journal.js");
const took = [];
for (let turn = 0; turn < times; turn++) {
  const began = performance.now();
  await append(visit, "note.added", { text: `measured ${turn}` });
  took.push(performance.now() - began);
  if (pause) await new Promise((rested) => setTimeout(rested, pause));
}
return took;
"""
#: The browser's own limit: one strict put into a database of its own.
BARE = """
const [times] = args;
const open = indexedDB.open("bare", 1);
open.onupgradeneeded = () => open.result.createObjectStore("facts", { autoIncrement: true });
const db = await new Promise((done) => { open.onsuccess = () => done(open.result); });
const took = [];
for (let turn = 0; turn < times; turn++) {
  const began = performance.now();
  await new Promise((done) => {
    const step = db.transaction("facts", "readwrite", { durability: "strict" });
    step.objectStore("facts").add({ payload: "x".repeat(300) });
    step.oncomplete = done;
  });
  took.push(performance.now() - began);
}
return took;
"""


def run() -> None:
    """Both numbers on the demo company's T001."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), datetime.now(UTC)) as demo,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        context = browser.new_context(
            viewport=PHONE, is_mobile=True, has_touch=True, locale="en-GB", timezone_id=cast.ZONE
        )
        page = context.new_page()
        _measure(page, context, demo)
        browser.close()


def _measure(page: Any, context: Any, demo: Stage) -> None:
    enter(page, demo, "T001")
    page.goto(f"{demo.url}/m/")
    page.wait_for_selector("#view .card")
    phone.wait_until_kept(page)
    context.set_offline(True)
    # Timed by the browser itself: from the navigation to the first card in the document.
    page.add_init_script(
        "new MutationObserver((_, watch) => { if (!document.querySelector('#view .card')) return; watch.disconnect();"
        " window.listed = performance.now(); }).observe(document, { childList: true, subtree: true });"
    )
    starts = []
    for _ in range(7):
        page.reload()
        page.wait_for_function("() => window.listed > 0")
        starts.append(page.evaluate("() => window.listed"))
    report.line("offline start to today's list, median of 7", statistics.median(starts), "ms", limit=600)
    took = phone.run(page, APPEND, demo.places["next"], 40, 100)
    busy = phone.run(page, APPEND, demo.places["next"], 40, 0)
    bare = phone.run(page, BARE, 40)
    beside = f"(bare IndexedDB: {statistics.median(bare):.2g} ms)"
    report.line("append of one event, median of 40", statistics.median(took), "ms", limit=15, beside=beside)
    report.line("append of one event, p95", report.percentile(took, 0.95), "ms")
    report.line("append of one event right after another, median of 40", statistics.median(busy), "ms")
