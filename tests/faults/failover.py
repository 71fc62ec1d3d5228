"""The primary is killed under load and its standby promoted, below two application hosts: nothing answered is lost."""

import http.client
import random
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from fieldapp.services.passwords import Argon2
from tests import postgres
from tests.faults import company, standby
from tests.faults.clients import Client, drain, halt, wait_for_stored
from tests.faults.company import PASSWORD, Company, Technician
from tests.faults.judge import judge
from tests.faults.outcome import Outcome
from tests.faults.server import Server

#: From the kill to the first facts stored on the promoted standby, here where nobody has to notice first.
LONGEST_GAP = 10.0


class Roamer(Client):
    """A phone behind a balancer that knows no sessions: each request comes to any of the hosts."""

    def __init__(self, ports: tuple[int, ...], person: Technician, chance: random.Random) -> None:
        super().__init__(ports[0], person, chance)
        self._ports = ports

    def post(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        self.port = self._chance.choice(self._ports)
        return super().post(body)


def run(folder: Path, times: int) -> Outcome:
    """Kill the primary `times` times; after each the dead one comes back as the standby of the other."""
    outcome, gaps = Outcome("PostgreSQL primary killed, standby promoted"), []
    if postgres.programs() is None:
        outcome.skipped = "PostgreSQL's server programs are missing: NOTHING IS KNOWN ABOUT FAILING OVER"
        return outcome
    with standby.pair() as (primary, other):
        place = company.found(folder / "one", phones=4, url=standby.url(primary, other), passwords=Argon2())
        with Server(place) as first, Server(_second_host(place)) as second:
            ports = first.port, second.port
            clients = [_phone(ports, number, person) for number, person in enumerate(place.people)]
            for client in clients:
                client.start()
            for _ in range(times):
                wait_for_stored(clients, 200)
                gaps.append(_once(clients, primary, other))
                primary, other = other, primary
                other.follow(primary)
                outcome.times += 1
            drain(clients)
            halt(clients)
        outcome.take(judge(place, clients))
    outcome.figures["application hosts"] = "2, no request tied to one"
    outcome.figures["longest gap"] = f"{max(gaps):.1f} s"
    outcome.figures["refusals (503)"] = str(sum(client.answers["503"] for client in clients))
    if max(gaps) > LONGEST_GAP:
        outcome.problems.append(f"facts flowed again only after {max(gaps):.1f} s")
    return outcome


def _once(clients: list[Client], primary: standby.Node, other: standby.Node) -> float:
    """One failover; how long from the kill until facts are stored again."""
    primary.kill()
    killed = time.monotonic()
    other.promote()
    promoted = time.monotonic()
    while max(client.last_stored for client in clients) < promoted and time.monotonic() < killed + 30:
        clients[0].join(0.01)
    return time.monotonic() - killed


def _second_host(place: Company) -> Company:
    """Another machine's instance folder; of the first it has the keys alone."""
    there = place.instance.with_name("two")
    there.mkdir()
    for key in ("secret-key", "data-key", "seal-key.pem"):
        if (place.instance / key).exists():
            (there / key).write_bytes((place.instance / key).read_bytes())
    return replace(place, instance=there)


def _phone(ports: tuple[int, ...], number: int, person: Technician) -> Roamer:
    """Signed in at one host; its first push, like every other, comes to either."""
    secret = sign_in(ports[number % len(ports)], person.login)
    return Roamer(ports, replace(person, secret=secret), random.Random(person.login))


def sign_in(port: int, login: str) -> str:
    """The session's secret, got through the form as a browser gets it."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", "/login")
        page = line.getresponse()
        form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
        assert form is not None
        jar = "; ".join(one.split(";")[0] for one in page.headers.get_all("Set-Cookie") or [])
        body = urlencode({"csrf_token": form[1], "login": login, "password": PASSWORD})
        line.request("POST", "/login", body, {"Content-Type": "application/x-www-form-urlencoded", "Cookie": jar})
        answer = line.getresponse()
        answer.read()
        given = dict(one.split(";")[0].split("=", 1) for one in answer.headers.get_all("Set-Cookie") or [])
        assert given.get("sid"), f"{login} could not sign in: {answer.status}"
        return given["sid"]
    finally:
        line.close()
