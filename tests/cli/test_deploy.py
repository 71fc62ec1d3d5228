"""The examples of docs/deploy, tried as far as that goes on one machine: systemd's own check, a real nginx in front."""

import contextlib
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NAME = "visits.example.org"


@pytest.mark.parametrize("unit", ["fieldapp.service", "fieldapp-backup.service", "fieldapp-backup.timer"])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path, unit):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is missing: NO UNIT IS CHECKED (apt-get install systemd)")
    program = str(Path(sys.executable).with_name("fieldapp"))
    for file in DEPLOY.glob("fieldapp*"):
        text = file.read_text().replace("/opt/fieldapp/.venv/bin/fieldapp", program)
        (tmp_path / file.name).write_text(text)
    done = subprocess.run([analyze, "verify", "--man=no", tmp_path / unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_image_is_made_of_is_here():
    """The image itself is built by hand (docs/operations.md): that takes minutes, and a base from somewhere."""
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    names = [name for names in copied for name in names]
    assert len(names) > 5
    assert [name for name in names if not (DEPLOY.parents[1] / name).exists()] == []


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture
def front(tmp_path) -> Iterator[tuple[int, int, Path]]:
    """nginx with the example before the real program: the ports of https and http, and its log."""
    if NGINX is None:
        pytest.skip("nginx is missing: THE EXAMPLE IS NOT TRIED (apt-get install nginx-light)")
    certificate = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                   "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]  # fmt: skip
    files = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    subprocess.run(["openssl", *certificate, *files], check=True, capture_output=True)
    instance, (https, plain, port) = tmp_path / "instance", free_ports(3)
    processes.run(instance, "db", "upgrade")
    settings = {"FIELDAPP_BASE_URL": f"https://{NAME}:{https}", "FIELDAPP_TRUSTED_PROXIES": "127.0.0.1"}
    with processes.serving(instance, "--port", str(port), **settings):
        text = (DEPLOY / "nginx.conf").read_text()
        for old, new in (
            ("/etc/letsencrypt/live/visits.example.org", str(tmp_path)),
            ("/var/log/nginx/fieldapp.log", str(tmp_path / "log")),
            ("http://127.0.0.1:8000", f"http://127.0.0.1:{port}"),
            ("proxy_set_header Host $host;", "proxy_set_header Host $http_host;"),  # a port that is not the usual one
            ("listen 443 ssl", f"listen 127.0.0.1:{https} ssl"),
            ("listen 80", f"listen 127.0.0.1:{plain}"),
        ):
            assert old in text
            text = text.replace(old, new)
        temporary = "\n".join(
            f"{kind}_temp_path {tmp_path / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole = (
            f"pid {tmp_path / 'pid'}; error_log {tmp_path / 'errors'};\nevents {{}}\nhttp {{\n{temporary}\n{text}\n}}"
        )
        (tmp_path / "nginx.conf").write_text(whole)
        command = [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
        tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
        assert tested.returncode == 0, tested.stderr
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # comes back when it listens
        try:
            yield https, plain, tmp_path / "log"
        finally:
            subprocess.run([*command, "-s", "stop"], check=True, stderr=subprocess.DEVNULL)


def ask(port: int, path: str, *, tls: bool = True, **headers: str) -> tuple[int, dict[str, str], str]:
    """One request of a stranger: not from the address that is trusted."""
    stranger = ("127.0.0.2", 0)
    if tls:
        context = ssl._create_unverified_context()
        line = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, source_address=stranger, context=context)
    else:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=stranger)
    with contextlib.closing(line):
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()


def test_behind_the_example_cookies_are_secure_strangers_are_told_apart_and_monitors_stay_out(front):
    https, plain, log = front
    host = f"{NAME}:{https}"

    status, headers, page = ask(https, "/login", Host=host)
    assert status == 200, page
    assert re.match(r"__Host-form=.*Secure", headers["Set-Cookie"])
    assert headers["Strict-Transport-Security"]
    assert 'name="password"' in page
    for path in ("/metrics", "/metrics?x", "//metrics", "/%6detrics"):
        assert ask(https, path, Host=host)[0] == 404
        assert ask(https, path, Host="127.0.0.1")[0] == 404
    assert ask(plain, "/login", tls=False, Host=NAME)[0] == 301
    with pytest.raises(http.client.RemoteDisconnected):
        ask(plain, "/login", tls=False, Host="evil.example")

    token = "x" * 43
    for made_up in range(40):
        status = ask(https, f"/c/{token}", Host=host, **{"X-Forwarded-For": f"192.0.2.{made_up}"})[0]
    assert status == 429, "what a stranger writes into X-Forwarded-For buys no guess"
    assert ask(https, "/login", Host=host)[0] == 200
    assert "/c/..." in log.read_text()
    assert token not in log.read_text()
