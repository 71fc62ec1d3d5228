"""Invitations: the admin makes a link, its owner chooses the password with it."""

import re
from dataclasses import replace

import pytest

from tests import cast, mailboxes

GOOD = "a quiet river bend"


@pytest.fixture
def admin(sign_in):
    return sign_in("A001")


def account(**given):
    return {"login": "N100", "name": "新来的", "role": "technician", "branch": "main", "team": "main/b"} | given


def link(answer):
    """The path of the link that the admin is shown."""
    assert answer.status_code == 200, answer.text
    return re.search(r"http://localhost(/invited/[\w-]{43})<", answer.text)[1]


def choose(client, path, password=GOOD, again=None):
    assert client.get(path).location == "/invited/"
    return client.post("/invited/", data={"password": password, "again": password if again is None else again})


def enters(app, login, password):
    return app.test_client().post("/login", data={"login": login, "password": password}).status_code == 303


def test_the_invited_choose_their_own_password_and_are_in(app, admin, client):
    path = link(admin.post("/admin/accounts", data=account()))
    assert path not in admin.get("/admin/accounts/N100").text
    assert choose(client, path).location == "/login"
    assert "Sign in as N100" in client.get("/login").text
    assert enters(app, "N100", GOOD)
    assert "A link waits" not in admin.get("/admin/accounts/N100").text


def test_before_that_nobody_gets_in(app, admin):
    admin.post("/admin/accounts", data=account())
    for password in ("", "None", GOOD):
        assert not enters(app, "N100", password)


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [("short", None, "at least 8"), ("password1", None, "first that anybody"), (GOOD, "another", "not the same"),
     ("N100N100", None, "first that anybody")],
)  # fmt: skip
def test_a_refused_password_leaves_the_link_as_good_as_it_was(app, admin, client, password, again, words):
    path = link(admin.post("/admin/accounts", data=account()))
    answer = choose(client, path, password, again)
    assert answer.status_code == 422
    assert words in answer.text
    assert choose(client, path).status_code == 303
    assert enters(app, "N100", GOOD)


def test_a_forgotten_password_is_chosen_anew_and_ends_what_was_open(app, admin, client, sign_in):
    old = sign_in("D001")
    path = link(admin.post("/admin/accounts/D001/invitation"))
    assert old.get("/me/").status_code == 200, "nothing ends by the link alone"
    choose(client, path)
    assert old.get("/me/").status_code == 302
    assert not enters(app, "D001", cast.PASSWORD)
    assert enters(app, "D001", GOOD)


def test_the_admin_takes_a_link_back(admin, client):
    path = link(admin.post("/admin/accounts/D001/invitation"))
    assert "A link waits" in admin.get("/admin/accounts/D001").text
    assert admin.post("/admin/accounts/D001/invitation/revoke").status_code == 303
    assert client.get(path).status_code == 404
    assert admin.post("/admin/accounts/D001/invitation/revoke").status_code == 404


def test_what_is_wrong_with_a_new_account_comes_back_with_every_word_in_it(admin):
    answer = admin.post("/admin/accounts", data=account(login="T 1", email="no address"))
    assert answer.status_code == 422
    assert 'value="T 1"' in answer.text
    assert "新来的" in answer.text


def test_the_link_is_mailed_in_the_reader_s_language_and_shown_all_the_same(app, admin):
    with mailboxes.receiving() as box:
        app.extensions["settings"] = replace(
            app.extensions["settings"], smtp_url=f"smtp://127.0.0.1:{box.port}", mail_from="visits@example.org"
        )
        answer = admin.post("/admin/accounts", data=account(email="new@example.org"))
        assert "Mailed to new@example.org" in answer.text
        [letter] = box.letters
        assert letter["To"] == "new@example.org"
        assert link(answer) in letter.get_content()
        box.unknown.add("nobody@example.org")
        answer = admin.post("/admin/accounts/N100/invitation", data={"email": "nobody@example.org"})
        assert "was not taken" in answer.text
        assert link(answer)
        assert admin.post("/admin/accounts/N100/invitation", data={"email": "no address"}).status_code == 303
        assert len(box.letters) == 1
