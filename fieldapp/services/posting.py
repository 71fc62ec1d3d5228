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

from fieldapp.domain.webhooks import is_public

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
            raise Unreached("no_answer" if connection.sock else "not_reached") from error


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, under a name."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=STEP)
        self._address, self._secure = address, secure
        if secure:
            self.default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), STEP)
        self.sock = plain
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
