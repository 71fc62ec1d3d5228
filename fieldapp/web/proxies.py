"""Who really asks, behind a proxy: its word is taken where the settings name it, and nobody else's.

Everything later (limits, logs, the door of `/metrics`) goes by `REMOTE_ADDR` and never looks at these headers.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from flask import Request

from fieldapp.settings import Network

_FORWARDED = "fieldapp.forwarded"
_CHAIN, _SCHEME = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"
_OTHERS = ("HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_BY")

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Proxies:
    """WSGI around the app. `trusted` are the networks whose word on who asks is taken."""

    def __init__(self, app: Wsgi, trusted: tuple[Network, ...]) -> None:
        self._app, self._trusted = app, trusted

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        told = {name: environ.pop(name) for name in (_CHAIN, _SCHEME, *_OTHERS) if name in environ}
        environ[_FORWARDED] = bool(told)
        if told and self._trusts(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._first_stranger(told.get(_CHAIN, ""), environ["REMOTE_ADDR"])
            if told.get(_SCHEME) in {"http", "https"}:
                environ["wsgi.url_scheme"] = told[_SCHEME]
        return self._app(environ, start_response)

    def _first_stranger(self, chain: str, peer: str) -> str:
        """From our own side outwards: what stands left of an address that we do not trust, anybody may have written."""
        for address in reversed([one.strip() for one in chain.split(",")]):
            if not _is_address(address):
                break
            peer = address
            if not self._trusts(address):
                break
        return peer

    def _trusts(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._trusted)


def was_forwarded(request: Request) -> bool:
    """Whether a request says of itself that it came through somebody, believed or not."""
    environ = request.environ
    return bool(environ.get(_FORWARDED))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
