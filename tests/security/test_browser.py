"""The acceptance list of security.md, what browsers and addresses are used for: items 14, 16, 17, 18, 21, 22."""

import dataclasses
import html
import re

import pytest

from fieldapp.app import create_app
from tests import cast
from tests.client import Client
from tests.security.test_authorisation import doors
from tests.sync.phone import MARK

PAGES = ["/login", "/me/", "/admin/", "/admin/nothing-here", "/nothing", "/healthz", "/a/0/css/base.css", "/m/"]


@pytest.mark.parametrize("how", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_14_a_method_cannot_be_overridden(sign_in, how):
    client = sign_in("A001")
    assert client.get("/admin/accounts/D001/disable", headers={how: "POST"}).status_code == 405
    assert client.get("/admin/accounts/D001/disable?_method=POST").status_code == 405
    assert sign_in("D001")


@pytest.mark.parametrize(
    "path",
    ["/admin//", "/admin//branches", "/ADMIN/", "/Admin/branches", "/admin/%2e%2e/admin/", "/x/../admin/",
     "/%61dmin/", "/admin/branches/", "/admin/./branches", "/admin;x=1/", "/admin/%2e/branches", "/admin%2fbranches"],
)  # fmt: skip
def test_14_no_spelling_of_an_address_opens_a_door(sign_in, path):
    answer = sign_in("D001").get(path, follow_redirects=True)
    assert answer.status_code in {403, 404}


@pytest.mark.parametrize("path", ["//admin/", "///admin/", "/./admin/", "/admin/\x00"])
def test_14_no_odd_path_from_a_bare_server_opens_a_door(sign_in, path):
    answer = sign_in("D001").get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code in {308, 403, 404}
    assert (answer.location or "/").startswith(("/", "http://localhost/"))


@pytest.mark.parametrize("path", ["/admin", "/login/"])
def test_14_a_stranger_is_told_nothing_by_spelling(client, path):
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code in {200, 404}
    assert "Accounts" not in answer.text


def test_16_a_form_aged_72_hours_still_submits(app, clock):
    import time_machine

    client = app.test_client()
    with time_machine.travel(cast.NOW, tick=False) as machine:
        client.post("/login", data={"login": "T001", "password": cast.PASSWORD})
        page = client.get("/me/").text
        token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)[1]
        clock.advance(hours=72)
        machine.shift(72 * 3600)
        form = {"current": cast.PASSWORD, "password": "a quiet river bend", "csrf_token": token}
        assert client.post("/me/password", data=form, csrf=False).status_code == 303


def test_16_a_form_whose_sender_must_sign_in_again_comes_back_with_every_word_in_it(app, clock):
    client = app.test_client()
    client.post("/login", data={"login": "A001", "password": cast.PASSWORD})
    clock.advance(hours=72)
    form = {"code": "south", "name": "“南区” <b>", "timezone": "Asia/Taipei", "currency": "TWD"}
    answer = client.post("/admin/branches", data=form)
    assert answer.status_code == 401
    kept = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text)
    }
    assert form.items() <= kept.items()
    client.post("/login", data={"login": "A001", "password": cast.PASSWORD})
    assert client.post("/admin/branches", data=kept, csrf=False).status_code == 303
    assert "“南区”" in client.get("/admin/branches").text


def test_16_a_form_without_its_token_comes_back_without_passwords(sign_in):
    client = sign_in("A001")
    form = {"login": "N100", "name": "New", "role": "quality", "branch": "main", "password": "a quiet river bend"}
    answer = client.post("/admin/accounts", data=form, csrf=False)
    assert answer.status_code == 400
    assert 'name="name" value="New"' in answer.text
    assert "a quiet river bend" not in answer.text


