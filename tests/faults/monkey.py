"""A monkey at the technician's app: it taps, types, draws, takes photos, goes back, opens windows, turns the phone.

Two people share the phone and sign in and out. Meanwhile the line cuts, the network goes, sessions are lost, browser
and server are killed, and the server is put back to a backup. At the end all is calm and both people sign in once
more: whatever the app ever had in its outbox, of either of them, must be on the server, once.

It deletes nothing on purpose: that the app offers, and asks for a reason.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Error, Playwright, sync_playwright

from fieldapp.services import doctor
from fieldapp.services.passwords import Argon2
from tests import processes
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE, kill_browser
from tests.faults import company
from tests.faults.browser_kills import HELD, run_in
from tests.faults.company import BRANCH, PASSWORD, Company
from tests.faults.outcome import Outcome
from tests.faults.proxy import Proxy
from tests.faults.server import Server

FAULT = "a monkey at the screens"
#: What leads away from the app, into another language, or deletes with a reason.
_TABOO = ("delete", "中文", "your data", "password", "/logout")
_TEXTS = ("12.5", "Wang Fang", "\\u0000", "测试 文字", "x" * 50, "<b>", "0", "-1", "A damp wall")
#: Tells of every fact and photo that is on the phone's disk, the moment it is.
_WATCH = """(() => {
  for (const name of ["add", "put"]) {
    const real = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (value, ...rest) {
      const id = { outbox: value?.id, blobs: value?.blob }[this.name];
      const tell = () => globalThis.kept?.(this.name, id);
      if (id) this.transaction.addEventListener("complete", tell);
      return real.call(this, value, ...rest);
    };
  }
})();"""
_UNFOLD = "() => { for (const one of document.querySelectorAll('#view details')) one.open ||= Math.random() < 0.5; }"
_OWNER = "const { storeOwner } = await load('sync/store.js'); return storeOwner();"
#: Whether a talk with the server went through: until then nothing may wait that a restored server has forgotten.
_SEND = """
  const { syncNow, syncState } = await load('sync/engine.js');
  await syncNow();
  return syncState().phase === "idle" && !syncState().trouble;
