"""`fieldapp serve` and `fieldapp db`: what an operator meets first."""

import importlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fieldapp.cli import main, workers
from fieldapp.storage import photos
from tests import cast, processes
from tests.conftest import make_test_work

serve = importlib.import_module("fieldapp.cli.serve")  # the package has a command of that name


def test_serving_refuses_pending_migrations_with_one_clear_line(tmp_path):
    done = processes.run(tmp_path, "serve", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "run: fieldapp db upgrade" in done.stderr


def test_upgrade_then_check_then_serve(tmp_path):
    assert processes.run(tmp_path, "db", "check").returncode == 1
    assert processes.run(tmp_path, "db", "upgrade").returncode == 0
    assert processes.run(tmp_path, "db", "check").returncode == 0


def test_a_bad_setting_is_named_with_an_example(tmp_path):
    done = processes.run(tmp_path, "db", "check", FIELDAPP_TIMEZONE="Mars/Olympus")
    assert done.returncode == 2
    assert "FIELDAPP_TIMEZONE" in done.stderr
    assert "Asia/Shanghai" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIELDAPP_TIMEZONE", "Asia"),
        ("FIELDAPP_BASE_URL", "https://"),
        ("FIELDAPP_BASE_URL", "https://visits.example.org:99999"),
        ("FIELDAPP_BASE_URL", "https://visits.example.org/app"),
        ("FIELDAPP_BASE_URL", "https://me@visits.example.org"),
        ("FIELDAPP_DATABASE_URL", "garbage"),
        ("FIELDAPP_DATABASE_URL", "mysql://root:hush@example.org/x"),
        ("FIELDAPP_DATABASE_URL", "postgresql+psycopg://me:hush@a:5432,b:5432/x"),
        ("FIELDAPP_INSTANCE", "/dev/null/x"),
        ("FIELDAPP_INSTANCE", __file__),
    ],
)
def test_a_setting_that_cannot_work_is_refused_in_one_line(name, value, tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path))
    monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["db", "check"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert name in done.stderr
    assert "hush" not in done.stderr


def test_a_database_that_cannot_be_opened_is_told_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "bad.db").write_text("this is no database, but it is long enough to be looked at" * 20)
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path / "instance"))
    for place in ("sqlite:///{}/bad.db", "sqlite:///{}/nowhere/x.db", "postgresql+psycopg://127.0.0.1:1/x"):
        monkeypatch.setenv("FIELDAPP_DATABASE_URL", place.format(tmp_path))
        for command in (["db", "check"], ["db", "upgrade"], ["user", "list"]):
            done = CliRunner().invoke(main, command)
            assert (done.exit_code, done.stderr.count("\n")) == (1, 1), done.stderr
            assert "cannot be opened" in done.stderr


def test_the_instance_folder_is_nobody_else_s(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path / "new"))
    CliRunner().invoke(main, ["db", "upgrade"])
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_an_address_that_is_taken_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = CliRunner().invoke(main, ["serve", "--port", str(taken.getsockname()[1])])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "cannot listen on 127.0.0.1" in done.stderr


