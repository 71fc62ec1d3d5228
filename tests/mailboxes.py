"""A real SMTP server on loopback: what came in, and what it answers."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mailbox:
    """What came in so far. `answers` are given to whole letters in turn, the last one for everything after;
    `unknown` are addresses that nobody has."""

    port: int = 0
    answers: list[str] = field(default_factory=lambda: ["250 OK"])
    unknown: set[str] = field(default_factory=set)
    attempts: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        if address in self.unknown:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        with self.arrived:
            answer = self.answers[min(self.attempts, len(self.answers) - 1)]
            self.attempts += 1
            if answer.startswith("250"):
                letter = message_from_bytes(envelope.content, policy=policy.default)
                assert isinstance(letter, EmailMessage)
                self.letters.append(letter)
            self.arrived.notify_all()
        await asyncio.sleep(0)
        return answer

    def wait_for(self, count: int, seconds: float = 60) -> bool:
        """Whether so many letters came in time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.letters) >= count, seconds)


class _Somewhere(Controller):
    """On a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def receiving() -> Iterator[Mailbox]:
    """A mailbox while the block runs."""
    box = Mailbox()
    controller = _Somewhere(box, hostname="127.0.0.1", port=0)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
