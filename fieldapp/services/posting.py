"""Sending a body to an address that somebody else chose, without being led into our own network.

The name is looked up once; every address it has must be a public one; the connection goes to the very address that was
looked at, whatever the name means a moment later. Redirects are not followed, proxies of the environment not asked,
and the answer is read no further than its status. Owns no signature and no second attempt.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from fieldapp.domain.errors import Invalid
from fieldapp.domain.webhooks import LONGEST_URL, is_public

#: From a name and a port to addresses.
LookUp = Callable[[str, int], Sequence[str]]
#: Seconds that one step may take, and all together: who answers a byte at a time holds a thread no longer.
STEP, WHOLE = 10.0, 20.0


class Unreached(Exception):
    """Nobody answered, or nobody who may be asked. The text is a code: name_unknown, address_private, not_reached,
    too_slow, no_answer."""


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, loopback: bool = False, anywhere: bool = False,
    look_up: LookUp | None = None,
) -> int:  # fmt: skip
    """Send it and return the status of the answer. Raises `Unreached`.

    `loopback`: this machine is allowed, too. `anywhere`: the operator chose the address, it may be in our own network.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    address = _checked((look_up or _look_up)(host, port), loopback=loopback, anywhere=anywhere)
    connection = _Pinned(host, port, address, secure=secure)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    with contextlib.closing(connection), _in_time(connection) as is_over:
        try:
            connection.request("POST", target, body, {**headers, "User-Agent": "fieldapp", "Connection": "close"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            if is_over.is_set() or isinstance(error, TimeoutError):
                raise Unreached("too_slow") from error
            raise Unreached("no_answer" if connection.is_reached else "not_reached") from error


def check_url(url: str, *, loopback: bool = False) -> str:
    """An address that may be told of things: https, a name, nothing secret in it (it stands in lists and logs).

    A name is looked up when something is sent, each time; an address that is written out is looked at here. Raises
    `Invalid` webhook_url, webhook_private. `loopback`: http to this machine will do, too.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("webhook_url", field="url") from None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= LONGEST_URL
    schemes = {"https", "http"} if loopback else {"https"}
    if not plain or parts.scheme not in schemes or not host or port == 0 or "@" in parts.netloc or "#" in url:
        raise Invalid("webhook_url", field="url")
    if _is_private(host, loopback=loopback):
        raise Invalid("webhook_private", field="url")
    return url


def _is_private(host: str, *, loopback: bool) -> bool:
    try:
        return not is_public(host, loopback=loopback)
    except ValueError:
        return host.rstrip(".").rpartition(".")[2] == "localhost" and not loopback


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, under a name."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=STEP)
        self._address, self._secure, self.is_reached = address, secure, False
        if secure:
            self.default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), STEP)
        self.sock, self.is_reached = plain, True
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _look_up(host: str, port: int) -> list[str]:
    try:
        return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Unreached("name_unknown") from error


def _checked(found: Sequence[str], *, loopback: bool, anywhere: bool) -> str:
    """The address to go to. One that is not public among several is enough to refuse: it might be the next answer."""
    if not found:
        raise Unreached("name_unknown")
    if not anywhere and not all(is_public(one, loopback=loopback) for one in found):
        raise Unreached("address_private")
    return found[0]


@contextmanager
def _in_time(connection: http.client.HTTPConnection) -> Iterator[threading.Event]:
    """Hang up when it takes too long as a whole; the event says that this happened."""
    is_over = threading.Event()

    def hang_up() -> None:
        is_over.set()
        with contextlib.suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield is_over
    finally:
        timer.cancel()
