"""Bytes that claim to be a photo: what they are, and the copy that may be shown (design: security.md 9).

Owns the limits. Everything is looked at before it is decoded, and decoded small; what is shown is always drawn anew,
upright and without metadata. Knows nothing of visits or storage.
"""

import io
import re
import warnings
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError

Media = Literal["image/jpeg", "image/png", "image/webp"]

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 40_000_000
#: What cannot be decoded at a reduced size (everything but plain JPEG) would take 4 bytes a pixel and more.
MAX_PIXELS_WHOLE = 8_000_000
#: WebP's decoder holds two canvases of its own.
MAX_PIXELS_WEBP = 4_000_000
#: Longest side of what is shown.
SIDE = 2048
QUALITY = 85

_FORMATS: dict[Media, str] = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_FOREIGN = re.compile(rb"(?i)<(?:script|html|!doctype|svg[ >]|\?php|\?xml[ ]|iframe)|%PDF-")
_HEAD = 64 * 1024


def media_of(content: bytes) -> Media | None:
    """The kind by its first and last bytes; None for anything else, and for a file that is two things at once."""
    found: Media | None = None
    if content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9"):
        found = "image/jpeg"
    elif content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82"):
        found = "image/png"
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        length = int.from_bytes(content[4:8], "little") + 8
        found = "image/webp" if length == len(content) else None
    # Pages and scripts hidden in comments or metadata: harmless once drawn anew, but nobody's honest photo.
    return None if _FOREIGN.search(content[:_HEAD]) else found


def shown(content: bytes) -> bytes | None:
    """A JPEG of at most `SIDE` pixels, upright, without metadata; None when this is no photo we would decode."""
    media = media_of(content)
    if media is None or len(content) > MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[_FORMATS[media]]) as picture:
                return _drawn(picture, media)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError,
            Image.DecompressionBombError, Image.DecompressionBombWarning):  # fmt: skip
        return None


def _drawn(picture: Image.Image, media: Media) -> bytes | None:
    # Only the header has been read so far.
    pixels = picture.width * picture.height
    plain = media == "image/jpeg" and not picture.info.get("progressive")
    whole = MAX_PIXELS_WEBP if media == "image/webp" else MAX_PIXELS_WHOLE
    if not 0 < pixels <= (MAX_PIXELS if plain else whole):
        return None
    if plain:
        picture.draft("RGB", (SIDE, SIDE))
    picture.thumbnail((SIDE, SIDE))
    upright = ImageOps.exif_transpose(picture)
    target = io.BytesIO()
    _opaque(upright).save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def _opaque(picture: Image.Image) -> Image.Image:
    """On white where it lets through; in the colours a JPEG has; a fresh image, so that nothing else comes along."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        canvas = Image.new("RGB", seen.size, "white")
        canvas.paste(seen, mask=seen.getchannel("A"))
        return canvas
    canvas = Image.new("RGB", picture.size)
    canvas.paste(picture.convert("RGB"))
    return canvas
