"""What benchmarks measure with: lines that count, marks, sums. How fast anything is, no test says."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from benchmarks import __main__ as bench
from benchmarks import memory, push_load, report
from benchmarks.relay import Relay

BIG = 3_000_000


@contextmanager
def answering(reply):
    """The port of a server that hears one connection to its end, then answers with `reply(what it heard)`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            line, _ = listener.accept()
            with line:
                heard = b""
                while part := line.recv(65536):
                    heard += part
                line.sendall(reply(heard))

        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        server.join()


def tell(port, words):
    """Say it, be silent, and hear the answer to its end."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(words)
        line.shutdown(socket.SHUT_WR)
        heard = b""
        while part := line.recv(65536):
            heard += part
        return heard


def test_a_relay_passes_everything_on_and_counts_it_by_direction():
    words = os.urandom(BIG)
    with answering(lambda heard: heard[::-1] + b"!") as port, Relay(port) as relay:
        assert tell(relay.port, words) == words[::-1] + b"!"
        assert (relay.sent, relay.received) == (BIG, BIG + 1)


def test_a_relay_adds_up_its_connections():
    with Relay(0) as relay:
        for words in (b"one", b"three"):
            with answering(lambda heard: heard * 2) as port:
                relay.to = port
                tell(relay.port, words)
        assert (relay.sent, relay.received) == (8, 16)


@pytest.mark.parametrize(
    ("value", "bounds", "mark"),
    [
        (5, {}, " "), (5, {"limit": 5, "goal": 5}, " "), (5, {"limit": 6, "goal": 4}, "~"), (5, {"limit": 4}, "!"),
        (5, {"limit": 4, "goal": 9, "more_is_better": True}, "~"),
        (5, {"limit": 6, "goal": 9, "more_is_better": True}, "!"),
    ],
)  # fmt: skip
def test_a_line_is_marked_where_its_limit_or_only_its_goal_is_missed(value, bounds, mark, capsys):
    report.line("it", value, "ms", **bounds)
    assert capsys.readouterr().out[0] == mark


def test_a_percentile_is_one_of_the_values():
    values = [float(value) for value in range(200, 0, -1)]
    assert (report.percentile(values, 0.5), report.percentile(values, 0.99)) == (101, 199)
    assert report.percentile([7.0], 0.99) == 7


def test_growth_is_told_for_100000_facts():
    assert memory.growth(100, 102, 50_000) == pytest.approx(4)


def test_the_processes_of_an_instance_are_found_with_their_memory(tmp_path):
    order = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(order, stdin=subprocess.PIPE, env={"FIELDAPP_INSTANCE": str(tmp_path)}) as child:
        assert memory.running(tmp_path) == [child.pid]
        assert 1 < memory.megabytes(child.pid) < 100
        child.stdin.close()
    assert memory.running(tmp_path) == []


STORED = b'{"results":[' + b'{"status":"accepted"}' * push_load.FACTS + b"]}"


def http(status, body, more=b""):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), more, body)


def served(*answers):
    """What a client of the load makes of these answers, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            line, _ = listener.accept()
            with line:
                for answer in answers:
                    line.recv(65536)
                    line.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        try:
            return push_load.send(listener.getsockname()[1], [[b"a push"]])
        finally:
            server.join()


def test_a_client_times_what_is_stored():
    took, times = served(http(b"200 OK", STORED))
    assert len(times) == 1
    assert 0 < times[0] <= took


def test_a_client_that_is_told_to_wait_sends_again():
    busy = http(b"503 Service Unavailable", b"busy", b"Retry-After: 0\r\n")
    assert len(served(busy, http(b"200 OK", STORED))[1]) == 1


@pytest.mark.parametrize("answer", [http(b"200 OK", b"{}"), http(b"401 Unauthorized", b"who?"), b""])
def test_a_benchmark_ends_where_a_batch_is_not_stored(answer):
    with pytest.raises(SystemExit, match="gave up"):
        served(answer)


def test_an_unknown_benchmark_is_told_which_there_are():
    with pytest.raises(SystemExit, match=r"no benchmark dya; there are .*day, .*memory, .*push"):
        bench.main(["dya"])