def test_a_revision_that_does_not_exist_is_refused_with_those_that_do(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path))
    CliRunner().invoke(main, ["db", "upgrade"])
    done = CliRunner().invoke(main, ["db", "downgrade", "nonsense", "--yes"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "base, 0001" in done.stderr


def test_two_processes_share_one_port(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.serving(tmp_path, "--workers", "2") as port:
        for _ in range(4):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
                assert answer.status == 200


def test_a_photo_that_cannot_be_taken_away_does_not_keep_it_from_serving(tmp_path):
    (tmp_path / "data-key").write_text(cast.DATA_KEY)
    processes.run(tmp_path, "db", "upgrade")
    work = make_test_work(tmp_path, lambda: cast.NOW)
    with work.write() as db:
        photos.drop(db, cast.MAIN, ["no hash at all"], cast.NOW)
    work.database.dispose()
    with (tmp_path / "stderr").open("w+") as stderr, processes.serving(tmp_path, stderr=stderr):
        [line] = (tmp_path / "stderr").read_text().splitlines()
    assert json.loads(line)["event"] == "failed at taking erased photos away"


def _children(process: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()}


def _run_still(children: set[int]) -> set[int]:
    return {child for child in children if Path(f"/proc/{child}").exists()}


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_whoever_ends_the_first_process_has_ended_all(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.started(tmp_path, "--workers", "3") as (_, process):
        children = _children(process.pid)
    assert len(children) == 3
    assert _run_still(children) == set()
    assert process.returncode == 0


def test_a_worker_that_dies_is_replaced(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with (tmp_path / "stderr").open("w+") as stderr:
        with processes.started(tmp_path, "--workers", "2", stderr=stderr) as (port, process):
            before = _children(process.pid)
            os.kill(min(before), signal.SIGKILL)
            _wait_until(lambda: len(_children(process.pid) - before) == 1)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
                assert answer.status == 200
        [line] = map(json.loads, (tmp_path / "stderr").read_text().splitlines())
    assert (line["event"], line["process"], line["status"]) == ("a worker ended", min(before), -9)


def test_workers_that_die_at_once_are_not_replaced_for_ever():
    code = """if True:
        import os
        from fieldapp.cli import workers
        workers.supervise(2, at_end=lambda: print("at the end"))
        os._exit(3)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180)
    *told, last = done.stdout.splitlines()
    assert (done.returncode, last) == (1, "at the end")
    assert workers.TRIES <= len(told) <= workers.TRIES + 1, told


def test_a_process_that_does_not_end_in_time_is_killed(monkeypatch):
    monkeypatch.setattr(workers, "GRACE", 0.1)
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        workers.send(signal.SIGTERM, [child.pid])
        workers.wait_for([child.pid])
        assert _run_still({child.pid}) == set()


def test_a_request_to_end_that_vanishes_is_made_again():
    code = """if True:
        import signal, time, weakref
        from importlib import import_module
        serve = import_module("fieldapp.cli.serve")
        signal.signal(signal.SIGALRM, serve._stop)
        class Thing: pass
        thing = Thing()
        watch = weakref.ref(thing, serve._stop)
        del thing
        try:
            time.sleep(170)
        finally:
            serve._be_heard()
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0


def test_no_process_outlives_the_first_one_that_was_killed(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.started(tmp_path, "--workers", "2") as (_, process):
        children = _children(process.pid)
        process.kill()
        _wait_until(lambda: not _run_still(children))


def test_tls_is_spoken_with_our_own_certificate(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.serving(tmp_path, "--tls", "self-signed") as port:
        context = ssl.create_default_context(cafile=str(tmp_path / "tls/127.0.0.1.crt"))
        url = f"https://127.0.0.1:{port}/healthz"
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            assert answer.headers["Strict-Transport-Security"]
            assert b"alive" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):  # whoever comes through the relay is nobody's monitor
            urllib.request.urlopen(f"https://127.0.0.1:{port}/metrics", timeout=10, context=context)


def test_the_server_s_own_refusals_wear_the_headers_of_all_answers(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.serving(tmp_path) as port:
        for request, status in (
            (b"NONSENSE\r\n\r\n", b"400"),
            (b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", b"413"),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
                line.sendall(request)
                answer = line.recv(4096)
            assert answer.split(b" ")[1] == status
            for name in (b"Content-Security-Policy: default-src 'none'", b"nosniff", b"Cache-Control: no-store"):
                assert name in answer


#: Eight threads that hold memory at the same time; then the C library's own account of its heaps.
HEAPS = """
import ctypes, threading
from fieldapp.cli.serve import settle_memory
settle_memory()
together = threading.Barrier(8)
def hold():
    held = bytearray(50_000)
    together.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def test_a_worker_has_one_heap_for_all_its_threads():
    done = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, text=True, check=True)
    assert done.stdout.count("<heap nr=") == 1
