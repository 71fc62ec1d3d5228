"""Headers that every answer carries, and which hosts we answer to."""

import re
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from fieldapp.domain.errors import Forbidden
from fieldapp.settings import Settings

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
#: The technician's pages write no markup from strings; the browser holds them to it.
TRUSTED_TYPES = "; require-trusted-types-for 'script'; trusted-types sw"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_FOR_MONITORS = frozenset({"/healthz", "/readyz", "/metrics"})
_USUAL_PORTS = {"http": 80, "https": 443}


class CrossSite(Forbidden):
    """A page of another site tried to act through this browser."""

    code = "cross_site"


def install(app: Flask, settings: Settings) -> None:
    """Refuse foreign hosts and dress every answer, errors and files included."""

    @app.before_request
    def known_host() -> None:
        host = request.headers.get("Host", "")
        # Monitors on this machine know no other name of it, and these pages make no addresses of theirs.
        asked_here = request.path in _FOR_MONITORS and _is_ours(host, None)
        if not (asked_here or _is_ours(host, settings.base_url)):
            abort(400)

    @app.before_request
    def no_nul() -> None:
        # No text of ours holds U+0000, and PostgreSQL cannot even be asked about one: nothing has such a name, and
        # in a question it is passed over. Taking one out may make another. Links answer for themselves, all alike.
        if "\x00" in request.path and not request.path.startswith("/c/"):
            abort(404)
        while b"%00" in request.query_string:
            request.query_string = request.query_string.replace(b"%00", b"")

    @app.before_request
    def own_site() -> None:
        if request.method not in _SAFE and not _from_own_site(settings):
            raise CrossSite()

    @app.after_request
    def dress(response: Response) -> Response:
        csp = _CSP + (TRUSTED_TYPES if request.path.startswith("/m/") else "")
        response.headers.setdefault("Content-Security-Policy", csp)
        for name, value in everywhere(settings).items():
            response.headers[name] = value
        # Private unless a view says otherwise; shared machines and back buttons must not keep people's homes.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def everywhere(settings: Settings) -> dict[str, str]:
    """What is the same on every answer of this installation."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
    }
    if settings.secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


def bare(settings: Settings) -> list[tuple[str, str]]:
    """All headers of an answer that no app has seen: the server's own, to a request that it cannot read."""
    return [("Content-Security-Policy", _CSP), ("Cache-Control", "no-store"), *everywhere(settings).items()]


def _is_ours(host: str, base_url: str | None) -> bool:
    """Whether a `Host` names this server: the one of the base URL, else this machine itself on any port."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name, port = match[1].lower(), match[2]
    if base_url is None:
        return name in _LOCAL
    ours = urlsplit(base_url)
    usual = _USUAL_PORTS[ours.scheme]
    known = f"[{ours.hostname}]" if ":" in (ours.hostname or "") else ours.hostname
    return name == known and int(port or usual) == (ours.port or usual)


def _from_own_site(settings: Settings) -> bool:
    """What the browser says of where a request comes from; programs say nothing and pass.

    `Origin: null` stands on our own forms too (our pages send no referrer): then the form token alone decides, and
    the interfaces without form token refuse.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    if origin == "null":
        return not request.path.startswith("/api/")
    return origin in {settings.base_url, f"http://{request.host}", f"https://{request.host}"}
