"""The door: /login, /logout, /, /language, and one's own page /me/."""

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts
from tests import cast

HOMES = {
    "technician": "/m/", "dispatcher": "/dispatch/", "quality": "/quality/", "manager": "/scores/", "admin": "/admin/",
}  # fmt: skip


def test_the_form_has_the_agreed_fields(client):
    page = client.get("/login").text
    assert all(f'name="{name}"' in page for name in ("login", "password", "csrf_token"))


@pytest.mark.parametrize("person", cast.ONE_OF_EACH.values(), ids=lambda person: person.role)
def test_everybody_is_sent_home(client, person):
    answer = client.post("/login", data={"login": person.login, "password": cast.PASSWORD})
    assert (answer.status_code, answer.location) == (303, HOMES[person.role])
    assert client.get("/").location == HOMES[person.role]
    assert client.get("/login").location == HOMES[person.role]


def test_a_stranger_is_sent_to_the_door_and_back_to_where_they_wanted_to_go(client):
    answer = client.get("/admin/branches?x=1")
    assert answer.location == "/login?next=/admin/branches?x%3D1"
    page = client.get(answer.location).text
    assert 'name="next" type="hidden" value="/admin/branches?x=1"' in page
    data = {"login": "A001", "password": cast.PASSWORD, "next": "/admin/branches?x=1"}
    assert client.post("/login", data=data).location == "/admin/branches?x=1"


def test_a_stranger_goes_from_the_root_to_the_door(client):
    assert client.get("/").location == "/login"


def test_a_wrong_password_keeps_the_login_and_not_the_password(client):
    answer = client.post("/login", data={"login": "D001", "password": "not-the-password"})
    assert answer.status_code == 401
    assert 'value="D001"' in answer.text
    assert "not-the-password" not in answer.text
    assert "Login or password is wrong." in answer.text


def test_an_empty_form_is_merely_wrong(client):
    assert client.post("/login", data={}).status_code == 401


def test_a_login_with_spaces_around_it_is_understood(client):
    assert client.post("/login", data={"login": " d001 ", "password": cast.PASSWORD}).status_code == 303


def test_a_fresh_installation_says_how_to_make_the_first_account(client, work):
    assert "fieldapp user add" not in client.get("/login").text
    with work.database.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM accounts")
        connection.commit()
    assert "fieldapp user add admin --role admin" in client.get("/login").text


def test_signing_out_leads_to_the_door(sign_in):
    client = sign_in("D001")
    answer = client.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert client.get("/me/").location == "/login?next=/me/"


def test_signing_out_twice_harms_nobody(client):
    assert client.post("/logout").status_code == 303


def test_the_language_follows_the_browser_then_the_cookie(client):
    assert '<html lang="zh-Hant">' in client.get("/login", headers={"Accept-Language": "zh-TW,zh;q=0.9"}).text
    assert '<html lang="zh-Hans">' in client.get("/login", headers={"Accept-Language": "zh-CN"}).text
    answer = client.post("/language", data={"language": "zh-Hant", "next": "/login"})
    assert answer.location == "/login"
    assert '<html lang="zh-Hant">' in client.get("/login", headers={"Accept-Language": "en"}).text


def test_the_language_of_an_account_follows_it_to_another_browser(sign_in):
    sign_in("D001").post("/language", data={"language": "zh-Hant"})
    assert '<html lang="zh-Hant">' in sign_in("D001").get("/me/", headers={"Accept-Language": "en"}).text


def test_an_unknown_language_changes_nothing(sign_in):
    client = sign_in("D001")
    assert client.post("/language", data={"language": "xx"}).status_code == 303
    assert '<html lang="en">' in client.get("/me/").text


def test_ones_own_page_says_who_one_is_and_from_where(sign_in):
    page = sign_in("T002").get("/me/", headers={"User-Agent": "x"}).text
    assert "李静" in page
    assert "this device" in page


def test_a_browser_is_named_as_people_say_it(app):
    phone = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile"
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 (KHTML, like Gecko) Version/18.1 Safari/605"
    with app.test_request_context():
        names = [app.jinja_env.filters["device"](agent) for agent in (phone, mac, "curl/8", "")]
    assert names == ["Chrome 141, Android", "Safari 18, Mac", "Another program", "Another program"]


def test_a_new_password_must_differ_from_the_common_ones_and_the_old_be_known(sign_in):
    client = sign_in("D001")
    wrong = client.post("/me/password", data={"current": "guess", "password": "a quiet river bend"})
    assert wrong.status_code == 422
    assert "This is not your password until now." in wrong.text
    common = client.post("/me/password", data={"current": cast.PASSWORD, "password": "password123"})
    assert common.status_code == 422
    assert "one of the first" in common.text
    assert (
        client.post("/me/password", data={"current": cast.PASSWORD, "password": "a quiet river bend"}).location
        == "/me/"
    )
    assert sign_in("D001", "a quiet river bend")


def test_a_device_can_be_signed_out_from_another(sign_in, work):
    here, there = sign_in("D001"), sign_in("D001")
    assert "Sign out all others" in here.get("/me/").text
    assert here.post("/me/devices/end").location == "/me/"
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302


def test_a_reader_whose_account_is_disabled_is_a_stranger_on_the_next_click(sign_in, work):
    client = sign_in("D001")
    accounts.disable_account(work, OPERATOR, "D001")
    assert client.get("/me/").status_code == 302
