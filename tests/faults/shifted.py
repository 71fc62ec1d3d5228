"""A server whose clock is not right: `fieldapp serve` with work that adds to the time what a file says, in seconds.

Run as a program like `fieldapp` itself. The product has no such switch: the clock is put into `Work`, where every test
puts its own.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

from fieldapp.app import create_app
from fieldapp.cli import main, serve
from fieldapp.services.work import real_work
from fieldapp.settings import Settings

FILE = "FAULT_CLOCK"


def _now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(Path(os.environ[FILE]).read_text()))


def _shifted(settings: Settings) -> Flask:
    work = real_work(settings.database_url, settings.blobs, settings.data_key, settings.seal_key)
    return create_app(settings, work=replace(work, clock=_now))


if __name__ == "__main__":
    serve.create_app = _shifted
    main()
