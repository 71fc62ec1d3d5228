"""How Chromium is started, and the two sizes in which every page is looked at."""

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
]  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}
