"""`fieldapp serve`: the production server. Owns processes, sockets and TLS for trying it on a phone.

Waitress, because it reads requests wholly before a thread sees them: 800 slow connections leave an honest request
under 20 ms, where servers that hand a slow body to a thread stop answering (docs/adr, tests/test_slow_clients.py).
"""

import contextlib
import ctypes
import gc
import logging
import resource
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from flask import Flask
from flask.helpers import get_debug_flag
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from fieldapp import logs
from fieldapp.app import create_app, handlers
from fieldapp.cli import tls as tls_relay
from fieldapp.cli.context import open_work
from fieldapp.cli.workers import supervise
from fieldapp.services import audit_mail, health, leftovers, retention, spot_checks
from fieldapp.services import demo as company
from fieldapp.services.runner import Runner
from fieldapp.services.work import Work
from fieldapp.settings import Settings, count_together
from fieldapp.web import security

#: Open connections per process; each slow one costs a file handle and a few kB, never a thread.
CONNECTIONS = 4000
#: Rescue files are the largest thing that is uploaded; everything else is refused by its own limit.
LARGEST_BODY = 64 * 1024 * 1024
THREADS = 8
#: From malloc.h.
M_ARENA_MAX = -8
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port (0: any free one).")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--tls", type=click.Choice(["self-signed"]), help="Speak HTTPS with a certificate of our own making.")
def serve(host: str, port: int, workers: int, tls: str | None) -> None:
    """Serve the pages, the phones and the API until Ctrl-C."""
    _raise_file_limit()
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        raise click.UsageError(f"cannot listen on {host}, port {port} ({error.strerror}); choose another") from None
    with contextlib.ExitStack() as unless_served:
        unless_served.callback(listener.close)
        port = listener.getsockname()[1]
        settings = _reachable(Settings.from_environment(), host, port, secure=tls is not None)
        settings = _refuse_what_is_unsafe(settings)
        unless_served.pop_all()
    logs.take_over()
    address = settings.base_url or f"http://{host}:{port}"
    if tls:
        if settings.metrics == "loopback":  # the relay makes everybody a program on this machine
            settings = replace(settings, metrics="nobody")
        listener = tls_relay.start(listener, settings.instance, host=address.split("//")[1].rsplit(":", 1)[0])
    counting = Path(tempfile.mkdtemp(prefix="fieldapp-metrics-")) if workers > 1 else None
    if counting:
        settings = replace(settings, metrics_folder=counting)
        count_together(counting)
    is_first = True
    if counting:
        is_first = supervise(workers, at_end=partial(shutil.rmtree, counting, ignore_errors=True))
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _stop)
    app = create_app(settings)
    # After the fork: threads do not come along.
    runner = Runner(app.extensions["work"], handlers(settings, address), tidy=partial(_daily, settings))
    try:
        server = _server(app, settings, listener, scheme="https" if tls else "http")
        runner.start()
        if is_first:
            click.echo(f"fieldapp is ready on {address} (Ctrl-C stops it; the data stays in {settings.instance})")
            sys.stdout.flush()
        server.run()
    finally:
        _be_heard()
        runner.stop()


def _daily(settings: Settings, work: Work) -> None:
    """What is asked for every few hours and done when its day has come."""
    if settings.audit_mail:
        audit_mail.plan(work)
    spot_checks.seal_in_time(work)
    retention.plan(work)


def _stop(*_: object) -> None:
    """End. What is raised here vanishes where it interrupts a weak reference's callback, so it is raised again until
    somebody has heard it."""
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    sys.exit(0)


def _be_heard() -> None:
    """Whoever is ending is not asked again."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Lets requests under way end in peace."""

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        _be_heard()
        return bool(super().shutdown(cancel_pending, timeout))


def _refuse_what_is_unsafe(settings: Settings) -> Settings:
    """End the program before anything is forked: debugging, pending migrations, weak durability, a broken chain, staff
    without a second factor. Where all is well, what the last one left half done is finished."""
    if get_debug_flag():
        raise click.UsageError("FLASK_DEBUG is set, and nothing is served with debugging on; unset it")
    work = open_work(settings)
    faults = health.refusals(work)
    if settings.demo and company.existing(work) is None:
        click.echo("fieldapp: FIELDAPP_DEMO is set, but this is no demo: it is served like any company", err=True)
        settings = replace(settings, demo=False)
    if settings.base_url is not None and not (settings.staff_need_a_second_factor or settings.demo):
        faults.append("FIELDAPP_SECOND_FACTOR is chosen, and others reach this server, too: unset it")
    if not faults:
        logs.configure()
        leftovers.finish(work)
        for warning in health.too_mighty(work):
            click.echo(f"fieldapp: {warning}", err=True)
    work.database.dispose()
    for fault in faults:
        click.echo(f"fieldapp: {fault}; nothing is served until that is understood, see: fieldapp doctor", err=True)
    if faults:
        sys.exit(1)
    return settings


def _server(app: Flask, settings: Settings, listener: socket.socket, *, scheme: str) -> BaseWSGIServer:
    """One process's server: its own app, its own connections to the database, the shared socket."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    settle_memory()
    dispatcher = _Dispatcher()
    dispatcher.set_thread_count(THREADS)
    server: BaseWSGIServer = create_server(
        app, sockets=[listener], _dispatcher=dispatcher, connection_limit=CONNECTIONS,
        asyncore_use_poll=True, ident=None, channel_timeout=60, cleanup_interval=15, url_scheme=scheme,
        max_request_header_size=64 * 1024, max_request_body_size=LARGEST_BODY,
        clear_untrusted_proxy_headers=False,  # `web.proxies` reads them, or takes them away
    )  # fmt: skip
    server.channel_class = _dressed(settings)
    return server


def settle_memory() -> None:
    """Take what lives as long as the process out of the collector's sight, and let it come less often: its looks
    around cost a sixth of every push (1.7 of 10 ms). And one heap for all threads, which hardly ever allocate at the
    same time: one each grows to its own peak, for hours, and takes 25 MB more."""
    with contextlib.suppress(AttributeError):  # a C library without it
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _dressed(settings: Settings) -> type[HTTPChannel]:
    """Connections whose refusals of unreadable requests carry the headers that all our answers do."""

    class Refusal(ErrorTask):  # type: ignore[misc]
        def execute(self) -> None:
            self.response_headers.extend(security.bare(settings))
            super().execute()

    class Channel(HTTPChannel):  # type: ignore[misc]
        error_task_class = Refusal

    return Channel


def _reachable(settings: Settings, host: str, port: int, *, secure: bool) -> Settings:
    """Settings whose base URL is where people really reach us, unless one was chosen."""
    if settings.base_url is not None or (host in LOOPBACK and not secure):
        return settings
    name = f"[{host}]" if ":" in host else host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        name = _own_address()
    return replace(settings, base_url=f"{'https' if secure else 'http'}://{name}:{port}")


def _own_address() -> str:
    """This machine's address in its network, found without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS * 2 if hard == resource.RLIM_INFINITY else min(CONNECTIONS * 2, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
