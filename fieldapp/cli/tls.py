"""HTTPS for trying the app on a real phone: a certificate of our own and a relay in front of the server.

Service workers, cameras and GPS want a secure origin. Production puts its own proxy here instead.
"""

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import click

PIECE = 64 * 1024


def start(public: socket.socket, instance: Path, *, host: str) -> socket.socket:
    """Terminate TLS on `public` in a thread; returns the loopback socket that the server is to listen on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(instance, host))
    inner = socket.create_server(("127.0.0.1", 0), backlog=1024)
    threading.Thread(target=asyncio.run, args=(_relay(public, context, inner.getsockname()[1]),), daemon=True).start()
    return inner


async def _relay(public: socket.socket, context: ssl.SSLContext, port: int) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pass(reader, upstream_writer), _pass(upstream_reader, writer))
        finally:
            upstream_writer.close()
            writer.close()

    server = await asyncio.start_server(meet, sock=public, ssl=context, ssl_handshake_timeout=15)
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass  # the other side went away; closing is all that is left to do
    finally:
        writer.close()


def _certificate(instance: Path, host: str) -> tuple[Path, Path]:
    """Certificate and key for `host`, made once with openssl and kept in the instance."""
    folder = instance / "tls"
    certificate, key = folder / f"{host}.crt", folder / f"{host}.key"
    if certificate.exists():
        return certificate, key
    openssl = shutil.which("openssl")
    if openssl is None:
        click.echo("fieldapp: --tls self-signed needs the openssl command (apt-get install openssl)", err=True)
        sys.exit(2)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"IP:{host}" if host.replace(".", "").isdigit() else f"DNS:{host}"
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90"]
    named = ["-subj", f"/CN={host}", "-addext", f"subjectAltName={name}"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *made, *named, *files], check=True, capture_output=True)  # noqa: S603 - no shell
    return certificate, key
