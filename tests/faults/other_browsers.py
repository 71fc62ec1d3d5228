"""The technician's app in Firefox ESR and WebKitGTK: it opens without a server, keeps facts and a photo, sends them."""

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fieldapp.storage import events
from tests.faults import company, engines
from tests.faults.company import BRANCH, Company
from tests.faults.engines import PATIENCE, Engine
from tests.faults.outcome import Outcome
from tests.faults.server import Server

Start = Callable[[Path], AbstractContextManager[Engine | None]]
ENGINES: dict[str, Start] = {"Firefox ESR": engines.firefox, "WebKitGTK": engines.webkit}

#: In Firefox a driver's script gets modules of its own, as a second tab would: they have to open the storage, too.
_LOAD = """
  const load = (name) => import(document.querySelector("script[type=module]").src.replace("phone.js", name));
  const storage = await load("sync/store.js");
  if (!storage.storeOwner()) await (await load("phone/session.js")).enter(await storage.currentUser());
"""
_SIGN_IN = "document.cookie = `sid=${args[0]}; path=/`;"
_SHOWS_TODAY = 'return Boolean(document.querySelector("#view .card"));'
_IS_KEPT = "return Boolean(navigator.serviceWorker.controller);"
_WORK = (
    _LOAD
    + """
  const { append, addPhoto } = await load("sync/journal.js");
  await append(args[0], "visit.departed", {});
  await append(args[0], "note.added", { text: "门口有狗" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2000, 1500];
  const brush = canvas.getContext("2d");
  for (let x = 0; x < 2000; x += 8) {
    brush.fillStyle = `hsl(${(x * 37) % 360} 90% 50%)`;
    brush.fillRect(x, x % 700, 7, 1100);
  }
  const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
  return addPhoto(args[0], "after", file);
"""
)
_LEFT = (
    _LOAD
    + """
  const [entries, photos] = await Promise.all(["outbox", "blobs"].map((name) => storage.store().getAll(name)));
  return [...entries, ...photos].filter((one) => one.status === "waiting").length;
"""
)
_SYNC = 'dispatchEvent(new Event("online"));'


def run(folder: Path, times: int) -> Outcome:
    """A short visit in every engine that is there, `times` times."""
    outcome = Outcome("another browser, without a server")
    missing = []
    for name, start in ENGINES.items():
        for number in range(times):
            here = folder / f"{name[:3]}{number}"
            here.mkdir(parents=True)
            with start(here) as browser:
                if browser is None:
                    missing.append(name)
                    break
                _visit(outcome, name, here, browser)
    outcome.figures["tried"] = ", ".join(name for name in ENGINES if name not in missing)
    if len(missing) == len(ENGINES):
        outcome.skipped = "neither is installed (apt-get install firefox-esr webkit2gtk-driver xvfb)"
    elif missing:
        outcome.figures["not installed"] = ", ".join(missing)
    return outcome


def _visit(outcome: Outcome, name: str, folder: Path, browser: Engine) -> None:
    place = company.found(folder / "instance", phones=1, visits=2)
    person, visit = place.people[0], place.people[0].visits[0]
    with Server(place) as server:
        address = f"http://127.0.0.1:{server.port}/m/"
        browser.open(address.replace("/m/", "/login"))
        browser.run(_SIGN_IN, person.secret)
        _open(browser, address, f"{name}: no day")
        _until(lambda: browser.run(_IS_KEPT), f"{name}: the app is not kept")
        server.kill()
        _open(browser, address, f"{name}: no day without a server")
        photo = browser.run(_WORK, visit)
        outcome.facts += 3
        _open(browser, address, f"{name}: no day after the work")
        if browser.run(_LEFT) < 4:
            outcome.problems.append(f"{name}: not everything outlived a reload")
        server.start()
        browser.run(_SYNC)
        _until(lambda: browser.run(_LEFT) == 0, f"{name}: never sent")
        outcome.confirmed += 3
    _judge(outcome, name, place, visit, photo)
    outcome.times += 1


def _open(browser: Engine, address: str, otherwise: str) -> None:
    browser.open(address)
    _until(lambda: browser.run(_SHOWS_TODAY), otherwise)


def _judge(outcome: Outcome, name: str, place: Company, visit: str, photo: dict[str, Any]) -> None:
    work = place.open()
    with work.read() as db:
        kinds = [event.type for event in events.histories(db, BRANCH, [visit])[0][visit]]
    content = work.blobs.read(BRANCH, photo["blob"])
    work.database.dispose()
    if sorted(kinds) != ["note.added", "photo.added", "visit.departed", "visit.scheduled"]:
        outcome.lost += 1
        outcome.problems.append(f"{name}: stored were {kinds}")
    if content is None or hashlib.sha256(content).hexdigest() != photo["blob"] or photo["w"] != 1600:
        outcome.lost += 1
        outcome.problems.append(f"{name}: the photo is not what was taken")


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + PATIENCE
    while not _true(holds):
        if time.monotonic() > until:
            raise AssertionError(otherwise)
        time.sleep(0.3)


def _true(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except engines.Refused:  # between two pages nothing can be asked
        return False
