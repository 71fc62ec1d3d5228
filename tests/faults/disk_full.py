"""A full disk, a real one: a small file system of its own that is filled up while phones send."""

import hashlib
import http.client
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults import company
from tests.faults.clients import Reader, ask, confirmed, drain, halt, sending, wait_for_stored
from tests.faults.company import Technician
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.server import Server

SIZE = "24m"
PHOTO = os.urandom(200_000)


def run(folder: Path, times: int) -> Outcome:
    """Fill the disk, look, free it, again; at the end nothing confirmed may be missing."""
    outcome = Outcome("disk full")
    with _small_disk() as disk:
        if disk is None:
            outcome.skipped = "only root may mount a small disk: NOTHING IS KNOWN ABOUT FULL DISKS"
            return outcome
        place = company.found(disk / "instance")
        with Server(place) as server:
            reader = Reader(server.port, place.people[-1])
            with sending(place, server.port) as clients:
                reader.start()
                for _ in range(times):
                    wait_for_stored(clients, 40)
                    before = _refused(clients)
                    with _filled(disk):
                        for _ in range(200):
                            clients[0].join(0.05)
                            if _refused(clients) > before + 10:
                                break
                        else:
                            outcome.problems.append("nobody was refused: the disk was not full")
                        at_most = confirmed(clients)
                        _expect_refused_photo(outcome, server.port, place.people[0])
                        clients[0].join(0.3)
                        if confirmed(clients) > at_most + 100:
                            outcome.problems.append("facts were confirmed on a full disk")
                    wait_for_stored(clients, 40)
                    outcome.times += 1
                drain(clients)
            _upload(outcome, server.port, place.people[0])
            halt([reader])
        outcome.take(judge(place, clients))
        outcome.problems += reader.problems[:5]
        outcome.figures["refusals (503)"] = str(_refused(clients))
        outcome.figures["looks at the day"] = str(len(reader.took))
    return outcome


def _refused(clients: list) -> int:
    return sum(client.answers["503"] for client in clients)


def _expect_refused_photo(outcome: Outcome, port: int, person: Technician) -> None:
    status, headers, _ = _patch(port, person, 0)
    if status != 503 or not headers.get("Retry-After", "").isdigit():
        outcome.problems.append(f"a photo on a full disk was answered {status}")


def _upload(outcome: Outcome, port: int, person: Technician) -> None:
    """With room again the photo goes on from wherever it got to."""
    _, headers, _ = ask(port, person, "HEAD", f"/api/sync/v1/blobs/{_sha()}", b"", 10)
    status, _, body = _patch(port, person, int(headers["Upload-Offset"]))
    if status != 204:
        outcome.problems.append(f"the photo was answered {status} with room again: {body[:200]!r}")


def _patch(port: int, person: Technician, offset: int) -> tuple[int, http.client.HTTPMessage, bytes]:
    more = {
        "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset),
        "Upload-Length": str(len(PHOTO)),
    }  # fmt: skip
    return ask(port, person, "PATCH", f"/api/sync/v1/blobs/{_sha()}", PHOTO[offset:], 10, more)


def _sha() -> str:
    return hashlib.sha256(PHOTO).hexdigest()


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """Not a byte is free while the block runs."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as target:
        try:
            while target.write(bytes(1 << 16)):
                pass
        except OSError:
            pass
        try:
            while target.write(bytes(1 << 10)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def _small_disk() -> Iterator[Path | None]:
    folder = Path(tempfile.mkdtemp(prefix="fieldapp-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()
