"""The receipt as a PDF, set by typst with the font that the program carries. Owns paper, not words.

One compiler is kept for the life of the process (a warm receipt takes some ten milliseconds); it serves one at a time.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

HERE = Path(__file__).parent
FONTS = HERE.parent / "fonts"

#: Language tag -> what the font chooses glyph shapes and punctuation by.
_REGIONS = {"en": ("en", "GB"), "zh-Hans": ("zh", "CN"), "zh-Hant": ("zh", "TW")}

_turn = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Headings:
    """The titles of the sheet's parts."""

    visit: str
    charges: str
    statement: str
    hash: str
    signature: str
    photos: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All that stands on the paper, ready to read in `language`. `signature` is an SVG document; `photos` are JPEGs
    with captions."""

    language: str
    made_at: datetime
    title: str
    company: str
    footer: str
    headings: Headings
    facts: Sequence[tuple[str, str]]
    statement: str | None
    hash: str
    signed: Sequence[str]
    signature: str | None = None
    remarks: Sequence[str] = ()
    charges: Sequence[tuple[str, str]] = ()
    total: tuple[str, str] = ("", "")
    photos: Sequence[tuple[bytes, str]] = ()


def render(sheet: Sheet) -> bytes:
    """The PDF; the same sheet gives the same bytes."""
    with TemporaryDirectory(prefix="receipt-") as folder:
        root = Path(folder)
        pictures = []
        for number, (content, caption) in enumerate(sheet.photos):
            (root / f"{number}.jpg").write_bytes(content)
            pictures.append((f"/{number}.jpg", caption))
        language, region = _REGIONS.get(sheet.language, _REGIONS["en"])
        words = {
            **asdict(Sheet(**{**vars(sheet), "photos": ()})),
            "made_at": None,
            "photos": pictures,
            "lang": language,
            "region": region,
            "script": _script(sheet.statement or "", region),
        }
        with _turn:
            paper = _compiler().compile(
                input=_source(), format="pdf", root=str(root), timestamp=sheet.made_at.replace(microsecond=0),
                sys_inputs={"sheet": json.dumps(words, ensure_ascii=False)},
            )  # fmt: skip
    assert isinstance(paper, bytes)  # noqa: S101 - a PDF is one file
    return paper


def signature_svg(paths: Sequence[str], box: tuple[float, float]) -> str:
    """A signature as an SVG document of its own."""
    ink = "".join(f'<path d="{path}"/>' for path in paths)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box[0]:g} {box[1]:g}"><g fill="none" stroke="#0f2329" '
        f'stroke-width="{box[0] / 170:.2f}" stroke-linecap="round" stroke-linejoin="round">{ink}</g></svg>'
    )


def _script(text: str, fallback: str) -> str:
    """The region whose shapes a text that stands verbatim is set in: by the characters that only one of the two
    national sets of old holds. Its own, not the reader's: shaped as traditional, a simplified character can become the
    very glyph of another one, and the text that is read back from the paper would no longer be the text signed."""
    simplified = sum(_holds("gb2312", one) and not _holds("big5", one) for one in text)
    traditional = sum(_holds("big5", one) and not _holds("gb2312", one) for one in text)
    return fallback if simplified == traditional else "CN" if simplified > traditional else "TW"


@lru_cache(20_000)
def _holds(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=True)


@cache
def _source() -> bytes:
    return (HERE / "receipt.typ").read_bytes()
