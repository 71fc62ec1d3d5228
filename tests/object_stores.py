"""A real server that speaks S3 (moto's), in a process of its own on loopback, gone when the block ends."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen
from uuid import uuid4


@contextmanager
def serving() -> Iterator[str]:
    """Start it; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not _listens(port):
            assert process.poll() is None, "the store does not start"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def bucket(address: str) -> str:
    """Make an empty one; what `FIELDAPP_BLOBS` says of a folder in it."""
    name = f"photos-{uuid4().hex}"
    urlopen(Request(f"{address}/{name}", method="PUT"), timeout=30).close()
    return f"s3://{name}/company/?endpoint={address}&region=us-east-1"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
