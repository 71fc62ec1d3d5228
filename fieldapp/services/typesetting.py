"""Typst, as every paper of ours is set: with the font that the program carries, and no other. Owns no words.

One compiler is kept for the life of the process (a warm page takes some ten milliseconds); it serves one at a time.
"""

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import typst

HERE = Path(__file__).parent
FONTS = HERE.parent / "fonts"

#: Language tag -> what the font chooses glyph shapes and punctuation by.
_REGIONS = {"en": ("en", "GB"), "zh-Hans": ("zh", "CN"), "zh-Hant": ("zh", "TW")}

_turn = threading.Lock()


def region_of(language: str) -> tuple[str, str]:
    """Language and region for typst."""
    return _REGIONS.get(language, _REGIONS["en"])


def typeset(source: str, words: Mapping[str, object], *, root: Path, made_at: datetime) -> bytes:
    """The PDF of a `.typ` file beside this module, which finds `words` as JSON in `sheet` and pictures below `root`;
    the same words give the same bytes."""
    with _turn:
        paper = _compiler().compile(
            input=_source(source), format="pdf", root=str(root), timestamp=made_at.replace(microsecond=0),
            sys_inputs={"sheet": json.dumps(words, ensure_ascii=False)},
        )  # fmt: skip
    assert isinstance(paper, bytes)  # noqa: S101 - a PDF is one file
    return paper


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=True)


@cache
def _source(name: str) -> bytes:
    return (HERE / name).read_bytes()
