"""The norm sheets that the program ships: read from package data once, checked by the domain."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from fieldapp.domain.calendar import month_of
from fieldapp.domain.scoring.rulebook import Rulebooks, parse_rulebook

INSTALLER = "installer"


@cache
def shipped_rulebooks(sheet: str = INSTALLER) -> Rulebooks:
    """All versions of `sheet` (files `<sheet>-<version>.toml`); raises `Invalid("rulebook_invalid")`."""
    files = (resources.files("fieldapp") / "rulebooks").iterdir()
    own = (file for file in files if file.name.startswith(f"{sheet}-") and file.name.endswith(".toml"))
    texts = (file.read_text("utf-8") for file in sorted(own, key=lambda file: file.name))
    return Rulebooks.of(parse_rulebook(tomllib.loads(text)) for text in texts)


def missed_after(start: datetime, zone: ZoneInfo) -> timedelta:
    """How long after its end a promise that starts then counts as missed, by the norm of its month."""
    return shipped_rulebooks().in_force(month_of(start, zone)).parameters.missed_after
