"""A bad line: a TCP proxy that cuts connections after a random number of bytes, in either direction."""

import random
import socket
import struct
import threading
from collections import Counter


class Proxy(threading.Thread):
    """Passes bytes on to `port` until, for most connections, it has had enough of them. `cuts` counts where."""

    def __init__(self, port: int, seed: int = 0) -> None:
        super().__init__(daemon=True)
        self.cuts: Counter[str] = Counter()
        self.calm = False
        self._to, self._chance = port, random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Accept until closed."""
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line, *self._fate()), daemon=True).start()

    def turn_to(self, port: int) -> None:
        """Pass new connections on to another server."""
        self._to = port

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _fate(self) -> tuple[int | None, int | None]:
        """After how many bytes of the request, or of the answer, this connection is cut."""
        kind = "none" if self.calm else self._chance.choice(("none", "request", "request", "answer", "answer"))
        self.cuts[kind] += 1
        if kind == "request":
            return int(self._chance.expovariate(1 / 4000)), None
        # Half of them lose the answer wholly: the facts are stored and nobody heard of it.
        return None, self._chance.choice((0, self._chance.randint(1, 3000))) if kind == "answer" else None

    def _serve(self, line: socket.socket, request: int | None, answer: int | None) -> None:
        with socket.socket() as server:
            try:
                server.connect(("127.0.0.1", self._to))
            except OSError:
                _break(line)
                return
            back = threading.Thread(target=_pump, args=(server, line, answer), daemon=True)
            back.start()
            _pump(line, server, request)
            back.join(timeout=30)
            line.close()


def _pump(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    """Pass on at most `limit` bytes, then break both sides."""
    passed = 0
    try:
        while part := source.recv(4096):
            if limit is not None and passed + len(part) > limit:
                target.sendall(part[: limit - passed])
                _break(source)
                _break(target)
                return
            passed += len(part)
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        _break(source)
        _break(target)


def _break(line: socket.socket) -> None:
    """A reset instead of a polite end."""
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
