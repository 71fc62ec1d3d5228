"""Static files by content, and how times are written (money: `web/money.py`).

One table, made at start-up, names every static file's bytes, gzip form and SHA-256; pages, the `/a/` route and the
service worker's list are served from it. Files live under `/a/<release>/`, where the release is the hash of them all:
relative module imports work, caches never mix versions, a wrong release is 404.
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from babel.dates import format_skeleton
from flask import Blueprint, Flask, Response, abort, current_app, make_response, request
from flask_babel import format_time, get_locale
from markupsafe import Markup

from fieldapp.domain.calendar import Window, is_twofold
from fieldapp.domain.numbers import dialled
from fieldapp.web import styles
from fieldapp.web.context import current_work, current_zone
from fieldapp.web.locale import current_language
from fieldapp.web.money import money, price

blueprint = Blueprint("assets", __name__)
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
#: Lines of our own scripts that only explain: the phone pays for every byte. Their places stay, for line numbers.
_REMARK = re.compile(rb"^[ \t]*(?://.*|/\*\*.*\*/[ \t]*)$", re.MULTILINE)
_TEXT = {".css", ".js", ".svg", ".json", ".txt", ".webmanifest"}


@dataclass(frozen=True)
class Asset:
    """One static file: its bytes, their gzip form where that is smaller, its type, its integrity string."""

    content: bytes
    zipped: bytes | None
    media: str
    integrity: str


class Assets:
    """All static files below a folder, and the hash of them all."""

    def __init__(self, folder: Path) -> None:
        paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        self.files = {name: _load(name, path) for name, path in paths.items()}
        sheets = {name: asset.content for name, asset in self.files.items() if name.endswith(".css")}
        for name, parts in styles.BUNDLES.items():
            self.files[name] = _asset(name, styles.join(sheets, parts))
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(f"{name} {asset.integrity}\n".encode())
        self.release = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a static file; raises KeyError for one that does not exist (a broken page fails its test)."""
        if name not in self.files:
            raise KeyError(f"no static file {name}")
        return f"/a/{self.release}/{name}"

    def precache(self, names: list[str]) -> list[dict[str, str]]:
        """`{url, integrity}` for the service worker."""
        return [{"url": self.url(name), "integrity": self.files[name].integrity} for name in names]


def install(app: Flask, folder: Path) -> None:
    """Load the table; give templates `asset()` and the filters."""
    assets = Assets(folder)
    app.extensions["assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.jinja_env.filters.update(
        localtime=localtime, localdate=localdate, localmoment=localmoment, window=window, lastday=lastday,
        localwindow=localwindow, money=money, price=price, in_percent=in_percent, dialled=dialled,
    )  # fmt: skip
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


@blueprint.get("/a/<release>/<path:name>", endpoint="file")
def serve(release: str, name: str) -> Response:
    """A static file of this release; any other release is not found."""
    assets: Assets = current_app.extensions["assets"]
    asset = assets.files.get(name)
    if release != assets.release or asset is None:
        abort(404)
    return _answer(asset)


def _answer(asset: Asset) -> Response:
    zipped = asset.zipped is not None and "gzip" in request.accept_encodings
    response = make_response(asset.zipped if zipped else asset.content)
    response.content_type = asset.media
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if asset.zipped is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _load(name: str, path: Path) -> Asset:
    content = path.read_bytes()
    return _asset(name, _REMARK.sub(b"", content) if name.startswith("js/") else content)


def _asset(name: str, content: bytes) -> Asset:
    zipped = gzip.compress(content, 9, mtime=0) if Path(name).suffix in _TEXT else None
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media.startswith("text/") or media.endswith(("javascript", "json")):
        media += "; charset=utf-8"
    integrity = "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
    return Asset(content, zipped if zipped and len(zipped) < len(content) else None, media, integrity)


def in_percent(share: Fraction | str) -> str:
    """A share that is kept exactly (to four decimals), as exactly: `95`, `97.5`."""
    return f"{float(Fraction(share) * 100):.2f}".rstrip("0").rstrip(".")


def localtime(moment: datetime) -> str:
    """Hours and minutes in the branch's zone, as the reader writes them; of an hour that comes twice with the distance
    from UTC."""
    zone = current_zone()
    local = moment.astimezone(zone)
    return format_time(local, "HH:mm (ZZZZ)" if is_twofold(local, zone) else "HH:mm", rebase=False)


def localdate(moment: datetime | date) -> str:
    """The day with its weekday, in the branch's zone, e.g. `Tue, 1 Dec` or `12月1日周二`; with its year where that is
    not the running one."""
    zone = current_zone()
    day = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    is_running = day.year == current_work().now().astimezone(zone).year
    return format_skeleton("MMMEd" if is_running else "yMMMEd", day, locale=get_locale())


def lastday(end: datetime) -> str:
    """The last day before `end`, which is the first moment that is too late."""
    return localdate(end - timedelta(seconds=1))


def localmoment(moment: datetime) -> str:
    """Day and time in the branch's zone, e.g. `Tue, Dec 1, 09:47` or `12月1日周二 09:47`."""
    joint = " " if current_language().startswith("zh") else ", "
    return f"{localdate(moment)}{joint}{localtime(moment)}"


def localwindow(value: Window) -> Markup:
    """The day and the window, e.g. `Tue, Dec 1, 09:00–10:30`; a line breaks between the two or not at all."""
    joint = " " if current_language().startswith("zh") else ", "
    return Markup('{}{}<span class="nowrap">{}</span>').format(localdate(value.start), joint, window(value))


def window(value: Window) -> str:
    """`09:00-10:30`; with the day of the end when that differs."""
    start, end = value.start.astimezone(current_zone()), value.end.astimezone(current_zone())
    until = localtime(end) if start.date() == end.date() else localmoment(end)
    return f"{localtime(start)}–{until}"
