"""The acceptance list of security.md, sessions: items 1-8 and 10. Numbers stand in the names."""

import dataclasses
import re
import time
from importlib import resources
from uuid import uuid4

import pytest

from fieldapp.app import create_app
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Invalid
from fieldapp.services import accounts, installation, password_rules
from fieldapp.services.passwords import Argon2
from fieldapp.services.work import real_work
from fieldapp.storage import audit
from tests import cast
from tests.client import Client

GOOD = "a quiet river bend"


def cookie(client, name="sid"):
    found = client.get_cookie(name)
    return found.value if found else None


def enter(client, login, password=cast.PASSWORD):
    return client.post("/login", data={"login": login, "password": password})


@pytest.fixture
def secure(settings, work):
    """The app as it is behind TLS."""
    app = create_app(dataclasses.replace(settings, base_url="https://visits.example.org"), work=work)
    app.test_client_class = Client
    return app


def test_01_a_cookie_copied_before_logout_is_dead_after_it(app, sign_in):
    client, thief = sign_in("T001"), app.test_client()
    thief.set_cookie("sid", cookie(client))
    assert thief.get("/me/").status_code == 200
    client.post("/logout")
    assert thief.get("/me/").status_code == 302


def test_01_the_form_cookie_alone_signs_nobody_in(app, sign_in):
    client, thief = sign_in("T001"), app.test_client()
    client.get("/me/")
    thief.set_cookie("form", cookie(client, "form"))
    assert thief.get("/me/").status_code == 302


def test_02_signing_in_changes_the_session_id(client):
    client.set_cookie("sid", "a-secret-the-attacker-knows-0123456789abcdef")
    enter(client, "T001")
    first = cookie(client)
    assert first != "a-secret-the-attacker-knows-0123456789abcdef"
    enter(client, "T001")
    assert cookie(client) != first
    client.set_cookie("sid", first)
    assert client.get("/me/").status_code == 302


def test_03_cookies_on_tls_are_host_bound_secure_and_out_of_reach_of_scripts(secure):
    client, base = secure.test_client(), "https://visits.example.org"
    page = client.get("/login", base_url=base)
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page.text)[1]
    form = {"login": "T001", "password": cast.PASSWORD, "csrf_token": token}
    answer = client.post("/login", base_url=base, data=form)
    assert answer.status_code == 303
    chosen = client.post("/language", base_url=base, data={"language": "zh-Hant", "csrf_token": token})
    device = client.post(
        "/api/sync/v1/devices",
        base_url=base,
        json={"device_id": str(uuid4()), "name": "x"},
        headers={"X-Field-Sync": "1"},
    )
    assert (chosen.status_code, device.status_code) == (303, 201)
    answers = (page, answer, chosen, device)
    set_by_server = [line for one in answers for line in one.headers.getlist("Set-Cookie")]
    assert {line.partition("=")[0] for line in set_by_server} >= {"__Host-sid", "__Host-lang", "__Host-device"}
    assert set_by_server
    for line in set_by_server:
        name, *rest = line.split("; ")
        assert name.startswith("__Host-"), line
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(rest), line
        assert "Domain" not in line


def test_03_cookies_without_tls_are_still_out_of_reach_of_scripts(client):
    answer = enter(client, "T001")
    for line in answer.headers.getlist("Set-Cookie"):
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; ")), line


def test_04_disabling_acts_on_the_very_next_request(sign_in, work):
    client = sign_in("M001")
    accounts.disable_account(work, OPERATOR, "M001")
    assert client.get("/me/").status_code == 302


def test_04_demoting_acts_on_the_very_next_request(sign_in, work):
    accounts.change_account(work, OPERATOR, "M002", name="Mo Fan", role="admin", branch=None, team=None)
    client = sign_in("M002")
    assert client.get("/admin/").status_code == 200
    accounts.change_account(work, OPERATOR, "M002", name="Mo Fan", role="dispatcher", branch="main", team=None)
    assert client.get("/admin/").status_code == 403


def test_05_a_password_change_ends_the_other_sessions(sign_in):
    here, there = sign_in("T001"), sign_in("T001")
    assert here.post("/me/password", data={"current": cast.PASSWORD, "password": GOOD}).status_code == 303
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302


def test_05_own_sessions_are_listed_and_ended_but_nobody_elses(sign_in):
    here, there, foreign = sign_in("T001"), sign_in("T001"), sign_in("T002")
    found = re.findall(r"/me/devices/([0-9a-f-]{36})/end", here.get("/me/").text)
    assert len(found) == 1
    assert foreign.post(f"/me/devices/{found[0]}/end").status_code == 404
    assert there.get("/me/").status_code == 200
    assert here.post(f"/me/devices/{found[0]}/end").status_code == 303
    assert there.get("/me/").status_code == 302


