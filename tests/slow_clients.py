"""Clients that dribble: many connections that send a byte now and then, and one honest request among them."""

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

HEADERS = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
BODY = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 10000\r\n\r\n"
)
HONEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def _dribble(port: int, number: int, connected: asyncio.Semaphore) -> None:
    """Even ones never finish their headers, odd ones never their body."""
    opening, drop = (HEADERS, b"X-A: b\r\n") if number % 2 == 0 else (BODY, b"x")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(opening)
        await writer.drain()
        connected.release()
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.25)
    except OSError:
        return  # the server had enough of us: its right
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _ask(port: int) -> float:
    """Seconds until an honest request is answered."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HONEST)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    if b'"alive"' not in answer:
        raise AssertionError(f"not the honest answer: {answer[:100]!r}")
    return time.perf_counter() - began


async def _measure(port: int, slow: int, asked: int) -> list[float]:
    connected = asyncio.Semaphore(0)
    crowd = [asyncio.create_task(_dribble(port, number, connected)) for number in range(slow)]
    for _ in range(slow):
        await connected.acquire()
    times = [await asyncio.wait_for(_ask(port), 30) for _ in range(asked)]
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    return sorted(times)


def honest_times(port: int, *, slow: int, asked: int = 100) -> list[float]:
    """Sorted seconds of `asked` honest requests while `slow` connections dribble."""
    # On a thread of its own: the browser's driver may keep a loop running on this one.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, _measure(port, slow, asked)).result()
