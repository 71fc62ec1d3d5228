"""Which static files the technician's app consists of, found by following its imports. Owns no list that could be
forgotten: what the entry imports is loaded first, what it imports on demand is kept for offline use.
"""

import posixpath
import re
from functools import lru_cache

from fieldapp.web.templating import Assets

ENTRY = "js/phone.js"
STYLES = "css/phone.all.css"
_COMMENT = re.compile(r"^\s*(?://|/?\*).*$", re.MULTILINE)
ICONS = ("icons/mark.svg", "icons/app-192.png")
_STATIC = re.compile(r"""(?:^|[;\n])\s*(?:import|export)\b(?:[^'"();]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""")
_DYNAMIC = re.compile(r"""\bimport\(\s*["'](\.{1,2}/[^"']+)["']\s*\)""")


def first(assets: Assets) -> list[str]:
    """The modules that the entry needs before it runs, itself not included, in the order of discovery."""
    return _reachable(assets, (_STATIC,))[1:]


def offline(assets: Assets) -> list[str]:
    """Every file that must be on the phone before the network may go."""
    return [STYLES, *ICONS, *_reachable(assets, (_STATIC, _DYNAMIC))]


@lru_cache(maxsize=8)
def _reachable(assets: Assets, patterns: tuple[re.Pattern[str], ...]) -> list[str]:
    """Modules reachable from the entry; an import of a file that does not exist raises KeyError."""
    found = [ENTRY]
    for name in found:
        text = _COMMENT.sub("", assets.files[name].content.decode())
        for pattern in patterns:
            for target in pattern.findall(text):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
                if path not in assets.files:
                    raise KeyError(f"{name} imports {path}, which does not exist")
                if path not in found:
                    found.append(path)
    return found
