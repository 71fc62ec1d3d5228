"""Liveness, readiness, and what monitors read."""

import dataclasses
import re
import urllib.request
from ipaddress import ip_network

import pytest

from fieldapp.app import create_app
from fieldapp.storage.engine import Database
from tests import builders, cast, processes
from tests.client import Client
from tests.sync.phone import Phone, plan

BASE = "https://visits.example.org"


def test_the_process_says_that_it_lives(client):
    assert client.get("/healthz").get_json() == {"alive": True}


def test_readiness_names_schema_and_database(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["ready"] == "yes"
    assert answer.get_json()["schema"] == answer.get_json()["program_schema"]


@pytest.fixture
def make(settings, work):
    """A client of an app with other settings."""

    def act(**changes):
        app = create_app(dataclasses.replace(settings, **changes), work=work)
        app.test_client_class = Client
        return app.test_client()

    return act


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in\n{text}"
    return float(found[1])


def test_without_a_database_the_process_lives_is_not_ready_and_says_so(settings, work):
    away = dataclasses.replace(work, database=Database("postgresql+psycopg://127.0.0.1:1/x"))
    client = create_app(settings, work=away).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    answer = client.get("/metrics")
    assert (answer.status_code, value(answer.text, "fieldapp_database_up")) == (200, 0)
    away.database.dispose()


def test_requests_are_counted_by_route_and_answer(client):
    client.get("/login")
    client.get("/nothing-here")
    client.open("/login", method="BREW")
    text = client.get("/metrics").text
    assert value(text, 'fieldapp_requests_total{endpoint="auth.login",method="GET",status="200"}') == 1
    assert value(text, 'fieldapp_requests_total{endpoint="-",method="GET",status="404"}') == 1
    assert value(text, 'fieldapp_requests_total{endpoint="-",method="other",status="405"}') == 1
    assert value(text, 'fieldapp_request_seconds_count{area="auth"}') == 1


def test_what_became_of_facts_and_what_waits_is_told_by_branch(work, clock, sign_in, app):
    visit = plan(work, builders.scheduled("WO-1", clock()))[0]
    phone = Phone(clock, sign_in("T001"))
    known = phone.append("visit.departed", visit)
    phone.push(known)
    clock.advance(hours=1)
    told = {"app": "1", "outbox": 3, "photos": 2, "oldest": phone.wall(clock()) - 7_200_000}
    phone.push(known, phone.append("visit.arrived", visit, actor="T002"), client=told)
    text = app.test_client().get("/metrics").text
    assert value(text, 'fieldapp_sync_facts_total{code="",status="accepted"}') == 1
    assert value(text, 'fieldapp_sync_facts_total{code="",status="duplicate"}') == 1
    assert value(text, 'fieldapp_sync_facts_total{code="actor_mismatch",status="held"}') == 1
    assert value(text, 'fieldapp_phones_holding{branch="main"}') == 1
    assert value(text, 'fieldapp_phone_queue_seconds{branch="main"}') == 7200
    assert value(text, 'fieldapp_held_facts{branch="main"}') == 1
    assert value(text, 'fieldapp_held_facts{branch="north"}') == 0
    assert value(text, 'fieldapp_quarantined{branch="main"}') == 0
    assert value(text, "fieldapp_database_up") == 1
    assert value(text, 'fieldapp_outgoing{state="dead"}') == 0
    assert value(text, 'fieldapp_outgoing{state="waiting"}') >= 1
    assert value(text, "fieldapp_outgoing_wait_seconds") >= 0
    assert f'database="{work.database.engine.dialect.name}"' in text
    assert cast.T001.name not in text


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "::1", "HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "192.0.2.7"},
    ],
)
@pytest.mark.parametrize("trusted", [(), (ip_network("127.0.0.0/8"),)])
def test_metrics_are_for_programs_on_this_machine_alone(make, environ, trusted):
    assert make(trusted_proxies=trusted).get("/metrics", environ_overrides=environ).status_code == 404
    assert make(metrics="everybody").get("/metrics", environ_overrides=environ).status_code == 200


def test_monitors_on_this_machine_need_no_name_of_it_and_pages_still_do(make):
    client = make(base_url=BASE)
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/login", 400)):
        assert client.get(path, headers={"Host": "127.0.0.1:8000"}).status_code == status
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


def test_several_processes_count_together(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.serving(tmp_path, "--workers", "2") as port:
        for _ in range(6):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10).close()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    name = 'fieldapp_requests_total{endpoint="health.healthz",method="GET",status="200"}'
    assert value(text, name) == 6
