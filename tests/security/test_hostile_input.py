"""Nasty input gives an answer of its own and never a 5xx (security.md 28, 30)."""

import re
from urllib.parse import quote

import pytest

from fieldapp.app import create_app
from tests import builders, cast
from tests.client import Client
from tests.sync.phone import Phone, new_id, plan


@pytest.fixture
def phone(clock, sign_in):
    return Phone(clock, sign_in("T001"), "T001")


@pytest.fixture
def visit(work, clock):
    return plan(work, builders.scheduled("WO-1", clock()))[0]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("photo.added", {"slot": "other", "blob": "a" * 64 + "\n", "bytes": 1, "w": 1, "h": 1}),
        ("visit.completed", {"manifest": ["a" * 64 + "\n"]}),
        ("event.corrects", {"target": new_id() + "\n", "reason": "slip", "data": {}}),
        ("charge.added", {"label": "cable", "amount": "5\n"}),
        ("charge.added", {"label": "cable", "amount": "٥"}),
    ],
)
def test_28_a_line_break_after_a_code_or_a_foreign_digit_is_quarantined_and_blocks_nobody(phone, visit, kind, data):
    bad = phone.append(kind, visit, data=data)
    good = phone.append("note.added", visit)
    assert phone.fates(bad, good) == [("quarantined", "schema_invalid"), ("accepted", None)]


def test_28_a_line_break_after_an_event_s_own_id_is_quarantined(phone, visit):
    entry = phone.append("note.added", visit)
    assert phone.fates({**entry, "id": entry["id"] + "\n"}) == [("quarantined", "schema_invalid")]
    assert phone.post(phone.batch([], device_id=phone.device_id + "\n")).status_code == 422


NOWHERE = "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44"
ORDER = {
    "external_id": "", "job_type": "install", "customer_name": "Li", "phone": "13800138000", "address": "Road 1",
    "language": "en", "charges": "Install 100", "note": "", "window_start": "2026-12-01T08:30",
    "window_end": "2026-12-01T10:30", "told_at": "2026-10-14T09:00", "channel": "phone", "agreed": "y",
    "technician": "", "planned_start": "", "duration": "", "override": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("login", "path", "status"),
    [
        ("D001", "/dispatch/?q=%00", 200),
        ("D001", "/dispatch/?q=%0%000", 200),
        ("D001", "/dispatch/visits/%00", 404),
        ("D001", "/dispatch/visits/%00/link", 404),
        ("Q001", "/quality/cases/%00", 404),
        ("Q001", "/scores/visits/%00", 404),
        ("A001", "/admin/accounts/%00", 404),
        ("T001", f"/api/sync/v1/photos/{'a' * 64}?visit=%00", 404),
    ],
)
def test_28_a_nul_in_an_address_is_found_nowhere_whatever_the_database(sign_in, login, path, status):
    assert sign_in(login).get(path).status_code == status


def test_28_a_nul_never_reaches_postgresql(settings, postgres_work, clock):
    app = create_app(settings, work=postgres_work)
    app.test_client_class = Client

    def enter(login):
        client = app.test_client()
        form = {"login": login, "password": cast.PASSWORD}
        assert client.post("/login", data=form, headers={"User-Agent": "a\x00b"}).status_code == 303
        return client

    dispatcher, phone = enter("D001"), enter("T001")
    assert dispatcher.get("/dispatch/visits/%00").status_code == 404
    assert dispatcher.get("/dispatch/?technician=%00&q=%0%000").status_code == 200
    for name in ("customer_name", "technician", "note", "external_id"):
        assert dispatcher.post("/dispatch/new", data={**ORDER, name: "T0\x0001"}).status_code == 303
    assert enter("A001").post("/admin/teams", data={"branch": "\x00", "code": "x", "name": "y"}).status_code == 422
    phone.set_cookie("device", "\x00")
    body = {"device_id": NOWHERE, "name": "x"}
    assert phone.post("/api/sync/v1/devices", json=body, headers={"X-Field-Sync": "1"}).status_code == 201


