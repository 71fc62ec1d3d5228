"""A real HTTP server on loopback that is told of things: what came, and what it answers."""

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Receiver:
    """What came so far. `answers` are given in turn, the last one for everything after."""

    address: str = ""
    answers: list[tuple[int, Mapping[str, str]]] = field(default_factory=lambda: [(204, {})])
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    #: While cleared nobody is answered.
    open: threading.Event = field(default_factory=threading.Event)

    def answer(self, *statuses: int, **headers: str) -> None:
        """Answer with these, one after the other."""
        self.answers = [(status, headers) for status in statuses]

    def wait_for(self, count: int, seconds: float = 60) -> bool:
        """Whether so many came in time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)


@contextmanager
def receiving(host: str = "127.0.0.1") -> Iterator[Receiver]:
    """A receiver while the block runs."""
    found = Receiver()
    found.open.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with found.arrived:
                place = min(len(found.requests), len(found.answers) - 1)
                found.requests.append((self.path, dict(self.headers), body))
                found.arrived.notify_all()
            found.open.wait(60)
            status, headers = found.answers[place]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.address = f"http://{host}:{server.server_address[1]}"
    try:
        yield found
    finally:
        found.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
