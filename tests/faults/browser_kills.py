"""The phone's browser is killed at random moments of writing facts, keeping photos and sending both (kill -9).

Whatever the app called saved must be on the phone when it is opened again, and at last on the server, once.
"""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Playwright, sync_playwright

from fieldapp.services import doctor
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE, kill_browser
from tests.faults import company
from tests.faults.company import BRANCH, Company
from tests.faults.outcome import Outcome
from tests.faults.server import Server

FAULT = "kill -9 of the phone's browser"
#: Seconds of work before a kill, at most: long enough for pushes and uploads.
LONGEST = 4.0
_LOAD = "const load = (name) => import(document.querySelector('script[type=module]').src.replace('phone.js', name));"
#: One fact, or a photo where `n` can be divided by four; tells that it is saved.
STEP = """
  const { append, addPhoto } = await load("sync/journal.js");
  const picture = async () => {
    const canvas = new OffscreenCanvas(700, 500);
    const brush = canvas.getContext("2d");
    for (let n = 0; n < 900; n += 1) {
      brush.fillStyle = `hsl(${Math.random() * 360} 90% 50%)`;
      brush.fillRect(Math.random() * 700, Math.random() * 500, 30, 30);
    }
    return new File([await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })], "photo.jpg");
  };
  const step = async (n) => {
    const one = n % 4
      ? await append(visit, "note.added", { text: `no. ${n}` })
      : await addPhoto(visit, "after", await picture());
    saved(one.id, one.blob ?? null);
  };
"""
#: Works without a pause.
_WORK = (
    STEP
    + """
  const work = async (n) => {
    await step(n);
    work(n + 1);
  };
  work(1);
"""
)
HELD = """
  const { store } = await load("sync/store.js");
  const [facts, photos] = await Promise.all(["outbox", "blobs"].map((name) => store().getAll(name)));
  return {
    facts: facts.map(({ id, seq }) => [id, seq]), photos: photos.map((one) => one.blob),
    waiting: [...facts, ...photos].filter((one) => one.status === "waiting").length,
  };
"""


def run_in(page: Any, body: str, visit: str | None = None) -> Any:
    return page.evaluate(f"async (visit) => {{ {_LOAD} {body} }}", visit)


class Phone:
    """One profile through many lives, and what the app called saved in them."""

    def __init__(self, driver: Playwright, profile: Path, port: int, secret: str) -> None:
        self._driver, self._profile, self._url, self._secret = driver, profile, f"http://127.0.0.1:{port}", secret
        self.facts: set[str] = set()
        self.photos: set[str] = set()
        #: How far its clock is ahead of ours; None: it is ours.
        self.ahead: timedelta | None = None

    def open(self, shows: str = "#view .card") -> Any:
        """The app as it starts again, showing today."""
        self._context = self._driver.chromium.launch_persistent_context(
            self._profile, executable_path=CHROMIUM, args=CHROMIUM_ARGS, viewport=PHONE, is_mobile=True, has_touch=True
        )
        self._context.add_cookies([{"name": "sid", "value": self._secret, "url": self._url}])
        self._context.expose_function("saved", self._saved)
        if self.ahead is not None:
            self._context.clock.install(time=datetime.now(UTC) + self.ahead)
        page = self._context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{self._url}/m/#today")
        page.wait_for_selector(shows)
        return page

    def kill(self) -> None:
        kill_browser(self._profile)
        with suppress(Error):  # it is dead already, as it should be
            self._context.close()

    def close(self) -> None:
        self._context.close()

    def _saved(self, event_id: str, blob: str | None) -> None:
        self.facts.add(event_id)
        if blob:
            self.photos.add(blob)


def run(folder: Path, times: int, *, seed: int) -> Outcome:
    """So many kills of one phone, each at a moment that `seed` draws."""
    if not Path(CHROMIUM).exists():
        return Outcome(FAULT, skipped=f"{CHROMIUM} is missing")
    with sync_playwright() as driver:
        return live(driver, folder, times, seed=seed)


def live(driver: Playwright, folder: Path, times: int, *, seed: int) -> Outcome:
    """The same with a driver that runs already."""
    outcome = Outcome(FAULT)
    moments = random.Random(seed)
    place = company.found(folder / "instance", phones=1, visits=1)
    person = place.people[0]
    with Server(place) as server:
        phone = Phone(driver, folder / "profile", server.port, person.secret)
        for _ in range(times):
            page = phone.open()
            look(outcome, phone, run_in(page, HELD))
            run_in(page, _WORK, person.visits[0])
            page.wait_for_timeout(moments.uniform(0, LONGEST) * 1000)
            phone.kill()
            outcome.times += 1
        page = phone.open()
        page.wait_for_function("() => document.querySelector('#sync')?.dataset.tone === 'done'", timeout=300_000)
        held = run_in(page, HELD)
        phone.close()
    look(outcome, phone, held)
    judge(outcome, place, phone, held)
    return outcome


def look(outcome: Outcome, phone: Phone, held: dict[str, Any]) -> None:
    """What was called saved in earlier lives is there, and the numbers have no gap."""
    facts = {event_id for event_id, _ in held["facts"]}
    gone = (phone.facts - facts) | (phone.photos - set(held["photos"]))
    if gone:
        outcome.lost += len(gone)
        outcome.problems.append(f"called saved and gone from the phone: {sorted(gone)[:3]}")
    if sorted(seq for _, seq in held["facts"]) != list(range(1, len(facts) + 1)):
        outcome.problems.append("the phone's numbers have a gap or a double")


def judge(outcome: Outcome, place: Company, phone: Phone, held: dict[str, Any]) -> None:
    work = place.open()
    with work.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT event_id, held_code FROM events WHERE origin = 'push'").all()
    stored, on_phone = [row[0] for row in rows], {event_id for event_id, _ in held["facts"]}
    photos = set(work.blobs.all(BRANCH))
    checks = doctor.examine(work)
    work.database.dispose()
    outcome.facts, outcome.confirmed = len(on_phone), len(stored)
    outcome.lost += len((on_phone | phone.facts) - set(stored)) + len(set(held["photos"]) - photos)
    outcome.duplicate += len(stored) - len(set(stored))
    outcome.ghost += len(set(stored) - on_phone)
    held_back = sum(row[1] is not None for row in rows)
    outcome.figures |= {
        "photos": str(len(photos)), "called saved before a kill": str(len(phone.facts)), "held": str(held_back),
    }  # fmt: skip
    outcome.problems += [fault for check in checks for fault in check.faults]
    if outcome.lost or outcome.duplicate or outcome.ghost or held["waiting"]:
        outcome.problems.append("phone and server differ in the end")
