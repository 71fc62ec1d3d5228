"""Three days without a network: a phone that works on, is killed and opened again, and is heard of on the fourth.

Phone and server both live through the days (their clocks are put forward together); after 72 hours the app asks for the
server before it shows anything, and what was recorded goes out once it is there.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from tests.browsers import CHROMIUM
from tests.faults import company, shifted
from tests.faults.browser_kills import HELD, STEP, Phone, judge, look, run_in
from tests.faults.outcome import Outcome
from tests.faults.server import Server

FAULT = "72 hours without a network"
#: Hours after which the browser is killed and opened again, and when the network is back.
STARTS, BACK = (0, 9, 23, 31, 47, 55, 71), 73
_KEPT = "navigator.serviceWorker.ready.then(() => true)"
_SOME = STEP + "for (let n = args.first; n < args.end; n += 1) await step(n);"


def run(folder: Path, entries: int) -> Outcome:
    """So many entries, every fourth a photo: 400 are 300 facts and 100 photos with theirs."""
    if not Path(CHROMIUM).exists():
        return Outcome(FAULT, skipped=f"{CHROMIUM} is missing")
    with sync_playwright() as driver:
        return live(driver, folder, entries)


def live(driver: Playwright, folder: Path, entries: int) -> Outcome:
    """The same with a driver that runs already."""
    outcome = Outcome(FAULT)
    place = company.found(folder / "instance", phones=1, visits=1)
    person, clock = place.people[0], folder / "clock"
    clock.write_text("0")
    with Server(place, program="tests.faults.shifted", more={shifted.FILE: str(clock)}) as server:
        phone = Phone(driver, folder / "profile", server.port, person.secret)
        phone.ahead = timedelta()
        page = phone.open()
        page.evaluate(_KEPT)
        page.wait_for_function("() => document.querySelector('#sync')?.dataset.tone === 'done'")
        phone.close()
        server.kill()
        for number, hours in enumerate(STARTS):
            phone.ahead = timedelta(hours=hours)
            page = phone.open()
            look(outcome, phone, run_in(page, HELD))
            portion = {"first": 1 + entries * number // len(STARTS), "end": 1 + entries * (number + 1) // len(STARTS)}
            run_in(page, f"const args = {portion};".replace("'", "") + _SOME, person.visits[0])
            phone.kill()
            outcome.times += 1
        _come_back(outcome, phone, server, clock)
        page = phone.open()
        page.wait_for_function("() => document.querySelector('#sync')?.dataset.tone === 'done'", timeout=300_000)
        held: dict[str, Any] = run_in(page, HELD)
        phone.close()
    look(outcome, phone, held)
    judge(outcome, place, phone, held)
    return outcome


def _come_back(outcome: Outcome, phone: Phone, server: Server, clock: Path) -> None:
    """Too long without the server: nothing is shown before it was heard of, and it is."""
    phone.ahead = timedelta(hours=BACK)
    page = phone.open("#view h1")
    if page.locator("h1:has-text('sign in again')").count() == 0:
        outcome.problems.append("the app opened after 73 hours without a contact")
    phone.kill()
    clock.write_text(str(BACK * 3600))
    server.start()