def test_05_an_admin_sees_and_ends_the_sessions_of_others_and_the_audit_says_so(work, sign_in):
    first, second, boss = sign_in("T001"), sign_in("T001"), sign_in("A001")
    page = boss.get("/admin/accounts/T001").text
    found = re.findall(r"/admin/accounts/T001/devices/([0-9a-f-]{36})/end", page)
    assert len(found) == 2
    assert boss.post(f"/admin/accounts/T002/devices/{found[0]}/end").status_code == 404
    assert boss.post(f"/admin/accounts/T001/devices/{found[0]}/end").status_code == 303
    assert sorted(client.get("/me/").status_code for client in (first, second)) == [200, 302]
    assert boss.post("/admin/accounts/T001/devices/end").status_code == 303
    assert {client.get("/me/").status_code for client in (first, second)} == {302}
    with work.read() as db:
        told = [(one.action, one.by) for one in audit.about(db, cast.MAIN, ["T001"]) if one.action != "signed_in"]
    assert told == [("session.ended", "A001"), ("sessions.ended", "A001")]


@pytest.mark.parametrize("login", ["T002", "D001", "Q001", "M001"])
def test_05_nobody_else_ends_them(sign_in, login):
    mine = sign_in("T001")
    assert sign_in(login).post("/admin/accounts/T001/devices/end").status_code == 403
    assert mine.get("/me/").status_code == 200


def test_06_ten_wrong_passwords_then_429_and_nobody_else_is_locked(app, client):
    known = app.test_client()
    enter(known, "T001")
    for _ in range(10):
        assert enter(client, "T001", "wrong-guess-1").status_code == 401
    refused = enter(client, "T001", "wrong-guess-1")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert 'value="T001"' in refused.text
    assert enter(client, "T001").status_code == 429
    assert enter(known, "T001").status_code == 303
    assert enter(client, "T002").status_code == 303


@pytest.mark.parametrize("login", ["T001", "T777", "T099"])
def test_07_unknown_wrong_and_disabled_look_the_same(client, login):
    password = cast.PASSWORD if login == "T099" else "wrong-guess-1"
    answer = enter(client, login, password)
    assert answer.status_code == 401
    assert "Login or password is wrong." in answer.text
    assert "Set-Cookie" not in str(answer.headers).replace("Set-Cookie: form=", "")


def test_07_unknown_wrong_and_disabled_cost_the_same_work(settings, work):
    counted = _Counting()
    app = create_app(settings, work=dataclasses.replace(work, passwords=counted))
    app.test_client_class = Client
    for login in ("T001", "T777", "T099"):
        enter(app.test_client(), login, "wrong-guess-1")
    assert counted.asked == 3


def test_07_no_account_takes_as_long_as_a_wrong_password():
    argon = Argon2()
    stored = argon.hash(GOOD)

    def took(hashed):
        start = time.perf_counter()
        argon.matches("wrong-guess-1", hashed)
        return time.perf_counter() - start

    # In turns, so that what else the machine does meets both.
    pairs = [(took(None), took(stored)) for _ in range(8)]
    nobody, wrong = (min(times) for times in zip(*pairs, strict=True))
    assert 0.5 < nobody / wrong < 2


def test_08_a_password_of_a_megabyte_is_refused_before_any_hashing(settings, work):
    counted = _Counting()
    app = create_app(settings, work=dataclasses.replace(work, passwords=counted))
    app.test_client_class = Client
    assert enter(app.test_client(), "T001", "x" * 1_000_000).status_code == 401
    assert enter(app.test_client(), "T001", "x" * 3_000_000).status_code == 413
    assert counted.asked == 0


def new_password(client, password):
    return client.post("/me/password", data={"current": cast.PASSWORD, "password": password})


@pytest.mark.parametrize(
    "password", ["x" * 30 + "🦀" * 34, "z" * 64, "пароль из слов", "正确的马电池订书钉", " two  spaces kept "]
)
def test_08_long_and_unicode_passwords_are_accepted(sign_in, password):
    assert new_password(sign_in("T001"), password).status_code == 303
    assert sign_in("T001", password)


@pytest.mark.parametrize(
    "password", ["password", "12345678", "Qwerty123", "woaini1314", "t001", "T001T001", "88888888"]
)
def test_08_common_passwords_are_refused(sign_in, password):
    assert new_password(sign_in("T001"), password).status_code == 422


def test_08_none_of_the_3000_most_frequent_passwords_is_accepted():
    text = resources.files("fieldapp.services").joinpath("frequent_passwords.txt").read_text("utf-8")
    frequent = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(set(frequent)) == 3000
    assert min(map(len, frequent)) >= password_rules.SHORTEST  # shorter ones are refused for that
    for password in (*frequent, *map(str.upper, frequent)):
        with pytest.raises(Invalid, match="password_common"):
            password_rules.accepted(password, login="T001")


def test_10_a_fresh_installation_has_no_account(tmp_path):
    work = real_work(f"sqlite:///{tmp_path / 'new.db'}", tmp_path, cast.DATA_KEY, tmp_path / "seal-key.pem")
    installation.upgrade(work, timezone="Asia/Shanghai")
    assert accounts.list_accounts(work, OPERATOR) == []
    work.database.dispose()


class _Counting:
    """Passwords that are never right and count how often they were asked."""

    asked = 0

    def hash(self, password: str) -> str:
        return password

    def matches(self, password: str, hashed: str | None) -> bool:
        self.asked += 1
        return False
