"""Firefox ESR and WebKitGTK, driven without anything between: Marionette over its socket, WebDriver over HTTP.

Owns starting and ending them and running a script in their page; knows nothing of our app.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

#: Seconds for a start, a page, a script.
PATIENCE = 60
_MINI_BROWSERS = ("webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0")


class Engine(Protocol):
    """A browser with one page."""

    def open(self, url: str) -> None:
        """Go to `url` (the same again: reload) and wait for it."""

    def run(self, body: str, *args: Any) -> Any:
        """What the body of an async function, given `args`, returns in the page; raises what it raises."""


class Refused(Exception):
    """The browser answered that it could not."""


class _Scripts:
    """`run` in terms of the one command that both protocols have."""

    def run(self, body: str, *args: Any) -> Any:
        script = (
            "const [args, done] = [[...arguments].slice(0, -1), arguments[arguments.length - 1]];"
            f"(async () => {{ {body} }})()"
            ".then((value) => done([null, value ?? null]), (error) => done([String(error), null]));"
        )
        fault, value = self._script(script, list(args))
        if fault is not None:
            raise Refused(fault)
        return value

    def _script(self, script: str, args: list[Any]) -> Any:
        raise NotImplementedError


class Firefox(_Scripts):
    """Over Marionette: `length:[0, number, command, parameters]` there, `[1, number, error, result]` back."""

    def __init__(self, port: int) -> None:
        self._line = _connected(port)
        self._number = 0
        self._heard()
        self._ask("NewSession", {"capabilities": {"alwaysMatch": {"pageLoadStrategy": "normal"}}})
        self._ask("SetTimeouts", {"script": PATIENCE * 1000, "pageLoad": PATIENCE * 1000})

    def open(self, url: str) -> None:
        self._ask("Navigate", {"url": url})

    def _script(self, script: str, args: list[Any]) -> Any:
        return self._ask("ExecuteAsyncScript", {"script": script, "args": args})["value"]

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, f"WebDriver:{command}", parameters]).encode()
        self._line.sendall(b"%d:%s" % (len(message), message))
        _, _, fault, result = self._heard()
        if fault is not None:
            raise Refused(fault["message"])
        return result

    def _heard(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._line.recv(1)
        left, whole = int(length[:-1]), b""
        while len(whole) < left:
            whole += self._line.recv(left - len(whole))
        return json.loads(whole)


class WebKit(_Scripts):
    """Over W3C WebDriver."""

    def __init__(self, port: int, browser: str) -> None:
        self._at = f"http://127.0.0.1:{port}/session"
        _connected(port).close()
        options = {"binary": browser, "args": ["--automation"]}
        asked = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self._at += "/" + self._ask("", asked)["sessionId"]
        self._ask("/timeouts", {"script": PATIENCE * 1000, "pageLoad": PATIENCE * 1000})

    def open(self, url: str) -> None:
        self._ask("/url", {"url": url})

    def _script(self, script: str, args: list[Any]) -> Any:
        return self._ask("/execute/async", {"script": script, "args": args})

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self._at + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode()[:500]) from None


@contextmanager
def firefox(folder: Path) -> Iterator[Engine | None]:
    """Firefox ESR on a profile below `folder`; None where it is not installed."""
    program = shutil.which("firefox-esr")
    if program is None:
        yield None
        return
    port = _free_port()
    profile = folder / "firefox"
    profile.mkdir()
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    order = [program, "--headless", "--marionette", "-remote-allow-system-access", "--profile", str(profile)]
    with _running(order, folder):
        yield Firefox(port)


@contextmanager
def webkit(folder: Path) -> Iterator[Engine | None]:
    """WebKitGTK's MiniBrowser on a screen that nobody sees; None where it is not installed."""
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("xvfb-run")
    found = [path for name in _MINI_BROWSERS for path in Path("/usr/lib").glob(f"*/{name}/MiniBrowser")]
    if driver is None or screen is None or not found:
        yield None
        return
    port = _free_port()
    with _running([screen, "-a", driver, f"--port={port}"], folder):
        yield WebKit(port, str(found[0]))


@contextmanager
def _running(order: list[str], home: Path) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "NO_AT_BRIDGE": "1"}
    silent = subprocess.DEVNULL
    process = subprocess.Popen(order, env=environment, stdout=silent, stderr=silent, start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _connected(port: int) -> socket.socket:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=2 * PATIENCE)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
