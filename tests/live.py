"""A live server on loopback: shared by fixtures, screenshots and benchmarks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any, **__: Any) -> None:
        pass


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` from threads of this process; yields the address. Nothing is left half answered at its end: whoever
    closes the database next would take it from under a request."""
    going: set[object] = set()

    def counted(environ: Any, start: Any) -> Any:
        one = object()
        going.add(one)
        try:
            return app(environ, start)
        finally:
            going.discard(one)

    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for _ in range(500):
            if not going:
                break
            time.sleep(0.01)