def test_16_what_another_site_sent_is_never_offered_to_be_sent_again(sign_in):
    answer = sign_in("A001").post(
        "/admin/branches", data={"code": "evil"}, csrf=False, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_17_every_answer_wears_its_headers(sign_in, path):
    answer = sign_in("A001").get(path)
    csp = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    assert "unsafe" not in csp
    assert "http" not in csp
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("role", [*cast.ONE_OF_EACH, None])
def test_17_every_answer_of_every_door_wears_them(app, sign_in, role):
    client = sign_in(cast.ONE_OF_EACH[role].login) if role else app.test_client()
    bare = []
    for method, url, _ in doors(app):
        headers = client.open(url, method=method, headers=MARK).headers
        if "default-src 'none'" not in headers.get("Content-Security-Policy", "") or (
            headers.get("X-Content-Type-Options") != "nosniff"
        ):
            bare.append(f"{method} {url}")
        if url == "/logout":
            client = sign_in(cast.ONE_OF_EACH[role].login) if role else client
    assert bare == []


def test_17_refusals_and_crashes_wear_them_too(app):
    @app.get("/crash")
    def crash():
        raise RuntimeError("on purpose")

    client = app.test_client()
    assert client.get("/crash").status_code == 500
    for answer in (
        client.get("/crash"),
        client.post("/login", csrf=False),
        client.get("/login", headers={"Host": "x"}),
    ):
        assert answer.status_code >= 400
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_17_tls_is_remembered_only_where_there_is_tls(settings, work, client):
    assert "Strict-Transport-Security" not in client.get("/login").headers
    app = create_app(dataclasses.replace(settings, base_url="https://visits.example.org"), work=work)
    answer = app.test_client().get("/login", base_url="https://visits.example.org")
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", ["/me/", "/admin/", "/admin/accounts/T001", "/login"])
def test_18_private_pages_are_kept_by_nobody(sign_in, path):
    assert sign_in("A001").get(path).headers["Cache-Control"] == "no-store"


NASTY = [
    "https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil", "javascript:alert(1)",
    "/%0d%0aSet-Cookie:x=1\r\n", "evil.example", "http:/evil.example", "///evil.example", "/ok\nLocation: //evil",
]  # fmt: skip


@pytest.mark.parametrize("target", NASTY)
def test_21_redirects_stay_on_site(app, target):
    client = app.test_client()
    answer = client.post("/login", data={"login": "D001", "password": cast.PASSWORD, "next": target})
    assert answer.location == "/dispatch/"
    assert client.post("/language", data={"language": "en", "next": target}).location == "/"
    assert client.get("/login", query_string={"next": target}).location == "/dispatch/"


def test_21_a_way_home_on_our_own_site_is_kept(app):
    answer = app.test_client().post(
        "/login", data={"login": "A001", "password": cast.PASSWORD, "next": "/admin/branches?q=1"}
    )
    assert answer.location == "/admin/branches?q=1"


@pytest.mark.parametrize("host", [
    "evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "evil:8000", "127.0.0.1:80@evil.example",
    "localhost:8000/evil", "localhost:x", "localhost:80:80", "localhost:80#", "[::1]:80@evil", "localhost: 80",
])  # fmt: skip
def test_22_a_wrong_host_is_400(client, host):
    assert client.get("/login", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:9", "[::1]", "[::1]:8000", "LocalHost"])
def test_22_our_own_hosts_are_right(client, host):
    assert client.get("/login", headers={"Host": host}).status_code == 200


def test_22_with_a_base_url_only_its_host_is_right(settings, work):
    app = create_app(dataclasses.replace(settings, base_url="https://visits.example.org"), work=work)
    app.test_client_class = Client
    client = app.test_client()
    assert client.get("/login", headers={"Host": "visits.example.org"}).status_code == 200
    for host in ("localhost", "evil.example", "visits.example.org.evil.example", "visits.example.org:444"):
        assert client.get("/login", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://Visits.Example.org", "visits.example.org"),
        ("https://visits.example.org:443", "visits.example.org"),
        ("http://visits.example.org", "visits.example.org:80"),
        ("https://[2001:DB8::1]:8443", "[2001:db8::1]:8443"),
    ],
)
def test_22_the_host_is_compared_as_browsers_write_it(settings, work, base_url, host):
    app = create_app(dataclasses.replace(settings, base_url=base_url), work=work)
    assert app.test_client().get("/login", headers={"Host": host}).status_code == 200
    assert app.test_client().get("/login", headers={"Host": host.replace("80", "81") + "1"}).status_code == 400
