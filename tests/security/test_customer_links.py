"""The acceptance list of security.md, customers' links: items 23 to 27 (and 32 for their photos)."""

import base64
import dataclasses

import pytest
from sqlalchemy import inspect

from fieldapp.app import create_app
from fieldapp.domain.ids import visit_id
from fieldapp.services import links
from tests import cast
from tests.links import KEY, own_token, signed_visit

VISIT = visit_id(cast.MAIN, "WO-1")


@pytest.fixture
def token(work):
    return own_token(work, signed_visit(work))


def dump(work):
    with work.database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').all() for name in names}


def test_23_a_secret_has_at_least_128_bits_and_is_stored_nowhere(work, token):
    shown = links.receipt_token(work, cast.T001.actor, VISIT, KEY)
    for one in (token, shown):
        secret = one.partition(".")[2]
        assert len(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))) >= 16
        assert secret not in str(dump(work))


def test_23_no_two_links_are_alike(work, token):
    assert len({token, *(own_token(work, VISIT) for _ in range(20))}) == 21


def test_24_get_and_head_change_nothing(work, client, token):
    before = dump(work)
    client.get(f"/c/{token}")
    for path in (f"/c/{token}", "/c/", "/c/sign", "/c/receipt.pdf", "/c/report/complain", "/c/report/commend",
                 "/c/report/repudiate", "/c/confirm", "/c/move", "/c/cancel"):  # fmt: skip
        client.get(path)
        client.head(path)
    assert dump(work) == before


def test_25_expired_revoked_and_unknown_look_the_same(work, client, clock, token):
    newer = own_token(work, VISIT)

    def look(one):
        answer = client.get(f"/c/{one}")
        body = [line for line in answer.text.splitlines() if "csrf_token" not in line]
        return answer.status_code, body, "link=" in answer.headers.get("Set-Cookie", "")

    revoked, unknown = look(token), look("main.unknown")
    clock.advance(days=40)
    assert look(newer) == revoked == unknown
    assert unknown[0] == 404


def test_25_each_act_works_once(work, client, token):
    client.get(f"/c/{token}")
    data = {"act": "confirm", "text": "words"}
    for path in ("/c/confirm", "/c/report/commend", "/c/report/complain", "/c/report/repudiate"):
        assert client.post(path, data=data).status_code == 303
        after = dump(work)
        assert client.post(path, data=data).status_code == 409
        assert dump(work) == after


def test_25_guessing_is_limited(client):
    statuses = [client.get(f"/c/main.{number}").status_code for number in range(40)]
    assert statuses.count(404) <= 20
    assert statuses[-1] == 429


def test_25_somebody_else_s_guesses_from_the_same_address_close_no_right_link(client, token):
    for number in range(40):
        client.get(f"/c/main.{number}")
    assert client.get("/c/main.one-more").status_code == 429
    assert client.get(f"/c/{token}", follow_redirects=True).status_code == 200


def test_26_the_token_leaves_address_referer_and_logs(client, token, capfd):
    answer = client.get(f"/c/{token}")
    assert answer.location == "/c/"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert token not in client.get("/c/").text
    client.get(f"/c/{token}x")
    written = capfd.readouterr()
    assert token.partition(".")[2] not in written.out + written.err


def test_27_a_new_link_ends_the_old_at_once_even_for_who_has_it_open(work, client, token):
    client.get(f"/c/{token}")
    own_token(work, VISIT)
    assert client.get("/c/").status_code == 404
    assert client.post("/c/report/complain", data={"text": "x"}).status_code == 404


def test_27_nothing_that_a_technician_can_ask_for_holds_the_own_link(work, app, sign_in, token):
    technician, secret = sign_in("T001"), token.partition(".")[2]
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint.startswith("assets"):
            continue
        with app.test_request_context():
            url = app.url_for(rule.endpoint, **{name: _value(name) for name in rule.arguments})
        answer = technician.get(url)
        assert secret not in answer.text, url
    assert technician.post(f"/dispatch/visits/{VISIT}/link").status_code == 403


def _value(name):
    return {"visit_id": VISIT, "month": "2026-10", "tag": "en", "number": 1}.get(name, "x")


def test_27_the_read_only_receipt_cannot_act(work, client, token):
    client.get(f"/c/{links.receipt_token(work, cast.T001.actor, VISIT, KEY)}")
    before = dump(work)
    for path in ("/c/confirm", "/c/sign", "/c/report/commend", "/c/report/complain", "/c/report/repudiate", "/c/move",
                 "/c/cancel"):  # fmt: skip
        assert client.post(path, data={"act": "confirm", "text": "x", "name": "x"}).status_code == 404
    assert dump(work) == before


def test_03_the_cookie_of_a_link_is_bound_to_the_host_on_tls(settings, work, token):
    app = create_app(dataclasses.replace(settings, base_url="https://visits.example.org"), work=work)
    answer = app.test_client().get(f"/c/{token}", base_url="https://visits.example.org")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-link=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