"""


class Monkey:
    """One phone on the line to one server, and what can happen to them."""

    def __init__(self, driver: Playwright, folder: Path, seed: int) -> None:
        self.chance, self.done = random.Random(seed), Counter[str]()
        #: Everything that was ever on the phone's disk: ("outbox", a fact) or ("blobs", a photo).
        self.kept: set[tuple[str, str]] = set()
        self.folder, self._driver, self._profile = folder, driver, folder / "profile"
        self.place = company.found(folder / "instance", phones=2, visits=7, passwords=Argon2())
        self.server = Server(self.place)
        self.server.start()
        self.line = Proxy(self.server.port, seed)
        self.line.calm = True
        self.line.start()
        self._backup: Path | None = None
        self._pictures = [_picture(folder / f"{number}.jpg", number) for number in range(4)]
        self.moves: dict[Callable[[], object], float] = {
            self.tap: 62, self.type: 10, self.draw: 8, self.go_home: 4, self.look: 2, self.go_back: 2, self.reload: 2,
            self.open_window: 2, self.change_window: 2, self.change_network: 2, self.change_line: 1.5, self.turn: 1,
            self.kill_browser: 1.5, self.kill_server: 1.5, self.lose_session: 0.5, self.back_up: 0.2, self.restore: 0.1,
        }  # fmt: skip
        self.open()

    def move(self) -> None:
        """Anything, at random; who sees the sign-in page mostly signs in."""
        if "/login" in self.page.url and self.chance.random() < 0.5:
            act: Callable[[], object] = self.sign_in
        else:
            act = self.chance.choices(list(self.moves), list(self.moves.values()))[0]
        try:
            act()
            self.done[act.__name__] += 1
        except Error as error:
            if "closed" in str(error) or "crash" in str(error):
                self.kill_browser()

    def open(self) -> None:
        """The app as it starts on this profile."""
        self.context = self._driver.chromium.launch_persistent_context(
            self._profile, executable_path=CHROMIUM, args=CHROMIUM_ARGS, viewport=PHONE, is_mobile=True, has_touch=True,
            locale="en-GB",
        )  # fmt: skip
        self.context.expose_function("kept", lambda kind, name: self.kept.add((kind, name)))
        self.context.add_init_script(_WATCH)
        self.context.set_default_timeout(6000)
        self.page = self._ready(self.context.pages[0])

    def _ready(self, page: Any) -> Any:
        page.on("filechooser", self._choose)
        with suppress(Error):
            page.goto(f"http://127.0.0.1:{self.line.port}/m/")
        return page

    def _choose(self, chooser: Any) -> None:
        with suppress(Error):  # the app may just be starting over
            chooser.set_files(self.chance.choice(self._pictures))

    def tap(self) -> None:
        """Mostly the one big button, or else anything that can be tapped."""
        self.page.evaluate(_UNFOLD)
        found = self.page.query_selector_all("button:visible, a:visible, label:visible:has(input), summary:visible")
        found = [one for one in found if not _is_taboo(one)]
        main = [one for one in found if "primary" in (one.get_attribute("class") or "")]
        if found:
            chosen = self.chance.choice(main if main and self.chance.random() < 0.55 else found)
            chosen.tap(timeout=1500, force=self.chance.random() < 0.3)

    def type(self) -> None:
        fields = self.page.query_selector_all("textarea:visible, input[type=text]:visible, input:not([type]):visible")
        if fields and "/login" not in self.page.url:
            self.chance.choice(fields).fill(self.chance.choice(_TEXTS), timeout=1500)

    def draw(self) -> None:
        """Ink; now and then the finger never leaves the screen."""
        canvas = self.page.query_selector("canvas:visible")
        box = canvas.bounding_box() if canvas else None
        if not box:
            return
        for _ in range(self.chance.randint(1, 3)):
            for step in range(self.chance.randint(1, 7)):
                x, y = self.chance.random() * box["width"], self.chance.random() * box["height"]
                self.page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
                if step == 0:
                    self.page.mouse.down()
            if self.chance.random() < 0.85:
                self.page.mouse.up()

    def look(self) -> dict[str, Any]:
        """What the phone says that it holds, of whoever has it open."""
        held: dict[str, Any] = run_in(self.page, HELD)
        self.kept |= {("outbox", name) for name, _ in held["facts"]} | {("blobs", name) for name in held["photos"]}
        return held

    def go_home(self) -> None:
        self.page.goto(f"http://127.0.0.1:{self.line.port}/m/#today")

    def go_back(self) -> None:
        self.page.go_back(timeout=3000)

    def reload(self) -> None:
        self.page.reload()

    def open_window(self) -> None:
        """One more, of three at most."""
        self.page = self._ready(self.context.new_page())
        for old in self.context.pages[:-3]:
            old.close()

    def change_window(self) -> None:
        self.page = self.chance.choice(self.context.pages)
        self.page.bring_to_front()

    def change_network(self) -> None:
        self.context.set_offline(self.chance.random() < 0.6)

    def change_line(self) -> None:
        self.line.calm = not self.line.calm

    def turn(self) -> None:
        width, height = PHONE["width"], PHONE["height"]
        sizes = ((width, height), (height, width))
        self.page.set_viewport_size(dict(zip(("width", "height"), self.chance.choice(sizes), strict=True)))

    def lose_session(self) -> None:
        self.context.clear_cookies()

    def kill_browser(self) -> None:
        kill_browser(self._profile)
        with suppress(Error):  # it is dead already, as it should be
            self.context.close()
        self.open()

    def kill_server(self) -> None:
        self.server.kill()
        time.sleep(self.chance.random() * 2)
        self.server.start()

    def back_up(self) -> None:
        """While it serves."""
        self._backup = self.folder / f"backup{self.done['back_up']}"
        _run(self.place, "backup", self._backup)

    def restore(self) -> None:
        """The server is put back to its last backup, in a new place."""
        if self._backup is None:
            return
        self.server.kill()
        instance = self.folder / f"restored{self.done['restore']}"
        self.place = Company(instance, f"sqlite:///{instance / 'fieldapp.db'}", self.place.people)
        _run(self.place, "restore", self._backup)
        self.server = Server(self.place)
        self.server.start()
        self.line.turn_to(self.server.port)

    def sign_in(self, login: str = "") -> None:
        """As one of the two."""
        if "/login" not in self.page.url:
            self.page.goto(f"http://127.0.0.1:{self.line.port}/login")
        login = login or self.chance.choice([person.login for person in self.place.people])
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", PASSWORD)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url("**/m/**")

    def calm_down(self) -> int:
        """One window, a good line; everybody signs in and sends. How much is still on the phone then."""
        self.line.calm = True
        self.context.set_offline(False)
        self.kill_browser()
        for person in (*self.place.people, self.place.people[0]):
            self.context.clear_cookies()
            self.page.goto("about:blank")
            self.sign_in(person.login)
            waiting = self._sent(person.login)
            if waiting:
                return waiting
        return 0

    def _sent(self, login: str) -> int:
        """Wait until the app has this person's storage open, talked to the server, and nothing waits in it."""
        waiting = 1
        for _ in range(60):
            with suppress(Error):  # it may just be starting over for another person
                has_talked = run_in(self.page, _SEND)
                waiting = self.look()["waiting"]
                if has_talked and not waiting and run_in(self.page, _OWNER) == login:
                    return 0
            self.page.wait_for_timeout(500)
        return waiting or 1

    def end(self) -> None:
        with suppress(Error):
            self.context.close()
        self.server.kill()
        self.line.close()


