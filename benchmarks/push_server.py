"""The server that `push` measures: the real app with one endpoint more, which does raw SQL and nothing else."""

import logging
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from waitress import create_server

from fieldapp.app import create_app, csrf
from fieldapp.cli.serve import THREADS, settle_memory
from fieldapp.domain.ids import year_month
from fieldapp.services import sync_wire
from fieldapp.settings import Settings
from fieldapp.web import guards
from fieldapp.web.bodies import read_body
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.sync import gate
from tests import cast

WORKERS = 2
_COLUMNS = (
    "branch, ym, event_id, visit_id, about, kind, actor, origin, grade, effective_at, received_at, held_code,"
    " device_id, seq, body, body_hash"
)
blueprint = Blueprint("raw", __name__)


@blueprint.post("/raw")
@gate.ours_only("application/json")
def raw() -> Response:
    """Read, check the hashes, insert, commit, answer: nothing is judged, projected or audited."""
    actor, now = current_actor(), current_work().now()
    batch = sync_wire.read_batch(read_body(sync_wire.MAX_BYTES), now.date())
    stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    rows: list[Any] = []
    for item in batch.items:
        fact = item.fact
        assert fact is not None
        assert item.digest == item.hash
        rows += (
            actor.branch, year_month(item.id), item.id, fact.visit_id, None, fact.type, fact.actor, "push", "B", stamp,
            stamp, None, batch.device_id, item.seq, item.payload.encode(), item.hash,
        )  # fmt: skip
    with current_work().write() as db:
        connection = db.connection()
        value = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        one = "(" + ",".join([value] * (_COLUMNS.count(",") + 1)) + ")"
        values = ",".join([one] * len(batch.items))
        new = connection.exec_driver_sql(
            f"INSERT INTO events ({_COLUMNS}) VALUES {values} ON CONFLICT DO NOTHING RETURNING event_id", tuple(rows)
        )
        stored = {row[0] for row in new}
    return gate.answer({"results": [{"id": one, "status": "accepted"} for one in stored]})


@contextmanager
def serving(instance: Path, url: str) -> Iterator[int]:
    """Both endpoints in `WORKERS` processes on one port, as `fieldapp serve --workers` runs them; yields the port."""
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        workers = []
        for _ in range(WORKERS):
            ours, theirs = context.Pipe()
            worker = context.Process(target=_serve, args=(str(instance), url, listener, theirs), daemon=True)
            worker.start()
            ours.recv()
            workers.append(worker)
        try:
            yield int(listener.getsockname()[1])
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()


def _serve(instance: str, url: str, listener: socket.socket, ready: Connection) -> None:
    """Run on `listener` until terminated; tells when it is ready."""
    settings = Settings(
        instance=Path(instance), database_url=url, secret_key=cast.SECRET, data_key=cast.DATA_KEY,
        blobs=Path(instance) / "blobs",
    )  # fmt: skip
    app = create_app(settings)
    csrf.exempt(blueprint)
    guards.register(app, blueprint, guards.roles("technician"), "/api/sync/v1")
    settle_memory()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    ready.send(True)
    create_server(app, sockets=[listener], threads=THREADS, ident=None, clear_untrusted_proxy_headers=True).run()
