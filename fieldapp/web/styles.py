"""Which style sheets one page needs, joined into one file each: one request, and half the bytes of eleven.

Sources stay small and readable in `static/css`; comments and spaces go when they are joined, nothing else.
"""

import re
from collections.abc import Mapping

_ALWAYS = ("tokens", "base")
_PARTS = ("button", "form", "card", "status")

#: Name of the joined file -> its sources, in order.
BUNDLES: dict[str, tuple[str, ...]] = {
    "css/office.all.css": (
        *(f"css/{name}.css" for name in (*_ALWAYS, "layout", "office")),
        *(f"css/components/{name}.css" for name in (*_PARTS, "table", "dialog", "nav")),
        "css/paper.css",
    ),
    "css/customer.all.css": (
        *(f"css/{name}.css" for name in (*_ALWAYS, "layout", "office")),
        *(f"css/components/{name}.css" for name in (*_PARTS, "nav")),
        "css/customer.css",
        "css/paper.css",
    ),
    "css/phone.all.css": (
        *(f"css/{name}.css" for name in (*_ALWAYS, "phone")),
        *(f"css/components/{name}.css" for name in (*_PARTS, "dialog", "visit", "signoff")),
    ),
    "css/print.all.css": (
        *(f"css/{name}.css" for name in (*_ALWAYS, "layout", "print")),
        *(f"css/components/{name}.css" for name in (*_PARTS, "table")),
        "css/paper.css",
    ),
}


def join(sources: Mapping[str, bytes], names: tuple[str, ...]) -> bytes:
    """The named sheets as one, without comments and needless spaces; a sheet that does not exist is left out."""
    text = "\n".join(sources[name].decode() for name in names if name in sources)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,>]) ?", r"\1", text).strip().encode()
