"""A line on loopback that counts: what a phone really sends and gets, headers and all, whatever the browser says."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Relay:
    """Passes every connection on to `port` of this machine. `sent` counts bytes to it, `received` bytes from it, in
    both cases before they are passed on."""

    def __init__(self, port: int) -> None:
        self.sent = self.received = 0
        self.to = port
        self._counting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self.to)) as far:
            back = threading.Thread(target=self._pass_on, args=(far, near, False), daemon=True)
            back.start()
            self._pass_on(near, far, True)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_sent: bool) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                with self._counting:
                    self.sent += len(part) * is_sent
                    self.received += len(part) * (not is_sent)
                target.sendall(part)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
