"""`configuration.py`: writes docs/configuration.md from `Settings` and the comments above its fields."""

import dataclasses
import inspect
import re
from pathlib import Path

from fieldapp.settings import Settings

FILE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
HEAD = """# Settings

All are environment variables; a wrong one is named at the start, with an example. Made from `fieldapp/settings.py` by
`tools/configuration.py`.

| variable | default | what it is |
| --- | --- | --- |
"""
_FIELD = re.compile(r"((?:^    #: .*\n)+)^    (\w+): ", re.MULTILINE)


def described() -> dict[str, str]:
    """Field -> the comment above it."""
    source = inspect.getsource(Settings)
    return {
        field: " ".join(line.strip().removeprefix("#: ") for line in comment.splitlines())
        for comment, field in _FIELD.findall(source)
    }


def page() -> str:
    """The whole page."""
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    rows = []
    for field, text in described().items():
        default = defaults[field]
        told = "" if default is dataclasses.MISSING or not default else f"`{default}`"
        rows.append(f"| `FIELDAPP_{field.upper()}` | {told} | {text} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
