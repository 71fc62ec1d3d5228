"""The page about people's data: everybody may read it, and it says what the settings say."""

from dataclasses import replace

import pytest

from fieldapp.app import create_app
from tests.client import Client


def read(settings, work, **changes) -> str:
    app = create_app(replace(settings, **changes), work=work)
    app.test_client_class = Client
    answer = app.test_client().get("/privacy", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return answer.text


def test_it_is_made_from_the_settings(settings, work):
    usual = read(settings, work)
    assert all(text in usual for text in ("180 days", "90 days", "730 days", "180 days after leaving"))
    assert "Which messages you were sent" not in usual
    assert "Backups are sealed." not in usual
    other = read(
        settings, work, keep="photos=1, customers=never, employees=400", privacy_contact="privacy@example.org <b>",
        smtp_url="smtp://127.0.0.1", mail_from="visits@example.org", backup_key="age1example",
    )  # fmt: skip
    assert all(text in other for text in ("1 day<", "not limited", "400 days after leaving", "Backups are sealed."))
    assert "privacy@example.org &lt;b&gt;" in other
    assert "Which messages you were sent" in other


@pytest.mark.parametrize(("tag", "words"), [("zh-CN", "您的个人信息"), ("zh-TW", "您的個人資料"), ("en", "Your data")])
def test_it_speaks_three_languages_and_is_found_from_the_door(client, tag, words):
    door = client.get("/login", headers={"Accept-Language": tag}).text
    assert f'<a href="/privacy">{words}</a>' in door
    assert f"<h1>{words}</h1>" in client.get("/privacy", headers={"Accept-Language": tag}).text


def test_a_technician_finds_the_file_about_themselves(sign_in, client):
    assert "/me/stored" in sign_in("T001").get("/privacy").text
    assert "/me/stored" not in client.get("/privacy").text
    assert "/me/stored" not in sign_in("D001").get("/privacy").text
