"""The receipt as a PDF. Owns paper, not words; how paper is set is `typesetting`'s."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fieldapp.services.typesetting import region_of, typeset


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
        language, region = region_of(sheet.language)
        words = {
            **asdict(Sheet(**{**vars(sheet), "photos": ()})),
            "made_at": None,
            "photos": pictures,
            "lang": language,
            "region": region,
            "script": _script(sheet.statement or "", region),
        }
        return typeset("receipt.typ", words, root=root, made_at=sheet.made_at)


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
