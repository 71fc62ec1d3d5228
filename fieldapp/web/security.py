"""Headers that every answer carries, and which hosts we answer to."""

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


class CrossSite(Forbidden):
    """A page of another site tried to act through this browser."""

    code = "cross_site"


def install(app: Flask, settings: Settings) -> None:
    """Refuse foreign hosts and dress every answer, errors and files included."""
    hosts = _LOCAL if settings.base_url is None else (settings.base_url.split("://", 1)[1].split("/", 1)[0],)

    @app.before_request
    def known_host() -> None:
        host = request.headers.get("Host", "")
        bare = host.rsplit(":", 1)[0] if settings.base_url is None and not host.endswith("]") else host
        if bare not in hosts:
            abort(400)

    @app.before_request
    def own_site() -> None:
        if request.method not in _SAFE and not _from_own_site(settings):
            raise CrossSite()

    @app.after_request
    def dress(response: Response) -> Response:
        csp = _CSP + (TRUSTED_TYPES if request.path.startswith("/m/") else "")
        response.headers.setdefault("Content-Security-Policy", csp)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "geolocation=(self), camera=(self), microphone=()"
        if settings.secure:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        # Private unless a view says otherwise; shared machines and back buttons must not keep people's homes.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


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
