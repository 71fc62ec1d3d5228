"""What the browser fetches to run the technician's app. The shell is the same bytes for everybody and holds no data:
what is private comes from `/m/me.json` and `/api/sync/v1`, and lives in the phone's own storage.
"""

import base64
import gzip
import hashlib
from functools import cache, lru_cache

from flask import Blueprint, Response, current_app, json, make_response, render_template, request, url_for
from flask_babel import force_locale
from flask_wtf.csrf import generate_csrf

import fieldapp
from fieldapp.domain.errors import NotFound
from fieldapp.services import web_push
from fieldapp.web.context import current_actor, current_currency, current_settings, current_zone
from fieldapp.web.locale import LANGUAGES
from fieldapp.web.push_key import current_push_key
from fieldapp.web.pwa import modules
from fieldapp.web.pwa.words import WORDS
from fieldapp.web.rescue_key import current_rescue_key
from fieldapp.web.templating import Assets

blueprint = Blueprint("pwa", __name__)
#: Who is signed in; a blueprint of its own, because it stands behind another door.
me = Blueprint("pwa_me", __name__)

#: Symbols of the shell's sprite, by name in templates/_macros/icons.html.
SYMBOLS = (
    "arrow", "box", "broom", "calendar", "camera", "chart", "check", "clock", "cloud", "cross", "door", "edit", "eye",
    "flag", "globe", "hand", "home", "info", "key", "left", "list", "lock", "message", "minus", "mobile", "money",
    "nobody", "note", "offline", "pen", "person", "phone", "pin", "plus", "qr", "receipt", "right", "shield", "shirt",
    "shoe", "signout", "star", "sync", "tool", "trash", "truck", "undo", "up", "upload", "wait", "warn", "down",
)  # fmt: skip
_REVALIDATE = "no-cache"


@blueprint.get("/")
def shell() -> Response:
    """The one page of the app."""
    return _answer(shell_text(), "text/html; charset=utf-8")


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """What the phone needs to install the app."""
    return _answer(manifest_text(), "application/manifest+json")


@blueprint.get("/words/<tag>.json")
def words(tag: str) -> Response:
    """Every text of the client in one language."""
    if tag not in LANGUAGES:
        raise NotFound()
    return _answer(words_text(tag), "application/json")


@blueprint.get("/sw.js")
def service_worker() -> Response:
    """The worker with this release's list of files; its bytes change exactly when a release does."""
    assets: Assets = current_app.extensions["assets"]
    files = precache()
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
    head = f"const RELEASE = {json.dumps(digest)};\nconst FILES = {json.dumps(files)};\n"
    return _answer(head + assets.files["js/sw.js"].content.decode(), "text/javascript; charset=utf-8")


@me.get("/me.json")
def who() -> Response:
    """Who is signed in, in which zone, and the token for a form; never stored by the browser."""
    actor = current_actor()
    facts = {
        "login": actor.login, "name": actor.name, "branch": actor.branch, "team": actor.team, "locale": actor.locale,
        "zone": current_zone().key, "currency": current_currency(), "csrf": generate_csrf(),
        "app": fieldapp.__version__,
        "rescue": {"id": current_rescue_key().key_id, "key": base64.b64encode(current_rescue_key().public).decode()},
        "push": web_push.text(current_push_key().public), "offline_hours": current_settings().offline_hours,
    }  # fmt: skip
    response = make_response(json.dumps(facts))
    response.content_type = "application/json"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Field-Sync"] = "1"
    return response


def precache() -> list[dict[str, str]]:
    """`{url, integrity}` of all that the app needs offline: shell, words, and every file the shell can reach."""
    assets: Assets = current_app.extensions["assets"]
    pages = [{"url": "/m/", "integrity": _integrity(shell_text())}]
    pages += [{"url": f"/m/words/{tag}.json", "integrity": _integrity(words_text(tag))} for tag in LANGUAGES]
    return pages + assets.precache(modules.offline(assets))


def shell_text() -> str:
    """The shell's HTML: no language, no token, no time; equal bytes for equal releases."""
    assets: Assets = current_app.extensions["assets"]
    return render_template(
        "phone/shell.html", modules=modules.first(assets), symbols=SYMBOLS, version=fieldapp.__version__,
        sign_in=url_for("auth.login", next="/m/"), sign_out=url_for("auth.logout"), language=url_for("auth.language"),
        office="/",
    )  # fmt: skip


@cache
def words_text(tag: str) -> str:
    """The client's texts in one language, as JSON with sorted keys."""
    with force_locale(tag.replace("-", "_")):
        texts = {key: str(text) for key, text in WORDS.items()}
    return json.dumps(texts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def manifest_text() -> str:
    """The web app manifest; its name is not translated, because the phone asks for it once."""
    assets: Assets = current_app.extensions["assets"]
    icons = [
        {"src": assets.url("icons/app-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": assets.url("icons/app-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": assets.url("icons/maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    return json.dumps({
        "id": "/m/", "start_url": "/m/", "scope": "/m/", "name": "Home visits", "short_name": "Visits",
        "display": "standalone", "orientation": "any", "background_color": "#f5f6f2", "theme_color": "#0c343b",
        "icons": icons,
    })  # fmt: skip


def _integrity(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=32)
def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _answer(text: str, media: str) -> Response:
    content = text.encode()
    response = make_response(content)
    response.content_type = media
    response.headers["Cache-Control"] = _REVALIDATE
    response.set_etag(hashlib.sha256(content).hexdigest()[:32], weak=True)
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.accept_encodings:
        response.set_data(_zipped(content))
        response.headers["Content-Encoding"] = "gzip"
    return response.make_conditional(request)
