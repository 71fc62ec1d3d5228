"""A browser's own description of itself, as a person would say it: browser and system."""

import re

from flask_babel import gettext as _

_BROWSERS = (
    ("MicroMessenger/", "WeChat"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def describe(agent: str) -> str:
    """E.g. `Chrome 141, Android`."""
    browser = next((_named(agent, mark, name) for mark, name in _BROWSERS if mark in agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return ", ".join(filter(None, (browser, system))) or _("Another program")


def _named(agent: str, mark: str, name: str) -> str:
    # Safari's own number says little; its version stands elsewhere.
    version = re.search(re.escape("Version/" if name == "Safari" else mark) + r"(\d+)", agent)
    return f"{name} {version[1]}" if version else name
