"""`/webhooks`: made, listed, read, taken away, and the log of what was sent."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from fieldapp.app import handlers
from fieldapp.domain.webhooks import TYPES, signature
from fieldapp.services import jobs
from fieldapp.settings import Settings
from tests import builders
from tests.receivers import receiving
from tests.sync.phone import plan

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "receive_webhooks.py"


@pytest.fixture
def crm(program):
    return program("webhooks:write")


def make(crm, **more):
    return crm.ask("POST", "/webhooks", json={"url": "https://example.org/hook", **more})


def test_made_it_tells_its_secret_once(crm):
    made = make(crm, events=["visit.arrived"])
    assert made.status_code == 201
    assert made.json["secret"].startswith("whsec_")
    assert made.json["events"] == ["visit.arrived"]
    path = made.headers["Location"].removeprefix("/api/v1")
    assert crm.get(path).json == {name: value for name, value in made.json.items() if name != "secret"}
    assert crm.get("/webhooks").json == {"items": [crm.get(path).json], "next": None}


def test_without_types_it_hears_of_all(crm):
    assert make(crm).json["events"] == sorted(TYPES)


def test_what_is_not_as_described_is_refused(crm):
    for wrong in ({"events": ["answers.given"]}, {"url": "ftp://example.org/"}, {"secret": "mine"}, {"url": 1}):
        assert make(crm, **wrong).status_code == 422


def test_taken_away_it_is_gone(crm):
    path = f"/webhooks/{make(crm).json['id']}"
    assert crm.ask("DELETE", path).status_code == 200
    assert [crm.ask(method, path).status_code for method in ("GET", "DELETE")] == [404, 404]
    assert crm.get(f"{path}/deliveries").status_code == 404


@pytest.fixture
def told(app, crm, work, clock):
    """Three visits, told to a receiver that takes the second attempt; the address of the log."""
    settings = Settings(**{**vars(app.extensions["settings"]), "outgoing_loopback": True})
    app.extensions["settings"] = settings
    with receiving() as receiver:
        receiver.answer(500, 204)
        made = make(crm, url=f"{receiver.address}/", events=["visit.scheduled"])
        for number in range(3):
            plan(work, builders.scheduled(f"WO-{number}", clock() + timedelta(days=1)))
            clock.advance(seconds=1)
        for _ in range(3):
            while jobs.do_next(work, handlers(settings, "")):
                pass
            clock.advance(minutes=1)
        yield f"/webhooks/{made.json['id']}/deliveries"


def test_the_log_says_what_was_sent_page_by_page_the_latest_first(crm, told):
    page = crm.get(f"{told}?limit=2").json
    every = [*page["items"], *crm.pages(told + "?limit=2", page["next"])]
    assert [one["created_at"] for one in every] == sorted((one["created_at"] for one in every), reverse=True)
    assert [one["state"] for one in every] == ["done"] * 3
    details = sorted([each["detail"] for each in one["attempts"]] for one in every)
    assert details == [["http_204"], ["http_204"], ["http_204", "http_500"]]
    assert {one["type"] for one in every} == {"visit.scheduled"}
    assert crm.get(f"{told}?cursor=eA").status_code == 422


def test_the_example_takes_what_is_genuine_once_and_nothing_else(tmp_path, clock):
    clock.run()
    with subprocess.Popen(
        [sys.executable, "-u", "-c", _RUN, str(EXAMPLE), "0"],
        env={**os.environ, "FIELDAPP_SECRET": "whsec_x"}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            port = int(process.stdout.readline())
            body = b'{"id":"e1","type":"visit.arrived","visit":"WO-1","at":"now","resource":"/api/v1/visits/WO-1"}'
            good = signature("whsec_x", body, clock())
            stale = signature("whsec_x", body, clock() - timedelta(minutes=6))
            answers = [post(port, body, header) for header in (good, good, stale, signature("y", body, clock()), "")]
            assert answers == [204, 204, 400, 400, 400]
        finally:
            process.terminate()
        assert process.stdout.read().splitlines() == ["now visit.arrived WO-1 -> read /api/v1/visits/WO-1"]


#: The example serves on a port that is free, and says which.
_RUN = """
import http.server, runpy, sys
own = http.server.HTTPServer.__init__
http.server.HTTPServer.__init__ = lambda server, *more: (own(server, *more), print(server.server_port))[0]
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def post(port, body, header):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, {"Fieldapp-Signature": header})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