@pytest.mark.parametrize("name", ["window_start", "window_end", "told_at", "planned_start"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00", "1999-12-31T23:59", "2000-01-01T00:00", "2099-12-31T23:59", "9999-12-31T23:59"]
)
def test_28_a_time_at_the_end_of_the_calendar_comes_back_named_and_kept(sign_in, name, moment):
    answer = sign_in("D001").post("/dispatch/new", data={**ORDER, name: moment})
    assert answer.status_code == 422
    assert f'value="{moment}"' in answer.text
    assert "This is no day and time." in answer.text


@pytest.mark.parametrize("minutes", ["0", "-1", "4", "1441", "9" * 20, "-" + "9" * 20, "9" * 5000])
def test_28_a_duration_beyond_any_day_comes_back_named(sign_in, minutes):
    answer = sign_in("D001").post("/dispatch/new", data={**ORDER, "duration": minutes})
    assert answer.status_code == 422
    assert "A job takes from 5 to 1440 minutes." in answer.text or "Write a whole number of minutes." in answer.text


@pytest.mark.parametrize("rev", ["²", "9" * 5000, "9" * 30, "-1", "", "x"])
def test_28_a_revision_that_nobody_saw_is_somebody_else_s_change(sign_in, visit, rev):
    form = {"rev": rev, "asked_by": "company", "cause": "plan", "told_at": "2026-10-14T09:00"}
    answer = sign_in("D001").post(f"/dispatch/visits/{visit}/cancel", data=form)
    assert answer.status_code == 422
    assert "2026-10-14T09:00" in answer.text


@pytest.mark.parametrize("body", [[1], {"customer_name": 5}, "x", None])
def test_28_a_form_sent_as_json_is_an_empty_form(sign_in, body):
    dispatcher = sign_in("D001")
    answer = dispatcher.post("/dispatch/new", json=body, headers={"X-CSRFToken": dispatcher.token()})
    assert answer.status_code == 422


# --- 30: injection ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("%", ["100% done"]), ("_", ["under_score"]), ("'", ["O'Brien"]), ("\\", ["back\\slash"]),
        ("100%", ["100% done"]),
        ("' OR '1'='1", []), ("%' --", []), ("1) UNION SELECT", []), ("r_s", ["under_score"]), ("r%s", []),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "engine", [pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def test_30_signs_of_sql_are_searched_literally(settings, clock, request, engine, asked, found):
    names = ["100% done", "under_score", "O'Brien", "back\\slash", "Plain Name"]
    work = request.getfixturevalue("work" if engine == "sqlite" else "postgres_work")
    entries = [builders.scheduled(f"WO{number}", clock(), customer=builders.customer(name=name))
               for number, name in enumerate(names)]  # fmt: skip
    plan(work, *entries)
    app = create_app(settings, work=work)
    app.test_client_class = Client
    desk = app.test_client()
    assert desk.post("/login", data={"login": "D001", "password": cast.PASSWORD}).status_code == 303
    answer = desk.get("/dispatch/", query_string={"q": asked})
    assert answer.status_code == 200
    shown = [number for number in range(len(names)) if f">WO{number}<" in answer.text or f"WO{number}\n" in answer.text]
    assert [names[number] for number in shown] == found


@pytest.mark.parametrize("poison", ["'", '"', "1'--", "1 OR 1=1", "%27", "${7*7}", "{{7*7}}", "$(id)", "a;b", "\\"])
def test_30_no_argument_of_any_page_is_anything_but_a_value(app, sign_in, poison):
    """Every address of every role, with poison in each part and question: an answer of its own, never a 5xx."""
    names = ("q", "day", "month", "technician", "state", "page", "after", "next", "visit", "branch", "team", "limit")
    wrong = []
    for role in ("dispatcher", "quality", "manager", "technician", "admin"):
        client = sign_in(cast.ONE_OF_EACH[role].login)
        for rule in app.url_map.iter_rules():
            if "GET" not in rule.methods:
                continue
            path = rule.rule
            for argument in rule.arguments:
                path = re.sub(rf"<(?:[^<>]*:)?{argument}>", quote(poison, safe=""), path)
            answer = client.get(path, query_string=dict.fromkeys(names, poison))
            if answer.status_code >= 500 or ">49<" in answer.text:
                wrong.append(f"{role} {path}: {answer.status_code}")
    assert wrong == []