def run(folder: Path, times: int, *, seed: int) -> Outcome:
    """So many moves, drawn by `seed`."""
    if not Path(CHROMIUM).exists():
        return Outcome(FAULT, skipped=f"{CHROMIUM} is missing")
    with sync_playwright() as driver:
        return live(driver, folder, times, seed=seed)


def live(driver: Playwright, folder: Path, times: int, *, seed: int) -> Outcome:
    """The same with a driver that runs already."""
    outcome = Outcome(FAULT, times=times)
    monkey = Monkey(driver, folder, seed)
    try:
        monkey.sign_in()
        for _ in range(times):
            monkey.move()
        waiting = monkey.calm_down()
    finally:
        monkey.end()
    if waiting:
        outcome.problems.append(f"{waiting} entries are still on the phone")
    _judge(outcome, monkey)
    outcome.figures |= {
        "taps": str(monkey.done["tap"]), "browser killed": str(monkey.done["kill_browser"]),
        "server killed": str(monkey.done["kill_server"]), "put back to a backup": str(monkey.done["restore"]),
    }  # fmt: skip
    return outcome


def _judge(outcome: Outcome, monkey: Monkey) -> None:
    facts, photos = ({name for kind, name in monkey.kept if kind == wanted} for wanted in ("outbox", "blobs"))
    work = monkey.place.open()
    with work.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT event_id FROM events WHERE origin = 'push'").all()
        rows += connection.exec_driver_sql("SELECT event_id FROM quarantine").all()
    stored = [row[0] for row in rows]
    lost = facts - set(stored)
    if not monkey.done["restore"]:  # who signed out took their sent photos off the phone
        lost |= photos - set(work.blobs.all(BRANCH))
    outcome.problems += [fault for check in doctor.examine(work) for fault in check.faults]
    work.database.dispose()
    outcome.facts, outcome.confirmed, outcome.lost = len(facts), len(facts & set(stored)), len(lost)
    outcome.duplicate, outcome.ghost = len(stored) - len(set(stored)), len(set(stored) - facts)
    outcome.figures |= {"photos": str(len(photos))}
    if outcome.lost or outcome.duplicate or outcome.ghost:
        outcome.problems.append(f"phone and server differ: {sorted(lost)[:3]}")


def _is_taboo(element: Any) -> bool:
    words = f"{element.inner_text()} {element.get_attribute('href')}".lower()
    return any(word in words for word in _TABOO)


def _picture(path: Path, number: int) -> Path:
    Image.effect_noise((900 + number, 700), 90).convert("RGB").save(path, quality=92)
    return path


def _run(place: Company, command: str, file: Path) -> None:
    done = processes.run(place.instance, command, str(file))
    assert done.returncode == 0, done.stderr
