"""Faults between phone and server: cut requests and answers, 41 equal posts at once, a server that stands still."""

import http.client
import json
import random
import signal
import threading
from collections import Counter
from pathlib import Path

from tests.faults import company
from tests.faults.clients import Client, Photographer, drain, halt, sending, wait_for_stored
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.proxy import Proxy
from tests.faults.server import Server

PARALLEL = 41


def cut(folder: Path, facts: int, *, seed: int = 0) -> Outcome:
    """Phones send over a line that mostly breaks, until `facts` are confirmed; then over one that holds."""
    outcome = Outcome("requests and answers cut")
    place = company.found(folder / "instance")
    with Server(place) as server:
        proxy = Proxy(server.port, seed)
        proxy.start()
        photographer = Photographer(proxy.port, place.people[-1], random.Random(seed))
        with sending(place, proxy.port, seed) as clients:
            photographer.start()
            wait_for_stored(clients, facts, patience=30 + facts / 20)
            outcome.times = proxy.cuts["request"] + proxy.cuts["answer"]
            proxy.calm = True
            drain(clients)
            halt([photographer])
        proxy.close()
    outcome.take(judge(place, clients))
    outcome.problems += photographer.problems[:5]
    outcome.figures = {f"{where} cut": str(proxy.cuts[where]) for where in ("request", "answer")}
    duplicates = sum(words.count("duplicate") for client in clients for words in client.words.values())
    outcome.figures["stored, but the answer lost"] = str(duplicates)
    if not duplicates:
        outcome.problems.append("no answer was lost after its facts were stored: the line was too good")
    return outcome


def parallel(folder: Path, times: int) -> Outcome:
    """The same push on 41 connections at the same moment."""
    outcome = Outcome(f"{PARALLEL} equal posts at once")
    place = company.found(folder / "instance", phones=1)
    with Server(place) as server:
        client = _quiet(server.port, place)
        for _ in range(times):
            client.append(20)
            body = json.dumps(client.phone.batch(client.outbox)).encode()
            answers = _at_once(client, body, PARALLEL)
            fates = Counter(_fate(answer) for answer in answers)
            first = [fate for fate in fates if fate != "duplicate"]
            if fates["duplicate"] != PARALLEL - 1 or not set(" ".join(first).split()) <= {"accepted", "held"}:
                outcome.problems.append(f"answered {dict(fates)}")
            for entry in client.outbox:
                client.words[entry["id"]] = first
            client.outbox.clear()
            outcome.times += 1
    outcome.take(judge(place, [client]))
    outcome.figures["refusals (503)"] = str(client.answers["503"])
    return outcome


def standing_still(folder: Path, times: int, seconds: float) -> Outcome:
    """SIGSTOP longer than phones wait, then SIGCONT: what they gave up may be stored all the same."""
    outcome = Outcome("server stopped and continued (SIGSTOP)")
    place = company.found(folder / "instance")
    with Server(place) as server, sending(place, server.port, timeout=seconds / 3) as clients:
        for _ in range(times):
            wait_for_stored(clients, 40)
            server.signal(signal.SIGSTOP)
            clients[0].join(seconds)
            server.signal(signal.SIGCONT)
            outcome.times += 1
        wait_for_stored(clients, 40)
        drain(clients)
    outcome.take(judge(place, clients))
    given_up = sum(client.answers["TimeoutError"] for client in clients)
    outcome.figures["answers given up"] = str(given_up)
    if not given_up:
        outcome.problems.append("no phone gave up: the server did not stand still")
    return outcome


def _quiet(port: int, place: company.Company) -> Client:
    """A phone that sends only when told."""
    return Client(port, place.people[0], random.Random(0), 30)


def _at_once(client: Client, body: bytes, count: int) -> list[tuple[int, http.client.HTTPMessage, bytes]]:
    answers: list[tuple[int, http.client.HTTPMessage, bytes]] = []
    gate = threading.Barrier(count)

    def post() -> None:
        gate.wait()
        while (answer := client.post(body))[0] == 503:
            client.answers["503"] += 1
        answers.append(answer)

    threads = [threading.Thread(target=post) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _fate(answer: tuple[int, http.client.HTTPMessage, bytes]) -> str:
    status, _, body = answer
    if status != 200:
        return f"{status} {body[:100]!r}"
    return " ".join(sorted({one["status"] for one in json.loads(body)["results"]}))
