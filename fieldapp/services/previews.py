"""Photos as they are shown to people: turned upright, made smaller, without any metadata.

The original stays as it came. Refuses to decode what claims to be huge before decoding it.
"""

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from fieldapp.services.work import Work

#: Longest side of a preview, in pixels.
SIDE = 1600
MOST_PIXELS = 40_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")


def has(work: Work, branch: str, sha256: str) -> bool:
    """Whether the photo has arrived; its event may come long before it."""
    return work.blobs.has(branch, sha256)


def preview(work: Work, branch: str, sha256: str) -> bytes | None:
    """The photo as a JPEG for pages and paper; None when it is not here or is no photo."""
    content = work.blobs.read(branch, sha256)
    return None if content is None else reencode(content)


def reencode(content: bytes) -> bytes | None:
    """The picture in `content` as a JPEG of our own making; None for anything that is no safe picture."""
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.thumbnail((SIDE, SIDE))
            target = BytesIO()
            clean = Image.new("RGB", upright.size)
            clean.paste(upright)
            clean.save(target, "JPEG", quality=82, optimize=True)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return target.getvalue()
