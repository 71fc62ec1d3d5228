"""The monthly slip on paper. Owns paper, not words; how paper is set is `typesetting`'s."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fieldapp.services.typesetting import region_of, typeset

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Headings:
    """The titles of the paper's parts."""

    figures: str
    items: str
    adjustments: str
    seal: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of the norm: what it is called, how it is counted, what came of it."""

    article: str
    title: str
    counted: str
    needed: str
    points: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One adjustment: who and why, and each visit or finding behind it as a line."""

    title: str
    facts: Sequence[Pair]
    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """All that stands on it, ready to read in `language`. `columns` head the items; `figures` have what was closed, and
    what stands where that differs."""

    language: str
    made_at: datetime
    title: str
    company: str
    footer: str
    headings: Headings
    facts: Sequence[Pair]
    remarks: Sequence[str]
    figures: Sequence[Pair]
    columns: Sequence[str]
    items: Sequence[Item]
    adjustments: Sequence[Change]
    seal: Sequence[Pair]
    note: str


def render(paper: Paper) -> bytes:
    """The PDF; the same paper gives the same bytes."""
    language, region = region_of(paper.language)
    words = {**asdict(paper), "made_at": None, "lang": language, "region": region}
    with TemporaryDirectory(prefix="slip-") as folder:
        return typeset("slip.typ", words, root=Path(folder), made_at=paper.made_at)
