"""How Chromium is started and killed, and the two sizes in which every page is looked at."""

import os
import signal
from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
#: The same Chromium without windows of its own: a page costs a third of the processor's time. Pages alone need no more.
HEADLESS_SHELL = "/usr/bin/chromium-headless-shell"
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
]  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}


def for_pages() -> str:
    """The Chromium that draws pages most cheaply here."""
    return HEADLESS_SHELL if Path(HEADLESS_SHELL).exists() else CHROMIUM


def kill_browser(profile: Path) -> None:
    """SIGKILL exactly the browser that runs on this profile, and let another one start on it."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}".encode() in words:
            os.kill(int(entry.name), signal.SIGKILL)
    for left in profile.glob("Singleton*"):
        left.unlink()
